import { usageError } from '../base/index.ts';
import { BarTransposer } from './bar-transposer.ts';
import { ByteCursor } from './byte-cursor.ts';
import { DbnError } from './errors.ts';
import type { DbnMetadata } from './metadata.ts';
import { readMetadata } from './metadata-reader.ts';
import { type BarBatch, concatBars } from './records.ts';
import { ALL_BAR_RTYPES, BAR_RTYPES, type BarSchema, isBarRtype, isBarSchema } from './schema.ts';
import { type DbnSource, openChunks } from './source.ts';
import { frameKindOf } from './zstd-frame.ts';
import { decompressZstd } from './zstd-stream.ts';

/** 3.7 MB of columns: few enough round trips, small enough to stay near the cache while they are worked on. */
const DEFAULT_BATCH_ROWS = 65_536;

export interface OpenOptions {
  /** The bars wanted. A file of another schema is refused; from a mixed file only these are read. */
  readonly schema?: BarSchema;
  /** What to call the source in errors; the path if it is one. */
  readonly name?: string;
}

export interface BatchOptions {
  /** Most rows of a batch; 65,536 unless told. */
  readonly batchRows?: number;
  /**
   * Write every batch over the one before, which is then the caller's only until the next is asked for. Saves the
   * allocation, about 10 ms a million rows. False unless told.
   */
  readonly reuseBatch?: boolean;
  /** Bars of these record types, whatever the metadata's schema says: any of 32 to 36, and 17. */
  readonly rtypes?: readonly number[];
}

/** What has been read so far; everything there was once `isComplete`. */
export interface DbnCounts {
  readonly records: number;
  /** Records of type 32 to 36. */
  readonly bars: number;
  /** Bars that became rows. */
  readonly rows: number;
  /** Records that did not. */
  readonly skipped: number;
  /** Records by record type, in order of type; only types that occur. */
  readonly byRtype: Readonly<Record<number, number>>;
  /** The stream has been read to its end, and its end was in order. */
  readonly isComplete: boolean;
}

/** A DBN file whose metadata have been read. Its records can be gone through once. */
export interface DbnReader extends AsyncDisposable {
  readonly metadata: DbnMetadata;
  /** Bytes of the decoded stream before the first record. */
  readonly metadataByteLength: number;
  readonly isCompressed: boolean;
  readonly counts: DbnCounts;
  /**
   * The bars of the file's schema (or of the one asked for when opening; all bars if the file is mixed), in the
   * file's order. Throws `DbnError` `wrong_schema` at once if the schema is none of
   * bars, and any other kind while reading; rows already handed out are then not to be used.
   */
  batches(options?: BatchOptions): AsyncGenerator<BarBatch, void, undefined>;
  /** Steps over all records, whatever they are, and counts them. Throws `DbnError` as `batches` does. */
  countRecords(): Promise<DbnCounts>;
  /** Lets go of the file. To be called unless the records were read to their end. */
  close(): Promise<void>;
}

/**
 * Opens DBN of version 1, 2 or 3, plain or zstd (told by content, not by name), and reads its metadata.
 *
 * Streams: at most a few MiB are held beside the batch being filled. A source of chunks may cut them anywhere.
 * Throws `DbnError` for what is no good DBN, `BarlineError` for a file that cannot be opened; errors of a chunk source
 * pass through.
 */
export async function openDbn(source: DbnSource, options: OpenOptions = {}): Promise<DbnReader> {
  const file = options.name ?? (typeof source === 'string' ? source : 'DBN stream');
  const cursor = new ByteCursor(await openChunks(source, file));
  let decoded = cursor;
  try {
    const isCompressed = await isZstd(cursor);
    if (isCompressed) decoded = new ByteCursor(decompressZstd(cursor, file));
    const { metadata, byteLength } = await readMetadata(decoded, file, isCompressed);
    if (options.schema !== undefined && metadata.schema !== null && metadata.schema !== options.schema) {
      throw wrongSchema(file, options.schema, metadata.schema);
    }
    const schema = options.schema ?? metadata.schema;
    const close = () => closeAll(decoded, cursor);
    return new StreamReader({
      file,
      metadata,
      schema,
      metadataByteLength: byteLength,
      isCompressed,
      decoded,
      close,
    });
  } catch (error) {
    await closeAll(decoded, cursor);
    throw error;
  }
}

/** All bars of a file in one batch, for files known to be small: 56 bytes a row, twice that while joining. */
export async function readBars(
  source: DbnSource,
  options: OpenOptions & Omit<BatchOptions, 'reuseBatch'> = {},
): Promise<{ metadata: DbnMetadata; bars: BarBatch; counts: DbnCounts }> {
  await using reader = await openDbn(source, options);
  const batches: BarBatch[] = [];
  for await (const batch of reader.batches({ ...options, reuseBatch: false })) batches.push(batch);
  return { metadata: reader.metadata, bars: concatBars(batches), counts: reader.counts };
}

