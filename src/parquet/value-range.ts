/** Bounds of values, each in the terms of its physical type. */
import { KERNEL_BLOCK } from './kernel-block.ts';
import type { Blobs, PhysicalValues } from './physical-values.ts';

export interface Range {
  /** Null where there are no values but NaN. */
  readonly min: number | bigint | boolean | Uint8Array | null;
  readonly max: number | bigint | boolean | Uint8Array | null;
  readonly nanCount: number;
  /** False where a value meant for INT64 is no whole number of up to 2^53. */
  readonly whole: boolean;
}

/** Of no values, or of values not looked at. */
export const UNKNOWN_RANGE: Range = { min: null, max: null, nanCount: 0, whole: true };

/** Bounds of values [start, end): 1 ns each, 2 ns for those of 64 bits. */
export function rangeOf(values: PhysicalValues, start: number, end: number): Range {
  if (start === end) return UNKNOWN_RANGE;
  switch (values.kind) {
    case 'bigint64':
      return rangeOfBigints(values.values, start, end);
    case 'boolean': {
      const part = values.values.subarray(start, end);
      return { min: !part.includes(0), max: part.some((byte) => byte !== 0), nanCount: 0, whole: true };
    }
    case 'blobs':
      return rangeOfBlobs(values, start, end);
    default:
      return rangeOfNumbers(values, start, end);
  }
}

/** What the loops below bring along from block to block. */
interface Bounds {
  min: number;
  max: number;
  nanCount: number;
  whole: boolean;
}

function rangeOfNumbers(
  numbers: Extract<PhysicalValues, { kind: 'int32' | 'int64' | 'float' | 'double' }>,
  start: number,
  end: number,
): Range {
  const bounds = {
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    nanCount: 0,
    whole: true,
  };
  for (let from = start; from < end; from += KERNEL_BLOCK) {
    const to = Math.min(end, from + KERNEL_BLOCK);
    if (numbers.kind === 'int32') boundInts(bounds, numbers.values, from, to);
    else if (numbers.kind === 'float') boundFloats(bounds, numbers.values, from, to);
    else boundDoubles(bounds, numbers.values, from, to);
    if (numbers.kind === 'int64') bounds.whole = bounds.whole && areWhole(numbers.values, from, to);
  }
  const { min, max, nanCount, whole } = bounds;
  // Adding 0 makes a negative zero positive.
  return nanCount === end - start
    ? { ...UNKNOWN_RANGE, nanCount, whole }
    : { min: min + 0, max: max + 0, nanCount, whole };
}

// A loop per array type, since one that sees a single type runs at twice the speed. Values inside the bounds so far,
// which is nearly all of them, pass four at a time; a NaN is inside no bounds.
function boundInts(bounds: Bounds, values: Int32Array, start: number, end: number): void {
  let { min, max } = bounds;
  for (let i = start; i < end; i++) {
    const value = values[i];
    if (value < min) min = value;
    if (value > max) max = value;
  }
  bounds.min = min;
  bounds.max = max;
}

function boundFloats(bounds: Bounds, values: Float32Array, start: number, end: number): void {
  let { min, max } = bounds;
  for (let i = start; i < end; i++) {
    for (; i + 4 <= end; i += 4) {
      const a = values[i];
      const b = values[i + 1];
      const c = values[i + 2];
      const d = values[i + 3];
      const inside =
        a >= min && a <= max && b >= min && b <= max && c >= min && c <= max && d >= min && d <= max;
      if (!inside) break;
    }
    if (i === end) break;
    const value = values[i];
    if (value < min) min = value;
    if (value > max) max = value;
    if (Number.isNaN(value)) bounds.nanCount++;
  }
  bounds.min = min;
  bounds.max = max;
}

function boundDoubles(bounds: Bounds, values: Float64Array, start: number, end: number): void {
  let { min, max } = bounds;
  for (let i = start; i < end; i++) {
    for (; i + 4 <= end; i += 4) {
      const a = values[i];
      const b = values[i + 1];
      const c = values[i + 2];
      const d = values[i + 3];
      const inside =
        a >= min && a <= max && b >= min && b <= max && c >= min && c <= max && d >= min && d <= max;
      if (!inside) break;
    }
    if (i === end) break;
    const value = values[i];
    if (value < min) min = value;
    if (value > max) max = value;
    if (Number.isNaN(value)) bounds.nanCount++;
  }
  bounds.min = min;
  bounds.max = max;
}

/** Whether all are whole numbers of up to 2^53. */
function areWhole(values: Float64Array, start: number, end: number): boolean {
  let whole = true;
  for (let i = start; i < end; i++) {
    const value = values[i];
    if (Math.floor(value) !== value || Math.abs(value) > 9007199254740992) whole = false;
  }
  return whole;
}

function rangeOfBigints(values: BigInt64Array, start: number, end: number): Range {
  // Compared as words: a bigint per value would cost twenty times as much.
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  let least = start;
  let most = start;
  for (let i = start + 1; i < end; i++) {
    if (isLess(words, i, least)) least = i;
    if (isLess(words, most, i)) most = i;
  }
  return { min: values[least], max: values[most], nanCount: 0, whole: true };
}

function isLess(words: Int32Array, a: number, b: number): boolean {
  const highA = words[2 * a + 1];
  const highB = words[2 * b + 1];
  return highA < highB || (highA === highB && words[2 * a] >>> 0 < words[2 * b] >>> 0);
}

function rangeOfBlobs(blobs: Blobs, start: number, end: number): Range {
  const { distinct, values: codes } = blobs;
  const signed = blobs.fixedByteLength > 0;
  const seen = new Uint8Array(distinct.length);
  let min = distinct[codes[start]];
  let max = min;
  for (let i = start; i < end; i++) {
    const code = codes[i];
    if (seen[code] === 1) continue;
    seen[code] = 1;
    const blob = distinct[code];
    if (compareBlobs(blob, min, signed) < 0) min = blob;
    if (compareBlobs(blob, max, signed) > 0) max = blob;
  }
  return { min, max, nanCount: 0, whole: true };
}

/** Byte by byte; big-endian numbers by their sign first. */
function compareBlobs(a: Uint8Array, b: Uint8Array, signed: boolean): number {
  if (signed && a[0] >> 7 !== b[0] >> 7) return (b[0] >> 7) - (a[0] >> 7);
  return Buffer.compare(a, b);
}
