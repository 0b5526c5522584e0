import type { Grid } from '../bars/index.ts';
import { joinMaxima, joinMinima, slideMaximum, slideMinimum } from './extremes.ts';
import { type Stretch, stretchRows } from './stretches.ts';
import { leadRows } from './table.ts';

/**
 * The bars of a stretch and what several categories derive from them. All columns count from the stretch's lead:
 * row 0 is the first row of its scope or, where the scope began earlier, far enough back that no window of the
 * rows from `first` on reaches it.
 */
export interface Frame {
  readonly rowCount: number;
  /** First row to write. */
  readonly first: number;
  readonly tickSize: number;
  readonly closes: Int32Array;
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  readonly volumes: Float64Array;
  readonly secondOfDay: Int32Array;
  /** Σ volume of the rows before, one longer than the rows. */
  readonly volumeSums: Float64Array;
  /** Σ true range in ticks of the rows before, one longer than the rows. */
  readonly rangeSums: Float64Array;
  /** Rolling highs and lows in ticks; meaningful from row 299 and row 899 on. */
  readonly high300: Int32Array;
  readonly low300: Int32Array;
  readonly high900: Int32Array;
  readonly low900: Int32Array;
  readonly scratch: Scratch;
}

/** Memory of one call, used again for every stretch. */
export interface Scratch {
  readonly volumeSums: Float64Array;
  readonly rangeSums: Float64Array;
  readonly high300: Int32Array;
  readonly low300: Int32Array;
  readonly high900: Int32Array;
  readonly low900: Int32Array;
  readonly tail: Int32Array;
  /** For the values of one kernel, free again when it returns. */
  readonly numbers: Float64Array;
  readonly wholes: Int32Array;
  /** How many of a window's values are equal to the index; all 0 between kernels. */
  readonly counts: Uint16Array;
}

/** Values below this are counted in `counts`; windows with larger ones take the plain way. */
export const countedValues: number = 1 << 18;

/** For stretches of up to `rowCount` rows and their leads. */
export function newScratch(rowCount: number): Scratch {
  const capacity = Math.min(rowCount, stretchRows) + leadRows;
  return {
    volumeSums: new Float64Array(capacity + 1),
    rangeSums: new Float64Array(capacity + 1),
    high300: new Int32Array(capacity),
    low300: new Int32Array(capacity),
    high900: new Int32Array(capacity),
    low900: new Int32Array(capacity),
    tail: new Int32Array(301),
    numbers: new Float64Array(capacity),
    wholes: new Int32Array(capacity),
    counts: new Uint16Array(countedValues),
  };
}

/** Cost per row: 4 rolling extremes of 300, 4 joins of three, 2 running sums. */
export function frameOf(grid: Grid, tickSize: number, stretch: Stretch, scratch: Scratch): Frame {
  const { leadStart, start, end } = stretch;
  const rowCount = end - leadStart;
  const frame: Frame = {
    rowCount,
    first: start - leadStart,
    tickSize,
    closes: grid.closeTicks.subarray(leadStart, end),
    highs: grid.highTicks.subarray(leadStart, end),
    lows: grid.lowTicks.subarray(leadStart, end),
    volumes: grid.volume.subarray(leadStart, end),
    secondOfDay: grid.secondOfDay.subarray(leadStart, end),
    volumeSums: scratch.volumeSums.subarray(0, rowCount + 1),
    rangeSums: scratch.rangeSums.subarray(0, rowCount + 1),
    high300: scratch.high300.subarray(0, rowCount),
    low300: scratch.low300.subarray(0, rowCount),
    high900: scratch.high900.subarray(0, rowCount),
    low900: scratch.low900.subarray(0, rowCount),
    scratch,
  };
  slideMaximum(frame.highs, 300, scratch.tail, frame.high300);
  slideMinimum(frame.lows, 300, scratch.tail, frame.low300);
  joinMaxima(frame.high300, 300, 3, frame.high900);
  joinMinima(frame.low300, 300, 3, frame.low900);
  sumVolumes(frame.volumes, frame.volumeSums);
  sumTrueRanges(frame.highs, frame.lows, frame.closes, frame.rangeSums);
  return frame;
}

function sumVolumes(volumes: Float64Array, sums: Float64Array): void {
  let sum = 0;
  sums[0] = 0;
  for (let i = 0; i < volumes.length; i++) {
    sum += volumes[i];
    sums[i + 1] = sum;
  }
}

/** True range (Wilder, 1978): the span of the bar and the previous close. Exact: at most 2^32 ticks a row. */
function sumTrueRanges(highs: Int32Array, lows: Int32Array, closes: Int32Array, sums: Float64Array): void {
  let sum = 0;
  sums[0] = 0;
  for (let i = 0; i < closes.length; i++) {
    let high = highs[i];
    let low = lows[i];
    if (i > 0) {
      const previous = closes[i - 1];
      if (previous > high) high = previous;
      if (previous < low) low = previous;
    }
    sum += high - low;
    sums[i + 1] = sum;
  }
}

/** First row from `frame.first` on that a window of `bars` reaches; the rows before are set to null. */
export function nullWarmup(frame: Frame, bars: number, column: Float32Array): number {
  const ready = Math.min(frame.rowCount, Math.max(frame.first, bars - 1));
  if (ready > frame.first) column.fill(Number.NaN, frame.first, ready);
  return ready;
}
