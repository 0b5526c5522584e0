/** Lines of a file, as places in the bytes read. */
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
/** What is longer than this is handed on in pieces of this length: no line of bars is. */
const MAX_LINE_BYTES = 8 << 20;
const [LINE_FEED, CARRIAGE_RETURN] = [10, 13];

/** Takes a line at bytes [from, to) that begins at `offset` of the file. */
export type TakeLine = (bytes: Buffer, from: number, to: number, offset: number) => void;

/**
 * Hands every line of bytes [start, end) of a file to `take`, without line ends, and yields after each chunk of a
 * mebibyte. The bytes stay as they are. Holds one chunk and one line.
 */
export async function* fileLines(
  path: string,
  take: TakeLine,
  start = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<void, void, undefined> {
  await using handle = await open(path, 'r');
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  for (;;) {
    const { bytes, isLast } = await nextBytes(handle, rest, offset, end);
    if (bytes.length === 0) return;
    let from = 0;
    for (let to = bytes.indexOf(LINE_FEED); to >= 0; to = bytes.indexOf(LINE_FEED, from)) {
      take(bytes, from, withoutReturn(bytes, from, to), offset + from);
      from = to + 1;
    }
    if (from < bytes.length && (isLast || bytes.length - from > MAX_LINE_BYTES)) {
      take(bytes, from, withoutReturn(bytes, from, bytes.length), offset + from);
      from = bytes.length;
    }
    yield;
    if (isLast) return;
    rest = bytes.subarray(from);
    offset += from;
  }
}

/** What is left of the last chunk and the next one behind it, in memory of their own. */
async function nextBytes(
  handle: FileHandle,
  rest: Buffer,
  offset: number,
  end: number,
): Promise<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  const wanted = Math.min(CHUNK_BYTES, end - offset - rest.length);
  const bytes = Buffer.allocUnsafeSlow(rest.length + Math.max(0, wanted));
  rest.copy(bytes);
  let length = rest.length;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, offset + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return { bytes: bytes.subarray(0, length), isLast: length < bytes.length || offset + length >= end };
}

function withoutReturn(bytes: Buffer, from: number, to: number): number {
  return to > from && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
}
