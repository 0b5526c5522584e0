import type { AddFile } from './actions.ts';
import { mayMatchRange, type Term } from './predicate.ts';
import { type DeltaType, isRecord, type StructType } from './schema.ts';
import {
  type Comparable,
  isoMicroseconds,
  parseTimestampUs,
  toComparable,
  type ValueInput,
} from './values.ts';

/** What is known of one column of a data file. Bounds leave out nulls and NaN. */
export interface ColumnStatistics {
  readonly nullCount: number;
  readonly min?: ValueInput;
  readonly max?: ValueInput;
  /** True when some value is NaN, which engines order above every number: then there is no upper bound. */
  readonly hasNaN?: boolean;
}

export interface FileStatistics {
  readonly rowCount: number;
  /** By column name, in the schema's order. */
  readonly columns: ReadonlyMap<string, ColumnStatistics> | Readonly<Record<string, ColumnStatistics>>;
}

/** Strings are cut to this many characters in statistics, as Spark cuts them. */
const TEXT_LIMIT = 32;
const DEFAULT_INDEXED_COLUMNS = 32;
/** The last microsecond of the year 9999. */
const LAST_TIME_US = 253_402_300_799_999_999n;

/**
 * The JSON of `add.stats`, for the columns the table's `delta.dataSkippingStatsColumns` names, or else the first
 * `delta.dataSkippingNumIndexedCols` (32; -1 is all) that hold data. Bounds that JSON or the engines cannot hold
 * exactly are widened (times to whole milliseconds, strings to 32 characters) or left out (infinities).
 */
export function encodeStats(
  schema: StructType,
  partitionColumns: readonly string[],
  properties: Readonly<Record<string, string>>,
  statistics: FileStatistics,
): string {
  const columns =
    statistics.columns instanceof Map ? statistics.columns : new Map(Object.entries(statistics.columns));
  const mins: string[] = [];
  const maxs: string[] = [];
  const nulls: string[] = [];
  for (const { name, type } of indexedColumns(schema, partitionColumns, properties)) {
    const column = columns.get(name);
    if (column === undefined) continue;
    const key = JSON.stringify(name);
    nulls.push(`${key}:${column.nullCount}`);
    const min = boundJson(type, column.min, name, 'min');
    const max = column.hasNaN === true ? undefined : boundJson(type, column.max, name, 'max');
    if (min !== undefined) mins.push(`${key}:${min}`);
    if (max !== undefined) maxs.push(`${key}:${max}`);
  }
  return (
    `{"numRecords":${statistics.rowCount},"minValues":{${mins.join(',')}},` +
    `"maxValues":{${maxs.join(',')}},"nullCount":{${nulls.join(',')}}}`
  );
}

/** The top-level columns that statistics are kept of. */
export function indexedColumns(
  schema: StructType,
  partitionColumns: readonly string[],
  properties: Readonly<Record<string, string>>,
) {
  const data = schema.fields.filter((f) => !partitionColumns.includes(f.name));
  const named = properties['delta.dataSkippingStatsColumns'];
  if (named !== undefined) {
    const names = new Set(named.split(',').map((name) => name.trim().replaceAll('`', '')));
    return data.filter((f) => names.has(f.name));
  }
  const count = Number(properties['delta.dataSkippingNumIndexedCols'] ?? DEFAULT_INDEXED_COLUMNS);
  return count < 0 || Number.isNaN(count) ? data : data.slice(0, count);
}

function boundJson(
  type: DeltaType,
  input: ValueInput | undefined,
  column: string,
  side: 'min' | 'max',
): string | undefined {
  if (input === undefined || input === null) return undefined;
  const value = toComparable(type, input, column);
  if (value === null) return undefined;
  switch (type) {
    case 'boolean':
    case 'binary':
      return undefined;
    case 'string':
      return textBound(String(value), side);
    case 'date':
      return JSON.stringify(isoMicroseconds(BigInt(value) * 86_400_000_000n).slice(0, 10));
    case 'timestamp':
    case 'timestamp_ntz':
      return timeBound(BigInt(value), type, side);
    case 'float':
    case 'double':
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    default:
      return String(value);
  }
}

