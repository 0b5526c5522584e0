/** Rows of a stream as data files: one for each day. */
import { type AddFile, type DeltaTable, parquetSchema } from '../delta/index.ts';
import { type ColumnData, encodeRowGroup, type ParquetField, type ParquetSchema } from '../parquet/index.ts';
import { take } from './page-rows.ts';
import type { GatheredRows, StreamRun, StreamWrite } from './stream-rows.ts';

const US_PER_DAY = 86_400e6;

/** Columns that are one value for most files, or a steady count: trying other encodings on them costs time only. */
const LAYOUT: Readonly<Record<string, Pick<ParquetField, 'encoding' | 'compression'>>> = {
  open: { encoding: 'plain' },
  high: { encoding: 'plain' },
  low: { encoding: 'plain' },
  close: { encoding: 'plain' },
  volume: { encoding: 'plain' },
  asset_pair: { encoding: 'dictionary', compression: 'uncompressed' },
  timestamp: { encoding: 'delta', compression: 'uncompressed' },
  source_provider: { encoding: 'dictionary', compression: 'uncompressed' },
  is_mock: { encoding: 'rle', compression: 'uncompressed' },
  revision: { encoding: 'dictionary', compression: 'uncompressed' },
  revision_reason: { encoding: 'dictionary', compression: 'uncompressed' },
  _extracted_at: { encoding: 'dictionary', compression: 'uncompressed' },
  _ingestion_id: { encoding: 'dictionary', compression: 'uncompressed' },
  _source_file: { encoding: 'dictionary', compression: 'uncompressed' },
};

export interface BarFileWriter {
  readonly table: DeltaTable;
  readonly schema: ParquetSchema;
  readonly ingestionId: string;
  /** Waits until one more file may be on its way. */
  readonly slot: () => Promise<() => void>;
}

export function layoutOf(table: DeltaTable): ParquetSchema {
  const { schema, partitionColumns } = table.shape;
  const plain = parquetSchema(schema, partitionColumns);
  return { fields: plain.fields.map((field) => ({ ...field, ...LAYOUT[field.name] })) };
}

/** Writes what is to be stored, durably; no version names the files yet. */
export async function writeBarFiles(
  writer: BarFileWriter,
  run: StreamRun,
  rows: GatheredRows,
  write: StreamWrite,
): Promise<AddFile[]> {
  const { tsUs } = rows.columns;
  const files: Promise<AddFile>[] = [];
  for (let start = 0, end = 0; start < write.rows.length; start = end) {
    const day = dayOf(tsUs, write.rows, start);
    while (end < write.rows.length && dayOf(tsUs, write.rows, end) === day) end++;
    const release = await writer.slot();
    const columns = columnsOf(writer, run, rows, write, start, end);
    const group = encodeRowGroup(
      writer.schema,
      writer.schema.fields.map(({ name }) => columnNamed(columns, name)),
    );
    const partitionValues = { partition_date: day, partition_asset_pair: run.stream.asset };
    const file = writer.table.writeRowGroups([group], { partitionValues, nameToken: writer.ingestionId });
    const written = file.finally(release);
    // told below, after the wait for places of the files behind it
    written.catch(() => {});
    files.push(written);
  }
  return Promise.all(files);
}

function dayOf(tsUs: Float64Array, rows: Int32Array, place: number): number {
  return Math.floor((tsUs[rows[place] ?? 0] ?? 0) / US_PER_DAY);
}

export function columnNamed(columns: Readonly<Record<string, ColumnData>>, name: string): ColumnData {
  const column = columns[name];
  if (column === undefined) throw new Error(`bronze bars have no column ${name}`);
  return column;
}

