/**
 * BYTE_STREAM_SPLIT: all first bytes, then all second bytes … Signs and exponents of neighbours are alike, so zstd
 * finds them where it would find nothing among whole floats.
 */
import { KERNEL_BLOCK } from './kernel-block.ts';
import type { PageBuffer } from './page-buffer.ts';

/** Appends values [start, end), about 1.5 ns each. */
export function writeSplitFloats(page: PageBuffer, values: Float32Array, start: number, end: number): void {
  page.reserve(4 * (end - start));
  const words = new Int32Array(values.buffer, values.byteOffset, values.length).subarray(start, end);
  writeStreams(page, words, 0, 1);
}

/** Appends values [start, end), about 3 ns each. */
export function writeSplitDoubles(page: PageBuffer, values: Float64Array, start: number, end: number): void {
  page.reserve(8 * (end - start));
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length).subarray(
    2 * start,
    2 * end,
  );
  writeStreams(page, words, 0, 2);
  writeStreams(page, words, 1, 2);
}

/** Appends the four byte streams of every `stride`-th word, from the word `first` on. */
function writeStreams(page: PageBuffer, words: Int32Array, first: number, stride: 1 | 2): void {
  const count = words.length / stride;
  for (let from = 0; from < count; from += KERNEL_BLOCK) {
    const to = Math.min(count, from + KERNEL_BLOCK);
    if (stride === 1) splitWords(words, from, to, page.bytes, page.length, count);
    else splitEverySecondWord(words, first, from, to, page.bytes, page.length, count);
  }
  page.length += 4 * count;
}

function splitWords(
  words: Int32Array,
  from: number,
  to: number,
  bytes: Uint8Array,
  stream0: number,
  count: number,
): void {
  const stream1 = stream0 + count;
  const stream2 = stream1 + count;
  const stream3 = stream2 + count;
  for (let i = from; i < to; i++) {
    const word = words[i];
    bytes[stream0 + i] = word;
    bytes[stream1 + i] = word >>> 8;
    bytes[stream2 + i] = word >>> 16;
    bytes[stream3 + i] = word >>> 24;
  }
}

function splitEverySecondWord(
  words: Int32Array,
  first: number,
  from: number,
  to: number,
  bytes: Uint8Array,
  stream0: number,
  count: number,
): void {
  const stream1 = stream0 + count;
  const stream2 = stream1 + count;
  const stream3 = stream2 + count;
  for (let i = from; i < to; i++) {
    const word = words[2 * i + first];
    bytes[stream0 + i] = word;
    bytes[stream1 + i] = word >>> 8;
    bytes[stream2 + i] = word >>> 16;
    bytes[stream3 + i] = word >>> 24;
  }
}
