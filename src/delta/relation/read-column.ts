import { type ColumnChunk, type NumberArray, numbersOf, TextReader } from '../../duckdb/index.ts';
import type { DeltaType, StructField } from '../schema.ts';
import { type RowValue, rowValueOf } from './row-values.ts';

/** A column of some rows: a typed array where the type has one, with a byte per row, 0 for null. */
export interface ReadColumn {
  readonly field: StructField;
  readonly values: NumberArray | readonly RowValue[];
  /** Only with a typed array in which some row is null; its value there is 0. */
  readonly validity?: Uint8Array;
}

/** Reads one column of one chunk after another. */
export class ColumnReader {
  readonly field: StructField;
  readonly #texts = new TextReader();
  readonly #convert: ReturnType<typeof rowValueOf>;

  constructor(field: StructField) {
    this.field = field;
    this.#convert = rowValueOf(field.type);
  }

  read(chunk: ColumnChunk, index: number): ReadColumn {
    const { field } = this;
    if (field.type === 'string') return { field, values: this.#texts.read(chunk.vector(index)) };
    const empty = emptyArray(field.type, 0);
    if (empty === undefined) return { field, values: chunk.values(index).map(this.#convert) };
    const numbers = numbersOf(chunk.vector(index));
    if (numbers?.values.constructor === empty.constructor) return { field, ...numbers };
    return filled(field, chunk.rowCount, chunk.values(index).map(this.#convert));
  }
}

/** One column of the parts of one, in order. */
export function joinColumns(field: StructField, parts: readonly ReadColumn[]): ReadColumn {
  const rowCount = parts.reduce((sum, { values }) => sum + values.length, 0);
  const joined = emptyArray(field.type, rowCount);
  if (joined === undefined) return { field, values: parts.flatMap(({ values }) => [...values]) };
  const validity = parts.some((part) => part.validity) ? new Uint8Array(rowCount).fill(1) : undefined;
  let start = 0;
  for (const part of parts) {
    copyInto(joined, part.values, start);
    if (part.validity) validity?.set(part.validity, start);
    start += part.values.length;
  }
  return validity === undefined ? { field, values: joined } : { field, values: joined, validity };
}

function copyInto(target: NumberArray, source: ReadColumn['values'], start: number): void {
  if (target instanceof BigInt64Array) {
    if (source instanceof BigInt64Array) target.set(source, start);
  } else if (ArrayBuffer.isView(source) && !(source instanceof BigInt64Array)) target.set(source, start);
}

function filled(field: StructField, rowCount: number, values: readonly RowValue[]): ReadColumn {
  const typed = emptyArray(field.type, rowCount);
  if (typed === undefined) return { field, values };
  for (const [row, value] of values.entries()) {
    if (typed instanceof BigInt64Array) typed[row] = typeof value === 'bigint' ? value : 0n;
    else typed[row] = Number(value);
  }
  if (!values.includes(null)) return { field, values: typed };
  return { field, values: typed, validity: Uint8Array.from(values, (value) => (value === null ? 0 : 1)) };
}

/** The array that holds a type's values, all 0; undefined for a type that has none. */
function emptyArray(type: DeltaType, length: number): NumberArray | undefined {
  switch (type) {
    case 'boolean':
      return new Uint8Array(length);
    case 'byte':
      return new Int8Array(length);
    case 'short':
      return new Int16Array(length);
    case 'integer':
    case 'date':
      return new Int32Array(length);
    case 'float':
      return new Float32Array(length);
    case 'double':
      return new Float64Array(length);
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return new BigInt64Array(length);
    default:
      return undefined;
  }
}
