import { usageError } from '../base/index.ts';
import { encodeBars } from './bar-encoder.ts';
import type { DbnMetadata } from './metadata.ts';
import { encodeMetadata } from './metadata-encoder.ts';
import { type BarBatch, sliceBars } from './records.ts';
import { type DbnSink, type EndingSink, fileSink, foreignSink } from './sink.ts';
import { ZstdFrameWriter } from './zstd-compressor.ts';

/** Rows encoded and handed on at a time: bounds the writer's memory whatever the batch. */
const SLICE_ROWS = 65_536;

export interface WriteOptions {
  /** `zstd` unless told. */
  readonly compression?: 'zstd' | 'none';
  /** Zstd level, 1 to 19; 3 unless told. */
  readonly level?: number;
  /** Zstd content checksum, 4 bytes a frame; true unless told. */
  readonly checksum?: boolean;
  /** Start a new zstd frame after so many records; one frame for all unless told. */
  readonly recordsPerFrame?: number;
}

export interface WrittenDbn {
  readonly records: number;
  /** Bytes before compression, metadata included. */
  readonly decodedByteLength: number;
  /** Bytes that reached the target. */
  readonly byteLength: number;
}

/** A DBN file being written. */
export interface DbnWriter {
  /** Appends the rows of a batch. The batch may be changed afterwards. */
  write(bars: BarBatch): Promise<void>;
  /** Ends the stream. A file gets its name here, and only here: this is the commit point. */
  close(): Promise<WrittenDbn>;
  /** Gives up; a file leaves nothing behind. */
  abort(): Promise<void>;
}

/**
 * Starts a DBN file of version `metadata.version` at a path, or into a sink that the caller ends. Streams: holds one
 * slice of 65,536 rows and the compressor's window. Throws `BarlineError` for wrong options, metadata the version
 * cannot hold, and a file that cannot be written.
 */
export async function openDbnWriter(
  target: string | DbnSink,
  metadata: DbnMetadata,
  options: WriteOptions = {},
): Promise<DbnWriter> {
  const settings = checked(options);
  const head = encodeMetadata(metadata);
  const sink = typeof target === 'string' ? await fileSink(target) : foreignSink(target);
  const writer = new StreamWriter(sink, metadata.tsOut, settings);
  await writer.begin(head);
  return writer;
}

/** Writes all batches as one DBN file. On an error from any side nothing is left behind. */
export async function writeDbn(
  target: string | DbnSink,
  metadata: DbnMetadata,
  batches: AsyncIterable<BarBatch> | Iterable<BarBatch>,
  options: WriteOptions = {},
): Promise<WrittenDbn> {
  const writer = await openDbnWriter(target, metadata, options);
  try {
    for await (const batch of batches) await writer.write(batch);
    return await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function checked(options: WriteOptions): Required<WriteOptions> {
  const {
    compression = 'zstd',
    level = 3,
    checksum = true,
    recordsPerFrame = Number.MAX_SAFE_INTEGER,
  } = options;
  if (!Number.isInteger(level) || level < 1 || level > 19) {
    throw usageError(`The zstd level is ${level}; expected 1 to 19.`);
  }
  if (!Number.isSafeInteger(recordsPerFrame) || recordsPerFrame < 1) {
    throw usageError(`recordsPerFrame is ${recordsPerFrame}; expected a whole number of 1 or more.`);
  }
  if (compression === 'none' && options.recordsPerFrame !== undefined) {
    throw usageError('recordsPerFrame is given, but a file without compression has no frames.');
  }
  return { compression, level, checksum, recordsPerFrame };
}

class StreamWriter implements DbnWriter {
  readonly #sink: EndingSink;
  readonly #frames: ZstdFrameWriter | undefined;
  readonly #withTsOut: boolean;
  readonly #recordsPerFrame: number;
  #frameRecords = 0;
  #records = 0;
  #decodedByteLength = 0;
  #byteLength = 0;
  #isEnded = false;

  constructor(sink: EndingSink, withTsOut: boolean, settings: Required<WriteOptions>) {
    this.#sink = sink;
    this.#withTsOut = withTsOut;
    this.#recordsPerFrame = settings.recordsPerFrame;
    const counted: DbnSink = { write: (bytes) => this.#toSink(bytes) };
    if (settings.compression === 'zstd') this.#frames = new ZstdFrameWriter(counted, settings);
  }

  async begin(head: Uint8Array): Promise<void> {
    try {
      await this.#put(head);
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async write(bars: BarBatch): Promise<void> {
    if (this.#isEnded) throw usageError('The DBN writer is closed.');
    let start = 0;
    while (start < bars.rowCount) {
      if (this.#frameRecords === this.#recordsPerFrame) await this.#endFrame();
      const room = Math.min(SLICE_ROWS, this.#recordsPerFrame - this.#frameRecords);
      const end = Math.min(start + room, bars.rowCount);
      await this.#put(encodeBars(sliceBars(bars, start, end), this.#withTsOut));
      this.#records += end - start;
      this.#frameRecords += end - start;
      start = end;
    }
  }

  async close(): Promise<WrittenDbn> {
    if (this.#isEnded) throw usageError('The DBN writer is closed.');
    await this.#endFrame();
    this.#isEnded = true;
    await this.#sink.commit();
    return {
      records: this.#records,
      decodedByteLength: this.#decodedByteLength,
      byteLength: this.#byteLength,
    };
  }

  async abort(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#frames?.abort();
    await this.#sink.abort();
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#decodedByteLength += bytes.length;
    await (this.#frames ? this.#frames.write(bytes) : this.#toSink(bytes));
  }

  async #endFrame(): Promise<void> {
    await this.#frames?.endFrame();
    this.#frameRecords = 0;
  }

  async #toSink(bytes: Uint8Array): Promise<void> {
    await this.#sink.write(bytes);
    this.#byteLength += bytes.length;
  }
}
