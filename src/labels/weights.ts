import { type Extremes, highestIn, lowestIn } from './extremes.ts';
import { barriersOf, type LabelMode } from './modes.ts';

/** 2.0 for no move against the entry, falling to 0.5 at the stop. */
export function qualityOf(maeTicks: number, stopTicks: number): number {
  return clip(2.0 - (1.5 * maeTicks) / stopTicks);
}

/** 2.0 up to 300 s, falling to 0.5 at 900 s. */
export function velocityOf(seconds: number): number {
  return clip(2.0 - (1.5 * (seconds - 300)) / 600);
}

function clip(value: number): number {
  return Math.max(0.5, Math.min(value, 2.0));
}

/** The columns of one call, cut so that row 0 is the first row asked for and walks lie inside. */
export interface WalkBars {
  readonly opens: Int32Array;
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  readonly tsUs: Float64Array;
  readonly extremes: Extremes;
}

/**
 * Labels and weights of rows [from, to) from their exits: quality × velocity × decay for winners, decay for the
 * rest, in float64 and stored as float32. A winner's MAE lies in [0, stopTicks), so quality is a table.
 * Cost per row: a few comparisons, and one range extreme for a winner.
 */
export function weighRows(
  mode: LabelMode,
  bars: WalkBars,
  ends: Int32Array,
  exits: Int32Array,
  decay: number,
  from: number,
  to: number,
  label: Int8Array,
  weight: Float32Array,
): void {
  const { opens, highs, lows, tsUs, extremes } = bars;
  const { aboveTicks, belowTicks } = barriersOf(mode);
  const isLong = mode.direction === 'long';
  const quality = new Float64Array(mode.stopTicks);
  for (let mae = 0; mae < quality.length; mae++) quality[mae] = qualityOf(mae, mode.stopTicks);
  for (let i = from; i < to; i++) {
    const j = exits[i];
    label[i] = 0;
    weight[i] = decay;
    if (j >= ends[i]) continue;
    const entry = opens[i + 1];
    const isAbove = highs[j] >= entry + aboveTicks;
    const isBelow = lows[j] <= entry - belowTicks;
    if (isLong ? isBelow : isAbove) continue;
    const mae = isLong
      ? entry - lowestIn(extremes, lows, i + 1, j)
      : highestIn(extremes, highs, i + 1, j) - entry;
    const seconds = (tsUs[j] - tsUs[i + 1]) / 1e6;
    label[i] = 1;
    weight[i] = quality[Math.max(mae, 0)] * velocityOf(seconds) * decay;
  }
}
