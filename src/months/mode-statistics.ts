import type { LabelMode, ModeColumns } from '../labels/index.ts';
import { countMarks } from './marks.ts';
import type { ColumnBounds } from './validation.ts';
import { mergeTallies, quantiles, ValueCounter, type ValueTally } from './value-tally.ts';

export type ModeFlag =
  | 'invalid_label_values'
  | 'non_positive_weights'
  | 'unreasonable_win_rate'
  | 'nan_in_labels'
  | 'nan_in_weights';

/** A win rate outside is no rate to train on. */
export const WIN_RATES = { lowest: 0.05, highest: 0.5 } as const;

const PERCENTILES = [25, 50, 75, 90, 95] as const;

/** Keys as they stand in the statistics document. */
export interface ModeStatistics {
  readonly win_rate: number | null;
  readonly total_winners: number;
  readonly total_samples: number;
  readonly avg_weight: number | null;
  /** Of a sample: n − 1. */
  readonly weight_std: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly weight_distribution: Readonly<Record<`p${(typeof PERCENTILES)[number]}`, number | null>>;
  /** Labels and weights that are null (NaN in a weight counts), and that are infinite. */
  readonly null_values: number;
  readonly infinite_values: number;
  readonly quality_flags: readonly ModeFlag[];
}

/** A mode's label and weight in some rows; adds up over rows. */
export interface ModeTally {
  readonly winners: number;
  readonly rowCount: number;
  readonly badLabels: number;
  readonly nanWeights: number;
  readonly infiniteWeights: number;
  readonly nonPositiveWeights: number;
  readonly minWeight: number;
  readonly maxWeight: number;
  /** Sums of weight − 1, the weight of a bar that did not win, and of its square: small where most weights are 1. */
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly weights: ValueTally;
}

/** Looks at every label and weight that is written. About 4 ns a row. */
export function tallyMode({ label, weight }: ModeColumns, counter: ValueCounter): ModeTally {
  counter.add(weight);
  return { ...labelCounts(label), ...weightCounts(weight), weights: counter.take() };
}

function labelCounts(label: Int8Array) {
  let badLabels = 0;
  for (let row = 0; row < label.length; row++) if ((label[row] & ~1) !== 0) badLabels++;
  // a label that is neither has no say in the win rate
  const winners = badLabels === 0 ? countMarks(label) : label.reduce((sum, each) => sum + +(each === 1), 0);
  return { winners, rowCount: label.length, badLabels };
}

function weightCounts(weight: Float32Array) {
  let nanWeights = 0;
  let infiniteWeights = 0;
  let nonPositiveWeights = 0;
  let minWeight = Number.POSITIVE_INFINITY;
  let maxWeight = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let sumOfSquares = 0;
  for (let row = 0; row < weight.length; row++) {
    const value = weight[row];
    if (value === 1) continue;
    if (Number.isNaN(value)) {
      nanWeights++;
      continue;
    }
    if (value <= 0) nonPositiveWeights++;
    if (value < minWeight) minWeight = value;
    if (value > maxWeight) maxWeight = value;
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      infiniteWeights++;
      continue;
    }
    sum += value - 1;
    sumOfSquares += (value - 1) ** 2;
  }
  // the loop passed by every 1
  if (weight.includes(1)) {
    minWeight = Math.min(minWeight, 1);
    maxWeight = Math.max(maxWeight, 1);
  }
  return { nanWeights, infiniteWeights, nonPositiveWeights, minWeight, maxWeight, sum, sumOfSquares };
}

/**
 * The part of the document on modes, from the tallies of a month's row groups, each by mode, and from what the file
 * says of its columns.
 */
export function modeStatistics(
  modes: readonly Pick<LabelMode, 'name'>[],
  rowGroups: readonly (readonly ModeTally[])[],
  bounds: ReadonlyMap<string, ColumnBounds>,
): Record<string, ModeStatistics> {
  const counter = new ValueCounter();
  const nulls = (column: string) => bounds.get(column)?.nullCount ?? 0;
  return Object.fromEntries(
    modes.map(({ name }, at) => {
      const tallies = rowGroups.map((modesOfGroup) => modesOfGroup[at]);
      const written = { labels: nulls(`label_${name}`), weights: nulls(`weight_${name}`) };
      return [name, statisticsOf(tallies, written, counter)];
    }),
  );
}

function statisticsOf(
  tallies: readonly ModeTally[],
  nulls: { readonly labels: number; readonly weights: number },
  counter: ValueCounter,
): ModeStatistics {
  const total = (of: (tally: ModeTally) => number) => tallies.reduce((sum, tally) => sum + of(tally), 0);
  const rowCount = total((each) => each.rowCount);
  const winners = total((each) => each.winners);
  const infinite = total((each) => each.infiniteWeights);
  const nan = total((each) => each.nanWeights);
  const finite = rowCount - nan - infinite;
  const sum = total((each) => each.sum);
  const squares = total((each) => each.sumOfSquares);
  const weights = mergeTallies(
    counter,
    tallies.map((each) => each.weights),
  );
  const found = quantiles(
    weights,
    PERCENTILES.map((percentile) => percentile / 100),
  );
  const [p25 = null, p50 = null, p75 = null, p90 = null, p95 = null] = found;
  const hasValue = rowCount > nan;
  const winRate = rowCount === 0 ? null : winners / rowCount;
  return {
    win_rate: winRate,
    total_winners: winners,
    total_samples: rowCount,
    avg_weight: finite === 0 ? null : 1 + sum / finite,
    weight_std: finite < 2 ? null : Math.sqrt(Math.max(0, squares - sum ** 2 / finite) / (finite - 1)),
    min: hasValue ? Math.min(...tallies.map((each) => each.minWeight)) : null,
    max: hasValue ? Math.max(...tallies.map((each) => each.maxWeight)) : null,
    weight_distribution: { p25, p50, p75, p90, p95 },
    null_values: nulls.labels + nulls.weights + nan,
    infinite_values: infinite,
    quality_flags: flagsOf({
      invalid_label_values: total((each) => each.badLabels) > 0,
      non_positive_weights: total((each) => each.nonPositiveWeights) > 0,
      unreasonable_win_rate: !isReasonable(winRate),
      nan_in_labels: nulls.labels > 0,
      nan_in_weights: nulls.weights + nan > 0,
    }),
  };
}

export function isReasonable(winRate: number | null): boolean {
  return winRate !== null && winRate >= WIN_RATES.lowest && winRate <= WIN_RATES.highest;
}

const FLAGS: readonly ModeFlag[] = [
  'invalid_label_values',
  'non_positive_weights',
  'unreasonable_win_rate',
  'nan_in_labels',
  'nan_in_weights',
];

function flagsOf(raised: Readonly<Record<ModeFlag, boolean>>): ModeFlag[] {
  return FLAGS.filter((flag) => raised[flag]);
}
