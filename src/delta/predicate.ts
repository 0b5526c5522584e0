import type { PartitionValues } from './actions.ts';
import { storedName } from './column-identity.ts';
import { columnType, decodePartitionValue } from './partition-values.ts';
import type { DeltaType, StructType } from './schema.ts';
import { type Comparable, compareValues, toComparable, type ValueInput } from './values.ts';

/** Bounds of a column; a null is never within. */
export interface Bounds {
  readonly ge?: ValueInput;
  readonly gt?: ValueInput;
  readonly le?: ValueInput;
  readonly lt?: ValueInput;
}

/** One value, any of several, or bounds. Null means "is null". */
export type Constraint = ValueInput | readonly ValueInput[] | Bounds;

/** Which rows are meant: every column named must meet its constraint. */
export type Where = Readonly<Record<string, Constraint>>;

/** One column's constraint with its values in comparable form. */
export interface Term {
  readonly column: string;
  /** The column's name in partition values and statistics, which column mapping makes another. */
  readonly key: string;
  readonly type: DeltaType;
  readonly anyOf?: readonly (Comparable | null)[];
  readonly low?: { readonly value: Comparable; readonly inclusive: boolean };
  readonly high?: { readonly value: Comparable; readonly inclusive: boolean };
}

/**
 * `DELTA_BAD_PARTITION_VALUE` names an unknown column or a value that is not of its type. Takes the table's properties
 * to know its column mapping.
 */
export function compileWhere(
  schema: StructType,
  where: Where,
  properties: Readonly<Record<string, string>> = {},
): Term[] {
  return Object.entries(where).map(([column, constraint]) => {
    const type = columnType(schema, column);
    const field = schema.fields.find(({ name }) => name === column);
    const key = field === undefined ? column : storedName(field, properties);
    if (isBounds(constraint)) return { column, key, type, ...compileBounds(column, type, constraint) };
    const values = isList(constraint) ? constraint : [constraint];
    return { column, key, type, anyOf: values.map((value) => toComparable(type, value, column)) };
  });
}

function isList(constraint: Constraint): constraint is readonly ValueInput[] {
  return Array.isArray(constraint);
}

function isBounds(constraint: Constraint): constraint is Bounds {
  return (
    typeof constraint === 'object' &&
    constraint !== null &&
    !isList(constraint) &&
    !(constraint instanceof Date)
  );
}

function compileBounds(column: string, type: DeltaType, bounds: Bounds): Pick<Term, 'low' | 'high'> {
  const bound = (closed: ValueInput | undefined, open: ValueInput | undefined) => {
    const input = closed ?? open;
    const value = input === undefined ? null : toComparable(type, input, column);
    return value === null ? undefined : { value, inclusive: closed !== undefined && closed !== null };
  };
  const low = bound(bounds.ge, bounds.gt);
  const high = bound(bounds.le, bounds.lt);
  return { ...(low && { low }), ...(high && { high }) };
}

export function matches(term: Term, value: Comparable | null): boolean {
  if (term.anyOf !== undefined) {
    return term.anyOf.some((wanted) =>
      wanted === null || value === null ? wanted === value : compareValues(term.type, value, wanted) === 0,
    );
  }
  if (value === null) return false;
  return aboveLow(term, value) && belowHigh(term, value);
}

function aboveLow(term: Term, value: Comparable): boolean {
  if (term.low === undefined) return true;
  const order = compareValues(term.type, value, term.low.value);
  return term.low.inclusive ? order >= 0 : order > 0;
}

function belowHigh(term: Term, value: Comparable): boolean {
  if (term.high === undefined) return true;
  const order = compareValues(term.type, value, term.high.value);
  return term.high.inclusive ? order <= 0 : order < 0;
}

/** True when some value in [min, max] may meet the term; a missing bound is open. */
export function mayMatchRange(term: Term, min: Comparable | undefined, max: Comparable | undefined): boolean {
  if (term.anyOf !== undefined) {
    return term.anyOf.some(
      (wanted) =>
        wanted !== null &&
        (min === undefined || compareValues(term.type, wanted, min) >= 0) &&
        (max === undefined || compareValues(term.type, wanted, max) <= 0),
    );
  }
  return (max === undefined || aboveLow(term, max)) && (min === undefined || belowHigh(term, min));
}

/** Whether the partition a file lies in meets all the terms, which name partition columns only. */
export function partitionMatches(terms: readonly Term[], values: PartitionValues): boolean {
  return terms.every((term) => matches(term, decodePartitionValue(term.type, values[term.key], term.column)));
}

/** The predicate as SQL, for the commit's record of what was done. */
export function whereToSql(where: Where): string {
  return Object.entries(where)
    .map(([column, constraint]) => {
      if (isBounds(constraint)) {
        const { ge, gt, le, lt } = constraint;
        const sides: readonly (readonly [string, ValueInput | undefined])[] = [
          ['>=', ge],
          ['>', gt],
          ['<=', le],
          ['<', lt],
        ];
        return sides
          .flatMap(([sign, value]) => (value == null ? [] : [`${column} ${sign} ${literal(value)}`]))
          .join(' AND ');
      }
      if (isList(constraint)) return `${column} IN (${constraint.map(literal).join(', ')})`;
      return constraint === null ? `${column} IS NULL` : `${column} = ${literal(constraint)}`;
    })
    .join(' AND ');
}

function literal(value: ValueInput): string {
  if (value === null) return 'NULL';
  if (value instanceof Date) return `'${value.toISOString()}'`;
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}
