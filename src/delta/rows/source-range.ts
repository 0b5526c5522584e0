import { quoteName } from '../../duckdb/index.ts';
import { allOf, type Condition, UNKNOWN } from '../condition.ts';
import { type Constraint, compileWhere } from '../predicate.ts';
import { duckdbType } from '../relation/duckdb-types.ts';
import { rowValueOf } from '../relation/row-values.ts';
import type { DeltaType, StructField } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ValueInput } from '../values.ts';
import { unassignable } from './assignable.ts';
import type { Workplace } from './workplace.ts';

/** A column of the table that equals one of the source in every pair of rows that match. */
export interface KeyPair {
  readonly target: StructField;
  readonly source: StructField;
}

/** Up to so many values are named one by one. */
const NAMED_VALUES = 100;
/** The span of a key is cut into so many parts, to find stretches without a row of the source. */
const PARTS = 4096;
/** Stretches kept; the narrowest gaps between more are closed. */
const MOST_STRETCHES = 64;

/** Which rows of the table can match the source at all, by its keys. Reads each key of the source some three times. */
export async function keyCondition(
  work: Workplace,
  snapshot: Snapshot,
  sourceTable: string,
  keys: readonly KeyPair[],
): Promise<Condition> {
  const parts: Condition[] = [];
  for (const { target, source } of keys) {
    if (!isComparable(source.type, target.type)) continue;
    // a value that is none of the column's type matches nothing
    const key = `TRY_CAST(${quoteName(source.name)} AS ${duckdbType(target.type)})`;
    const query = `SELECT ${key} AS k FROM ${quoteName(sourceTable)} WHERE ${key} IS NOT NULL`;
    parts.push(await columnCondition(work, snapshot, target, query));
  }
  return { kind: 'all', parts };
}

/** Whether equality in SQL is equality after a cast to the column's type. */
function isComparable(from: DeltaType, to: DeltaType): boolean {
  const isText = from === 'string' && to === 'string';
  const isNumberOrTime = from !== 'string' && to !== 'string' && to !== 'binary';
  return (isText || isNumberOrTime) && typeof to === 'string' && unassignable(from, to) === undefined;
}

async function columnCondition(
  work: Workplace,
  snapshot: Snapshot,
  target: StructField,
  query: string,
): Promise<Condition> {
  if (target.type === 'double' || target.type === 'float') return UNKNOWN;
  const named = `SELECT DISTINCT k FROM (${query}) LIMIT ${NAMED_VALUES + 1}`;
  const [values = []] = await columnsOf(work, named, [target.type]);
  const constraints: Constraint[] =
    values.length > NAMED_VALUES ? await stretches(work, target.type, query) : [values];
  const { schema, properties } = snapshot;
  const parts = constraints.map((constraint) =>
    allOf(compileWhere(schema, { [target.name]: constraint }, properties)),
  );
  return { kind: 'any', parts };
}

const MEASURES: Readonly<Record<string, string>> = {
  byte: 'k',
  short: 'k',
  integer: 'k',
  long: 'k',
  date: "k - DATE '1970-01-01'",
  timestamp: 'epoch_us(k)',
  timestamp_ntz: 'epoch_us(k)',
};

/** Smallest and largest value of each stretch that holds some; of a type that cannot be measured, of the whole. */
async function stretches(work: Workplace, type: DeltaType, query: string): Promise<Constraint[]> {
  const measure = typeof type === 'string' ? MEASURES[type] : undefined;
  if (measure === undefined) {
    const [lows = [], highs = []] = await columnsOf(work, `SELECT min(k), max(k) FROM (${query})`, [
      type,
      type,
    ]);
    return [{ ge: lows[0] ?? null, le: highs[0] ?? null }];
  }
  const grouped =
    `WITH measured AS (SELECT k, (${measure})::DOUBLE AS x FROM (${query})), ` +
    'span AS (SELECT min(x) AS low, max(x) AS high FROM measured) ' +
    `SELECT min(k), max(k), floor((x - low) / greatest(1, (high - low) / ${PARTS}))::INTEGER AS part ` +
    'FROM measured, span GROUP BY part ORDER BY part';
  const [lows = [], highs = [], parts = []] = await columnsOf(work, grouped, [type, type, 'integer']);
  return closeGaps(parts.map(Number)).map(([first, last]) => ({
    ge: lows[first] ?? null,
    le: highs[last] ?? null,
  }));
}

/** Runs of neighbouring parts, as first and last index; the widest gaps are kept. */
function closeGaps(parts: readonly number[]): [number, number][] {
  const gaps = parts
    .map((part, i) => ({ i, width: i === 0 ? 0 : part - (parts[i - 1] ?? part) }))
    .filter(({ width }) => width > 1)
    .sort((a, b) => b.width - a.width)
    .slice(0, MOST_STRETCHES - 1);
  const starts = [0, ...gaps.map(({ i }) => i).sort((a, b) => a - b)];
  return parts.length === 0 ? [] : starts.map((start, n) => [start, (starts[n + 1] ?? parts.length) - 1]);
}

async function columnsOf(
  work: Workplace,
  query: string,
  types: readonly DeltaType[],
): Promise<ValueInput[][]> {
  const columns: ValueInput[][] = types.map(() => []);
  const converters = types.map(rowValueOf);
  for await (const chunk of work.session.chunks(query, 'the keys of the source')) {
    for (const [i, convert] of converters.entries()) {
      for (const value of chunk.values(i)) {
        const converted = convert(value);
        columns[i]?.push(typeof converted === 'object' ? null : converted);
      }
    }
  }
  return columns;
}
