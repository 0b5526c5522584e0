import { BarlineError } from '../base/index.ts';
import { type Frame, nullWarmup } from './frame.ts';
import type { FeatureArrays } from './table.ts';

/**
 * The four volume features. Sums of volume and of position × volume are whole numbers and exact, each divided
 * once. Cost per row: some 25 operations.
 */
export function volumeFeatures(frame: Frame, out: FeatureArrays): void {
  checkExact(frame);
  ratioAndShortSlope(
    frame,
    frame.volumes,
    frame.volumeSums,
    out.volume_ratio_30s,
    out.volume_slope_5s,
    out.volume_exhaustion,
  );
  longSlope(frame, frame.volumeSums, out.volume_slope_30s);
}

/** Sums over a stretch are exact under 2^53: 260 billion contracts in every one of its seconds. */
function checkExact(frame: Frame): void {
  const total = frame.volumeSums[frame.rowCount];
  if (total <= Number.MAX_SAFE_INTEGER) return;
  throw new BarlineError({
    code: 'FEATURE_SUM_NOT_EXACT',
    message: `a volume of ${total} over ${frame.rowCount} bars is too large to sum exactly, expected at most 2^53`,
    hint: 'clean the volume column',
  });
}

/** Least squares of v₀ … v₄ against 0 … 4: Σ (k − 2) vₖ / 10. */
function ratioAndShortSlope(
  frame: Frame,
  volumes: Float64Array,
  sums: Float64Array,
  ratio: Float32Array,
  slope: Float32Array,
  exhaustion: Float32Array,
): void {
  const sloped = nullWarmup(frame, 5, slope);
  for (let i = sloped; i < frame.rowCount; i++) {
    slope[i] = (2 * (volumes[i] - volumes[i - 4]) + (volumes[i - 1] - volumes[i - 3])) / 10;
  }
  nullWarmup(frame, 30, exhaustion);
  for (let i = nullWarmup(frame, 30, ratio); i < frame.rowCount; i++) {
    const sum = sums[i + 1] - sums[i - 29];
    const change = 2 * (volumes[i] - volumes[i - 4]) + (volumes[i - 1] - volumes[i - 3]);
    const relative = sum !== 0 ? (30 * volumes[i]) / sum : Number.NaN;
    ratio[i] = relative;
    exhaustion[i] = relative * (change / 10);
  }
}

/**
 * Slope 30 of the rolling-5 mean m: Σ (2k − 29) mₖ / 4495 with m a fifth of the rolling sum s, so
 * Σ (2k − 29) sₖ / 22475. When the window moves on, every s but the one that leaves drops by one place.
 */
function longSlope(frame: Frame, sums: Float64Array, slope: Float32Array): void {
  const ready = nullWarmup(frame, 34, slope);
  let total = 0;
  let placed = 0;
  for (let i = 4; i < frame.rowCount; i++) {
    const entering = sums[i + 1] - sums[i - 4];
    if (i < 34) {
      placed += (i - 4) * entering;
      total += entering;
    } else {
      const leaving = sums[i - 29] - sums[i - 34];
      placed += 29 * entering - (total - leaving);
      total += entering - leaving;
    }
    if (i >= ready) slope[i] = (2 * placed - 29 * total) / 22_475;
  }
}
