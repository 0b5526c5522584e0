import { BarlineError } from '../base/index.ts';
import { type Frame, nullWarmup } from './frame.ts';
import type { FeatureArrays } from './table.ts';

/** The five price-context features. Cost per row: some 70 operations, half of them the slope's. */
export function priceContextFeatures(frame: Frame, out: FeatureArrays): void {
  checkExact(frame);
  const vwapTicks = frame.scratch.numbers.subarray(0, frame.rowCount);
  volumeWeightedPrice(frame, frame.closes, frame.volumes, vwapTicks, out.vwap, out.distance_from_vwap_pct);
  vwapSlope(frame, vwapTicks, out.vwap_slope);
  distanceFromHigh(frame, frame.closes, frame.high900, out.distance_from_rth_high);
  distanceFromLow(frame, frame.closes, frame.low900, out.distance_from_rth_low);
}

/**
 * The sums below are exact while 300 × the largest volume × the span of closes in a stretch stays under 2^53:
 * a billion contracts every second on a span of 30,000 ticks.
 */
function checkExact(frame: Frame): void {
  const { closes, volumes } = frame;
  let lowest = closes[0];
  let highest = closes[0];
  let largest = 0;
  for (let i = 0; i < frame.rowCount; i++) {
    const close = closes[i];
    if (close > highest) highest = close;
    if (close < lowest) lowest = close;
    if (volumes[i] > largest) largest = volumes[i];
  }
  const bound = 300 * largest * Math.max(1, highest - lowest);
  if (bound <= Number.MAX_SAFE_INTEGER) return;
  throw new BarlineError({
    code: 'FEATURE_SUM_NOT_EXACT',
    message: `a volume of ${largest} with closes ${highest - lowest} ticks apart makes close × volume too large to sum exactly`,
    hint: 'clean the volume column, or give the instrument its real tick size',
  });
}

/**
 * Rolling-300 Σ close × volume / Σ volume, as the close plus Σ (close − own close) × volume / Σ volume: the same
 * number, whose sum is small and exact, and exactly the close on flat prices. It moves on with the close: a new
 * close c′ takes (c′ − c) × Σ volume off the sum.
 */
function volumeWeightedPrice(
  frame: Frame,
  closes: Int32Array,
  volumes: Float64Array,
  vwapTicks: Float64Array,
  vwap: Float32Array,
  distancePct: Float32Array,
): void {
  const { first, rowCount, tickSize } = frame;
  let traded = 0;
  let weighted = 0;
  let previous = closes[0];
  for (let i = 0; i < rowCount; i++) {
    const close = closes[i];
    weighted -= (close - previous) * traded;
    traded += volumes[i];
    if (i >= 300) {
      const leaving = volumes[i - 300];
      weighted -= (closes[i - 300] - close) * leaving;
      traded -= leaving;
    }
    previous = close;
    const offset = i >= 299 && traded !== 0 ? weighted / traded : 0;
    const ticks = close + offset;
    vwapTicks[i] = ticks;
    if (i < first) continue;
    vwap[i] = ticks * tickSize;
    distancePct[i] = ticks !== 0 ? ((0 - offset) / ticks) * 100 : Number.NaN;
  }
}

/** Least squares over 30: Σ (2k − 29) yₖ / 4495, as differences of opposite values so that flat gives exactly 0. */
function vwapSlope(frame: Frame, vwapTicks: Float64Array, slope: Float32Array): void {
  const scale = frame.tickSize / 4495;
  for (let i = nullWarmup(frame, 30, slope); i < frame.rowCount; i++) {
    let odd = 29 * (vwapTicks[i] - vwapTicks[i - 29]);
    let even = 27 * (vwapTicks[i - 1] - vwapTicks[i - 28]);
    odd += 25 * (vwapTicks[i - 2] - vwapTicks[i - 27]);
    even += 23 * (vwapTicks[i - 3] - vwapTicks[i - 26]);
    odd += 21 * (vwapTicks[i - 4] - vwapTicks[i - 25]);
    even += 19 * (vwapTicks[i - 5] - vwapTicks[i - 24]);
    odd += 17 * (vwapTicks[i - 6] - vwapTicks[i - 23]);
    even += 15 * (vwapTicks[i - 7] - vwapTicks[i - 22]);
    odd += 13 * (vwapTicks[i - 8] - vwapTicks[i - 21]);
    even += 11 * (vwapTicks[i - 9] - vwapTicks[i - 20]);
    odd += 9 * (vwapTicks[i - 10] - vwapTicks[i - 19]);
    even += 7 * (vwapTicks[i - 11] - vwapTicks[i - 18]);
    odd += 5 * (vwapTicks[i - 12] - vwapTicks[i - 17]);
    even += 3 * (vwapTicks[i - 13] - vwapTicks[i - 16]);
    odd += vwapTicks[i - 14] - vwapTicks[i - 15];
    slope[i] = (odd + even) * scale;
  }
}

/** Close − the high of 1800 bars, which is the higher of two highs of 900. */
function distanceFromHigh(
  frame: Frame,
  closes: Int32Array,
  high900: Int32Array,
  distance: Float32Array,
): void {
  const { tickSize } = frame;
  for (let i = nullWarmup(frame, 1800, distance); i < frame.rowCount; i++) {
    distance[i] = (closes[i] - Math.max(high900[i], high900[i - 900])) * tickSize;
  }
}

function distanceFromLow(frame: Frame, closes: Int32Array, low900: Int32Array, distance: Float32Array): void {
  const { tickSize } = frame;
  for (let i = nullWarmup(frame, 1800, distance); i < frame.rowCount; i++) {
    distance[i] = (closes[i] - Math.min(low900[i], low900[i - 900])) * tickSize;
  }
}
