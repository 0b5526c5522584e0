/** Stretches of equal neighbours among values of one or two 32-bit words: flags, labels, levels. */
import { KERNEL_BLOCK } from './kernel-block.ts';
import { scratch } from './scratch.ts';

/** Values looked at in each block to tell how often a column changes. */
const SAMPLE = 256;

/** A repeat is written from 8 values on. */
const SHORTEST_MEAN_RUN = 8;

/** Whether runs are 8 values and more on average, as the first 256 of every 8,192 have them. */
export function seldomChanges(words: Int32Array, wordsPerValue: 1 | 2): boolean {
  const count = words.length / wordsPerValue;
  let changes = 0;
  let looked = 0;
  for (let start = 0; start < count; start += KERNEL_BLOCK) {
    const end = Math.min(count, start + SAMPLE);
    for (let i = start + 1; i < end; i++) if (differs(words, wordsPerValue, i)) changes++;
    looked += end - start;
  }
  return SHORTEST_MEAN_RUN * changes < looked;
}

function differs(words: Int32Array, wordsPerValue: 1 | 2, index: number): boolean {
  const at = wordsPerValue * index;
  if (words[at] !== words[at - wordsPerValue]) return true;
  return wordsPerValue === 2 && words[at + 1] !== words[at - 1];
}

/** Where each run starts; 0.5 ns a value. In working memory until the next column. */
export function findRunStarts(words: Int32Array, wordsPerValue: 1 | 2): Int32Array {
  const count = words.length / wordsPerValue;
  const starts = new Int32Array(scratch('runStarts', 4 * (count + 1)));
  let runCount = 0;
  if (count > 0) starts[runCount++] = 0;
  for (let start = 1; start < count; start += KERNEL_BLOCK) {
    const end = Math.min(count, start + KERNEL_BLOCK);
    runCount =
      wordsPerValue === 1
        ? changedWords(words, start, end, starts, runCount)
        : changedPairs(words, start, end, starts, runCount);
  }
  return starts.subarray(0, runCount);
}

function changedWords(
  words: Int32Array,
  start: number,
  end: number,
  starts: Int32Array,
  runCount: number,
): number {
  let count = runCount;
  for (let i = start; i < end; ) {
    const word = words[i - 1];
    while (i < end && words[i] === word) i++;
    if (i < end) starts[count++] = i++;
  }
  return count;
}

function changedPairs(
  words: Int32Array,
  start: number,
  end: number,
  starts: Int32Array,
  runCount: number,
): number {
  let count = runCount;
  for (let i = start; i < end; i++) {
    const at = 2 * i;
    if (words[at] !== words[at - 2] || words[at + 1] !== words[at - 1]) starts[count++] = i;
  }
  return count;
}

/** The words of the values at these indexes. In working memory until the next column. */
export function wordsAt(words: Int32Array, wordsPerValue: 1 | 2, indexes: Int32Array): Int32Array {
  const length = wordsPerValue * indexes.length;
  const taken = new Int32Array(scratch('runWords', 4 * length), 0, length);
  if (wordsPerValue === 1) for (let i = 0; i < length; i++) taken[i] = words[indexes[i]];
  else {
    for (let i = 0; i < indexes.length; i++) {
      taken[2 * i] = words[2 * indexes[i]];
      taken[2 * i + 1] = words[2 * indexes[i] + 1];
    }
  }
  return taken;
}

/** The run that holds a value. */
export function runAt(starts: Int32Array, index: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= index) low = middle;
    else high = middle;
  }
  return low;
}