/** Whole milliseconds: Spark reads no more digits, and takes what follows the third for another time. */
function timeBound(
  timeUs: bigint,
  type: 'timestamp' | 'timestamp_ntz',
  side: 'min' | 'max',
): string | undefined {
  const rest = ((timeUs % 1000n) + 1000n) % 1000n;
  const bound = rest === 0n ? timeUs : side === 'min' ? timeUs - rest : timeUs - rest + 1000n;
  if (bound > LAST_TIME_US) return undefined;
  const text = isoMicroseconds(bound).slice(0, 23);
  return JSON.stringify(type === 'timestamp' ? `${text}Z` : text);
}

/** A prefix is a lower bound by itself; as an upper bound it needs a last character above all that may follow. */
function textBound(text: string, side: 'min' | 'max'): string | undefined {
  const characters = [...text];
  if (characters.length <= TEXT_LIMIT) return JSON.stringify(text);
  const prefix = characters.slice(0, TEXT_LIMIT).join('');
  if (side === 'min') return JSON.stringify(prefix);
  const next = characters[TEXT_LIMIT] ?? '';
  if (next < '\u007f') return JSON.stringify(`${prefix}\u007f`);
  return next === '\u{10ffff}' ? undefined : JSON.stringify(`${prefix}\u{10ffff}`);
}

export interface ParsedStats {
  readonly numRecords: number | undefined;
  readonly minValues: Readonly<Record<string, unknown>>;
  readonly maxValues: Readonly<Record<string, unknown>>;
  readonly nullCount: Readonly<Record<string, unknown>>;
}

/** The statistics of a file; undefined when it has none or they are not readable, which only costs pruning. */
export function parseStats(file: Pick<AddFile, 'stats'>): ParsedStats | undefined {
  if (file.stats === undefined || file.stats === '') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(file.stats);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const part = (value: unknown) => (isRecord(value) ? value : {});
  return {
    numRecords: typeof parsed.numRecords === 'number' ? parsed.numRecords : undefined,
    minValues: part(parsed.minValues),
    maxValues: part(parsed.maxValues),
    nullCount: part(parsed.nullCount),
  };
}

/** False only when the statistics prove that no row of the file meets the term. */
export function mayContain(stats: ParsedStats, term: Term): boolean {
  const nulls = stats.nullCount[term.key];
  if (term.anyOf?.includes(null)) {
    if (nulls !== 0) return true;
  }
  if (typeof nulls === 'number' && nulls === stats.numRecords && term.anyOf?.includes(null) !== true)
    return false;
  const min = readBound(term.type, stats.minValues[term.key], 'min');
  const max = readBound(term.type, stats.maxValues[term.key], 'max');
  return mayMatchRange(term, min, max);
}

function readBound(type: DeltaType, json: unknown, side: 'min' | 'max'): Comparable | undefined {
  switch (type) {
    case 'string':
      return typeof json === 'string' ? json : undefined;
    case 'byte':
    case 'short':
    case 'integer':
      return Number.isSafeInteger(json) ? Number(json) : undefined;
    case 'long':
      // beyond 2^53 JSON.parse has rounded it
      return typeof json === 'number' && Number.isSafeInteger(json) ? BigInt(json) : undefined;
    case 'float':
    case 'double':
      return typeof json === 'number' ? json : undefined;
    case 'date':
      return typeof json === 'string' && /^\d{4}-\d\d-\d\d$/.test(json)
        ? (toComparable(type, json, '') ?? undefined)
        : undefined;
    case 'timestamp':
    case 'timestamp_ntz': {
      const timeUs = typeof json === 'string' ? parseTimestampUs(json) : undefined;
      // Spark cuts an upper bound to milliseconds, so the true one may lie up to 999 µs after it
      return timeUs !== undefined && side === 'max' ? timeUs + 999n : timeUs;
    }
    default:
      return typeof type === 'string' && type.startsWith('decimal') ? decimalBound(json) : undefined;
  }
}

/** Up to 15 digits a double gives back the decimal that was written; beyond, JSON.parse may have rounded it. */
function decimalBound(json: unknown): string | undefined {
  const text = typeof json === 'number' ? String(json) : '';
  return /^-?\d+(\.\d+)?$/.test(text) && text.replace(/\D/g, '').length <= 15 ? text : undefined;
}
