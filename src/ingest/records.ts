/** Records that are no bars, from JSON lines or rows, into their bronze tables. */
import { createHash } from 'node:crypto';
import { timestampUs } from '../bars/index.ts';
import { DeltaTable, type InputRow } from '../delta/index.ts';
import { type DeadLetter, type DeadLetters, type DeadRecord, originalOf } from '../quality/index.ts';
import type { Storage } from '../storage/index.ts';
import { tableStorage } from './bronze-tables.ts';
import { noCounts, type PageCounts } from './page-rows.ts';
import { RECORD_TABLES, type RecordColumn, type RecordTable, recordDefinition } from './record-tables.ts';
import type { ReplayOutcome, ReplayRequest } from './replay.ts';

export { isRecordTable, type RecordTable, recordTableNames } from './record-tables.ts';

/** A record as it came: an object, or what could not be made one. */
export interface RawRecord {
  readonly value: unknown;
  /** A line's text or bytes. */
  readonly original: unknown;
}

export interface RecordsRequest {
  readonly lake: Storage;
  readonly table: RecordTable;
  readonly records: AsyncIterable<RawRecord>;
  readonly deadLetters: Pick<DeadLetters, 'keep'>;
  readonly sourceFile: string | null;
  readonly ingestionId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const RECORDS_PER_COMMIT = 100_000;
const US_PER_DAY = 86_400e6;

/** Stores records, each once: one that is there already, word for word, is a duplicate. Some 100,000 make a version. */
export async function ingestRecords(request: RecordsRequest): Promise<PageCounts> {
  const { lake, table: name, deadLetters, sourceFile, now } = request;
  const counts = noCounts();
  const table = await DeltaTable.openOrCreate(tableStorage(lake, name), recordDefinition(name));
  let rows = new Map<string, InputRow>();
  let dead: DeadRecord[] = [];
  const flush = async () => {
    await deadLetters.keep({ context: { table: name }, records: dead });
    counts.dead += dead.length;
    const inserted = await insert(table, [...rows.values()]);
    counts.stored += inserted;
    counts.duplicate += rows.size - inserted;
    rows = new Map();
    dead = [];
  };
  for await (const { value, original } of request.records) {
    counts.fetched++;
    const checked = checkRecord(RECORD_TABLES[name], value, now() * 1000);
    if ('reason' in checked) {
      dead.push({
        ...(isObject(value) && { record: value }),
        ...originalOf(original),
        ...(sourceFile !== null && { source_file: sourceFile }),
        reason: checked.reason,
      });
    } else {
      const id = recordId(checked.row);
      if (rows.has(id)) counts.duplicate++;
      else rows.set(id, { ...checked.row, ...origin(request, id, checked.tsUs) });
    }
    if (rows.size + dead.length >= RECORDS_PER_COMMIT) await flush();
  }
  await flush();
  return counts;
}

async function insert(table: DeltaTable, rows: readonly InputRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const on = ['partition_date', '_record_id'];
  const { rowsInserted } = await table.merge({ rows }, { on, whenNotMatchedInsert: 'all' });
  return rowsInserted;
}

function origin({ ingestionId, sourceFile, now }: RecordsRequest, id: string, tsUs: number): InputRow {
  return {
    _record_id: id,
    _extracted_at: BigInt(now()) * 1000n,
    _ingestion_id: ingestionId,
    _source_file: sourceFile,
    partition_date: Math.floor(tsUs / US_PER_DAY),
  };
}

type CheckedRecord = { readonly row: InputRow; readonly tsUs: number } | { readonly reason: string };

/** Holds a record to its table's columns. Unknown fields fail it: they would be lost. */
export function checkRecord(columns: readonly RecordColumn[], value: unknown, nowUs: number): CheckedRecord {
  if (!isObject(value)) return { reason: 'is no JSON object' };
  const reasons = Object.keys(value)
    .filter((key) => !columns.some(({ name }) => name === key))
    .map((key) => `${key} is no column`);
  const row: Record<string, string | number | bigint | null> = {};
  let tsUs = Number.NaN;
  for (const column of columns) {
    const found = columnValue(column, Reflect.get(value, column.name));
    if ('reason' in found) reasons.push(`${column.name} ${found.reason}`);
    else row[column.name] = found.value;
    if (column.name === 'timestamp' && 'value' in found) tsUs = Number(found.value);
  }
  if (tsUs > nowUs) reasons.push('timestamp is in the future');
  return reasons.length > 0 ? { reason: reasons.join('; ') } : { row, tsUs };
}

type FoundValue = { readonly value: string | number | bigint | null } | { readonly reason: string };

function columnValue(column: RecordColumn, value: unknown): FoundValue {
  if (value === undefined || value === null || value === '') {
    return column.required === true ? { reason: 'is missing' } : { value: null };
  }
  switch (column.type) {
    case 'string': {
      if (typeof value !== 'string') return { reason: 'is no text' };
      const { oneOf } = column;
      return oneOf === undefined || oneOf.includes(value)
        ? { value }
        : { reason: `is none of ${oneOf.join(', ')}` };
    }
    case 'timestamp': {
      const us =
        typeof value === 'bigint'
          ? Number(value)
          : typeof value === 'string' || typeof value === 'number'
            ? timestampUs(String(value))
            : undefined;
      return us === undefined ? { reason: 'cannot be read' } : { value: BigInt(us) };
    }
    case 'double': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number)) return { reason: 'is no number' };
      if (column.isAboveZero === true && number <= 0) return { reason: 'is not above 0' };
      if (number < (column.least ?? -Infinity)) return { reason: `is below ${column.least}` };
      if (number > (column.most ?? Infinity)) return { reason: `is above ${column.most}` };
      return { value: number };
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recordId(row: InputRow): string {
  const text = JSON.stringify(Object.entries(row).map(([name, value]) => [name, String(value)]));
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** A dead letter of such a table, tried again: `record` is what was mended, or else the line as it came. */
export async function replayRecords(
  { lake, ingestionId, now }: ReplayRequest,
  { records }: DeadLetter,
  table: RecordTable,
): Promise<ReplayOutcome> {
  const kept: DeadRecord[] = [];
  const keep = async (letter: { readonly records: readonly DeadRecord[] }) => {
    kept.push(...letter.records);
  };
  const raw = async function* (part: readonly DeadRecord[]) {
    for (const { record, original, original_base64 } of part) {
      const bytes = typeof original_base64 === 'string' ? Buffer.from(original_base64, 'base64') : undefined;
      yield { value: record ?? parsedLine(original), original: bytes ?? original };
    }
  };
  let [stored, duplicate] = [0, 0];
  for (const [sourceFile, part] of Map.groupBy(records, ({ source_file }) =>
    typeof source_file === 'string' ? source_file : null,
  )) {
    const request = { lake, table, ingestionId, now, sourceFile, deadLetters: { keep }, records: raw(part) };
    const counts = await ingestRecords(request);
    stored += counts.stored;
    duplicate += counts.duplicate;
  }
  return { stored, duplicate, kept };
}

/** A line of JSON as the value it tells; undefined where it tells none. */
export function parsedLine(line: unknown): unknown {
  if (typeof line !== 'string') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
