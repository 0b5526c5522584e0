import type { DuckDBValue } from '@duckdb/node-api';

/** What DuckDB's Node client keeps of a column of some 2,048 rows. */
export interface ClientVector {
  readonly itemCount: number;
  getItem(row: number): DuckDBValue;
}

export type NumberArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array;

/** A column of some rows: its numbers, dates or times as DuckDB stores them, and a byte per row, 0 for null. */
export interface NumberColumn {
  readonly values: NumberArray;
  /** Only where some row is null; its value is 0. */
  readonly validity?: Uint8Array;
}

/**
 * Numbers, dates (days) and times (microseconds) of a vector, copied as one array: by value they take a hundred times as
 * long. Undefined where the client does not keep the column so. The client's arrays are no part of what it promises,
 * so they are looked for rather than relied on.
 */
export function numbersOf(vector: ClientVector): NumberColumn | undefined {
  const items: unknown = Reflect.get(vector, 'items');
  if (!isNumberArray(items) || items.length !== vector.itemCount) return undefined;
  const values = items.slice();
  const bits = validityBits(vector);
  if (bits === undefined) return undefined;
  if (bits === null) return { values };
  const validity = Uint8Array.from({ length: values.length }, (_, row) => (bits[row >> 3] >> (row & 7)) & 1);
  if (!validity.includes(0)) return { values };
  for (let row = 0; row < values.length; row++) {
    if (validity[row] === 1) continue;
    if (values instanceof BigInt64Array) values[row] = 0n;
    else values[row] = 0;
  }
  return { values, validity };
}

/** A bit per row, lowest first; null where no row is null, undefined where the client does not keep it so. */
function validityBits(vector: ClientVector): Uint8Array | null | undefined {
  const validity: unknown = Reflect.get(vector, 'validity');
  if (typeof validity !== 'object' || validity === null) return undefined;
  const words: unknown = Reflect.get(validity, 'data');
  if (words === null) return null;
  if (!(words instanceof BigUint64Array) || Reflect.get(validity, 'offset') !== 0) return undefined;
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function isNumberArray(value: unknown): value is Exclude<NumberArray, Uint8Array> {
  return (
    value instanceof Float64Array ||
    value instanceof Float32Array ||
    value instanceof BigInt64Array ||
    value instanceof Int32Array ||
    value instanceof Int16Array ||
    value instanceof Int8Array
  );
}

/** Bytes of a text in DuckDB's vectors: its length, and itself when it has twelve bytes at most. */
const TEXT_BYTES = 16;
const MOST_INLINE = 12;
const CACHE_SIZE = 1024;

/** Reads texts of vectors one after another; one that was read lately is not decoded again. */
export class TextReader {
  readonly #keys = new Int32Array(CACHE_SIZE * 4);
  readonly #texts: (string | undefined)[] = new Array(CACHE_SIZE);

  /** Each row's text, or null. */
  read(vector: ClientVector): (string | null)[] {
    const view: unknown = Reflect.get(vector, 'dataView');
    const texts: (string | null)[] = new Array(vector.itemCount);
    const isKnown = view instanceof DataView && view.byteLength === vector.itemCount * TEXT_BYTES;
    const canCache = isKnown && validityBits(vector) === null;
    for (let row = 0; row < texts.length; row++) {
      texts[row] = canCache ? this.#cached(vector, view, row) : textOf(vector, row);
    }
    return texts;
  }

  #cached(vector: ClientVector, view: DataView, row: number): string | null {
    const start = row * TEXT_BYTES;
    const length = view.getInt32(start, true);
    if (length > MOST_INLINE) return textOf(vector, row);
    const a = view.getInt32(start + 4, true);
    const b = view.getInt32(start + 8, true);
    const c = view.getInt32(start + 12, true);
    const slot =
      (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ length, 0x9e3779b1) >>> 22) & (CACHE_SIZE - 1);
    const keys = this.#keys;
    const at = slot * 4;
    const known = this.#texts[slot];
    if (
      known !== undefined &&
      keys[at] === length &&
      keys[at + 1] === a &&
      keys[at + 2] === b &&
      keys[at + 3] === c
    ) {
      return known;
    }
    const text = textOf(vector, row);
    if (text === null) return null;
    keys[at] = length;
    keys[at + 1] = a;
    keys[at + 2] = b;
    keys[at + 3] = c;
    this.#texts[slot] = text;
    return text;
  }
}

function textOf(vector: ClientVector, row: number): string | null {
  const value = vector.getItem(row);
  return value === null ? null : String(value);
}
