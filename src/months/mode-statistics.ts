import type { LabelMode, ModeColumns } from '../labels/index.ts';
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
  return { ...labelCounts(label), ...weightCounts(weight, counter) };
}

function labelCounts(label: Int8Array) {
  let seen = 0;
  let winners = 0;
  for (let row = 0; row < label.length; row++) {
    seen |= label[row];
    winners += label[row];
  }
  if ((seen & ~1) === 0) return { winners, rowCount: label.length, badLabels: 0 };
  // a label that is neither has no say in the win rate
  const [zeros, ones] = [0, 1].map((mark) => label.filter((each) => each === mark).length);
  return { winners: ones, rowCount: label.length, badLabels: label.length - zeros - ones };
}

function weightCounts(weight: Float32Array, counter: ValueCounter) {
  const others = notOne(weight);
  let [nanWeights, infiniteWeights, nonPositiveWeights] = [0, 0, 0];
  let [sum, sumOfSquares] = [0, 0];
  let least = others.length < weight.length ? 1 : Number.POSITIVE_INFINITY;
  let most = others.length < weight.length ? 1 : Number.NEGATIVE_INFINITY;
  for (let at = 0; at < others.length; at++) {
    const value = others[at];
    if (value < least) least = value;
    if (value > most) most = value;
    if (value <= 0) nonPositiveWeights++;
    const more = value - 1;
    if (more - more === 0) {
      sum += more;
      sumOfSquares += more * more;
    } else if (Number.isNaN(value)) nanWeights++;
    else infiniteWeights++;
  }
  counter.add(others);
  counter.addTally({ values: Float32Array.of(1), counts: Uint32Array.of(weight.length - others.length) });
  return {
    nanWeights,
    infiniteWeights,
    nonPositiveWeights,
    minWeight: least,
    maxWeight: most,
    sum,
    sumOfSquares,
    weights: counter.take(),
  };
}

/** The weights that are not 1, as that of a bar which did not win is. */
function notOne(weight: Float32Array): Float32Array {
  const others = new Float32Array(weight.length);
  let count = 0;
  for (let row = 0; row < weight.length; row++) {
    others[count] = weight[row];
    count += weight[row] === 1 ? 0 : 1;
  }
  return others.subarray(0, count);
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
