import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BarlineError, formatByteLength, temporaryFolderName } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';
import { type ColumnChoice, chunkRanges, requestRanges } from './chunk-ranges.ts';
import { type ColumnBounds, columnBounds } from './footer-bounds.ts';
import {
  type ByteRange,
  metadataByteLength,
  type ParquetFooter,
  readFooter,
  TRAILER_BYTES,
} from './footer-reader.ts';
import { withRowGroups } from './footer-rewrite.ts';
import { Slots } from './slots.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface FetchLimits {
  /** The fetched parts lie in a folder of their own in it, which is removed in the end. */
  readonly temporaryFolder: string;
  /** Of fetched parts on disk at once. Default 16 GiB. */
  readonly mostBytes?: number;
  /** Requests under way at once, for all files together. Default 16. */
  readonly concurrency?: number;
  /**
   * Bytes of the end of a file that the first request asks for. Default 32 KiB: the footer of some fifty columns in
   * five row groups, and less than a second round trip is worth.
   */
  readonly tailBytes?: number;
}

export interface FetchRequest {
  readonly path: string;
  /** Spares the question for it; Delta's log knows it. */
  readonly byteLength?: number;
  /** Default: all. */
  readonly columns?: ColumnChoice;
  /** False for row groups that need not be read. Without it rows keep their numbers in the file. */
  readonly keepRowGroup?: (rowGroup: CandidateRowGroup) => boolean;
  readonly signal?: AbortSignal;
}

export interface CandidateRowGroup {
  /** Of its first row in the file. */
  readonly firstRow: number;
  readonly rowCount: number;
  /** Of a column by its path, e.g. `close`; undefined when the file has none of that name. */
  bounds(path: string): ColumnBounds | undefined;
}

export interface FetchedFile {
  /** A Parquet file with the row groups kept; of its columns only those asked for can be read. */
  readonly localPath: string;
  readonly rowGroupsKept: number;
  readonly rowGroupsTotal: number;
  readonly rowCount: number;
  /** Received for it, the footer included unless it was known. */
  readonly byteLength: number;
}

export interface FetchCounts {
  files: number;
  requests: number;
  /** Received in all: footers and chunks. */
  bytes: number;
  footerBytes: number;
}

interface KnownFooter {
  readonly footer: ParquetFooter;
  readonly fileByteLength: number;
  readonly metadataStart: number;
  readonly received: number;
  /** The end of the file, as far as the first request brought it. */
  readonly tail: { readonly start: number; readonly bytes: Uint8Array };
}

const DEFAULT_MOST_BYTES = 16 * 2 ** 30;
const DEFAULT_CONCURRENCY = 16;
/** Of files being filled: any number may be asked for at once. */
const FILES_AT_ONCE = 32;
const DEFAULT_TAIL_BYTES = 32 << 10;

/**
 * Brings the parts of Parquet files that a query needs from an object store to this machine: the footer, then the
 * chunks of the columns and row groups asked for, near ones in one request. Each file becomes a sparse local file in
 * which these parts lie at their places; its footer names only the row groups kept, so that no reader strays into a
 * hole. Everything is removed on dispose, and when the process ends by itself.
 */
export class FetchedParquet implements Disposable {
  readonly counts: FetchCounts = { files: 0, requests: 0, bytes: 0, footerBytes: 0 };
  readonly #folder: string;
  readonly #mostBytes: number;
  readonly #tailBytes: number;
  readonly #requests: Slots;
  readonly #files = new Slots(FILES_AT_ONCE);
  readonly #footers = new Map<string, Promise<KnownFooter>>();
  readonly #held = new Map<string, number>();
  readonly #remove: () => void;
  #nextFile = 0;
  #heldBytes = 0;

