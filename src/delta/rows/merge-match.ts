import { BarlineError } from '../../base/index.ts';
import { quoteName, quoteText } from '../../duckdb/index.ts';
import { type Condition, UNKNOWN } from '../condition.ts';
import { isRecord, type StructField } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { sqlCondition } from '../sql-condition.ts';
import { fieldNamed } from './assignable.ts';
import type { KeyPair } from './source-range.ts';
import { checkExpression } from './sql-expression.ts';
import type { Workplace } from './workplace.ts';

/** When a row of the table and one of the source match. */
export interface MergeMatch {
  /** SQL over `target` and `source`. */
  readonly sql: string;
  /** Columns that are equal where rows match, and where neither is null. */
  readonly keys: readonly KeyPair[];
  /** What the match says of rows of the table alone. */
  readonly condition: Condition;
}

/** By columns that both have under one name, or by SQL over `target` and `source`. */
export async function mergeMatch(
  work: Workplace,
  snapshot: Snapshot,
  source: readonly StructField[],
  on: readonly string[] | string,
): Promise<MergeMatch> {
  if (typeof on === 'string') return sqlMatch(work, snapshot, source, on);
  const keys = on.map((name) => {
    const [target, from] = [fieldNamed(snapshot.schema.fields, name), fieldNamed(source, name)];
    if (target !== undefined && from !== undefined) return { target, source: from };
    throw new BarlineError({
      code: 'DELTA_BAD_WRITE',
      message: `cannot merge into ${snapshot.table} by ${name}: ${target === undefined ? 'the table' : 'the source'} has no such column`,
      exitCode: 2,
      facts: { table: snapshot.table, column: name },
    });
  });
  if (keys.length === 0) {
    throw new BarlineError({
      code: 'DELTA_BAD_WRITE',
      message: `cannot merge into ${snapshot.table} by no columns`,
      exitCode: 2,
    });
  }
  const sql = keys.map(
    ({ target, source: from }) => `target.${quoteName(target.name)} = source.${quoteName(from.name)}`,
  );
  return { sql: sql.join(' AND '), keys, condition: UNKNOWN };
}

async function sqlMatch(
  work: Workplace,
  snapshot: Snapshot,
  source: readonly StructField[],
  on: string,
): Promise<MergeMatch> {
  const { session } = work;
  await checkExpression(session, on, `the condition ${JSON.stringify(on)}`);
  const { schema, properties } = snapshot;
  const condition = await sqlCondition(session, on, schema, properties, 'target');
  const text = await session.value(`SELECT json_serialize_sql(${quoteText(`SELECT 1 WHERE ${on}`)})`);
  const parsed: unknown = JSON.parse(String(text));
  const [statement] = isRecord(parsed) && Array.isArray(parsed.statements) ? parsed.statements : [];
  const node = isRecord(statement) && isRecord(statement.node) ? statement.node : {};
  return { sql: on, keys: keysOf(node.where_clause, schema.fields, source), condition };
}

/** Equalities that must hold for the whole to hold. */
function keysOf(node: unknown, target: readonly StructField[], source: readonly StructField[]): KeyPair[] {
  if (!isRecord(node)) return [];
  if (node.type === 'CONJUNCTION_AND' && Array.isArray(node.children)) {
    return node.children.flatMap((child: unknown) => keysOf(child, target, source));
  }
  if (node.type !== 'COMPARE_EQUAL') return [];
  const [left, right] = [columnName(node.left), columnName(node.right)];
  const sides = left?.side === 'target' ? [left, right] : [right, left];
  const [ours, theirs] = sides;
  if (ours?.side !== 'target' || theirs?.side !== 'source') return [];
  const pair = { target: fieldNamed(target, ours.name), source: fieldNamed(source, theirs.name) };
  return pair.target === undefined || pair.source === undefined
    ? []
    : [{ target: pair.target, source: pair.source }];
}

function columnName(node: unknown): { side: string; name: string } | undefined {
  if (!isRecord(node) || node.class !== 'COLUMN_REF' || !Array.isArray(node.column_names)) return undefined;
  const [side, name, ...rest] = node.column_names.map(String);
  if (side === undefined || name === undefined || rest.length > 0) return undefined;
  return { side: side.toLowerCase(), name };
}
