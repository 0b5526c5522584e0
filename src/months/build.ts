import { type Grid, pointsOfTicks, unitsOf } from '../bars/index.ts';
import { encodeColumns } from '../delta/index.ts';
import {
  computeFeatures,
  type FeatureArrays,
  type FeatureResult,
  featureArraysFrom,
  featureColumns,
  newFeatureArrays,
} from '../features/index.ts';
import { computeLabels, type LabelMode, type ModeColumns, newLabelColumns } from '../labels/index.ts';
import type { ColumnData } from '../parquet/index.ts';
import { tallyFeatures } from './feature-statistics.ts';
import { tallyMode } from './mode-statistics.ts';
import { StageClock } from './stage-clock.ts';
import { shapeOf, trainingBarsTable } from './tables.ts';
import type { BuildTask, BuiltRowGroup } from './tasks.ts';
import { ValueCounter } from './value-tally.ts';

/** Rows a row group has at the most, unless one session has more: six day sessions. */
const ROW_GROUP_ROWS = 162_000;

/**
 * Cuts a grid's sessions into runs of nearly equal length, each a row group. The cut depends on the grid alone, so
 * a file's bytes never depend on the number of threads.
 */
export function rowGroupSessions(
  grid: Grid,
): { readonly firstSession: number; readonly endSession: number }[] {
  const groupCount = Math.max(1, Math.ceil(grid.rowCount / ROW_GROUP_ROWS));
  const runs: { firstSession: number; endSession: number }[] = [];
  let firstSession = 0;
  for (let group = 1; group <= groupCount && firstSession < grid.sessions.length; group++) {
    const goal = (grid.rowCount * group) / groupCount;
    let endSession = firstSession + 1;
    while (endSession < grid.sessions.length && grid.sessions[endSession - 1].end < goal) endSession++;
    runs.push({ firstSession, endSession });
    firstSession = endSession;
  }
  return runs;
}

/** The sessions [first, end) of a grid as a grid of their own, over the same memory. */
export function sliceSessions(grid: Grid, firstSession: number, endSession: number): Grid {
  const chosen = grid.sessions.slice(firstSession, endSession);
  const start = chosen[0]?.start ?? 0;
  const end = chosen.at(-1)?.end ?? start;
  return {
    rowCount: end - start,
    tsUs: grid.tsUs.subarray(start, end),
    openTicks: grid.openTicks.subarray(start, end),
    highTicks: grid.highTicks.subarray(start, end),
    lowTicks: grid.lowTicks.subarray(start, end),
    closeTicks: grid.closeTicks.subarray(start, end),
    volume: grid.volume.subarray(start, end),
    secondOfDay: grid.secondOfDay.subarray(start, end),
    sessions: chosen.map((each) => ({ ...each, start: each.start - start, end: each.end - start })),
  };
}

/** Arrays of one thread, kept from task to task: fresh ones would cost page faults and collections each time. */
class RowGroupArrays {
  readonly #capacity: number;
  readonly #features: FeatureArrays;
  readonly #labels: readonly ModeColumns[];
  readonly #prices: readonly Float64Array[];

  constructor(capacity: number, modes: readonly LabelMode[]) {
    this.#capacity = capacity;
    this.#features = newFeatureArrays(capacity);
    this.#labels = newLabelColumns(modes, capacity);
    this.#prices = [0, 1, 2, 3].map(() => new Float64Array(capacity));
  }

  fits(rowCount: number, modes: readonly LabelMode[]): boolean {
    return rowCount <= this.#capacity && modes.length === this.#labels.length;
  }

  /** Views of the first rows. */
  of(rowCount: number) {
    return {
      features: featureArraysFrom(
        (name) => this.#features[name].subarray(0, rowCount),
        (name) => this.#features[name].subarray(0, rowCount),
      ),
      labels: this.#labels.map(({ label, weight }) => ({
        label: label.subarray(0, rowCount),
        weight: weight.subarray(0, rowCount),
      })),
      prices: this.#prices.map((column) => column.subarray(0, rowCount)),
    };
  }
}

let threadArrays: RowGroupArrays | undefined;
let threadCounter: ValueCounter | undefined;

