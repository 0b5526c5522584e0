import type { FeatureRange, Stretch } from './stretches.ts';
import {
  type BinaryFeatureName,
  type FeatureArrays,
  type FeatureCategory,
  type FloatFeatureName,
  featureColumns,
} from './table.ts';

/** Arrays for every feature of a table, in column order, from one maker per storage type. */
export function featureArraysFrom(
  float: (name: FloatFeatureName) => Float32Array,
  int8: (name: BinaryFeatureName) => Int8Array,
): FeatureArrays {
  const arrays: { -readonly [Name in keyof FeatureArrays]?: FeatureArrays[Name] } = {};
  for (const column of featureColumns) {
    if (column.storage === 'float') arrays[column.name] = float(column.name);
    else arrays[column.name] = int8(column.name);
  }
  if (!isComplete(arrays)) throw new Error('a feature has no array');
  return arrays;
}

function isComplete(arrays: Partial<FeatureArrays>): arrays is FeatureArrays {
  return featureColumns.every((column) => arrays[column.name] !== undefined);
}

export function newFeatureArrays(rowCount: number): FeatureArrays {
  return featureArraysFrom(
    () => new Float32Array(rowCount),
    () => new Int8Array(rowCount),
  );
}

/** The stretch's rows, its lead included: what a kernel writes to. */
export function viewOf(arrays: FeatureArrays, { leadStart, end }: Stretch): FeatureArrays {
  return featureArraysFrom(
    (name) => arrays[name].subarray(leadStart, end),
    (name) => arrays[name].subarray(leadStart, end),
  );
}

/** A category's columns, in order. */
export function columnsOf(category: FeatureCategory): string[] {
  return featureColumns.filter((column) => column.category === category).map((column) => column.name);
}

/** Sets a category's float columns to null and its binary ones to 0 over a range of rows. */
export function clearCategory(arrays: FeatureArrays, category: FeatureCategory, range: FeatureRange): void {
  for (const column of featureColumns) {
    if (column.category !== category) continue;
    if (column.storage === 'float') arrays[column.name].fill(Number.NaN, range.startRow, range.endRow);
    else arrays[column.name].fill(0, range.startRow, range.endRow);
  }
}
