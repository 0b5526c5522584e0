import type { Grid } from '../bars/index.ts';
import { type DecayRun, noDecay } from './decay.ts';
import { extremesOf } from './extremes.ts';
import { barriersOf, defaultTimeoutBars, encloses, type LabelMode, labelModes } from './modes.ts';
import { beginWalks, type WalkScope, walkEnds, walkMemory, walkToExits } from './walks.ts';
import { type WalkBars, weighRows } from './weights.ts';

/** Rises when a label or weight can come out differently. */
export const LABELS_KERNEL_VERSION = 1;

export interface LabelOptions {
  /** Default: the six modes. */
  readonly modes?: readonly LabelMode[];
  /** Bars a walk takes at most, the entry bar included. Default 900. */
  readonly timeoutBars?: number;
  /** One per grid row: not 0 where a roll affects the bar. */
  readonly affected: Uint8Array;
  readonly scope: WalkScope;
  /** Factors in row order, the first from row 0. Default: none. */
  readonly decay?: readonly DecayRun[];
}

/** One mode's columns, indexed by grid row; they may lie on SharedArrayBuffers. */
export interface ModeColumns {
  /** 0 or 1. */
  readonly label: Int8Array;
  /** Above 0. */
  readonly weight: Float32Array;
}

/** Grid rows [startRow, endRow). */
export interface LabelRange {
  readonly startRow: number;
  readonly endRow: number;
}

/**
 * Labels and weights of every mode, in the modes' order, for all rows or for a range of them. Columns are as long
 * as the grid and only the range is written, into `columns` when given. A row's result depends on the bars alone:
 * any cut into ranges, in any order and on any threads, gives the same columns.
 * Throws RangeError when lengths or the range do not fit the grid.
 * Cost: two passes over the rows for the range extremes, then two per mode; memory some 27 bytes a row beside the columns.
 */
export function computeLabels(
  grid: Grid,
  options: LabelOptions,
  range: LabelRange = { startRow: 0, endRow: grid.rowCount },
  columns: readonly ModeColumns[] = newLabelColumns(options.modes ?? labelModes, grid.rowCount),
): readonly ModeColumns[] {
  const modes = options.modes ?? labelModes;
  const timeoutBars = options.timeoutBars ?? defaultTimeoutBars;
  const { startRow, endRow } = range;
  checkShapes(grid, options, modes, range, columns);
  if (startRow === endRow) return columns;
  const ends = walkEnds(grid.sessions, options.affected, options.scope, timeoutBars, startRow, endRow);
  const bars = walkBars(grid, startRow, Math.min(grid.rowCount, endRow + timeoutBars), timeoutBars);
  const exits = new Int32Array(endRow - startRow);
  const memory = walkMemory();
  modes.forEach((mode, at) => {
    const barriers = barriersOf(mode);
    const previous = at > 0 ? modes[at - 1] : undefined;
    if (previous === undefined || !encloses(barriers, barriersOf(previous))) beginWalks(exits);
    walkToExits(bars.opens, bars.highs, bars.lows, bars.extremes, ends, barriers, memory, exits);
    const label = columns[at].label.subarray(startRow, endRow);
    const weight = columns[at].weight.subarray(startRow, endRow);
    for (const run of runsWithin(options.decay ?? noDecay, startRow, endRow)) {
      weighRows(mode, bars, ends, exits, run.factor, run.from, run.to, label, weight);
    }
  });
  return columns;
}

export function newLabelColumns(modes: readonly LabelMode[], rowCount: number): ModeColumns[] {
  return modes.map(() => ({ label: new Int8Array(rowCount), weight: new Float32Array(rowCount) }));
}

function walkBars(grid: Grid, startRow: number, endRow: number, timeoutBars: number): WalkBars {
  const highs = grid.highTicks.subarray(startRow, endRow);
  const lows = grid.lowTicks.subarray(startRow, endRow);
  return {
    opens: grid.openTicks.subarray(startRow, endRow),
    highs,
    lows,
    tsUs: grid.tsUs.subarray(startRow, endRow),
    extremes: extremesOf(highs, lows, timeoutBars),
  };
}

/** The decay runs cut to the range, rows counted from its start. */
function runsWithin(
  runs: readonly DecayRun[],
  startRow: number,
  endRow: number,
): { from: number; to: number; factor: number }[] {
  return runs
    .map((run, at) => ({
      from: Math.max(run.startRow, startRow) - startRow,
      to: Math.min(at + 1 < runs.length ? runs[at + 1].startRow : endRow, endRow) - startRow,
      factor: run.factor,
    }))
    .filter((run) => run.from < run.to);
}

function checkShapes(
  grid: Grid,
  options: LabelOptions,
  modes: readonly LabelMode[],
  range: LabelRange,
  columns: readonly ModeColumns[],
): void {
  const { startRow, endRow } = range;
  if (!(startRow >= 0 && startRow <= endRow && endRow <= grid.rowCount)) {
    throw new RangeError(`rows [${startRow}, ${endRow}) are not within the grid's ${grid.rowCount}`);
  }
  if (options.affected.length !== grid.rowCount) {
    throw new RangeError(`${options.affected.length} roll marks for ${grid.rowCount} rows`);
  }
  if (options.decay !== undefined && options.decay[0]?.startRow !== 0) {
    throw new RangeError('decay does not begin at row 0');
  }
  if (columns.length !== modes.length) {
    throw new RangeError(`${columns.length} pairs of columns for ${modes.length} modes`);
  }
  for (const { label, weight } of columns) {
    if (label.length !== grid.rowCount || weight.length !== grid.rowCount) {
      throw new RangeError(`columns of ${label.length} and ${weight.length} rows for ${grid.rowCount}`);
    }
  }
}
