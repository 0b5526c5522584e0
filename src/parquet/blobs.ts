/** Strings, byte strings and long decimals, brought to codes into their distinct values. */
import type { Blobs } from './physical-values.ts';
import { eachValidStretch, type Validity } from './validity.ts';

const utf8 = new TextEncoder();

/** Codes for keys in the order they first appear. */
class Numbering<K> {
  readonly #codes = new Map<K, number>();
  readonly distinct: Uint8Array[] = [];

  /** The code of `key`; `encode` runs the first time a key is seen. */
  code(key: K, encode: () => Uint8Array): number {
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = this.distinct.length;
    this.#codes.set(key, code);
    this.distinct.push(encode());
    return code;
  }
}

export function blobsOfStrings(rows: readonly unknown[]): Blobs | undefined {
  const numbering = new Numbering<string>();
  const codes = new Int32Array(rows.length);
  let count = 0;
  for (const row of rows) {
    if (row === null) continue;
    if (typeof row !== 'string') return undefined;
    codes[count++] = numbering.code(row, () => utf8.encode(row));
  }
  return {
    kind: 'blobs',
    values: codes.subarray(0, count),
    distinct: numbering.distinct,
    fixedByteLength: 0,
  };
}

/** Codes into a caller's list; values that no row uses do not reach the file, nor does the list's order. */
export function blobsOfCodes(
  callerCodes: Int32Array | Uint16Array,
  values: readonly string[],
  validity: Validity,
): Blobs | undefined {
  const numbering = new Numbering<string>();
  const codeOf = new Int32Array(values.length).fill(-1);
  const codes = new Int32Array(callerCodes.length - validity.nullCount);
  let inList = true;
  eachValidStretch(validity, (rowStart, valueStart, length) => {
    for (let i = 0; i < length; i++) {
      const callerCode = callerCodes[rowStart + i];
      if (callerCode >= values.length) {
        inList = false;
        return;
      }
      if (codeOf[callerCode] < 0) {
        const text = values[callerCode];
        codeOf[callerCode] = numbering.code(text, () => utf8.encode(text));
      }
      codes[valueStart + i] = codeOf[callerCode];
    }
  });
  return inList
    ? { kind: 'blobs', values: codes, distinct: numbering.distinct, fixedByteLength: 0 }
    : undefined;
}

export function blobsOfBytes(rows: readonly unknown[]): Blobs | undefined {
  const numbering = new Numbering<string>();
  const codes = new Int32Array(rows.length);
  let count = 0;
  for (const row of rows) {
    if (row === null) continue;
    if (!(row instanceof Uint8Array)) return undefined;
    const key = Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('latin1');
    codes[count++] = numbering.code(key, () => row);
  }
  return {
    kind: 'blobs',
    values: codes.subarray(0, count),
    distinct: numbering.distinct,
    fixedByteLength: 0,
  };
}

/** Big-endian two's complement of `byteLength` bytes each. */
export function blobsOfBigints(rows: readonly bigint[], byteLength: number): Blobs {
  const numbering = new Numbering<bigint>();
  const codes = Int32Array.from(rows, (row) => numbering.code(row, () => bigEndian(row, byteLength)));
  return { kind: 'blobs', values: codes, distinct: numbering.distinct, fixedByteLength: byteLength };
}

/** A whole number in `byteLength` bytes, two's complement, most significant byte first. */
export function bigEndian(value: bigint, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let rest = value;
  for (let i = byteLength - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** The number that `bigEndian` wrote. */
export function fromBigEndian(bytes: Uint8Array): bigint {
  let value = bytes[0] >= 128 ? -1n : 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
