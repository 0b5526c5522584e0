/** Rows per block: small enough to scan the two ends of a range, large enough that a walk skips quickly. */
export const BLOCK_SHIFT = 4;
export const BLOCK_ROWS = 1 << BLOCK_SHIFT;
/** Table level whose entries span 8 blocks (128 rows): the longer stride of a walk. */
export const STRIDE_LEVEL = 3;

/**
 * Highest high and lowest low of any row range in constant time: running extremes inside blocks of 16 rows, and
 * for whole blocks a sparse table whose level k spans 2^k blocks from any block on (Bender and Farach-Colton,
 * "The LCA problem revisited", 2000).
 */
export interface Extremes {
  readonly blockCount: number;
  /** Highest high from the row to its block's end, and from its block's start to the row. */
  readonly highAfter: Int32Array;
  readonly highBefore: Int32Array;
  readonly lowAfter: Int32Array;
  readonly lowBefore: Int32Array;
  /** Level k at [k × blockCount, (k + 1) × blockCount); level 0 is the block itself. */
  readonly highTable: Int32Array;
  readonly lowTable: Int32Array;
}

/** Cost per row: two passes of two comparisons, and levels / 16 more. Ranges may span up to `spanRows` rows. */
export function extremesOf(highs: Int32Array, lows: Int32Array, spanRows: number): Extremes {
  const blockCount = (highs.length + BLOCK_ROWS - 1) >> BLOCK_SHIFT;
  const spanBlocks = Math.max(1, Math.min(blockCount, spanRows >> BLOCK_SHIFT));
  const levelCount = Math.max(STRIDE_LEVEL, 31 - Math.clz32(spanBlocks)) + 1;
  const extremes: Extremes = {
    blockCount,
    highAfter: new Int32Array(highs.length),
    highBefore: new Int32Array(highs.length),
    lowAfter: new Int32Array(highs.length),
    lowBefore: new Int32Array(highs.length),
    highTable: new Int32Array(levelCount * blockCount),
    lowTable: new Int32Array(levelCount * blockCount),
  };
  blockMaxima(highs, extremes.highBefore, extremes.highAfter, extremes.highTable);
  blockMinima(lows, extremes.lowBefore, extremes.lowAfter, extremes.lowTable);
  for (let level = 1; level < levelCount; level++) {
    joinMaxima(extremes.highTable, blockCount, level);
    joinMinima(extremes.lowTable, blockCount, level);
  }
  return extremes;
}

function blockMaxima(values: Int32Array, before: Int32Array, after: Int32Array, table: Int32Array): void {
  for (let start = 0, block = 0; start < values.length; start += BLOCK_ROWS, block++) {
    const end = Math.min(start + BLOCK_ROWS, values.length);
    let extreme = values[start];
    for (let i = start; i < end; i++) {
      if (values[i] > extreme) extreme = values[i];
      before[i] = extreme;
    }
    table[block] = extreme;
    extreme = values[end - 1];
    for (let i = end - 1; i >= start; i--) {
      if (values[i] > extreme) extreme = values[i];
      after[i] = extreme;
    }
  }
}

function blockMinima(values: Int32Array, before: Int32Array, after: Int32Array, table: Int32Array): void {
  for (let start = 0, block = 0; start < values.length; start += BLOCK_ROWS, block++) {
    const end = Math.min(start + BLOCK_ROWS, values.length);
    let extreme = values[start];
    for (let i = start; i < end; i++) {
      if (values[i] < extreme) extreme = values[i];
      before[i] = extreme;
    }
    table[block] = extreme;
    extreme = values[end - 1];
    for (let i = end - 1; i >= start; i--) {
      if (values[i] < extreme) extreme = values[i];
      after[i] = extreme;
    }
  }
}

function joinMaxima(table: Int32Array, blockCount: number, level: number): void {
  const half = 1 << (level - 1);
  const from = (level - 1) * blockCount;
  const to = level * blockCount;
  for (let block = 0; block < blockCount; block++) {
    const near = table[from + block];
    const far = block + half < blockCount ? table[from + block + half] : near;
    table[to + block] = Math.max(far, near);
  }
}

function joinMinima(table: Int32Array, blockCount: number, level: number): void {
  const half = 1 << (level - 1);
  const from = (level - 1) * blockCount;
  const to = level * blockCount;
  for (let block = 0; block < blockCount; block++) {
    const near = table[from + block];
    const far = block + half < blockCount ? table[from + block + half] : near;
    table[to + block] = Math.min(far, near);
  }
}

/** Highest high of rows [first, last], both included. Constant time. */
export function highestIn(extremes: Extremes, highs: Int32Array, first: number, last: number): number {
  const firstBlock = first >> BLOCK_SHIFT;
  const lastBlock = last >> BLOCK_SHIFT;
  let highest: number;
  if (firstBlock === lastBlock) {
    highest = highs[first];
    for (let i = first + 1; i <= last; i++) if (highs[i] > highest) highest = highs[i];
    return highest;
  }
  highest = extremes.highAfter[first];
  if (extremes.highBefore[last] > highest) highest = extremes.highBefore[last];
  const between = lastBlock - firstBlock - 1;
  if (between > 0) {
    const level = 31 - Math.clz32(between);
    const row = level * extremes.blockCount;
    const left = extremes.highTable[row + firstBlock + 1];
    const right = extremes.highTable[row + lastBlock - (1 << level)];
    if (left > highest) highest = left;
    if (right > highest) highest = right;
  }
  return highest;
}

/** Lowest low of rows [first, last], both included. Constant time. */
export function lowestIn(extremes: Extremes, lows: Int32Array, first: number, last: number): number {
  const firstBlock = first >> BLOCK_SHIFT;
  const lastBlock = last >> BLOCK_SHIFT;
  let lowest: number;
  if (firstBlock === lastBlock) {
    lowest = lows[first];
    for (let i = first + 1; i <= last; i++) if (lows[i] < lowest) lowest = lows[i];
    return lowest;
  }
  lowest = extremes.lowAfter[first];
  if (extremes.lowBefore[last] < lowest) lowest = extremes.lowBefore[last];
  const between = lastBlock - firstBlock - 1;
  if (between > 0) {
    const level = 31 - Math.clz32(between);
    const row = level * extremes.blockCount;
    const left = extremes.lowTable[row + firstBlock + 1];
    const right = extremes.lowTable[row + lastBlock - (1 << level)];
    if (left < lowest) lowest = left;
    if (right < lowest) lowest = right;
  }
  return lowest;
}
