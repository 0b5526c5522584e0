import { BarlineError } from '../../base/index.ts';
import { type DuckDbSession, quoteName } from '../../duckdb/index.ts';
import { constraintsOf } from '../check-constraint.ts';
import type { TableShape } from '../data-file.ts';
import { deltaError } from '../delta-error.ts';
import { duckdbType } from '../relation/duckdb-types.ts';
import { emptyRelation } from '../relation/relation.ts';
import { isRecord, type StructField } from '../schema.ts';
import { bracketed, fromSpark } from './sql-expression.ts';

/** What a table asks of every row that is written: SQL over its columns that must be true. */
export interface RowRule {
  /** E.g. `the constraint positive: close > 0`. */
  readonly what: string;
  readonly sql: string;
}

/** Columns that may not be null, CHECK constraints, invariants, and generated columns. */
export function rowRules(shape: TableShape): RowRule[] {
  const { schema, properties } = shape;
  const rules: RowRule[] = [];
  for (const field of schema.fields) rules.push(...notNull(field, quoteName(field.name), field.name));
  for (const [name, expression] of constraintsOf(properties)) {
    rules.push({ what: `the constraint ${name}: ${expression}`, sql: fromSpark(expression, shape) });
  }
  for (const field of schema.fields) {
    const invariant = invariantOf(field);
    if (invariant !== undefined) {
      rules.push({
        what: `the invariant of column ${field.name}: ${invariant}`,
        sql: fromSpark(invariant, shape),
      });
    }
    const generated = generationOf(field);
    if (generated === undefined) continue;
    rules.push({
      what: `the generated column ${field.name}: ${generated}`,
      sql: `${quoteName(field.name)} IS NOT DISTINCT FROM ${bracketed(fromSpark(generated, shape))}::${duckdbType(field.type)}`,
    });
  }
  return rules;
}

/** Fields of structs too, where the struct itself is not null. */
function notNull({ type, nullable }: StructField, value: string, path: string): RowRule[] {
  const rules: RowRule[] = [];
  if (!nullable) rules.push({ what: `NOT NULL of column ${path}`, sql: `${value} IS NOT NULL` });
  if (typeof type === 'string' || type.type !== 'struct') return rules;
  for (const inner of type.fields) {
    for (const rule of notNull(inner, `${value}.${quoteName(inner.name)}`, `${path}.${inner.name}`)) {
      rules.push({ ...rule, sql: `(${value} IS NULL OR ${rule.sql})` });
    }
  }
  return rules;
}

/** The expression of a generated column, as the schema holds it. */
export function generationOf({ metadata }: StructField): string | undefined {
  const expression = metadata['delta.generationExpression'];
  return typeof expression === 'string' ? expression : undefined;
}

/** The default of a column, as the schema holds it. */
export function defaultOf({ metadata }: StructField): string | undefined {
  const expression = metadata.CURRENT_DEFAULT;
  return typeof expression === 'string' ? expression : undefined;
}

function invariantOf({ metadata }: StructField): string | undefined {
  const text = metadata['delta.invariants'];
  if (typeof text !== 'string') return undefined;
  const parsed: unknown = JSON.parse(text);
  const holder = isRecord(parsed) && isRecord(parsed.expression) ? parsed.expression : {};
  return typeof holder.expression === 'string' ? holder.expression : undefined;
}

const MARK = 'barline-rule';
/** Of a row that breaks a rule, as the error shows it. */
const SHOWN_CHARACTERS = 300;

/** Lays the rules around a value of `new_row`: a row that breaks one ends the query. */
export function ruleGuard(
  rules: readonly RowRule[],
  unless?: string,
): ((value: string) => string) | undefined {
  if (rules.length === 0) return undefined;
  const spared = unless === undefined ? '' : `NOT ${unless} AND `;
  return (value) => {
    const cases = rules.map(
      ({ sql }, i) =>
        `WHEN ${spared}(${bracketed(sql)}::BOOLEAN) IS NOT TRUE THEN error('${MARK} ${i} ' || left(new_row::VARCHAR, ${SHOWN_CHARACTERS}))`,
    );
    return `CASE ${cases.join(' ')} ELSE ${value} END`;
  };
}

/** The error of a query under `ruleGuard`, naming the rule that a row broke; another error as it is. */
export function brokenRule(error: unknown, rules: readonly RowRule[], table: string): unknown {
  if (!(error instanceof BarlineError)) return error;
  const [, index = '', row = ''] = new RegExp(`${MARK} (\\d+) (.*)`).exec(error.message) ?? [];
  const rule = index === '' ? undefined : rules[Number(index)];
  if (rule === undefined) return error;
  return deltaError({
    code: 'DELTA_CONSTRAINT_VIOLATED',
    message: `${table}: a row does not meet ${rule.what}: ${row}`,
    hint: 'nothing was committed; correct or leave out such rows',
    cause: error,
    facts: { table, rule: rule.what, row },
  });
}

/** The error of a value that its column cannot hold, as one of the rows and not of the SQL; another error as it is. */
export function unfitValue(error: unknown, table: string): unknown {
  if (!(error instanceof BarlineError) || error.facts?.kind !== 'conversion') return error;
  return deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `${table}: a value does not fit: ${error.message}`,
    hint: 'nothing was committed; cast or correct such values',
    cause: error,
    facts: { table },
  });
}

/** Refuses rules that DuckDB cannot evaluate; nothing is read. */
export async function checkRules(
  session: DuckDbSession,
  { schema }: TableShape,
  rules: readonly RowRule[],
  table: string,
): Promise<void> {
  const empty = emptyRelation(schema);
  for (const { what, sql } of rules) {
    try {
      await session.columns(`SELECT ${bracketed(sql)}::BOOLEAN FROM (${empty})`, what);
    } catch (cause) {
      throw deltaError({
        code: 'DELTA_UNSUPPORTED_FEATURE',
        message: `${table}: ${what} cannot be evaluated by DuckDB${cause instanceof Error ? ` (${cause.message})` : ''}`,
        hint: 'write to it with the engine that made the rule, or drop the rule',
        cause,
        facts: { table, rule: what },
      });
    }
  }
}
