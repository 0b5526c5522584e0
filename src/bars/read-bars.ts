/** Bars from a file of any kind Barline reads. */
import { createReadStream } from 'node:fs';
import { access, constants, open, stat } from 'node:fs/promises';
import { BarlineError, systemCode } from '../base/index.ts';
import { type BarSchema, type DbnMetadata, type DbnSource, openDbn, symbolResolver } from '../dbn/index.ts';
import type { Bars } from './columns.ts';
import { csvBars, emptyInput } from './csv-bars.ts';
import { dbnBarBuilder } from './dbn-bars.ts';
import { ndjsonBars } from './ndjson-bars.ts';
import { type ParquetLimits, parquetBars } from './parquet-bars.ts';
import type { ByteChunks } from './text-lines.ts';

export type BarFileKind = 'dbn' | 'parquet' | 'csv' | 'ndjson';

/** What is known of where bars came from. */
export interface BarSource {
  readonly kind: BarFileKind;
  /** The path, or the name given. */
  readonly name: string;
  readonly rowCount: number;
  /** DBN: records that are no bars of the file's schema. */
  readonly skippedRecords: number;
  /** DBN: bars without a time, left out. */
  readonly undefinedTimes: number;
  /** Columns that mean nothing to bars. */
  readonly ignoredColumns: readonly string[];
  /** Seconds a bar spans where the source says so, else null. */
  readonly barSeconds: number | null;
  /** DBN's metadata. */
  readonly metadata: DbnMetadata | null;
}

export interface ReadBarsOptions extends ParquetLimits {
  /** The file's kind; default by its name's ending, else by its first bytes. */
  readonly kind?: BarFileKind;
  /** DBN: the only schema accepted. */
  readonly schema?: BarSchema;
}

const ENDINGS: readonly (readonly [ending: RegExp, kind: BarFileKind])[] = [
  [/\.(?:dbn|dbz)(?:\.zst)?(?:\.frag)?$/i, 'dbn'],
  [/\.dbn\.frag(?:\.zst)?$/i, 'dbn'],
  [/\.(?:parquet|pq)$/i, 'parquet'],
  [/\.csv$/i, 'csv'],
  [/\.(?:ndjson|jsonl)$/i, 'ndjson'],
];

const BAR_SECONDS: Readonly<Record<string, number>> = {
  'ohlcv-1s': 1,
  'ohlcv-1m': 60,
  'ohlcv-1h': 3600,
  'ohlcv-1d': 86_400,
};

/**
 * Reads a local file whole: DBN (streamed, plain or zstd), Parquet, CSV or NDJSON. Rows keep the file's order.
 * Throws BarlineError with exit code 1: NOT_FOUND, NOT_A_FILE, UNKNOWN_FORMAT, EMPTY_INPUT, and those of the format's reader.
 */
export async function readBarFile(
  path: string,
  options: ReadBarsOptions = {},
): Promise<{ readonly bars: Bars; readonly source: BarSource }> {
  await requireFile(path);
  const kind = options.kind ?? (await fileKind(path));
  if (kind === 'dbn') return someBars(await readDbnBars(path, path, options));
  const table =
    kind === 'parquet'
      ? await parquetBars(path, options)
      : await textTable(kind, createReadStream(path, { highWaterMark: 1 << 20 }), path);
  return { bars: table.bars, source: tableSource(kind, path, table) };
}

/**
 * Reads DBN (plain or zstd), NDJSON or CSV from a stream of bytes such as standard input; `name` is what errors call
 * it. The kind is told by the first byte that is no white space, unless given. Throws PARQUET_STREAM for Parquet,
 * which is read from its end, EMPTY_INPUT, and what the kind's reader throws.
 */
