/** A column's values as a page holds them: no nulls, in the array type of the physical type. */
import { scratch } from './scratch.ts';
import { eachValidStretch, type Validity } from './validity.ts';

export type PhysicalValues =
  /** INT32. */
  | { readonly kind: 'int32'; readonly values: Int32Array }
  /** INT64, as whole numbers up to 2^53. */
  | { readonly kind: 'int64'; readonly values: Float64Array }
  /** INT64 where some value is beyond 2^53. */
  | { readonly kind: 'bigint64'; readonly values: BigInt64Array }
  | { readonly kind: 'float'; readonly values: Float32Array }
  | { readonly kind: 'double'; readonly values: Float64Array }
  /** A byte a value, 0 for false. */
  | { readonly kind: 'boolean'; readonly values: Uint8Array }
  | Blobs;

/** Byte arrays as codes into the distinct ones, numbered as they first appear. */
export interface Blobs {
  readonly kind: 'blobs';
  readonly values: Int32Array;
  readonly distinct: readonly Uint8Array[];
  /** Bytes of each where all are of one length by type; 0 where they vary. */
  readonly fixedByteLength: number;
}

/** Below this many values in a stretch a loop is faster than a call. */
const SHORT_STRETCH = 32;

/** Int32 values; narrower ones are widened. Copies unless there is nothing to change. */
export function denseInt32(
  values: Uint8Array | Int8Array | Int16Array | Int32Array,
  validity: Validity,
): PhysicalValues {
  if (validity.nullCount === 0 && values instanceof Int32Array) return { kind: 'int32', values };
  const dense = new Int32Array(scratch('values', 4 * values.length), 0, values.length - validity.nullCount);
  copyValid(values, dense, validity);
  return { kind: 'int32', values: dense };
}

export function denseFloats(values: Float32Array, validity: Validity): PhysicalValues {
  if (validity.nullCount === 0) return { kind: 'float', values };
  const dense = new Float32Array(scratch('values', 4 * values.length), 0, values.length - validity.nullCount);
  copyValid(values, dense, validity);
  return { kind: 'float', values: dense };
}

export function denseDoubles(
  kind: 'double' | 'int64',
  values: Float64Array,
  validity: Validity,
): PhysicalValues {
  if (validity.nullCount === 0) return { kind, values };
  const dense = new Float64Array(scratch('values', 8 * values.length), 0, values.length - validity.nullCount);
  copyValid(values, dense, validity);
  return { kind, values: dense };
}

export function denseBytes(values: Uint8Array, validity: Validity): PhysicalValues {
  if (validity.nullCount === 0) return { kind: 'boolean', values };
  const dense = new Uint8Array(scratch('values', values.length), 0, values.length - validity.nullCount);
  copyValid(values, dense, validity);
  return { kind: 'boolean', values: dense };
}

/** As plain numbers where all fit in 2^53, since those are an order of magnitude faster. */
export function denseBigint64(values: BigInt64Array, validity: Validity): PhysicalValues {
  const count = values.length - validity.nullCount;
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  const numbers = new Float64Array(scratch('values', 8 * values.length), 0, count);
  let allSafe = true;
  eachValidStretch(validity, (row, value, length) => {
    for (let i = 0; i < length && allSafe; i++) {
      const high = words[2 * (row + i) + 1];
      if (high >= 0x200000 || high < -0x200000) allSafe = false;
      numbers[value + i] = high * 4294967296 + (words[2 * (row + i)] >>> 0);
    }
  });
  if (allSafe) return { kind: 'int64', values: numbers };
  if (validity.nullCount === 0) return { kind: 'bigint64', values };
  const dense = new BigInt64Array(numbers.buffer, 0, count);
  eachValidStretch(validity, (row, value, length) => dense.set(values.subarray(row, row + length), value));
  return { kind: 'bigint64', values: dense };
}

function copyValid(
  source: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array,
  target: Uint8Array | Int32Array | Float32Array | Float64Array,
  validity: Validity,
): void {
  eachValidStretch(validity, (row, value, length) => {
    if (length >= SHORT_STRETCH) target.set(source.subarray(row, row + length), value);
    else for (let i = 0; i < length; i++) target[value + i] = source[row + i];
  });
}
