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
  let tooLarge = 0;
  let total = 0;
  let squares = 0;
  let pivot = 0;
  let below = 0;
  for (let i = 29; i < rowCount; i++) {
    const entering = keys[i];
    if (entering < countedValues) {
      total += entering;
      squares += entering * entering;
      counts[entering]++;
      if (entering < pivot) below++;
    } else tooLarge++;
    if (i >= 329) {
      const leaving = keys[i - 300];
      if (leaving < countedValues) {
        total -= leaving;
        squares -= leaving * leaving;
        counts[leaving]--;
        if (leaving < pivot) below--;
      } else tooLarge--;
    }
    if (i < ready) continue;
    if (tooLarge > 0) {
      breakout[i] = plainBreakout(rangeSums, i);
      percentile[i] = plainPercentile(rangeSums, i);
      continue;
    }
    const leap = entering - pivot;
    if (leap > 600 || leap < -600) {
      below = countBelow(keys, i, entering);
      pivot = entering;
    }
    while (pivot < entering) below += counts[pivot++];
    while (pivot > entering) below -= counts[--pivot];
    const variance = 300 * squares - total * total;
    breakout[i] = variance !== 0 ? (300 * entering - total) / 300 / Math.sqrt(variance / 89_700) : Number.NaN;
    percentile[i] = (2 * below + counts[entering] + 1) / 6;
  }
  for (let i = Math.max(29, rowCount - 300); i < rowCount; i++) {
    if (keys[i] < countedValues) counts[keys[i]] = 0;
  }
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
