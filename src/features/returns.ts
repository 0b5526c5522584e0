import { type Frame, nullWarmup } from './frame.ts';
import type { FeatureArrays } from './table.ts';

/**
 * The five return features. A return is the difference in whole ticks over the earlier close, null where that is
 * 0. Cost per row: some 110 operations, most of them the two-pass deviation.
 */
export function returnFeatures(frame: Frame, out: FeatureArrays): void {
  returnOver(frame, 300, frame.closes, out.return_300s);
  returnOver(frame, 30, frame.closes, out.return_30s);
  returnAndAcceleration(frame, frame.closes, out.return_60s, out.momentum_acceleration);
  const returns = frame.scratch.numbers.subarray(0, frame.rowCount);
  barReturns(frame.closes, returns);
  deviation(frame, returns, out.momentum_consistency);
}

function returnOver(frame: Frame, bars: number, closes: Int32Array, change: Float32Array): void {
  for (let i = nullWarmup(frame, bars + 1, change); i < frame.rowCount; i++) {
    const earlier = closes[i - bars];
    change[i] = earlier !== 0 ? (closes[i] - earlier) / earlier : Number.NaN;
  }
}

function returnAndAcceleration(
  frame: Frame,
  closes: Int32Array,
  return60: Float32Array,
  acceleration: Float32Array,
): void {
  nullWarmup(frame, 61, acceleration);
  for (let i = nullWarmup(frame, 61, return60); i < frame.rowCount; i++) {
    const close = closes[i];
    const near = closes[i - 30];
    const far = closes[i - 60];
    const long = far !== 0 ? (close - far) / far : Number.NaN;
    const short = near !== 0 ? (close - near) / near : Number.NaN;
    return60[i] = long;
    acceleration[i] = short - long;
  }
}

function barReturns(closes: Int32Array, returns: Float64Array): void {
  returns[0] = Number.NaN;
  for (let i = 1; i < closes.length; i++) {
    const previous = closes[i - 1];
    returns[i] = previous !== 0 ? (closes[i] - previous) / previous : Number.NaN;
  }
}

/** Sample standard deviation of the last 30 one-bar returns, two-pass; three partial sums run side by side. */
function deviation(frame: Frame, returns: Float64Array, std: Float32Array): void {
  for (let i = nullWarmup(frame, 31, std); i < frame.rowCount; i++) {
    let a = 0;
    let b = 0;
    let c = 0;
    for (let k = i - 29; k <= i; k += 3) {
      a += returns[k];
      b += returns[k + 1];
      c += returns[k + 2];
    }
    const mean = (a + b + c) / 30;
    a = 0;
    b = 0;
    c = 0;
    for (let k = i - 29; k <= i; k += 3) {
      const x = returns[k] - mean;
      const y = returns[k + 1] - mean;
      const z = returns[k + 2] - mean;
      a += x * x;
      b += y * y;
      c += z * z;
    }
    std[i] = Math.sqrt((a + b + c) / 29);
  }
}