  constructor(limits: FetchLimits) {
    this.#folder = join(limits.temporaryFolder, temporaryFolderName('fetched'));
    this.#tailBytes = Math.max(TRAILER_BYTES, limits.tailBytes ?? DEFAULT_TAIL_BYTES);
    this.#mostBytes = limits.mostBytes ?? DEFAULT_MOST_BYTES;
    this.#requests = new Slots(limits.concurrency ?? DEFAULT_CONCURRENCY);
    this.#remove = () => rmSync(this.#folder, { recursive: true, force: true });
    process.on('exit', this.#remove);
  }

  /** The footer of a file, fetched once. */
  async footer(storage: Storage, path: string, byteLength?: number): Promise<ParquetFooter> {
    return (await this.#footer(storage, path, byteLength)).footer;
  }

  /** `STORAGE_…` when the store fails, `PARQUET_…` when the file is none, `PARQUET_FETCH_TOO_LARGE` over the limit. */
  fetch(storage: Storage, request: FetchRequest): Promise<FetchedFile> {
    return this.#files.run(() => this.#fetch(storage, request));
  }

  async #fetch(storage: Storage, request: FetchRequest): Promise<FetchedFile> {
    const { path, signal } = request;
    signal?.throwIfAborted();
    const key = footerKey(storage, path);
    const isKnown = this.#footers.has(key);
    const known = await unlessAborted(this.#footer(storage, path, request.byteLength), signal);
    const { footer, metadataStart } = known;
    const kept = keptRowGroups(footer, request.keepRowGroup);
    const ranges = chunkRanges(footer, request.columns, kept, metadataStart);
    const missing = requestRanges(outside(ranges, known.tail));
    const metadata = withRowGroups(footer, kept);
    const localPath = join(this.#folder, `${this.#nextFile++}.parquet`);
    this.#hold(localPath, sum(missing) + metadata.length, storage, path);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await using file = await open(localPath, 'wx', 0o600);
      await this.#fill(file, storage, path, missing, signal);
      await writeKnownParts(file, known, metadata);
    } catch (error) {
      await this.release(localPath);
      throw error;
    }
    this.counts.files += 1;
    return {
      localPath,
      rowGroupsKept: kept.length,
      rowGroupsTotal: footer.rowGroups.length,
      rowCount: kept.reduce((rows, index) => rows + (footer.rowGroups[index]?.rowCount ?? 0), 0),
      byteLength: sum(missing) + (isKnown ? 0 : known.received),
    };
  }

  /** Removes one file's parts before the end. */
  async release(localPath: string): Promise<void> {
    this.#heldBytes -= this.#held.get(localPath) ?? 0;
    this.#held.delete(localPath);
    await unlink(localPath).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove);
    this.#remove();
    this.#footers.clear();
  }

  #footer(storage: Storage, path: string, byteLength: number | undefined): Promise<KnownFooter> {
    const key = footerKey(storage, path);
    let known = this.#footers.get(key);
    if (known === undefined) {
      known = this.#readFooter(storage, path, byteLength);
      this.#footers.set(key, known);
      known.catch(() => this.#footers.delete(key));
    }
    return known;
  }

  async #readFooter(storage: Storage, path: string, byteLength: number | undefined): Promise<KnownFooter> {
    const file = `${storage.uri}/${path}`;
    const fileByteLength = byteLength ?? (await storage.stat(path))?.byteLength ?? 0;
    let tail = await this.#read(storage, path, {
      start: Math.max(0, fileByteLength - this.#tailBytes),
      end: fileByteLength,
    });
    let received = tail.length;
    const length = metadataByteLength(tail, fileByteLength, file);
    const metadataStart = fileByteLength - TRAILER_BYTES - length;
    const tailStart = fileByteLength - tail.length;
    if (metadataStart < tailStart) {
      const before = await this.#read(storage, path, { start: metadataStart, end: tailStart });
      received += before.length;
      tail = Buffer.concat([before, tail]);
    }
    this.counts.footerBytes += received;
    const start = fileByteLength - tail.length;
    const metadata = tail.subarray(metadataStart - start, tail.length - TRAILER_BYTES);
    return {
      footer: readFooter(metadata, file),
      fileByteLength,
      metadataStart,
      received,
      tail: { start, bytes: tail },
    };
  }

  async #fill(
    file: FileHandle,
    storage: Storage,
    path: string,
    ranges: readonly ByteRange[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const filling = ranges.map(async (range) => {
      const bytes = await this.#read(storage, path, range, signal);
      await writeAt(file, bytes, range.start);
    });
    // all of them end before the file is closed
    const results = await Promise.allSettled(filling);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #read(
    storage: Storage,
    path: string,
    { start, end }: ByteRange,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    return this.#requests.run(async () => {
      signal?.throwIfAborted();
      this.counts.requests += 1;
      const bytes = await unlessAborted(storage.readRange(path, start, end), signal);
      this.counts.bytes += bytes.length;
      if (bytes.length === end - start) return bytes;
      throw new BarlineError({
        code: 'PARQUET_TRUNCATED',
        message: `${storage.uri}/${path} ends before byte ${end}: expected ${end - start} bytes from ${start} on, found ${bytes.length}`,
        hint: 'the file was cut off or replaced after it was written; `barline table verify` finds more of them',
        facts: { file: path, expected: end, found: start + bytes.length },
      });
    });
  }

  #hold(localPath: string, byteLength: number, storage: Storage, path: string): void {
    if (this.#heldBytes + byteLength > this.#mostBytes) {
      throw new BarlineError({
        code: 'PARQUET_FETCH_TOO_LARGE',
        message: `${storage.uri}/${path}: ${formatByteLength(byteLength)} more would put over ${formatByteLength(this.#mostBytes)} of fetched data on this machine's disk`,
        hint: 'ask for fewer columns or rows, or allow more',
        facts: { file: path, held: this.#heldBytes, more: byteLength, most: this.#mostBytes },
      });
    }
    this.#held.set(localPath, byteLength);
    this.#heldBytes += byteLength;
  }
}

function footerKey(storage: Storage, path: string): string {
  return `${storage.uri}/${path}`;
}

function keptRowGroups(footer: ParquetFooter, keep: FetchRequest['keepRowGroup']): number[] {
  const all = footer.rowGroups.map((_, index) => index);
  if (keep === undefined) return all;
  return all.filter((index) => {
    const rowGroup = footer.rowGroups[index];
    if (rowGroup === undefined) return false;
    const { firstRow, rowCount } = rowGroup;
    return keep({ firstRow, rowCount, bounds: (path) => columnBounds(footer, rowGroup, path) });
  });
}

/** Without the parts that lie in the tail. */
function outside(ranges: readonly ByteRange[], tail: KnownFooter['tail']): ByteRange[] {
  return ranges
    .map(({ start, end }) => ({ start, end: Math.min(end, tail.start) }))
    .filter(({ start, end }) => end > start);
}

function sum(ranges: readonly ByteRange[]): number {
  return ranges.reduce((bytes, { start, end }) => bytes + end - start, 0);
}

/** The magic at the start, what the tail brought, and the footer in its place. */
async function writeKnownParts(
  file: FileHandle,
  { tail, metadataStart }: KnownFooter,
  metadata: Uint8Array,
): Promise<void> {
  const magic = Buffer.from('PAR1');
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(metadata.length, 0);
  magic.copy(trailer, TRAILER_BYTES - magic.length);
  await writeAt(file, magic, 0);
  await writeAt(file, tail.bytes.subarray(0, metadataStart - tail.start), tail.start);
  await writeAt(file, Buffer.concat([metadata, trailer]), metadataStart);
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const step = await file.write(bytes, written, bytes.length - written, position + written);
    written += step.bytesWritten;
  }
}
