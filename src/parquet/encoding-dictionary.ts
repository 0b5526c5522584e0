/**
 * RLE_DICTIONARY: the distinct values once, then a code per value. Finding the distinct values is a hash table over
 * bit patterns, so that NaN and the two zeros come back as they were.
 */
import { KERNEL_BLOCK } from './kernel-block.ts';
import type { PageBuffer } from './page-buffer.ts';
import type { PhysicalValues } from './physical-values.ts';
import { codeBitWidth, writePacked, writeRuns } from './rle-hybrid.ts';
import { findRunStarts, runAt, seldomChanges, wordsAt } from './runs.ts';
import { scratch } from './scratch.ts';

/** Codes have 16 bits. */
export const LARGEST_DICTIONARY = 65_536;

// Odd multipliers that spread a word's low bits over its high ones: 2^32 over the golden ratio, and murmur3's.
const HASH_FACTOR = 0x9e3779b1 | 0;
const HIGH_FACTOR = 0x85ebca6b | 0;

/** Look-ahead after which a column that is distinct more often than not is given up. */
const PROBE_VALUES = 8192;

/** Slots of a table at first: 32 kB, as much as stays near the processor. It doubles when half full. */
const FIRST_SLOTS = 8192;

/** As `KERNEL_BLOCK`, of runs, which are fewer. */
const RUN_BLOCK = 1024;

export interface Dictionary {
  /** In the order they first appear. */
  readonly distinct: PhysicalValues;
  readonly distinctCount: number;
  /** A code per value, or per run where there are runs. */
  readonly codes: Uint16Array;
  /** Where each stretch of equal neighbours starts, in a column that seldom changes. */
  readonly runStarts: Int32Array | undefined;
  readonly valueCount: number;
}

/**
 * The dictionary of up to `limit` distinct values, or undefined above that; with `probe`, also when over half of the
 * first 8,192 are distinct. 2 ns a value, 1 ns where neighbours are mostly equal. The result lies in working memory
 * until the next column.
 */
export function buildDictionary(
  values: PhysicalValues,
  limit: number,
  probe: boolean,
): Dictionary | undefined {
  if (values.kind === 'boolean') return undefined;
  const valueCount = values.values.length;
  const wordsPerValue = values.kind === 'int32' || values.kind === 'float' || values.kind === 'blobs' ? 1 : 2;
  const all = new Int32Array(values.values.buffer, values.values.byteOffset, wordsPerValue * valueCount);
  const runStarts = seldomChanges(all, wordsPerValue) ? findRunStarts(all, wordsPerValue) : undefined;
  const words = runStarts === undefined ? all : wordsAt(all, wordsPerValue, runStarts);
  const codeCount = words.length / wordsPerValue;
  const codes = new Uint16Array(scratch('codes', 2 * codeCount), 0, codeCount);
  const rest = { codes, runStarts, valueCount };
  if (values.kind === 'blobs') {
    const distinctCount = values.distinct.length;
    if (distinctCount > limit) return undefined;
    codes.set(words);
    const each = Int32Array.from({ length: distinctCount }, (_, code) => code);
    return { distinct: { ...values, values: each }, distinctCount, ...rest };
  }
  const table = encodeAll(words, wordsPerValue, codes, limit, probe && runStarts === undefined);
  if (table === undefined) return undefined;
  return { distinct: distinctValues(values.kind, table), distinctCount: table.count, ...rest };
}

/** Gives every value its code; undefined where there are too many distinct ones. */
function encodeAll(
  words: Int32Array,
  wordsPerValue: 1 | 2,
  codes: Uint16Array,
  limit: number,
  probe: boolean,
): HashTable | undefined {
  const table = emptyTable(limit);
  const encode = wordsPerValue === 1 ? encodeWords : encodePairs;
  for (let start = 0; start < codes.length; start += KERNEL_BLOCK) {
    const end = Math.min(codes.length, start + KERNEL_BLOCK);
    for (let at = start; at < end; ) {
      at = encode(table, words, codes, at, end);
      if (at < end && table.count === limit) return undefined;
      if (at < end) growTable(table, wordsPerValue === 1);
    }
    const mostlyDistinct = 2 * table.count > Math.min(codes.length, PROBE_VALUES);
    if (probe && start === 0 && codes.length > 64 && mostlyDistinct) return undefined;
  }
  return table;
}

interface HashTable {
  /** Code at each slot, -1 where free; a power of two of them. */
  slots: Int32Array;
  shift: number;
  /** Most values before the table has to grow or is full. */
  room: number;
  /** The distinct values' bits: a word or two each. */
  readonly known: Int32Array;
  readonly limit: number;
  count: number;
}

function emptyTable(limit: number): HashTable {
  const known = new Int32Array(scratch('dictionaryValues', 8 * limit));
  const table = { slots: known, shift: 0, room: 0, known, limit, count: 0 };
  resizeTable(table, FIRST_SLOTS);
  return table;
}

function resizeTable(table: HashTable, slotCount: number): void {
  table.slots = new Int32Array(scratch('dictionaryTable', 4 * slotCount), 0, slotCount).fill(-1);
  table.shift = 1 + Math.clz32(slotCount);
  table.room = Math.min(table.limit, slotCount / 2);
}

