/**
 * RLE_DICTIONARY: the distinct values once, then a code per value. Finding the distinct values is a hash table over
 * bit patterns, so that NaN and the two zeros come back as they were.
 */
import type { PageBuffer } from './page-buffer.ts';
import type { Blobs, PhysicalValues } from './physical-values.ts';
import { codeBitWidth, writePacked, writeRuns } from './rle-hybrid.ts';
import { scratch } from './scratch.ts';

/** Codes have 16 bits. */
export const LARGEST_DICTIONARY = 65_536;

/** Look-ahead after which a column that is distinct more often than not is given up. */
const PROBE_VALUES = 8192;

export interface Dictionary {
  readonly codes: Uint16Array;
  /** Distinct values, in the order they first appear. */
  readonly distinct: PhysicalValues;
  readonly distinctCount: number;
  /** Stretches of equal neighbours. */
  readonly runCount: number;
}

/**
 * The dictionary of up to `limit` distinct values, or undefined above that; with `probe`, also when over half of the
 * first 8,192 are distinct. 1 to 4 ns a value. The result lies in working memory until the next column.
 */
export function buildDictionary(
  values: PhysicalValues,
  limit: number,
  probe: boolean,
): Dictionary | undefined {
  if (values.kind === 'boolean') return undefined;
  const codes = new Uint16Array(scratch('codes', 2 * values.values.length), 0, values.values.length);
  if (values.kind === 'blobs') return blobDictionary(values, limit, codes);
  const is32Bit = values.kind === 'int32' || values.kind === 'float';
  const { buffer, byteOffset, length } = values.values;
  const words = new Int32Array(buffer, byteOffset, is32Bit ? length : 2 * length);
  const tableBits = 1 + codeBitWidth(limit);
  const table: HashTable = {
    slots: new Int32Array(scratch('dictionaryTable', 4 << tableBits), 0, 1 << tableBits).fill(-1),
    shift: 32 - tableBits,
    words: new Int32Array(scratch('dictionaryValues', 8 * limit)),
    count: 0,
    limit,
    runCount: 0,
    lastCode: -1,
  };
  const encode = is32Bit ? encodeWords : encodePairs;
  const probed = probe ? Math.min(length, PROBE_VALUES) : 0;
  if (!encode(table, words, codes, 0, probed) || table.count * 2 > Math.max(probed, 64)) return undefined;
  if (!encode(table, words, codes, probed, length)) return undefined;
  const distinct = distinctValues(values.kind, table);
  return { codes, distinct, distinctCount: table.count, runCount: table.runCount };
}

interface HashTable {
  /** Code at each slot, -1 where free; a power of two of them, at least twice the limit. */
  readonly slots: Int32Array;
  readonly shift: number;
  /** The distinct values' bits: a word or two each. */
  readonly words: Int32Array;
  readonly limit: number;
  count: number;
  runCount: number;
  lastCode: number;
}

function encodeWords(
  table: HashTable,
  words: Int32Array,
  codes: Uint16Array,
  start: number,
  end: number,
): boolean {
  const { slots, shift, words: known, limit } = table;
  const mask = slots.length - 1;
  let { count, runCount, lastCode } = table;
  let last = lastCode < 0 ? ~words[start] : known[lastCode];
  for (let i = start; i < end; i++) {
    const word = words[i];
    if (word !== last) {
      last = word;
      runCount++;
      let slot = Math.imul(word, 0x9e3779b1) >>> shift;
      let code = slots[slot];
      while (code >= 0 && known[code] !== word) {
        slot = (slot + 1) & mask;
        code = slots[slot];
      }
      if (code < 0) {
        if (count === limit) return false;
        code = count++;
        slots[slot] = code;
        known[code] = word;
      }
      lastCode = code;
    }
    codes[i] = lastCode;
  }
  table.count = count;
  table.runCount = runCount;
  table.lastCode = lastCode;
  return true;
}