function arraysFor(rowCount: number, modes: readonly LabelMode[]) {
  if (!threadArrays?.fits(rowCount, modes)) {
    threadArrays = new RowGroupArrays(Math.max(rowCount, ROW_GROUP_ROWS), modes);
  }
  return threadArrays.of(rowCount);
}

/** label → feature → encode for a run of whole sessions, and what the month's statistics need of the columns. */
export function buildRowGroup(task: BuildTask): BuiltRowGroup {
  const clock = new StageClock();
  const { instrument, labels: options } = task.processing;
  const grid = sliceSessions(task.grid, task.firstSession, task.endSession);
  const start = task.grid.sessions[task.firstSession]?.start ?? 0;
  const arrays = arraysFor(grid.rowCount, options.modes);
  const everyRow = { startRow: 0, endRow: grid.rowCount };
  const labelOptions = {
    modes: options.modes,
    timeoutBars: options.timeoutSeconds,
    affected: task.affected.subarray(start, start + grid.rowCount),
    scope: 'session',
  } as const;
  const labels = computeLabels(grid, labelOptions, everyRow, arrays.labels);
  clock.lap('label');
  const featureOptions = { tickSize: instrument.tickSize, scope: 'session' } as const;
  const features = computeFeatures(grid, featureOptions, everyRow, arrays.features);
  clock.lap('feature');
  const columns = Object.fromEntries([
    ...barColumns(grid, instrument.tickSize, arrays.prices),
    ...labelColumns(options.modes, labels),
    ...featureColumnData(features),
  ]);
  const shape = shapeOf(trainingBarsTable(options.modes));
  const rowGroup = encodeColumns(shape, columns, { zstdLevel: task.compressionLevel });
  clock.lap('encode');
  threadCounter ??= new ValueCounter();
  const counter = threadCounter;
  const modes = labels.map((mode) => tallyMode(mode, counter));
  // of the whole month, so that row groups count from the same price
  const firstOpen = pointsOfTicks(task.grid.openTicks[0], unitsOf(instrument.tickSize));
  const tallies = tallyFeatures(features, firstOpen, counter);
  clock.lap('statistics');
  return {
    rowGroup,
    failures: features.failures.map(({ category, error }) => ({ category, message: String(error) })),
    modes,
    features: tallies,
    seconds: clock.seconds,
  };
}

/** `label_<mode>` and `weight_<mode>` of every mode. */
export function labelColumns(
  modes: readonly LabelMode[],
  labels: readonly ModeColumns[],
): [string, ColumnData][] {
  return modes.flatMap(({ name }, at): [string, ColumnData][] => [
    [`label_${name}`, { values: labels[at].label }],
    [`weight_${name}`, { values: labels[at].weight }],
  ]);
}

/** The 43 features; NaN is null, and so is every value of a binary column whose category failed. */
export function featureColumnData({ columns, failures }: FeatureResult): [string, ColumnData][] {
  const failed = new Set(failures.flatMap((failure) => failure.columns));
  return featureColumns.map(({ name }) => {
    const values = columns[name];
    if (values instanceof Float32Array) return [name, { values, nanIsNull: true }];
    return [name, failed.has(name) ? { values, validity: new Uint8Array(values.length) } : { values }];
  });
}

/** Time, prices in points and volume; prices are written into the arrays given. */
export function barColumns(
  grid: Grid,
  tickSize: number,
  [open, high, low, close]: readonly Float64Array[] = [0, 1, 2, 3].map(() => new Float64Array(grid.rowCount)),
): [string, ColumnData][] {
  return [
    ['timestamp', { values: grid.tsUs }],
    ['open', { values: prices(grid.openTicks, tickSize, open) }],
    ['high', { values: prices(grid.highTicks, tickSize, high) }],
    ['low', { values: prices(grid.lowTicks, tickSize, low) }],
    ['close', { values: prices(grid.closeTicks, tickSize, close) }],
    ['volume', { values: grid.volume }],
  ];
}

function prices(ticks: Int32Array, tickSize: number, points: Float64Array): Float64Array {
  const tickUnits = unitsOf(tickSize);
  for (let row = 0; row < ticks.length; row++) points[row] = pointsOfTicks(ticks[row], tickUnits);
  return points;
}
