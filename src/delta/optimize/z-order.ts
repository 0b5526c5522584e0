import { quoteName } from '../../duckdb/index.ts';
import type { Workplace } from '../rows/workplace.ts';
import type { DeltaType } from '../schema.ts';

/** A column the rows are to lie together by. */
export interface OrderColumn {
  readonly name: string;
  readonly type: DeltaType;
}

export interface ZOrder {
  /** Of the query's rows, which then have the name `ordered_row`. */
  readonly joins: string;
  /** A row's place on the curve, in the terms of `ordered_row` and the joins. */
  readonly key: string;
  /** What to order by: the key, and what it cannot tell apart. */
  readonly order: string;
}

/** Values ranked one by one; a column with more is ranked in ranges. */
const MOST_RANKED = 2 ** 20;
const MOST_BITS = 31;
const KEY_BITS = 62;

/**
 * The order of a Z curve through the ranks of the columns' values. Each value's place is the share of rows that lie
 * before it, so each bit of it halves the rows, whatever the values are: their bytes are not looked at. The bits of the
 * places are laid into each other, those of the first column first. One pass over the columns alone.
 */
export async function zOrder(
  work: Workplace,
  columns: readonly OrderColumn[],
  query: string,
  mostRanked = MOST_RANKED,
): Promise<ZOrder> {
  const facts = await factsOf(work, columns, query);
  const bits = Math.min(MOST_BITS, Math.floor(KEY_BITS / columns.length));
  const joins: string[] = [];
  const keys: string[] = [];
  let isExact = true;
  for (const [i, column] of columns.entries()) {
    const value = rankedValue(column, facts[i], mostRanked);
    isExact &&= value.isExact && (facts[i]?.rowCount ?? 0) < 2 ** bits;
    const place = (bit: number) => bit * columns.length + columns.length - 1 - i;
    const ranks = quoteName(await rankTable(work, query, value.of(quoteName(column.name)), bits, place));
    const own = value.of(`ordered_row.${quoteName(column.name)}`);
    joins.push(`LEFT JOIN ${ranks} AS rank_${i} ON rank_${i}.barline_ranked = ${own}`);
    keys.push(`coalesce(rank_${i}.barline_key, 0)`);
  }
  // what the key cannot tell apart lies in the order of its columns
  const rest = isExact ? [] : columns.map(({ name }) => `ordered_row.${quoteName(name)} NULLS FIRST`);
  const key = keys.join(' | ');
  return { joins: joins.join(' '), key, order: [key, ...rest].join(', ') };
}

/**
 * Conditions that cut the curve into stretches of about as many rows each, in its order. One pass over the columns of
 * the order.
 */
export async function stretchesOf(
  work: Workplace,
  query: string,
  { joins, key }: ZOrder,
  count: number,
): Promise<string[]> {
  if (count <= 1) return ['true'];
  const shares = Array.from({ length: count - 1 }, (_, i) => (i + 1) / count);
  const quantiles = `array_to_string(approx_quantile(${key}, [${shares.join(', ')}]), ',')`;
  const sql = `SELECT ${quantiles} FROM (${query}\n) AS ordered_row ${joins}`;
  const found = await work.session.value(sql, 'the columns to order by');
  const ends = [...new Set(found === null ? [] : String(found).split(','))];
  return Array.from({ length: ends.length + 1 }, (_, i) => {
    const [from, to] = [ends[i - 1], ends[i]];
    const parts = [from && `(${key}) >= ${from}`, to && `(${key}) < ${to}`];
    return parts.filter((part) => part !== undefined).join(' AND ') || 'true';
  });
}

interface Facts {
  readonly rowCount: number;
  readonly distinct: number;
  /** As numbers, of numbers and times: least, quartiles, greatest. */
  readonly spread: readonly number[];
  /** Characters that all texts begin with. */
  readonly commonLength: number;
}

const NUMBERS = /^(byte|short|integer|long|float|double|decimal)/;
const TIMES = /^(date|timestamp|timestamp_ntz)$/;

function asNumber({ type }: OrderColumn, value: string): string | undefined {
  if (typeof type !== 'string') return undefined;
  if (TIMES.test(type)) return `epoch(${value})`;
  return NUMBERS.test(type) ? `${value}::DOUBLE` : undefined;
}

