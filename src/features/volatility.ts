import { countedValues, type Frame, nullWarmup } from './frame.ts';
import type { FeatureArrays } from './table.ts';

/**
 * The six volatility features, from sums of true range in whole ticks. A rolling mean of true range is such a sum
 * over its count, so ratios, ranks and deviations are taken of the sums. Cost per row: some 60 operations.
 */
export function volatilityFeatures(frame: Frame, out: FeatureArrays): void {
  const { rangeSums } = frame;
  averageRanges(frame, rangeSums, out.atr_30s, out.atr_300s, out.volatility_regime);
  acceleration(frame, rangeSums, out.volatility_acceleration);
  const keys = frame.scratch.wholes.subarray(0, frame.rowCount);
  countKeys(rangeSums, keys);
  breakoutAndPercentile(frame, rangeSums, keys, out.volatility_breakout, out.atr_percentile);
}

function averageRanges(
  frame: Frame,
  rangeSums: Float64Array,
  short: Float32Array,
  long: Float32Array,
  regime: Float32Array,
): void {
  const { rowCount, tickSize } = frame;
  for (let i = nullWarmup(frame, 30, short); i < rowCount; i++) {
    short[i] = ((rangeSums[i + 1] - rangeSums[i - 29]) / 30) * tickSize;
  }
  nullWarmup(frame, 300, long);
  for (let i = nullWarmup(frame, 300, regime); i < rowCount; i++) {
    const sum30 = rangeSums[i + 1] - rangeSums[i - 29];
    const sum300 = rangeSums[i + 1] - rangeSums[i - 299];
    long[i] = (sum300 / 300) * tickSize;
    regime[i] = sum300 !== 0 ? (10 * sum30) / sum300 : Number.NaN;
  }
}

function acceleration(frame: Frame, rangeSums: Float64Array, change: Float32Array): void {
  for (let i = nullWarmup(frame, 60, change); i < frame.rowCount; i++) {
    const sum30 = rangeSums[i + 1] - rangeSums[i - 29];
    const sum60 = rangeSums[i + 1] - rangeSums[i - 59];
    change[i] = sum60 !== 0 ? (2 * sum30 - sum60) / sum60 : Number.NaN;
  }
}

/** The rolling-30 sums as indices, `countedValues` standing for any that is too large. */
function countKeys(rangeSums: Float64Array, keys: Int32Array): void {
  for (let i = 29; i < keys.length; i++) {
    keys[i] = Math.min(rangeSums[i + 1] - rangeSums[i - 29], countedValues);
  }
}

/** The last sums, without those that are too large to be counted. */
interface SumWindow {
  total: number;
  squares: number;
  /** How many of the sums are too large. */
  tooLarge: number;
  /** How many of the sums are below the pivot. */
  below: number;
  pivot: number;
}

/** Rows of a call. V8 throws a loop's code away where a long call ends; many short calls share one compilation. */
const blockRows = 8192;

/**
 * Both statistics of the last 300 sums s. The squared deviation is 300 Σ s² − (Σ s)², whole numbers that stay
 * under 2^53 because every s is below 2^18. The rank is that of a pivot that follows the newest sum through a
 * table of counts: sums change little from bar to bar, and where they leap the window is counted afresh. A window
 * with a larger sum takes the plain two-pass way.
 */
function breakoutAndPercentile(
  frame: Frame,
  rangeSums: Float64Array,
  keys: Int32Array,
  breakout: Float32Array,
  percentile: Float32Array,
): void {
  const { counts } = frame.scratch;
  const { rowCount } = frame;
  const ready = nullWarmup(frame, 329, breakout);
  nullWarmup(frame, 329, percentile);
  if (ready === rowCount) return;
  const window = windowBefore(keys, ready, counts);
  for (let from = ready; from < rowCount; from += blockRows) {
    const to = Math.min(from + blockRows, rowCount);
    slideWindow(window, rangeSums, keys, counts, from, to, breakout, percentile);
  }
  for (let i = rowCount - 299; i < rowCount; i++) if (keys[i] < countedValues) counts[keys[i]] = 0;
}

/** The 299 sums before a row. */
function windowBefore(keys: Int32Array, row: number, counts: Uint16Array): SumWindow {
  const window: SumWindow = { total: 0, squares: 0, tooLarge: 0, below: 0, pivot: 0 };
  for (let i = row - 299; i < row; i++) {
    const key = keys[i];
    if (key < countedValues) {
      window.total += key;
      window.squares += key * key;
      counts[key]++;
    } else window.tooLarge++;
  }
  return window;
}

/** Rows [from, to): each sum enters, both statistics are taken, and the oldest sum leaves. */
function slideWindow(
  window: SumWindow,
  rangeSums: Float64Array,
  keys: Int32Array,
  counts: Uint16Array,
  from: number,
  to: number,
  breakout: Float32Array,
  percentile: Float32Array,
): void {
  let { total, squares, tooLarge, below, pivot } = window;
  for (let i = from; i < to; i++) {
    const entering = keys[i];
    if (entering < countedValues) {
      total += entering;
      squares += entering * entering;
      counts[entering]++;
      if (entering < pivot) below++;
    } else tooLarge++;
    if (tooLarge > 0) {
      breakout[i] = plainBreakout(rangeSums, i);
      percentile[i] = plainPercentile(rangeSums, i);
    } else {
      const leap = entering - pivot;
      if (leap > 600 || leap < -600) {
        below = countBelow(keys, i, entering);
        pivot = entering;
      }
      while (pivot < entering) below += counts[pivot++];
      while (pivot > entering) below -= counts[--pivot];
      const variance = 300 * squares - total * total;
      breakout[i] =
        variance !== 0 ? (300 * entering - total) / 300 / Math.sqrt(variance / 89_700) : Number.NaN;
      percentile[i] = (2 * below + counts[entering] + 1) / 6;
    }
    const leaving = keys[i - 299];
    if (leaving < countedValues) {
      total -= leaving;
      squares -= leaving * leaving;
      counts[leaving]--;
      if (leaving < pivot) below--;
    } else tooLarge--;
  }
  window.total = total;
  window.squares = squares;
  window.tooLarge = tooLarge;
  window.below = below;
  window.pivot = pivot;
}

function countBelow(keys: Int32Array, last: number, key: number): number {
  let below = 0;
  for (let k = last - 299; k <= last; k++) if (keys[k] < key) below++;
  return below;
}

function plainBreakout(rangeSums: Float64Array, last: number): number {
  let total = 0;
  for (let k = last - 299; k <= last; k++) total += rangeSums[k + 1] - rangeSums[k - 29];
  let squares = 0;
  for (let k = last - 299; k <= last; k++) {
    const deviation = 300 * (rangeSums[k + 1] - rangeSums[k - 29]) - total;
    squares += deviation * deviation;
  }
  if (squares === 0) return Number.NaN;
  return (300 * (rangeSums[last + 1] - rangeSums[last - 29]) - total) / Math.sqrt(squares / 299);
}

function plainPercentile(rangeSums: Float64Array, last: number): number {
  const own = rangeSums[last + 1] - rangeSums[last - 29];
  let score = 1;
  for (let k = last - 299; k <= last; k++) {
    const other = rangeSums[k + 1] - rangeSums[k - 29];
    if (other < own) score += 2;
    else if (other === own) score += 1;
  }
  return score / 6;
}
