/** PLAIN: values one after another, little endian; byte arrays with their length before them. */
import type { PageBuffer } from './page-buffer.ts';
import type { Blobs, PhysicalValues } from './physical-values.ts';

/** Bytes of values [start, end) in PLAIN. */
export function plainByteLength(values: PhysicalValues, start: number, end: number): number {
  switch (values.kind) {
    case 'boolean':
      return Math.ceil((end - start) / 8);
    case 'int32':
    case 'float':
      return 4 * (end - start);
    case 'blobs':
      return blobByteLength(values, start, end);
    default:
      return 8 * (end - start);
  }
}

function blobByteLength(blobs: Blobs, start: number, end: number): number {
  if (blobs.fixedByteLength > 0) return blobs.fixedByteLength * (end - start);
  let byteLength = 0;
  for (let i = start; i < end; i++) byteLength += 4 + blobs.distinct[blobs.values[i]].length;
  return byteLength;
}

/** Appends values [start, end). */
export function writePlain(page: PageBuffer, values: PhysicalValues, start: number, end: number): void {
  page.reserve(plainByteLength(values, start, end));
  if (values.kind === 'boolean') writeBits(page, values.values, start, end);
  else if (values.kind === 'int64') writeWholeNumbers(page, values.values, start, end);
  else if (values.kind === 'blobs') writeBlobs(page, values, start, end);
  else {
    const part = values.values.subarray(start, end);
    page.append(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
}

function writeBits(page: PageBuffer, values: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i += 8) {
    let bits = 0;
    for (let k = Math.min(7, end - i - 1); k >= 0; k--) bits = (bits << 1) | (values[i + k] === 0 ? 0 : 1);
    page.byte(bits);
  }
}

function writeWholeNumbers(page: PageBuffer, values: Float64Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const value = values[i];
    page.uint32(page.length, value);
    page.uint32(page.length + 4, Math.floor(value / 4294967296));
    page.length += 8;
  }
}

function writeBlobs(page: PageBuffer, blobs: Blobs, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const blob = blobs.distinct[blobs.values[i]];
    if (blobs.fixedByteLength === 0) {
      page.uint32(page.length, blob.length);
      page.length += 4;
    }
    page.append(blob);
  }
}
