import type { InstrumentDefinition } from '../bars/index.ts';
import { featureColumns, nullShareLimits } from '../features/index.ts';

/** A feature whose values or nulls are not what is expected of it. */
export interface FeatureFlag {
  readonly feature: string;
  readonly kind: 'below_range' | 'above_range' | 'null_share';
  readonly found: number;
  /** The bound with its tolerance, or the share allowed. */
  readonly limit: number;
}

/** What validation needs of a column, over all of a month. */
export interface ColumnBounds {
  readonly min: number | null;
  readonly max: number | null;
  readonly nullCount: number;
}

/** Tolerance: a tenth of the bound's magnitude, 0.1 where the bound is 0. */
function tolerance(bound: number): number {
  return bound === 0 ? 0.1 : Math.abs(bound) * 0.1;
}

/** Holds every feature's range and share of nulls against what is expected; flags are findings, not errors. */
export function validateFeatures(
  bounds: ReadonlyMap<string, ColumnBounds>,
  rowCount: number,
  instrument: InstrumentDefinition,
): FeatureFlag[] {
  const flags: FeatureFlag[] = [];
  for (const { name, range, nullClass } of featureColumns) {
    const found = bounds.get(name);
    if (found === undefined || rowCount === 0) continue;
    const [lowest, highest] = range === 'instrument' ? [instrument.minPrice, instrument.maxPrice] : range;
    const below = lowest - tolerance(lowest);
    const above = highest + tolerance(highest);
    if (found.min !== null && found.min < below) {
      flags.push({ feature: name, kind: 'below_range', found: found.min, limit: below });
    }
    if (found.max !== null && found.max > above) {
      flags.push({ feature: name, kind: 'above_range', found: found.max, limit: above });
    }
    const share = found.nullCount / rowCount;
    const limit = nullShareLimits[nullClass];
    if (share > limit) flags.push({ feature: name, kind: 'null_share', found: share, limit });
  }
  return flags;
}
