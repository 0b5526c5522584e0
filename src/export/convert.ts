/** A DBN file's bars into a file of another format, streamed. */
import { type BarBatch, type DbnReader, openDbnWriter, symbolResolver, writeDbn } from '../dbn/index.ts';
import { assembleFile, type EncodedRowGroup } from '../parquet/index.ts';
import { barColumns } from './bar-columns.ts';
import { BAR_PARQUET_SCHEMA, encodeBarRowGroup, ROW_GROUP_ROWS } from './bar-parquet.ts';
import { CSV_HEADER, csvRows, ndjsonRows } from './bar-text.ts';
import type { FileFormat } from './format.ts';
import { type OutputFile, writeOutputFile } from './output-file.ts';

/** Where the bytes go: a file, or whoever takes them one after another. */
export type ConversionTarget = OutputFile | { readonly write: (bytes: Uint8Array) => Promise<void> };

export interface ConversionOptions {
  readonly format: FileFormat;
  readonly signal?: AbortSignal;
  /** Told after each batch. */
  readonly onProgress?: (rows: number) => void;
}

export interface Conversion {
  readonly rows: number;
  /** Records of other types, left out. */
  readonly skipped: number;
  readonly byteLength: number;
  /** Values that Parquet's signed integers do not hold, written as null. */
  readonly beyondRange: number;
}

/** Rows of text put together at a time. */
const TEXT_ROWS = 4096;

/**
 * Converts every bar the reader gives. A file gets its name when it is whole; on an error, a truncated source or an
 * aborted signal nothing is left behind. Memory: a batch, and for Parquet the compressed row groups, about 15 MB a
 * million rows. About 1.5 µs a row as text, 0.3 µs as Parquet. Throws what the reader throws.
 */
export async function convertBars(
  reader: DbnReader,
  target: ConversionTarget,
  options: ConversionOptions,
): Promise<Conversion> {
  const { format } = options;
  let beyondRange = 0;
  let byteLength = 0;
  if (format === 'dbn' || format === 'dbn.zst') {
    byteLength = await writeAsDbn(reader, target, options);
  } else {
    const pieces =
      format === 'parquet'
        ? parquetPieces(reader, options, (count) => {
            beyondRange += count;
          })
        : textPieces(reader, format, options);
    byteLength = await deliver(target, pieces);
  }
  const { rows, skipped } = reader.counts;
  return { rows, skipped, byteLength, beyondRange };
}

async function deliver(target: ConversionTarget, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  if ('path' in target) return writeOutputFile(target, pieces);
  let byteLength = 0;
  for await (const piece of pieces) {
    await target.write(piece);
    byteLength += piece.length;
  }
  return byteLength;
}

async function writeAsDbn(
  reader: DbnReader,
  target: ConversionTarget,
  options: ConversionOptions,
): Promise<number> {
  const compression = options.format === 'dbn' ? 'none' : 'zstd';
  const source = watched(reader, 65_536, options);
  if ('path' in target) {
    return (await writeDbn(target.path, reader.metadata, source, { compression })).byteLength;
  }
  const writer = await openDbnWriter(target, reader.metadata, { compression });
  for await (const batch of source) await writer.write(batch);
  return (await writer.close()).byteLength;
}

async function* textPieces(
  reader: DbnReader,
  format: 'csv' | 'ndjson',
  options: ConversionOptions,
): AsyncGenerator<Uint8Array> {
  const resolver = symbolResolver(reader.metadata);
  const rowText = format === 'csv' ? csvRows(resolver.symbols) : ndjsonRows(resolver.symbols);
  if (format === 'csv') yield Buffer.from(CSV_HEADER);
  for await (const batch of watched(reader, 65_536, options)) {
    const columns = barColumns(batch, resolver);
    for (let start = 0; start < columns.rowCount; start += TEXT_ROWS) {
      yield Buffer.from(rowText(columns, start, Math.min(columns.rowCount, start + TEXT_ROWS)));
    }
  }
}

async function* parquetPieces(
  reader: DbnReader,
  options: ConversionOptions,
  onBeyondRange: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  const resolver = symbolResolver(reader.metadata);
  const rowGroups: EncodedRowGroup[] = [];
  for await (const batch of watched(reader, ROW_GROUP_ROWS, options)) {
    const { rowGroup, beyondRange } = encodeBarRowGroup(barColumns(batch, resolver), resolver.symbols);
    rowGroups.push(rowGroup);
    onBeyondRange(beyondRange);
  }
  yield* assembleFile(BAR_PARQUET_SCHEMA, rowGroups);
}

async function* watched(
  reader: DbnReader,
  batchRows: number,
  { signal, onProgress }: ConversionOptions,
): AsyncGenerator<BarBatch> {
  for await (const batch of reader.batches({ batchRows, reuseBatch: true })) {
    signal?.throwIfAborted();
    yield batch;
    onProgress?.(reader.counts.rows);
  }
  signal?.throwIfAborted();
}
