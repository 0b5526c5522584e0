/** How values look: as cells for people, in files, and as JSON. Done in SQL, so that DuckDB's threads do it. */
import type { ResultColumn } from '../duckdb/index.ts';
import { quoteName, quoteText } from '../duckdb/index.ts';

const MICROSECONDS = '%Y-%m-%dT%H:%M:%S.%f';
const NANOSECONDS = '%Y-%m-%dT%H:%M:%S.%n';

/** The largest whole number every reader of JSON takes exactly. */
const LARGEST_SAFE = 9_007_199_254_740_991n;

const isFloat = (type: string) => type === 'DOUBLE' || type === 'FLOAT';
const isNumber = (type: string) =>
  isFloat(type) || /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\b.*)$/.test(type);
const isWide = (type: string) => /^U?(BIG|HUGE)INT$/.test(type);

/** True for columns that are right-aligned. */
export function isNumeric(column: ResultColumn): boolean {
  return isNumber(column.type);
}

/** A query's rows as cells for people: times in ISO 8601, the fraction only where there is one. */
export function cellsQuery(query: string, columns: readonly ResultColumn[]): string {
  return over(query, columns, (column, cell) => {
    const time = isoTime(column.type, cell);
    if (time === undefined) return `${cell}::VARCHAR`;
    return `regexp_replace(${time}, '\\.0+(Z?)$', '\\1')`;
  });
}

/** A query's rows with their times as ISO 8601 text, and floats that JSON cannot hold as null when `json`. */
export function fileQuery(query: string, columns: readonly ResultColumn[], json: boolean): string {
  return over(
    query,
    columns,
    (column, cell) => `${fileValue(column.type, cell, json)} AS ${quoteName(column.name)}`,
  );
}

function fileValue(type: string, cell: string, json: boolean): string {
  const time = isoTime(type, cell);
  if (time !== undefined) return time;
  if (json && isFloat(type)) return `CASE WHEN isfinite(${cell}) THEN ${cell} END`;
  if (json && type === 'BLOB') return `to_base64(${cell})`;
  return cell;
}

/** A query's rows as one JSON object each, in one column. Whole numbers beyond 2^53 are text, as in all `--json`. */
export function jsonQuery(query: string, columns: readonly ResultColumn[]): string {
  const members = columns.map((column, i) => {
    const cell = `c${i}`;
    const value = fileValue(column.type, cell, true);
    const json = isWide(column.type)
      ? `CASE WHEN ${cell} BETWEEN -${LARGEST_SAFE} AND ${LARGEST_SAFE} THEN ${cell}::VARCHAR ELSE concat('"', ${cell}, '"') END`
      : `to_json(${value})::VARCHAR`;
    const key = `${i === 0 ? '{' : ','}${JSON.stringify(column.name)}:`;
    return `${quoteText(key)}, CASE WHEN ${cell} IS NULL THEN 'null' ELSE coalesce(${json}, 'null') END`;
  });
  return `SELECT concat(${members.length === 0 ? "'{'" : members.join(', ')}, '}') FROM ${named(query, columns)}`;
}

function over(
  query: string,
  columns: readonly ResultColumn[],
  expression: (column: ResultColumn, cell: string) => string,
): string {
  return `SELECT ${columns.map((column, i) => expression(column, `c${i}`)).join(', ')} FROM ${named(query, columns)}`;
}

/** The query as a relation whose columns are c0, c1 …: two of one name are no trouble then. */
function named(query: string, columns: readonly ResultColumn[]): string {
  return `(${query}\n) AS asked(${columns.map((_, i) => `c${i}`).join(', ')})`;
}

function isoTime(type: string, cell: string): string | undefined {
  switch (type) {
    case 'TIMESTAMP WITH TIME ZONE':
      return `strftime(${cell} AT TIME ZONE 'UTC', '${MICROSECONDS}Z')`;
    case 'TIMESTAMP':
    case 'TIMESTAMP_S':
    case 'TIMESTAMP_MS':
      return `strftime(${cell}::TIMESTAMP, '${MICROSECONDS}')`;
    case 'TIMESTAMP_NS':
      return `strftime(${cell}, '${NANOSECONDS}')`;
    default:
      return undefined;
  }
}
