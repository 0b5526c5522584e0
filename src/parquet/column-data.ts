/** What a caller hands in: one column's rows in the array type that suits its Parquet type. */
import { BarlineError } from '../base/index.ts';
import { blobsOfBigints, blobsOfBytes, blobsOfCodes, blobsOfStrings } from './blobs.ts';
import {
  denseBigint64,
  denseBytes,
  denseDoubles,
  denseFloats,
  denseInt32,
  type PhysicalValues,
} from './physical-values.ts';
import { decimalByteLength, type ParquetField, physicalType, typeName } from './schema.ts';
import { findValidity, firstNullRow, type NullMarks, type Validity } from './validity.ts';

/** Text as codes into a list; a negative code is null. */
export interface DictionaryText {
  readonly codes: Int32Array | Uint16Array;
  readonly values: readonly string[];
}

export type TextRows = readonly (string | null)[];
export type BinaryRows = readonly (Uint8Array | null)[];
export type BigintRows = readonly (bigint | null)[];

/**
 * | type | values |
 * |---|---|
 * | boolean | Uint8Array of 0 and 1 |
 * | int8, int16 | Int8Array or Uint8Array up to 127; Int16Array |
 * | int32, date, decimal ≤ 9 digits (unscaled) | Int32Array |
 * | int64, timestamps, decimal ≤ 18 digits (unscaled) | Float64Array of whole numbers up to 2^53, or BigInt64Array |
 * | timestamp_nanos | BigInt64Array |
 * | float, double | Float32Array, Float64Array |
 * | string | string[] with null, or codes into a list |
 * | binary | Uint8Array[] with null |
 * | any decimal (unscaled) | bigint[] with null |
 */
export interface ColumnData {
  readonly values:
    | Uint8Array
    | Int8Array
    | Int16Array
    | Int32Array
    | Float32Array
    | Float64Array
    | BigInt64Array
    | TextRows
    | BinaryRows
    | BigintRows
    | DictionaryText;
  /** A byte per row, 0 for null. Not for arrays that hold null themselves, nor beside `nanIsNull`. */
  readonly validity?: Uint8Array;
  /** NaN in a Float32Array or Float64Array marks a null. */
  readonly nanIsNull?: boolean;
}

/** The values of a column that are not null, close together, and which rows they belong to. */
export interface DenseColumn {
  readonly validity: Validity;
  readonly values: PhysicalValues;
}

/** Rows of a column as handed in. */
export function columnRowCount(column: ColumnData): number {
  return 'codes' in column.values ? column.values.codes.length : column.values.length;
}

/** The rows [start, end) of a column; typed arrays are not copied. */
export function sliceColumn(column: ColumnData, start: number, end: number): ColumnData {
  const { values } = column;
  const part =
    'codes' in values
      ? { codes: values.codes.subarray(start, end), values: values.values }
      : 'subarray' in values
        ? values.subarray(start, end)
        : values.slice(start, end);
  return {
    ...column,
    values: part,
    ...(column.validity && { validity: column.validity.subarray(start, end) }),
  };
}

/**
 * Checks a column against its field and brings its values close together.
 * Throws `PARQUET_COLUMN_TYPE`, `PARQUET_COLUMN_LENGTH`, `PARQUET_NULL` (in a required column).
 */
export function densify(field: ParquetField, column: ColumnData, rowCount: number): DenseColumn {
  const found = columnRowCount(column);
  if (found !== rowCount) {
    throw columnError('PARQUET_COLUMN_LENGTH', field, `expected ${rowCount} rows, found ${found}`);
  }
  const validity = findValidity(nullMarks(field, column, rowCount), rowCount);
  const nullRow = firstNullRow(validity);
  if (field.nullable === false && nullRow >= 0) {
    throw columnError(
      'PARQUET_NULL',
      field,
      `expected no nulls, found ${validity.nullCount}, the first in row ${nullRow}`,
    );
  }
  const values = physicalValues(field, column, validity);
  if (values === undefined) {
    throw columnError(
      'PARQUET_COLUMN_TYPE',
      field,
      `cannot store ${arrayName(column)} as ${typeName(field.type)}`,
    );
  }
  return { validity, values };
}