function growTable(table: HashTable, is32Bit: boolean): void {
  const { known, count } = table;
  resizeTable(table, 2 * table.slots.length);
  const { slots, shift } = table;
  for (let code = 0; code < count; code++) {
    let slot = (is32Bit ? hashWord(known[code]) : hashPair(known[2 * code], known[2 * code + 1])) >>> shift;
    while (slots[slot] >= 0) slot = (slot + 1) & (slots.length - 1);
    slots[slot] = code;
  }
}

function hashWord(word: number): number {
  return Math.imul(word, HASH_FACTOR);
}

function hashPair(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, HIGH_FACTOR), HASH_FACTOR);
}

/**
 * Codes for words [start, end); returns the first without one, where a new value found the table full.
 * The inner loop has only values found at once, which is nearly all of them.
 */
function encodeWords(
  table: HashTable,
  words: Int32Array,
  codes: Uint16Array,
  start: number,
  end: number,
): number {
  const { slots, shift, known, room } = table;
  const mask = slots.length - 1;
  for (let i = start; i < end; i++) {
    for (; i < end; i++) {
      const word = words[i];
      const code = slots[hashWord(word) >>> shift];
      if (code < 0 || known[code] !== word) break;
      codes[i] = code;
    }
    if (i === end) break;
    const word = words[i];
    let slot = hashWord(word) >>> shift;
    while (slots[slot] >= 0 && known[slots[slot]] !== word) slot = (slot + 1) & mask;
    if (slots[slot] < 0) {
      if (table.count === room) return i;
      known[table.count] = word;
      slots[slot] = table.count++;
    }
    codes[i] = slots[slot];
  }
  return end;
}

/** The same for values of 64 bits, low word first. */
function encodePairs(
  table: HashTable,
  words: Int32Array,
  codes: Uint16Array,
  start: number,
  end: number,
): number {
  const { slots, shift, known, room } = table;
  const mask = slots.length - 1;
  for (let i = start; i < end; i++) {
    for (; i < end; i++) {
      const low = words[2 * i];
      const high = words[2 * i + 1];
      const code = slots[hashPair(low, high) >>> shift];
      if (code < 0 || known[2 * code] !== low || known[2 * code + 1] !== high) break;
      codes[i] = code;
    }
    if (i === end) break;
    const low = words[2 * i];
    const high = words[2 * i + 1];
    let slot = hashPair(low, high) >>> shift;
    let code = slots[slot];
    while (code >= 0 && (known[2 * code] !== low || known[2 * code + 1] !== high)) {
      slot = (slot + 1) & mask;
      code = slots[slot];
    }
    if (code < 0) {
      if (table.count === room) return i;
      code = table.count++;
      known[2 * code] = low;
      known[2 * code + 1] = high;
      slots[slot] = code;
    }
    codes[i] = code;
  }
  return end;
}

function distinctValues(
  kind: Exclude<PhysicalValues['kind'], 'boolean' | 'blobs'>,
  table: HashTable,
): PhysicalValues {
  const { buffer } = table.known;
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

/** Bytes of all codes, about. */
export function codesByteLength({ codes, runStarts, distinctCount }: Dictionary): number {
  if (runStarts !== undefined) return codes.length * (distinctCount > 256 ? 3.5 : 2.5);
  return Math.ceil((codes.length * codeBitWidth(distinctCount)) / 8);
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
    for (let from = start; from < end; from += KERNEL_BLOCK) {
      const to = Math.min(end, from + KERNEL_BLOCK);
      narrow(codes, from, to, page.bytes, page.length);
      page.length += to - from;
    }
  }
  page.bytes.fill(0, page.length, last);
  page.length = last;
}

function narrow(codes: Uint16Array, start: number, end: number, bytes: Uint8Array, position: number): void {
  const shift = position - start;
  for (let i = start; i < end; i++) bytes[shift + i] = codes[i];
}

/** Appends the codes of values [start, end), which come in runs. */
export function writeCodeRuns(
  page: PageBuffer,
  { codes, distinctCount, valueCount }: Dictionary,
  runStarts: Int32Array,
  start: number,
  end: number,
): void {
  const runCodes = new Int32Array(scratch('runCodes', 4 * codes.length));
  const runLengths = new Int32Array(scratch('runLengths', 4 * codes.length));
  const firstRun = runAt(runStarts, start);
  const endRun = end === valueCount ? codes.length : runAt(runStarts, end - 1) + 1;
  for (let from = firstRun; from < endRun; from += RUN_BLOCK) {
    const to = Math.min(endRun, from + RUN_BLOCK);
    takeRuns(codes, runStarts, from, to, runCodes, runLengths, firstRun);
  }
  const runCount = endRun - firstRun;
  const lastStart = Math.max(start, runStarts[endRun - 1]);
  runLengths[runCount - 1] = end - lastStart;
  if (runCount > 1) runLengths[0] = runStarts[firstRun + 1] - start;
  const bitWidth = codeBitWidth(distinctCount);
  page.reserve(1);
  page.byte(bitWidth);
  writeRuns(page, runCodes, runLengths, runCount, bitWidth);
}

/** The codes and lengths of runs [from, to); of the last run of all the length is left to the caller. */
function takeRuns(
  codes: Uint16Array,
  runStarts: Int32Array,
  from: number,
  to: number,
  runCodes: Int32Array,
  runLengths: Int32Array,
  firstRun: number,
): void {
  for (let run = from; run < to; run++) {
    runCodes[run - firstRun] = codes[run];
    runLengths[run - firstRun] = (run + 1 < runStarts.length ? runStarts[run + 1] : 0) - runStarts[run];
  }
}
