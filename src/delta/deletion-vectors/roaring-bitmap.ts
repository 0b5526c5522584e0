/**
 * Sets of row numbers as 64-bit Roaring bitmaps in Delta's portable form: a magic number, the count of 32-bit
 * bitmaps, then each with its high 32 bits before it, in the layout of
 * https://github.com/RoaringBitmap/RoaringFormatSpec. All little-endian.
 */

const MAGIC = 1_681_511_377;
const COOKIE_WITHOUT_RUNS = 12_346;
const COOKIE_WITH_RUNS = 12_347;
/** Bitmaps with runs and fewer containers than this have no table of offsets. */
const OFFSETS_FROM = 4;
/** Beyond, a container is a bitmap. */
const MAX_ARRAY = 4096;
const BITMAP_BYTES = 8192;
const CONTAINER_ROWS = 65_536;

/** Why bytes are no bitmap; a clause. */
export class BitmapError extends Error {}

/** Row numbers in ascending order. Throws `BitmapError`. O(rows). */
export function decodeRoaring(bytes: Uint8Array): Float64Array {
  const reader = new Reader(bytes);
  const magic = reader.uint32();
  if (magic !== MAGIC) throw new BitmapError(`begins with ${magic}, expected ${MAGIC}`);
  const bitmapCount = reader.uint32();
  if (reader.uint32() !== 0) throw new BitmapError('counts more bitmaps than can be');
  const parts: Float64Array[] = [];
  let total = 0;
  let previous = -1;
  for (let i = 0; i < bitmapCount; i++) {
    const key = reader.uint32();
    if (key <= previous) throw new BitmapError('has bitmaps out of order');
    previous = key;
    const part = decodeBitmap(reader, key * 2 ** 32);
    parts.push(part);
    total += part.length;
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const rows = new Float64Array(total);
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return rows;
}

function decodeBitmap(reader: Reader, base: number): Float64Array {
  const cookie = reader.uint32();
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!hasRuns && cookie !== COOKIE_WITHOUT_RUNS)
    throw new BitmapError(`holds a bitmap of unknown kind ${cookie}`);
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32();
  if (count > CONTAINER_ROWS) throw new BitmapError(`holds a bitmap of ${count} containers`);
  const runFlags = hasRuns ? reader.bytes(Math.ceil(count / 8)) : undefined;
  const keys = new Uint16Array(count);
  const sizes = new Uint32Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    keys[i] = reader.uint16();
    sizes[i] = reader.uint16() + 1;
    total += sizes[i] ?? 0;
  }
  if (!hasRuns || count >= OFFSETS_FROM) reader.bytes(count * 4);
  const rows = new Float64Array(total);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const first = base + (keys[i] ?? 0) * CONTAINER_ROWS;
    const size = sizes[i] ?? 0;
    const isRun = ((runFlags?.[i >> 3] ?? 0) >> (i & 7)) & 1;
    const end = isRun
      ? readRuns(reader, first, rows, at)
      : size <= MAX_ARRAY
        ? readArray(reader, size, first, rows, at)
        : readBits(reader, first, rows, at);
    if (end !== at + size) throw new BitmapError('has a container of another size than it says');
    at = end;
  }
  return rows;
}

function readRuns(reader: Reader, first: number, rows: Float64Array, start: number): number {
  let at = start;
  for (let run = reader.uint16(); run > 0; run--) {
    const from = reader.uint16();
    const last = from + reader.uint16();
    for (let value = from; value <= last; value++) rows[at++] = first + value;
  }
  return at;
}

function readArray(reader: Reader, size: number, first: number, rows: Float64Array, start: number): number {
  for (let i = 0; i < size; i++) rows[start + i] = first + reader.uint16();
  return start + size;
}

function readBits(reader: Reader, first: number, rows: Float64Array, start: number): number {
  const bits = reader.bytes(BITMAP_BYTES);
  let at = start;
  for (let i = 0; i < BITMAP_BYTES; i++) {
    for (let byte = bits[i] ?? 0; byte !== 0; byte &= byte - 1) {
      rows[at++] = first + i * 8 + (31 - Math.clz32(byte & -byte));
    }
  }
  return at;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new BitmapError(`ends after ${this.#bytes.length} bytes`);
    this.#at = start + length;
    return start;
  }
}

/** The bitmap of ascending, distinct row numbers below 2^48. Containers are arrays or bitmaps, whichever is less. */
export function encodeRoaring(rows: ArrayLike<number>): Uint8Array {
  const bitmaps = new Map<number, Map<number, number[]>>();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const high = Math.floor(row / 2 ** 32);
    const low = row - high * 2 ** 32;
    const containers = bitmaps.get(high) ?? new Map<number, number[]>();
    bitmaps.set(high, containers);
    const key = Math.floor(low / CONTAINER_ROWS);
    const values = containers.get(key) ?? [];
    containers.set(key, values);
    values.push(low - key * CONTAINER_ROWS);
  }
  const head = new DataView(new ArrayBuffer(12));
  head.setUint32(0, MAGIC, true);
  head.setUint32(4, bitmaps.size, true);
  const pieces: Uint8Array[] = [new Uint8Array(head.buffer)];
  for (const [high, containers] of bitmaps) pieces.push(encodeBitmap(high, containers));
  return new Uint8Array(Buffer.concat(pieces));
}

function encodeBitmap(high: number, containers: ReadonlyMap<number, readonly number[]>): Uint8Array {
  const headByteLength = 12 + containers.size * 8;
  const head = new DataView(new ArrayBuffer(headByteLength));
  head.setUint32(0, high, true);
  head.setUint32(4, COOKIE_WITHOUT_RUNS, true);
  head.setUint32(8, containers.size, true);
  const bodies: Uint8Array[] = [];
  let offset = headByteLength - 4; // counted from the cookie
  let i = 0;
  for (const [key, values] of containers) {
    head.setUint16(12 + i * 4, key, true);
    head.setUint16(14 + i * 4, values.length - 1, true);
    head.setUint32(12 + containers.size * 4 + i * 4, offset, true);
    const body = encodeContainer(values);
    bodies.push(body);
    offset += body.length;
    i += 1;
  }
  return Buffer.concat([new Uint8Array(head.buffer), ...bodies]);
}

function encodeContainer(values: readonly number[]): Uint8Array {
  if (values.length > MAX_ARRAY) {
    const bits = new Uint8Array(BITMAP_BYTES);
    for (const value of values) bits[value >> 3] = (bits[value >> 3] ?? 0) | (1 << (value & 7));
    return bits;
  }
  const body = new DataView(new ArrayBuffer(values.length * 2));
  for (const [i, value] of values.entries()) body.setUint16(i * 2, value, true);
  return new Uint8Array(body.buffer);
}
