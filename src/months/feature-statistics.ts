import { type FeatureArrays, type FeatureResult, featureColumns } from '../features/index.ts';
import { countMarks } from './marks.ts';
import { featureQuality } from './quality-score.ts';
import type { ColumnBounds, FeatureFlag } from './validation.ts';
import {
  countOutside,
  mergeTallies,
  quantiles,
  tallyOfMarks,
  ValueCounter,
  type ValueTally,
} from './value-tally.ts';

/** Keys as they stand in the statistics document; every list and object is by feature, in column order. */
export interface FeatureStatistics {
  /** Features that have a value in any row; 43 when none failed. */
  readonly features_generated: number;
  /** Null rows in percent of all rows; 100 without rows. */
  readonly nan_percentages: Readonly<Record<string, number>>;
  /** Values further than 1.5 interquartile ranges below the first or above the third quartile. */
  readonly outlier_counts: Readonly<Record<string, number>>;
  /** Nulls for a feature without a value. */
  readonly value_ranges: Readonly<
    Record<string, { readonly min: number | null; readonly max: number | null }>
  >;
  /** Those with more nulls than expected. */
  readonly high_nan_features: readonly string[];
  /** Those with values outside of what is expected, tolerance included. */
  readonly out_of_range_features: readonly string[];
  /** Those that are constant, or reach beyond ±1e6. */
  readonly suspicious_features: readonly string[];
  /** Those with more than 5 % of their values among the outliers. */
  readonly high_outlier_features: readonly string[];
  readonly quality_score: number;
}

/** Of the values of a feature; with more outliers the score falls. */
export const OUTLIER_LIMIT = 0.05;

/** Beyond plus or minus this no feature of prices and volumes is plausible. */
export const PLAUSIBLE_MAGNITUDE = 1e6;

const WHISKER = 1.5;

/**
 * How often each value of each feature occurs in some rows, in column order; null for a feature that failed. Prices are
 * counted as distances from `origin`, a price of the month. About 2 ns a row and feature.
 */
export function tallyFeatures(
  { columns, failures }: FeatureResult,
  origin: number,
  counter: ValueCounter,
): (ValueTally | null)[] {
  const failed = new Set(failures.flatMap((failure) => failure.columns));
  return featureColumns.map(({ name, range }) => {
    const values: FeatureArrays[typeof name] = columns[name];
    if (failed.has(name)) return null;
    if (values instanceof Int8Array) return tallyOfMarks(countMarks(values), values.length);
    counter.add(values, range === 'instrument' ? origin : 0);
    return counter.take();
  });
}

/**
 * The part of the document on features, from the tallies of a month's row groups, each by feature, what the file says
 * of its columns, and the flags raised by them.
 */
export function featureStatistics(
  rowGroups: readonly (readonly (ValueTally | null)[])[],
  bounds: ReadonlyMap<string, ColumnBounds>,
  flags: readonly FeatureFlag[],
  rowCount: number,
): FeatureStatistics {
  const counter = new ValueCounter();
  const outliers = featureColumns.map((_, at) => {
    const tallies = rowGroups.map((features) => features[at]).filter((tally) => tally !== null);
    return outlierCount(mergeTallies(counter, tallies));
  });
  const of = <T>(value: (bounds: ColumnBounds | undefined, at: number) => T) =>
    Object.fromEntries(featureColumns.map(({ name }, at) => [name, value(bounds.get(name), at)]));
  const named = (test: (bounds: ColumnBounds, at: number) => boolean) =>
    featureColumns.flatMap(({ name }, at) => {
      const found = bounds.get(name);
      return found !== undefined && test(found, at) ? [name] : [];
    });
  const flagged = (test: (flag: FeatureFlag) => boolean) => [
    ...new Set(flags.filter(test).map(({ feature }) => feature)),
  ];
  const statistics = {
    features_generated: named(({ min }) => min !== null).length,
    nan_percentages: of((found) => (rowCount === 0 || !found ? 100 : (found.nullCount / rowCount) * 100)),
    outlier_counts: of((_, at) => outliers[at]),
    value_ranges: of((found) => ({ min: found?.min ?? null, max: found?.max ?? null })),
    high_nan_features: flagged(({ kind }) => kind === 'null_share'),
    out_of_range_features: flagged(({ kind }) => kind !== 'null_share'),
    suspicious_features: named(isSuspicious),
    high_outlier_features: named(
      ({ nullCount }, at) => outliers[at] > (rowCount - nullCount) * OUTLIER_LIMIT,
    ),
  };
  return { ...statistics, quality_score: featureQuality(statistics) };
}

function isSuspicious({ min, max }: ColumnBounds): boolean {
  if (min === null || max === null) return false;
  return min === max || min < -PLAUSIBLE_MAGNITUDE || max > PLAUSIBLE_MAGNITUDE;
}

function outlierCount(tally: ValueTally): number {
  const [first = null, third = null] = quantiles(tally, [0.25, 0.75]);
  if (first === null || third === null) return 0;
  const reach = WHISKER * (third - first);
  return countOutside(tally, first - reach, third + reach);
}