function encodePairs(
  table: HashTable,
  words: Int32Array,
  codes: Uint16Array,
  start: number,
  end: number,
): boolean {
  const { slots, shift, words: known, limit } = table;
  const mask = slots.length - 1;
  let { count, runCount, lastCode } = table;
  let lastLow = lastCode < 0 ? ~words[2 * start] : known[2 * lastCode];
  let lastHigh = lastCode < 0 ? 0 : known[2 * lastCode + 1];
  for (let i = start; i < end; i++) {
    const low = words[2 * i];
    const high = words[2 * i + 1];
    if (low !== lastLow || high !== lastHigh) {
      lastLow = low;
      lastHigh = high;
      runCount++;
      let slot = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> shift;
      let code = slots[slot];
      while (code >= 0 && (known[2 * code] !== low || known[2 * code + 1] !== high)) {
        slot = (slot + 1) & mask;
        code = slots[slot];
      }
      if (code < 0) {
        if (count === limit) return false;
        code = count++;
        slots[slot] = code;
        known[2 * code] = low;
        known[2 * code + 1] = high;
      }
      lastCode = code;
    }
    codes[i] = lastCode;
  }
  table.count = count;
  table.runCount = runCount;
  table.lastCode = lastCode;
  return true;
}

function distinctValues(
  kind: Exclude<PhysicalValues['kind'], 'boolean' | 'blobs'>,
  table: HashTable,
): PhysicalValues {
  const { buffer } = table.words;
  switch (kind) {
    case 'int32':
      return { kind, values: new Int32Array(buffer, 0, table.count) };
    case 'float':
      return { kind, values: new Float32Array(buffer, 0, table.count) };
    case 'bigint64':
      return { kind, values: new BigInt64Array(buffer, 0, table.count) };
    default:
      return { kind, values: new Float64Array(buffer, 0, table.count) };
  }
}

function blobDictionary(blobs: Blobs, limit: number, codes: Uint16Array): Dictionary | undefined {
  if (blobs.distinct.length > limit) return undefined;
  let runCount = 0;
  let last = -1;
  for (let i = 0; i < codes.length; i++) {
    const code = blobs.values[i];
    if (code !== last) {
      runCount++;
      last = code;
    }
    codes[i] = code;
  }
  const distinctCount = blobs.distinct.length;
  const each = Int32Array.from({ length: distinctCount }, (_, code) => code);
  return { codes, distinct: { ...blobs, values: each }, distinctCount, runCount };
}

/** Bytes of all codes bit-packed without a gap. */
export function packedByteLength(dictionary: Dictionary): number {
  return Math.ceil((dictionary.codes.length * codeBitWidth(dictionary.distinctCount)) / 8);
}

/** Bytes of all codes as repeats, about. */
export function runsByteLength(dictionary: Dictionary): number {
  return dictionary.runCount * (dictionary.distinctCount > 256 ? 3.5 : 2.5);
}

/** Appends codes [start, end) bit-packed without a gap: the smallest without compression where runs are short. */
export function writeCodesPacked(page: PageBuffer, dictionary: Dictionary, start: number, end: number): void {
  const bitWidth = codeBitWidth(dictionary.distinctCount);
  page.reserve(1);
  page.byte(bitWidth);
  writePacked(page, dictionary.codes, start, end, bitWidth);
}

/** Appends codes [start, end) in whole bytes, as bit-packed values of width 8 or 16: what zstd can work on. */
export function writeCodesWhole(page: PageBuffer, dictionary: Dictionary, start: number, end: number): void {
  const { codes } = dictionary;
  const bitWidth = dictionary.distinctCount <= 256 ? 8 : 16;
  const groupCount = Math.ceil((end - start) / 8);
  page.reserve(16 + groupCount * bitWidth);
  page.byte(bitWidth);
  page.varint(groupCount * 2 + 1);
  const last = page.length + groupCount * bitWidth;
  if (bitWidth === 16) page.append(new Uint8Array(codes.buffer, 2 * start, 2 * (end - start)));
  else {
    const { bytes, length } = page;
    for (let i = start; i < end; i++) bytes[length + i - start] = codes[i];
    page.length += end - start;
  }
  page.bytes.fill(0, page.length, last);
  page.length = last;
}

/** Appends codes [start, end) as runs where they repeat. */
export function writeCodesAsRuns(page: PageBuffer, dictionary: Dictionary, start: number, end: number): void {
  const { codes } = dictionary;
  const runCodes = new Int32Array(scratch('runCodes', 4 * (end - start)));
  const runLengths = new Int32Array(scratch('runLengths', 4 * (end - start)));
  let runCount = 0;
  for (let i = start; i < end; ) {
    const code = codes[i];
    const first = i;
    do i++;
    while (i < end && codes[i] === code);
    runCodes[runCount] = code;
    runLengths[runCount++] = i - first;
  }
  const bitWidth = codeBitWidth(dictionary.distinctCount);
  page.reserve(1);
  page.byte(bitWidth);
  writeRuns(page, runCodes, runLengths, runCount, bitWidth);
}