function columnsOf(
  { ingestionId }: BarFileWriter,
  { stream, isMock }: StreamRun,
  rows: GatheredRows,
  { rows: chosen, revisions }: StreamWrite,
  start: number,
  end: number,
): Readonly<Record<string, ColumnData>> {
  const rowCount = end - start;
  const numbers = chosen.subarray(start, end);
  const firstRow = numbers[0] ?? 0;
  const isRun = (numbers.at(-1) ?? 0) - firstRow === rowCount - 1;
  const part = isRun ? slice(rows.columns, firstRow, firstRow + rowCount) : take(rows.columns, numbers);
  const revision = revisions?.subarray(start, end) ?? zeros(rowCount).numbers;
  const constant = (text: string): ColumnData => ({
    values: { codes: zeros(rowCount).codes, values: [text] },
  });
  const extracted = new Float64Array(rowCount);
  const files: string[] = [];
  const fileCodes = new Uint16Array(rowCount);
  const hasFile = new Uint8Array(rowCount);
  for (let k = 0, next = 0; k < rowCount; k = next) {
    const index = rows.pageOf[numbers[k] ?? 0] ?? 0;
    for (next = k + 1; next < rowCount && rows.pageOf[numbers[next] ?? 0] === index; ) next++;
    const page = rows.pages[index];
    extracted.fill(page?.extractedUs ?? 0, k, next);
    const file = page?.sourceFile ?? null;
    if (file === null) continue;
    hasFile.fill(1, k, next);
    fileCodes.fill(codeOf(files, file), k, next);
  }
  return {
    ...{ open: { values: part.open }, high: { values: part.high }, low: { values: part.low } },
    ...{ close: { values: part.close }, volume: { values: part.volume }, timestamp: { values: part.tsUs } },
    asset_pair: constant(stream.asset),
    source_provider: constant(stream.provider),
    is_mock: { values: isMock ? new Uint8Array(rowCount).fill(1) : zeros(rowCount).flags },
    revision: { values: revision },
    revision_reason: {
      ...constant(`corrected by ${stream.provider}`),
      validity: revisions === undefined ? zeros(rowCount).flags : Uint8Array.from(revision, isCorrection),
    },
    _extracted_at: { values: extracted },
    _ingestion_id: constant(ingestionId),
    _source_file: {
      values: { codes: fileCodes, values: files.length === 0 ? [''] : files },
      validity: hasFile,
    },
  };
}

const isCorrection = (revision: number): number => (revision > 0 ? 1 : 0);

function codeOf(files: string[], file: string): number {
  const code = files.lastIndexOf(file);
  return code >= 0 ? code : files.push(file) - 1;
}

interface Zeros {
  readonly codes: Uint16Array;
  readonly numbers: Int32Array;
  readonly flags: Uint8Array;
}

let zeroCount = 0;
let allZeros: Zeros = { codes: new Uint16Array(0), numbers: new Int32Array(0), flags: new Uint8Array(0) };

/** Columns of zeros, made once: nobody writes to them. */
function zeros(rowCount: number): Zeros {
  if (rowCount > zeroCount) {
    zeroCount = 2 * rowCount;
    allZeros = {
      codes: new Uint16Array(zeroCount),
      numbers: new Int32Array(zeroCount),
      flags: new Uint8Array(zeroCount),
    };
  }
  const { codes, numbers, flags } = allZeros;
  return {
    codes: codes.subarray(0, rowCount),
    numbers: numbers.subarray(0, rowCount),
    flags: flags.subarray(0, rowCount),
  };
}

function slice(columns: GatheredRows['columns'], start: number, end: number): GatheredRows['columns'] {
  const { tsUs, open, high, low, close, volume } = columns;
  return {
    tsUs: tsUs.subarray(start, end),
    open: open.subarray(start, end),
    high: high.subarray(start, end),
    low: low.subarray(start, end),
    close: close.subarray(start, end),
    volume: volume.subarray(start, end),
  };
}

/** Removes files of a commit that was lost. */
export async function removeBarFiles(table: DeltaTable, files: readonly AddFile[]): Promise<void> {
  // a file that stays is found by vacuum: no version names it
  await Promise.all(files.map(({ path }) => table.storage.delete(decodeURI(path)).catch(() => false)));
}
