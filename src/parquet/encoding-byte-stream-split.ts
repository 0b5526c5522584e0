/**
 * BYTE_STREAM_SPLIT: all first bytes, then all second bytes … Signs and exponents of neighbours are alike, so zstd
 * finds them where it would find nothing among whole floats.
 */
import type { PageBuffer } from './page-buffer.ts';

/** Appends values [start, end), about 1 ns each. */
export function writeSplitFloats(page: PageBuffer, values: Float32Array, start: number, end: number): void {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  const count = end - start;
  page.reserve(4 * count);
  const bytes = page.bytes;
  const stream0 = page.length;
  const stream1 = stream0 + count;
  const stream2 = stream1 + count;
  const stream3 = stream2 + count;
  for (let i = 0; i < count; i++) {
    const word = words[start + i];
    bytes[stream0 + i] = word;
    bytes[stream1 + i] = word >>> 8;
    bytes[stream2 + i] = word >>> 16;
    bytes[stream3 + i] = word >>> 24;
  }
  page.length += 4 * count;
}

/** Appends values [start, end), about 2 ns each. */
export function writeSplitDoubles(page: PageBuffer, values: Float64Array, start: number, end: number): void {
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  const count = end - start;
  page.reserve(8 * count);
  for (let half = 0; half < 2; half++) {
    const bytes = page.bytes;
    const stream0 = page.length;
    const stream1 = stream0 + count;
    const stream2 = stream1 + count;
    const stream3 = stream2 + count;
    for (let i = 0; i < count; i++) {
      const word = words[2 * (start + i) + half];
      bytes[stream0 + i] = word;
      bytes[stream1 + i] = word >>> 8;
      bytes[stream2 + i] = word >>> 16;
      bytes[stream3 + i] = word >>> 24;
    }
    page.length += 4 * count;
  }
}
