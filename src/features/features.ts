import type { Grid } from '../bars/index.ts';
import { clearCategory, columnsOf, newFeatureArrays, viewOf } from './arrays.ts';
import { consolidationFeatures } from './consolidation.ts';
import { type Frame, frameOf, newScratch } from './frame.ts';
import { microstructureFeatures } from './microstructure.ts';
import { priceContextFeatures } from './price-context.ts';
import { returnFeatures } from './returns.ts';
import { type FeatureRange, type FeatureScope, stretchesOf } from './stretches.ts';
import { type FeatureArrays, type FeatureCategory, featureColumns } from './table.ts';
import { timeFeatures } from './time.ts';
import { volatilityFeatures } from './volatility.ts';
import { volumeFeatures } from './volume.ts';

/** Rises when a feature can come out differently. */
export const FEATURES_KERNEL_VERSION = 1;

export interface FeatureOptions {
  /** Points per tick. */
  readonly tickSize: number;
  readonly scope: FeatureScope;
}

/** A category that could not be computed. */
export interface FeatureFailure {
  readonly category: FeatureCategory;
  /** Its columns: floats hold nulls, binary ones zeros that stand for nulls. */
  readonly columns: readonly string[];
  /** First grid row of the stretch it failed in. */
  readonly row: number;
  readonly error: unknown;
}

export interface FeatureResult {
  readonly columns: FeatureArrays;
  readonly failures: readonly FeatureFailure[];
}

type Kernel = (frame: Frame, out: FeatureArrays) => void;

/** In column order. */
export const kernels: readonly (readonly [FeatureCategory, Kernel])[] = [
  ['volume', volumeFeatures],
  ['price_context', priceContextFeatures],
  ['consolidation', consolidationFeatures],
  ['returns', returnFeatures],
  ['volatility', volatilityFeatures],
  ['microstructure', microstructureFeatures],
  ['time', timeFeatures],
];

/**
 * The 43 features of all rows or of a range of them. Columns are as long as the grid and only the range is
 * written, into `columns` when given; null is NaN. A value depends on the bars of its window alone: any cut into
 * ranges, in any order and on any threads, gives the same columns (ranges inside a scope cost up to 1,799 rows
 * more each). A category that fails does not stop the others: it is reported, and null over the whole range;
 * whoever joins ranges clears it in the others (`clearCategory`).
 * Throws RangeError when lengths or the range do not fit the grid.
 * Cost: some 400 operations a row; memory 145 bytes a row of output and 2 MB of scratch.
 */
export function computeFeatures(
  grid: Grid,
  options: FeatureOptions,
  range: FeatureRange = { startRow: 0, endRow: grid.rowCount },
  columns: FeatureArrays = newFeatureArrays(grid.rowCount),
): FeatureResult {
  checkShapes(grid, range, columns);
  const failures = new Map<FeatureCategory, FeatureFailure>();
  const scratch = newScratch(range.endRow - range.startRow);
  for (const stretch of stretchesOf(grid.sessions, grid.rowCount, options.scope, range)) {
    const frame = frameOf(grid, options.tickSize, stretch, scratch);
    const out = viewOf(columns, stretch);
    for (const [category, kernel] of kernels) {
      if (failures.has(category)) continue;
      try {
        kernel(frame, out);
      } catch (error) {
        failures.set(category, { category, columns: columnsOf(category), row: stretch.start, error });
      }
    }
  }
  for (const category of failures.keys()) clearCategory(columns, category, range);
  return { columns, failures: [...failures.values()] };
}

function checkShapes(grid: Grid, range: FeatureRange, columns: FeatureArrays): void {
  const { startRow, endRow } = range;
  if (!(startRow >= 0 && startRow <= endRow && endRow <= grid.rowCount)) {
    throw new RangeError(`rows [${startRow}, ${endRow}) are not within the grid's ${grid.rowCount}`);
  }
  for (const { name } of featureColumns) {
    if (columns[name].length !== grid.rowCount) {
      throw new RangeError(`column ${name} has ${columns[name].length} rows, the grid ${grid.rowCount}`);
    }
  }
}