function nullMarks(field: ParquetField, column: ColumnData, rowCount: number): NullMarks {
  const { values, validity, nanIsNull } = column;
  const marks = rowMarks(values);
  if (validity !== undefined && (marks !== undefined || nanIsNull === true)) {
    throw columnError('PARQUET_COLUMN_TYPE', field, 'expected one way of marking nulls, found two');
  }
  if (marks !== undefined) return { kind: 'bytes', valid: marks };
  if (validity !== undefined) {
    if (validity.length === rowCount) return { kind: 'bytes', valid: validity };
    throw columnError(
      'PARQUET_COLUMN_LENGTH',
      field,
      `expected ${rowCount} validity bytes, found ${validity.length}`,
    );
  }
  if (nanIsNull !== true) return { kind: 'none' };
  if (values instanceof Float32Array) return { kind: 'nan32', values };
  if (values instanceof Float64Array) return { kind: 'nan64', values };
  throw columnError('PARQUET_COLUMN_TYPE', field, `nanIsNull does not apply to ${arrayName(column)}`);
}

/** Null marks of arrays that hold null themselves; undefined for those that cannot, or do not. */
function rowMarks(values: ColumnData['values']): Uint8Array | undefined {
  if ('codes' in values) {
    const { codes } = values;
    if (codes instanceof Uint16Array) return undefined;
    return codes.some((code) => code < 0) ? Uint8Array.from(codes, (code) => (code < 0 ? 0 : 1)) : undefined;
  }
  if ('subarray' in values) return undefined;
  const valid = new Uint8Array(values.length);
  let anyNull = false;
  for (let row = 0; row < values.length; row++) {
    if (values[row] === null) anyNull = true;
    else valid[row] = 1;
  }
  return anyNull ? valid : undefined;
}

function physicalValues(
  field: ParquetField,
  column: ColumnData,
  validity: Validity,
): PhysicalValues | undefined {
  const { values } = column;
  const { type } = field;
  if ('codes' in values)
    return type === 'string' ? blobsOfCodes(values.codes, values.values, validity) : undefined;
  if (!('subarray' in values)) {
    if (type === 'string') return blobsOfStrings(values);
    if (type === 'binary') return blobsOfBytes(values);
    if (typeof type === 'string') return undefined;
    return decimalValues(field, type.precision, values);
  }
  switch (physicalType(type)) {
    case 'BOOLEAN':
      return values instanceof Uint8Array ? denseBytes(values, validity) : undefined;
    case 'INT32':
      return suitsInt32(type, values) ? denseInt32(values, validity) : undefined;
    case 'INT64':
      if (values instanceof BigInt64Array) return denseBigint64(values, validity);
      if (type === 'timestamp_nanos' || !(values instanceof Float64Array)) return undefined;
      return denseDoubles('int64', values, validity);
    case 'FLOAT':
      return values instanceof Float32Array ? denseFloats(values, validity) : undefined;
    case 'DOUBLE':
      return values instanceof Float64Array ? denseDoubles('double', values, validity) : undefined;
    default:
      return undefined;
  }
}

function suitsInt32(
  type: ParquetField['type'],
  values: ColumnData['values'],
): values is Uint8Array | Int8Array | Int16Array | Int32Array {
  if (type === 'int8') {
    return (
      values instanceof Int8Array || (values instanceof Uint8Array && values.every((value) => value < 128))
    );
  }
  return type === 'int16' ? values instanceof Int16Array : values instanceof Int32Array;
}

function decimalValues(
  field: ParquetField,
  precision: number,
  rows: TextRows | BinaryRows | BigintRows,
): PhysicalValues | undefined {
  const limit = 10n ** BigInt(precision);
  const unscaled: bigint[] = [];
  for (const row of rows) {
    if (row === null) continue;
    if (typeof row !== 'bigint') return undefined;
    if (row >= limit || row <= -limit) {
      throw columnError('PARQUET_VALUE_RANGE', field, `expected at most ${precision} digits, found ${row}`);
    }
    unscaled.push(row);
  }
  const noNulls = findValidity({ kind: 'none' }, unscaled.length);
  if (precision <= 9) return denseInt32(Int32Array.from(unscaled, Number), noNulls);
  if (precision <= 18) return denseBigint64(BigInt64Array.from(unscaled), noNulls);
  return blobsOfBigints(unscaled, decimalByteLength(precision));
}

function arrayName(column: ColumnData): string {
  if ('codes' in column.values) return 'codes into a list';
  if ('subarray' in column.values) return column.values.constructor.name;
  const first = column.values.find((value) => value !== null);
  return first instanceof Uint8Array ? 'Uint8Array[]' : `${typeof first}[]`;
}

/** `Column "x": expected …, found …`. */
export function columnError(code: string, field: ParquetField, what: string): BarlineError {
  return new BarlineError({
    code,
    message: `Column ${JSON.stringify(field.name)}: ${what}.`,
    facts: { column: field.name, type: typeName(field.type) },
  });
}