async function factsOf(work: Workplace, columns: readonly OrderColumn[], query: string): Promise<Facts[]> {
  const parts = columns.map((column) => {
    const name = quoteName(column.name);
    const number = asNumber(column, name);
    const finite = `CASE WHEN isfinite(${number}) THEN ${number} END`;
    const spread =
      number === undefined
        ? '[]'
        : `list_concat([min(${finite})], approx_quantile(${finite}, [0.25, 0.5, 0.75]), [max(${finite})])`;
    const ends = column.type === 'string' ? `[min(${name}), max(${name})]` : '[]';
    return `{rows: count(${name}), values: approx_count_distinct(${name}), spread: ${spread}, ends: ${ends}}`;
  });
  const sql = `SELECT to_json([${parts.map((part) => `to_json(${part})`).join(', ')}])::VARCHAR FROM (${query}\n)`;
  const found: unknown = JSON.parse(String(await work.session.value(sql, 'the columns to order by')));
  return (Array.isArray(found) ? found : []).map((each) => ({
    rowCount: Number(each.rows),
    distinct: Number(each.values),
    spread: (each.spread ?? []).map(Number),
    commonLength: commonLength((each.ends ?? []).map(String)),
  }));
}

function commonLength([first = '', last = '']: readonly string[]): number {
  const [a, b] = [[...first], [...last]];
  const differs = a.findIndex((character, i) => character !== b[i]);
  return differs < 0 ? a.length : differs;
}

interface RankedValue {
  /** What is ranked instead of the value; rises with it. */
  of(value: string): string;
  readonly isExact: boolean;
}

/** Characters that tell ranges of texts apart, after those that all have. */
const TEXT_PREFIX = 4;

function rankedValue(column: OrderColumn, facts: Facts | undefined, mostRanked: number): RankedValue {
  if (facts === undefined || facts.distinct <= mostRanked) return { of: (value) => value, isExact: true };
  if (asNumber(column, '') === undefined) {
    return { of: (value) => `left(${value}::VARCHAR, ${facts.commonLength + TEXT_PREFIX})`, isExact: false };
  }
  return { of: (value) => rangeOf(asNumber(column, value) ?? value, facts.spread), isExact: false };
}

/**
 * The number of a range out of a million. Ranges are equal around the middle half of the values and widen with the
 * logarithm of the distance from it, so that a few far values do not throw all others together.
 */
function rangeOf(
  number: string,
  [least = 0, low = 0, middle = 0, high = 0, greatest = 0]: readonly number[],
): string {
  const unit = Math.max(high - low, (greatest - least) / 1e9, Number.MIN_VALUE);
  const scaled = (value: number) => Math.sign(value - middle) * Math.log1p(Math.abs(value - middle) / unit);
  const [from, to] = [scaled(least), scaled(greatest)];
  const width = Math.max(to - from, 1e-300);
  const distance = `(${number} - (${literal(middle)}))`;
  const position = `sign(${distance}) * ln(1 + abs(${distance}) / ${literal(unit)})`;
  const range = `floor((${position} - (${literal(from)})) / ${literal(width)} * ${MOST_RANKED - 1})`;
  // infinities at the ends, NaN after them; DuckDB passes over nulls where it compares
  return `CASE WHEN ${number} IS NULL THEN NULL WHEN isnan(${number}) THEN ${MOST_RANKED} ELSE greatest(0, least(${MOST_RANKED - 1}, ${range}))::BIGINT END`;
}

function literal(value: number): string {
  return `${value.toExponential()}::DOUBLE`;
}

async function rankTable(
  work: Workplace,
  query: string,
  ranked: string,
  bits: number,
  place: (bit: number) => number,
): Promise<string> {
  const counted = `SELECT ${ranked} AS barline_ranked, count(*) AS n FROM (${query}\n) WHERE ${ranked} IS NOT NULL GROUP BY 1`;
  const share = `(sum(n) OVER (ORDER BY barline_ranked) - n / 2) / sum(n) OVER ()`;
  const position = `SELECT barline_ranked, least(floor(${share} * ${2 ** bits}), ${2 ** bits - 1})::BIGINT AS position FROM (${counted})`;
  const spread = Array.from({ length: bits }, (_, bit) => `(((position >> ${bit}) & 1) << ${place(bit)})`);
  return work.keep('ranks', `SELECT barline_ranked, ${spread.join(' | ')} AS barline_key FROM (${position})`);
}