export async function readBarStream(
  chunks: ByteChunks,
  name: string,
  given?: Exclude<BarFileKind, 'parquet'>,
): Promise<{ readonly bars: Bars; readonly source: BarSource }> {
  const { head, all } = await withHead(chunks);
  if (head.length === 0) throw emptyInput(name, 'bars', 'no bytes');
  const kind = given ?? kindOfBytes(head) ?? (/^\s*\{/.test(latin1(head)) ? 'ndjson' : 'csv');
  if (kind === 'dbn') return someBars(await readDbnBars(all, name));
  if (kind === 'parquet') {
    throw new BarlineError({
      code: 'PARQUET_STREAM',
      message: `${name}: found Parquet, expected DBN, CSV or NDJSON: Parquet is read from its end, which a stream has not yet.`,
      hint: 'Save it as a file and name that.',
      facts: { file: name },
    });
  }
  const table = await textTable(kind, all, name);
  return { bars: table.bars, source: tableSource(kind, name, table) };
}

/** The first bytes, four at least where there are so many, and the stream with them still in it. */
async function withHead(
  chunks: ByteChunks,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncGenerator<Uint8Array> }> {
  const source = chunks[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  while (head.length < MAGIC_BYTES) {
    const next = await source.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* { [Symbol.asyncIterator]: () => source };
  }
  return { head, all: all() };
}

/** Reads DBN from a path or a stream of bytes. Throws `DbnError` as `openDbn` does; no bars are given then. */
export async function readDbnBars(
  from: DbnSource,
  name: string,
  options: Pick<ReadBarsOptions, 'schema'> = {},
): Promise<{ readonly bars: Bars; readonly source: BarSource }> {
  await using reader = await openDbn(from, { name, ...(options.schema && { schema: options.schema }) });
  const { metadata } = reader;
  const builder = dbnBarBuilder(symbolResolver(metadata), await expectedRows(from));
  for await (const batch of reader.batches()) builder.add(batch);
  const { bars, undefinedTimes } = builder.finish();
  const source: BarSource = {
    kind: 'dbn',
    name,
    rowCount: bars.rowCount,
    skippedRecords: reader.counts.skipped,
    undefinedTimes,
    ignoredColumns: [],
    barSeconds: BAR_SECONDS[options.schema ?? metadata.schema ?? ''] ?? null,
    metadata,
  };
  return { bars, source };
}

/**
 * About how many bars a DBN file holds, rather more than less: compressed bars of a second take some 12 bytes, and
 * room that is not used costs nothing.
 */
async function expectedRows(from: DbnSource): Promise<number> {
  const bytesPerRow = 10;
  return typeof from === 'string' ? Math.ceil((await stat(from)).size / bytesPerRow) : 0;
}

function someBars(read: { readonly bars: Bars; readonly source: BarSource }) {
  if (read.bars.rowCount === 0) throw emptyInput(read.source.name, 'bars', 'none');
  return read;
}

function textTable(kind: 'csv' | 'ndjson', chunks: ByteChunks, name: string) {
  return kind === 'csv' ? csvBars(chunks, name) : ndjsonBars(chunks, name);
}

function tableSource(
  kind: BarFileKind,
  name: string,
  table: { readonly bars: Bars; readonly ignoredColumns: readonly string[] },
): BarSource {
  return {
    kind,
    name,
    rowCount: table.bars.rowCount,
    skippedRecords: 0,
    undefinedTimes: 0,
    ignoredColumns: table.ignoredColumns,
    barSeconds: null,
    metadata: null,
  };
}

/** Throws a `BarlineError` where there is no file that can be read. */
export async function requireFile(path: string): Promise<void> {
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
    await access(path, constants.R_OK);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new BarlineError({
      code: missing ? 'NOT_FOUND' : 'NOT_READABLE',
      message: missing ? `${path}: there is no such file.` : `${path}: cannot be read (${code}).`,
      hint: missing ? 'Check the path.' : 'Check the permissions of the file and of the folders above it.',
      facts: { file: path },
      cause,
    });
  }
  if (!isDirectory) return;
  throw new BarlineError({
    code: 'NOT_A_FILE',
    message: `${path}: expected a file, found a directory.`,
    hint: 'Name one file in it.',
    facts: { file: path },
  });
}

/** The kind of a file by its ending, or by its first bytes where the ending says nothing. */
async function fileKind(path: string): Promise<BarFileKind> {
  const known = ENDINGS.find(([ending]) => ending.test(path));
  if (known) return known[1];
  await using handle = await open(path, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  const kind = kindOfBytes(buffer.subarray(0, bytesRead));
  if (kind !== undefined) return kind;
  throw new BarlineError({
    code: 'UNKNOWN_FORMAT',
    message: `${path}: expected .dbn, .dbn.zst, .parquet, .csv or .ndjson, found neither that ending nor such content.`,
    facts: { file: path },
  });
}

const MAGIC_BYTES = 4;

/** DBN and Parquet by their first bytes; undefined for anything else. */
function kindOfBytes(bytes: Uint8Array): 'dbn' | 'parquet' | undefined {
  const head = latin1(bytes.subarray(0, MAGIC_BYTES));
  if (head === 'PAR1') return 'parquet';
  // zstd may begin with a skippable frame, whose first byte is 0x50 to 0x5f
  const isZstd = head === '\x28\xb5\x2f\xfd' || (/^[P-_]/.test(head) && head.endsWith('\x2a\x4d\x18'));
  return isZstd || head.startsWith('DBN') ? 'dbn' : undefined;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
