/**
 * DELTA_BINARY_PACKED: differences between neighbours, less the smallest of their block, bit-packed.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#DELTAENC
 */
import type { PageBuffer } from './page-buffer.ts';
import type { PhysicalValues } from './physical-values.ts';

const BLOCK_VALUES = 128;
const MINIBLOCKS = 4;
const MINIBLOCK_VALUES = BLOCK_VALUES / MINIBLOCKS;

export type WholeValues = Extract<PhysicalValues, { kind: 'int32' | 'int64' | 'bigint64' }>;

/** Differences and their spread stay exact in a double up to here. */
export const WIDEST_STEP = 2 ** 52;

const deltas = new Float64Array(BLOCK_VALUES);

/** False where neighbours lie 2^52 or more apart. 32-bit values always fit: their differences wrap. */
export function deltaFits(whole: WholeValues): boolean {
  if (whole.kind === 'int32') return true;
  for (let start = 1; start < whole.values.length; start += BLOCK_VALUES) {
    const count = Math.min(BLOCK_VALUES, whole.values.length - start);
    takeDeltas(whole, start, count);
    for (let i = 0; i < count; i++) if (Math.abs(deltas[i]) >= WIDEST_STEP) return false;
  }
  return true;
}

/** Appends values [start, end), about 5 ns each. */
export function writeDelta(page: PageBuffer, whole: WholeValues, start: number, end: number): void {
  page.reserve(64);
  page.varint(BLOCK_VALUES);
  page.varint(MINIBLOCKS);
  page.varint(end - start);
  writeFirst(page, whole, start, end);
  for (let from = start + 1; from < end; from += BLOCK_VALUES) {
    const count = Math.min(BLOCK_VALUES, end - from);
    takeDeltas(whole, from, count);
    writeBlock(page, count, whole.kind === 'int32');
  }
}

function writeFirst(page: PageBuffer, whole: WholeValues, start: number, end: number): void {
  if (start === end) page.byte(0);
  else if (whole.kind === 'bigint64') writeZigzag(page, whole.values[start]);
  else writeZigzag(page, BigInt(whole.values[start]));
}

function writeZigzag(page: PageBuffer, value: bigint): void {
  let rest = value < 0n ? -2n * value - 1n : 2n * value;
  for (; rest >= 128n; rest >>= 7n) page.byte(Number(rest & 127n) | 128);
  page.byte(Number(rest));
}

/** The differences of values [from, from + count) to those before them. */
function takeDeltas(whole: WholeValues, from: number, count: number): void {
  if (whole.kind === 'int32') {
    for (let i = 0; i < count; i++) deltas[i] = (whole.values[from + i] - whole.values[from + i - 1]) | 0;
  } else if (whole.kind === 'int64') {
    for (let i = 0; i < count; i++) deltas[i] = whole.values[from + i] - whole.values[from + i - 1];
  } else {
    const words = new Int32Array(whole.values.buffer, whole.values.byteOffset, 2 * whole.values.length);
    for (let i = 0, word = 2 * from; i < count; i++, word += 2) {
      const low = (words[word] >>> 0) - (words[word - 2] >>> 0);
      deltas[i] = (words[word + 1] - words[word - 1]) * 4294967296 + low;
    }
  }
}

function writeBlock(page: PageBuffer, count: number, wraps: boolean): void {
  let least = deltas[0];
  for (let i = 1; i < count; i++) if (deltas[i] < least) least = deltas[i];
  page.reserve(16 + 8 * BLOCK_VALUES);
  page.varint(least < 0 ? -2 * least - 1 : 2 * least);
  const widths = page.length;
  page.bytes.fill(0, widths, widths + MINIBLOCKS);
  page.length += MINIBLOCKS;
  for (let start = 0, index = 0; start < count; start += MINIBLOCK_VALUES, index++) {
    const end = Math.min(count, start + MINIBLOCK_VALUES);
    let widest = 0;
    for (let i = start; i < end; i++) {
      const spread = wraps ? (deltas[i] - least) >>> 0 : deltas[i] - least;
      deltas[i] = spread;
      if (spread > widest) widest = spread;
    }
    const bitWidth = bitLength(widest);
    page.bytes[widths + index] = bitWidth;
    deltas.fill(0, end, start + MINIBLOCK_VALUES);
    if (bitWidth > 0) packMiniblock(page, start, bitWidth);
  }
}

/** Bits of a whole number below 2^53. */
function bitLength(value: number): number {
  return value < 4294967296 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 4294967296));
}

function packMiniblock(page: PageBuffer, start: number, bitWidth: number): void {
  let bits = 0;
  let bitCount = 0;
  for (let i = start; i < start + MINIBLOCK_VALUES; i++) {
    let rest = deltas[i];
    // Pieces of up to 16 bits, so that they and what is pending fit in 31.
    for (let left = bitWidth; left > 0; left -= 16) {
      const width = Math.min(left, 16);
      bits |= (rest & 0xffff) << bitCount;
      rest = Math.floor(rest / 65536);
      bitCount += width;
      while (bitCount >= 8) {
        page.bytes[page.length++] = bits;
        bits >>>= 8;
        bitCount -= 8;
      }
    }
  }
}
