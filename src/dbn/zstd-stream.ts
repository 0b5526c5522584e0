import { pipeline } from 'node:stream/promises';
import { createZstdDecompress, type ZstdOptions, zstdDecompressSync } from 'node:zlib';
import { systemCode } from '../base/index.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { DbnError } from './errors.ts';
import { frameKindOf, ZstdFrameWalk } from './zstd-frame.ts';

/** Decompressed chunks: large enough that the thread pool's round trips do not show (58 MB: 75 ms, at 64 KiB 130). */
const CHUNK_BYTES = 1024 * 1024;
/** A whole frame that cannot hold more is decompressed at once: ten times cheaper than a stream for it. */
const SMALL_FRAME_BYTES = 1024 * 1024;
const SKIPPABLE_HEADER_BYTES = 8;
const DBZ_MAGIC = [0x44, 0x42, 0x5a];

/**
 * Decompresses zstd: any number of frames, skippable frames anywhere. Memory: a few chunks of 1 MiB and the frame's
 * window (at most 128 MiB; usually 2 to 8).
 *
 * Throws `DbnError`: `truncated_zstd`, `corrupt_zstd`, and `bad_magic` for a file in the older DBZ format.
 */
export async function* decompressZstd(
  cursor: ByteCursor,
  file: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const head = await cursor.peek(4);
    if (head.length === 0) return;
    const kind = frameKindOf(head);
    if (kind === 'skippable') await skipFrame(cursor, file);
    else if (kind === 'none') throw noFrame(file, cursor.offset, head);
    else yield* decompressFrame(cursor, file);
  }
}

async function* decompressFrame(
  cursor: ByteCursor,
  file: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const atHand = (await cursor.rest()) ?? new Uint8Array(0);
  const walk = new ZstdFrameWalk();
  const end = walk.scan(atHand, 0);
  if (!walk.isWhole || walk.contentByteLimit > SMALL_FRAME_BYTES) {
    yield* decompressLargeFrame(cursor, file);
    return;
  }
  const chunkSize = Math.max(64, walk.contentByteLimit);
  let content: Uint8Array;
  try {
    content = zstdDecompressSync(atHand.subarray(0, end), { chunkSize });
  } catch (error) {
    throw corruptFrame(file, cursor.offset, error);
  }
  cursor.skip(end);
  yield content;
}

/** What a large frame's feeding found out, for the side that takes its content. */
interface Feeding {
  readonly walk: ZstdFrameWalk;
  sourceError: unknown;
}

async function* decompressLargeFrame(
  cursor: ByteCursor,
  file: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const frameOffset = cursor.offset;
  const feeding: Feeding = { walk: new ZstdFrameWalk(), sourceError: undefined };
  const options: ZstdOptions & { highWaterMark: number } = {
    chunkSize: CHUNK_BYTES,
    highWaterMark: 2 * CHUNK_BYTES,
  };
  const decompressor = createZstdDecompress(options);
  const fed = pipeline(framePieces(cursor, feeding), decompressor).catch(() => undefined);
  try {
    for await (const chunk of decompressor) yield chunk;
    if (!feeding.walk.isWhole) throw truncatedFrame(file, cursor.offset, 'the rest of a zstd frame');
  } catch (error) {
    if (error instanceof DbnError) throw error;
    if (feeding.sourceError !== undefined) throw feeding.sourceError;
    throw frameError(file, frameOffset, cursor.offset, feeding.walk, error);
  } finally {
    decompressor.destroy();
    await fed;
  }
}

async function* framePieces(
  cursor: ByteCursor,
  feeding: Feeding,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { walk } = feeding;
  while (!walk.isWhole && walk.fault === undefined) {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await cursor.rest();
    } catch (error) {
      feeding.sourceError = error;
      throw error;
    }
    if (!bytes) return;
    const end = walk.scan(bytes, 0);
    const piece = bytes.subarray(0, end);
    cursor.skip(end);
    yield piece;
  }
}

/** The decompressor's own complaint goes first, so that the verdict does not depend on how the file was cut in chunks. */
function frameError(
  file: string,
  frameOffset: number,
  offset: number,
  walk: ZstdFrameWalk,
  error: unknown,
): DbnError {
  const wantsMore = systemCode(error) === 'Z_BUF_ERROR';
  if (!wantsMore || walk.isWhole || walk.fault !== undefined) {
    return corruptFrame(file, frameOffset, error, walk.fault);
  }
  return truncatedFrame(file, offset, 'the rest of a zstd frame');
}

function truncatedFrame(file: string, offset: number, expected: string): DbnError {
  return new DbnError(file, {
    kind: 'truncated_zstd',
    at: 'file',
    offset,
    problem: 'the compressed file is cut off',
    expected,
    found: 'the end of the file',
    hint: "Download the file again; its size or checksum will differ from the vendor's.",
  });
}

function corruptFrame(file: string, offset: number, error: unknown, fault?: string): DbnError {
  const found = fault ?? (error instanceof Error ? error.message : String(error));
  const isWindow = systemCode(error) === 'ZSTD_error_frameParameter_windowTooLarge';
  return new DbnError(file, {
    kind: 'corrupt_zstd',
    at: 'file',
    offset,
    problem: 'the zstd frame that starts here cannot be decompressed',
    expected: isWindow ? 'a window of at most 128 MiB' : 'zstd data that match their checksum',
    found,
    hint: isWindow
      ? 'Compress the file again without long-distance windows (zstd without --long).'
      : 'Download the file again; it was damaged on its way or on disk.',
    cause: error,
  });
}

function noFrame(file: string, offset: number, head: Uint8Array): DbnError {
  return new DbnError(file, {
    kind: 'corrupt_zstd',
    at: 'file',
    offset,
    problem: 'bytes after the last zstd frame are no frame',
    expected: 'a zstd frame or the end of the file',
    found: `the bytes ${Buffer.from(head).toString('hex')}`,
    hint: "Something was appended to the file, or a frame's start was overwritten; download it again.",
  });
}

async function skipFrame(cursor: ByteCursor, file: string): Promise<void> {
  const isFirst = cursor.offset === 0;
  const head = await cursor.peek(SKIPPABLE_HEADER_BYTES + DBZ_MAGIC.length);
  if (head.length < SKIPPABLE_HEADER_BYTES) {
    throw truncatedFrame(file, cursor.offset + head.length, 'the length of a skippable frame');
  }
  let left = new DataView(head.buffer, head.byteOffset).getUint32(4, true);
  if (
    isFirst &&
    left >= DBZ_MAGIC.length &&
    DBZ_MAGIC.every((byte, i) => head[SKIPPABLE_HEADER_BYTES + i] === byte)
  ) {
    throw legacyDbz(file);
  }
  cursor.skip(SKIPPABLE_HEADER_BYTES);
  while (left > 0) {
    const bytes = await cursor.rest();
    if (!bytes) throw truncatedFrame(file, cursor.offset, `${left} more bytes of a skippable frame`);
    const step = Math.min(left, bytes.length);
    cursor.skip(step);
    left -= step;
  }
}

function legacyDbz(file: string): DbnError {
  return new DbnError(file, {
    kind: 'bad_magic',
    at: 'file',
    offset: 0,
    problem: 'this is a file in the legacy DBZ format, which DBN replaced in 2023',
    expected: 'DBN metadata',
    found: 'a skippable zstd frame holding "DBZ"',
    hint: "Download the data again as DBN, or convert it with the vendor's dbn command.",
  });
}
