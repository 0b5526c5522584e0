import { type Frame, nullWarmup } from './frame.ts';
import type { FeatureArrays } from './table.ts';

/** The six microstructure features, from whole ticks and counts. Cost per row: some 30 operations. */
export function microstructureFeatures(frame: Frame, out: FeatureArrays): void {
  barSizes(frame, frame.highs, frame.lows, frame.rangeSums, out.bar_range, out.relative_bar_size);
  const upticks = frame.scratch.wholes.subarray(0, frame.rowCount);
  countUpticks(frame.closes, upticks);
  uptickShares30(frame, upticks, out.uptick_pct_30s, out.directional_strength);
  uptickShares60(frame, upticks, out.uptick_pct_60s, out.bar_flow_consistency);
}

function barSizes(
  frame: Frame,
  highs: Int32Array,
  lows: Int32Array,
  rangeSums: Float64Array,
  size: Float32Array,
  relative: Float32Array,
): void {
  const { first, rowCount, tickSize } = frame;
  for (let i = first; i < rowCount; i++) size[i] = (highs[i] - lows[i]) * tickSize;
  for (let i = nullWarmup(frame, 30, relative); i < rowCount; i++) {
    const sum30 = rangeSums[i + 1] - rangeSums[i - 29];
    relative[i] = sum30 !== 0 ? (30 * (highs[i] - lows[i])) / sum30 : Number.NaN;
  }
}

/** Closes above the previous one, up to and including the row; the first row counts as not up. */
function countUpticks(closes: Int32Array, upticks: Int32Array): void {
  let count = 0;
  upticks[0] = 0;
  for (let i = 1; i < closes.length; i++) {
    if (closes[i] > closes[i - 1]) count++;
    upticks[i] = count;
  }
}

function uptickShares30(
  frame: Frame,
  upticks: Int32Array,
  share: Float32Array,
  strength: Float32Array,
): void {
  nullWarmup(frame, 30, strength);
  for (let i = nullWarmup(frame, 30, share); i < frame.rowCount; i++) {
    const up = upticks[i] - (i >= 30 ? upticks[i - 30] : 0);
    share[i] = (up * 100) / 30;
    strength[i] = Math.abs(20 * up - 300) / 3;
  }
}

function uptickShares60(
  frame: Frame,
  upticks: Int32Array,
  share: Float32Array,
  difference: Float32Array,
): void {
  nullWarmup(frame, 60, difference);
  for (let i = nullWarmup(frame, 60, share); i < frame.rowCount; i++) {
    const up30 = upticks[i] - upticks[i - 30];
    const up60 = upticks[i] - (i >= 60 ? upticks[i - 60] : 0);
    share[i] = (up60 * 100) / 60;
    difference[i] = (Math.abs(2 * up30 - up60) * 100) / 60;
  }
}
