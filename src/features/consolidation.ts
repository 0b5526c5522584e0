import { type Frame, nullWarmup } from './frame.ts';
import type { FeatureArrays } from './table.ts';

/**
 * The ten consolidation features: ranges of 300 and 900 bars in whole ticks, so that a zero range and a touch of
 * its edge are exact. Cost per row: some 40 operations.
 */
export function consolidationFeatures(frame: Frame, out: FeatureArrays): void {
  const { high300, low300, high900, low900 } = frame;
  rangeEdges(frame, 300, high300, low300, out.short_range_high, out.short_range_low, out.short_range_size);
  rangeEdges(frame, 900, high900, low900, out.medium_range_high, out.medium_range_low, out.medium_range_size);
  retouches(frame, 300, frame.closes, high300, low300, out.short_range_retouches);
  retouches(frame, 900, frame.closes, high900, low900, out.medium_range_retouches);
  position(frame, frame.closes, high300, low300, out.position_in_short_range);
  compression(frame, out.range_compression_ratio);
}

function rangeEdges(
  frame: Frame,
  bars: number,
  highs: Int32Array,
  lows: Int32Array,
  high: Float32Array,
  low: Float32Array,
  size: Float32Array,
): void {
  const { tickSize } = frame;
  nullWarmup(frame, bars, high);
  nullWarmup(frame, bars, low);
  for (let i = nullWarmup(frame, bars, size); i < frame.rowCount; i++) {
    const top = highs[i];
    const bottom = lows[i];
    high[i] = top * tickSize;
    low[i] = bottom * tickSize;
    size[i] = (top - bottom) * tickSize;
  }
}

/** Within 5 % of the size of either edge: 20 × the distance is at most the size. */
function retouches(
  frame: Frame,
  bars: number,
  closes: Int32Array,
  highs: Int32Array,
  lows: Int32Array,
  retouch: Int8Array,
): void {
  const ready = Math.min(frame.rowCount, Math.max(frame.first, bars - 1));
  if (ready > frame.first) retouch.fill(0, frame.first, ready);
  for (let i = ready; i < frame.rowCount; i++) {
    const below = highs[i] - closes[i];
    const above = closes[i] - lows[i];
    retouch[i] = 20 * Math.min(below, above) <= below + above ? 1 : 0;
  }
}

function position(
  frame: Frame,
  closes: Int32Array,
  highs: Int32Array,
  lows: Int32Array,
  share: Float32Array,
): void {
  for (let i = nullWarmup(frame, 300, share); i < frame.rowCount; i++) {
    const size = highs[i] - lows[i];
    share[i] = size !== 0 ? (closes[i] - lows[i]) / size : Number.NaN;
  }
}

function compression(frame: Frame, ratio: Float32Array): void {
  const { high300, low300, high900, low900 } = frame;
  for (let i = nullWarmup(frame, 900, ratio); i < frame.rowCount; i++) {
    const size = high900[i] - low900[i];
    ratio[i] = size !== 0 ? (high300[i] - low300[i]) / size : Number.NaN;
  }
}