async function isZstd(cursor: ByteCursor): Promise<boolean> {
  const head = await cursor.peek(4);
  return head.length > 0 && frameKindOf(head) !== 'none';
}

async function closeAll(decoded: ByteCursor, cursor: ByteCursor): Promise<void> {
  await decoded.close();
  await cursor.close();
}

function wrongSchema(file: string, expected: string, found: string): DbnError {
  return new DbnError(file, {
    kind: 'wrong_schema',
    at: 'metadata',
    offset: 24,
    problem: 'the file holds other data than asked for',
    expected,
    found,
    hint: `Ask the vendor for schema ${expected}${isBarSchema(found) ? `, or read the file as ${found}` : ''}.`,
  });
}

interface Opened {
  readonly file: string;
  readonly metadata: DbnMetadata;
  readonly schema: string | null;
  readonly metadataByteLength: number;
  readonly isCompressed: boolean;
  readonly decoded: ByteCursor;
  readonly close: () => Promise<void>;
}

class StreamReader implements DbnReader {
  readonly metadata: DbnMetadata;
  readonly metadataByteLength: number;
  readonly isCompressed: boolean;
  readonly #opened: Opened;
  #transposer: BarTransposer | undefined;
  #isComplete = false;

  constructor(opened: Opened) {
    this.#opened = opened;
    this.metadata = opened.metadata;
    this.metadataByteLength = opened.metadataByteLength;
    this.isCompressed = opened.isCompressed;
  }

  get counts(): DbnCounts {
    const countByRtype = this.#transposer?.countByRtype ?? new Float64Array(256);
    const byRtype: Record<number, number> = {};
    let records = 0;
    let bars = 0;
    for (const [rtype, count] of countByRtype.entries()) {
      if (count === 0) continue;
      byRtype[rtype] = count;
      records += count;
      if (ALL_BAR_RTYPES.includes(rtype)) bars += count;
    }
    const rows = this.#transposer?.rowCount ?? 0;
    return { records, bars, rows, skipped: records - rows, byRtype, isComplete: this.#isComplete };
  }

  batches(options: BatchOptions = {}): AsyncGenerator<BarBatch, void, undefined> {
    const batchRows = options.batchRows ?? DEFAULT_BATCH_ROWS;
    if (!Number.isSafeInteger(batchRows) || batchRows < 1) {
      throw usageError(`batchRows is ${batchRows}; expected a whole number of 1 or more.`);
    }
    const odd = options.rtypes?.find((rtype) => !isBarRtype(rtype));
    if (odd !== undefined) throw usageError(`Record type ${odd} is no bar; expected 32 to 36, or 17.`);
    return this.#read(options.rtypes ?? this.#ownRtypes(), batchRows, options.reuseBatch ?? false);
  }

  async countRecords(): Promise<DbnCounts> {
    for await (const batch of this.#read([], 1, false))
      throw new Error(`${batch.rowCount} rows out of a count`);
    return this.counts;
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ownRtypes(): readonly number[] {
    const { file, schema } = this.#opened;
    if (schema === null) return ALL_BAR_RTYPES;
    if (!isBarSchema(schema)) throw wrongSchema(file, Object.keys(BAR_RTYPES).join(', '), schema);
    return [BAR_RTYPES[schema]];
  }

  #read(
    rtypes: readonly number[],
    batchRows: number,
    reuseBatch: boolean,
  ): AsyncGenerator<BarBatch, void, undefined> {
    const { file, decoded, metadata, metadataByteLength } = this.#opened;
    if (this.#transposer) {
      throw usageError(`${file}: the records have been read already.`, 'Open the file again.', { file });
    }
    const transposer = new BarTransposer({
      file,
      rtypes,
      withTsOut: metadata.tsOut,
      batchRows,
      reuseBatch,
      startOffset: metadataByteLength,
    });
    this.#transposer = transposer;
    return this.#batchesFrom(decoded, transposer);
  }

  async *#batchesFrom(
    decoded: ByteCursor,
    transposer: BarTransposer,
  ): AsyncGenerator<BarBatch, void, undefined> {
    try {
      for await (const chunk of decoded.chunks()) {
        let from = 0;
        while (from < chunk.length || transposer.isBatchFull) {
          if (transposer.isBatchFull) yield transposer.takeBatch();
          from = transposer.feed(chunk, from);
        }
      }
      transposer.finish();
      this.#isComplete = true;
      if (transposer.batchRowCount > 0) yield transposer.takeBatch();
    } finally {
      await this.close();
    }
  }
}
