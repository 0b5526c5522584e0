/**
 * Smallest and largest value and counts of nulls and NaNs: per page, per row group, per file; for the footer, and for
 * whoever keeps statistics of its own (Delta's `add` actions).
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (Statistics, ColumnOrder)
 */
import { bigEndian, fromBigEndian } from './blobs.ts';
import { decimalByteLength, type ParquetField, physicalType } from './schema.ts';
import { truncateDown, truncateUp } from './statistics-text.ts';
import type { Range } from './value-range.ts';

/**
 * A bound in the terms of its column: days of a date, microseconds (nanoseconds) of a timestamp, the unscaled number
 * of a decimal. Whole numbers are a number up to 2^53, a bigint beyond.
 */
export type StatisticValue = number | bigint | boolean | string | Uint8Array;

export interface ColumnStatistics {
  /** Null where there is no value but nulls and NaN. NaN is never a bound. */
  readonly min: StatisticValue | null;
  readonly max: StatisticValue | null;
  readonly nullCount: number;
  /** NaN values that are not null. Readers that put NaN above all numbers must not trust `max` unless this is 0. */
  readonly nanCount: number;
  /** False where a long string's bound was shortened: below every value for `min`, above for `max`. */
  readonly minExact: boolean;
  readonly maxExact: boolean;
}

/** A page's or row group's range in the column's own terms, long strings shortened. */
export function statisticsOf(field: ParquetField, range: Range, nullCount: number): ColumnStatistics {
  const min = bound(field, range.min, true);
  const max = bound(field, range.max, false);
  return {
    min: min.value,
    max: max.value,
    nullCount,
    nanCount: range.nanCount,
    minExact: min.exact,
    maxExact: max.exact,
  };
}

interface Bound {
  readonly value: StatisticValue | null;
  readonly exact: boolean;
}

function bound(field: ParquetField, value: Range['min'], lower: boolean): Bound {
  if (value instanceof Uint8Array) {
    if (typeof field.type !== 'string') return { value: fromBigEndian(value), exact: true };
    const text = field.type === 'string';
    return lower ? truncateDown(value, text) : truncateUp(value, text);
  }
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value)))
    return { value: Number(value), exact: true };
  return { value, exact: true };
}

/** Statistics of rows that lie in several row groups, as of one. */
export function mergeStatistics(parts: readonly ColumnStatistics[]): ColumnStatistics {
  let merged: ColumnStatistics = {
    min: null,
    max: null,
    nullCount: 0,
    nanCount: 0,
    minExact: true,
    maxExact: true,
  };
  for (const part of parts) {
    const nullCount = merged.nullCount + part.nullCount;
    const nanCount = merged.nanCount + part.nanCount;
    const lower = part.min !== null && (merged.min === null || compareBounds(part.min, merged.min) < 0);
    const higher = part.max !== null && (merged.max === null || compareBounds(part.max, merged.max) > 0);
    const { min, minExact } = lower ? part : merged;
    const { max, maxExact } = higher ? part : merged;
    merged = { min, max, nullCount, nanCount, minExact, maxExact };
  }
  return merged;
}

/** Orders two bounds of one column: numbers by size, text and bytes by their (UTF-8) bytes. */
export function compareBounds(a: StatisticValue, b: StatisticValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A bound as the footer holds it: PLAIN, without the length; a zero as -0.0 below and +0.0 above. */
export function boundBytes(field: ParquetField, value: StatisticValue, lower: boolean): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Buffer.from(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  const view = new DataView(new ArrayBuffer(8));
  switch (physicalType(field.type)) {
    case 'INT32':
      view.setInt32(0, Number(value), true);
      return new Uint8Array(view.buffer, 0, 4);
    case 'FLOAT':
      view.setFloat32(0, signedZero(Number(value), lower), true);
      return new Uint8Array(view.buffer, 0, 4);
    case 'DOUBLE':
      view.setFloat64(0, signedZero(Number(value), lower), true);
      return new Uint8Array(view.buffer);
    case 'FIXED_LEN_BYTE_ARRAY':
      return bigEndian(
        BigInt(value),
        typeof field.type === 'string' ? 0 : decimalByteLength(field.type.precision),
      );
    default:
      view.setBigInt64(0, BigInt(value), true);
      return new Uint8Array(view.buffer);
  }
}

function signedZero(value: number, lower: boolean): number {
  return value === 0 ? (lower ? -0 : 0) : value;
}
