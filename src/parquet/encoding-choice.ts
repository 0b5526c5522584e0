/**
 * Which encoding a column chunk gets. The choice depends on the values alone, so the same rows give the same bytes.
 *
 * `auto` takes, in this order:
 * 1. a dictionary, for up to 16,384 distinct numbers or 65,536 distinct texts that make the column at least a tenth
 *    smaller. Numbers of which half the first 8,192 are distinct are given up there. The codes are written as runs
 *    where neighbours are equal 8 at a time; else in whole bytes under zstd, or packed to the bit without it:
 *    whichever suits the first page;
 * 2. for whole numbers, dates and timestamps, differences, where they make the first 4,096 values a quarter smaller;
 * 3. plain.
 * Zstd is used where it makes the first page a twentieth smaller than without.
 *
 * Byte stream split is not among them: it makes a month of floats some 5 % smaller, and Spark (4.2) refuses to read it
 * unless told to give up its vectorized reader. Ask for it where Spark does not read.
 */
import { writeSplitDoubles, writeSplitFloats } from './encoding-byte-stream-split.ts';
import { deltaFits, WIDEST_STEP, writeDelta } from './encoding-delta.ts';
import {
  buildDictionary,
  codesByteLength,
  type Dictionary,
  LARGEST_DICTIONARY,
  writeCodeRuns,
  writeCodesPacked,
  writeCodesWhole,
} from './encoding-dictionary.ts';
import { plainByteLength, writePlain } from './encoding-plain.ts';
import type { EncodingName } from './page.ts';
import { PageBuffer } from './page-buffer.ts';
import type { PhysicalValues } from './physical-values.ts';
import { writeRuns } from './rle-hybrid.ts';
import type { EncodingChoice } from './schema.ts';
import { scratch } from './scratch.ts';
import type { ColumnStatistics } from './statistics.ts';

const AUTO_DICTIONARY = 16_384;
const DELTA_PROBE_VALUES = 4096;

/** Appends values [start, end) of the chunk to a page. */
export interface ValueEncoder {
  readonly encoding: EncodingName;
  /** The page is whole values of four bytes: what zstd is to look for. */
  readonly fourByteValues?: boolean;
  write(page: PageBuffer, start: number, end: number): void;
}

export interface ChunkEncoding {
  /** The encoder under zstd. */
  readonly compressed: ValueEncoder;
  /** The encoder where zstd does not pay or is not wanted; may be the same. */
  readonly uncompressed: ValueEncoder;
  readonly dictionary: Dictionary | undefined;
  /** Bytes of `count` values by the latter, about; undefined where both are the same. */
  readonly uncompressedByteLength: ((count: number) => number) | undefined;
}

/** The chunk's dictionary, where one is allowed, possible and (for `auto`) worth it. */
export function findDictionary(values: PhysicalValues, choice: EncodingChoice): Dictionary | undefined {
  if ((choice !== 'auto' && choice !== 'dictionary') || values.values.length === 0) return undefined;
  const limit = choice === 'dictionary' || values.kind === 'blobs' ? LARGEST_DICTIONARY : AUTO_DICTIONARY;
  const dictionary = buildDictionary(values, limit, choice === 'auto');
  if (dictionary === undefined || choice === 'dictionary') return dictionary;
  return dictionaryPays(values, dictionary) ? dictionary : undefined;
}

/** Chooses for one chunk; `choice` other than `auto` is followed unless it cannot be (schema.ts says when). */
export function chooseEncoding(
  values: PhysicalValues,
  choice: EncodingChoice,
  dictionary: Dictionary | undefined,
  { min, max }: ColumnStatistics,
): ChunkEncoding {
  if (dictionary !== undefined) return dictionaryEncoding(dictionary);
  if (choice === 'rle' && values.kind === 'boolean') return alone(booleanRunsEncoder(values.values));
  const special =
    choice === 'byte_stream_split'
      ? splitEncoder(values)
      : choice === 'delta' || choice === 'auto'
        ? deltaEncoder(values, choice === 'auto', Number(max) - Number(min))
        : undefined;
  return alone(special ?? plainEncoder(values));
}

function alone(encoder: ValueEncoder, dictionary?: Dictionary): ChunkEncoding {
  return { compressed: encoder, uncompressed: encoder, dictionary, uncompressedByteLength: undefined };
}

function dictionaryPays(values: PhysicalValues, dictionary: Dictionary): boolean {
  const { distinct, distinctCount } = dictionary;
  const withDictionary = plainByteLength(distinct, 0, distinctCount) + codesByteLength(dictionary);
  return withDictionary < 0.9 * plainByteLength(values, 0, values.values.length);
}

function dictionaryEncoding(dictionary: Dictionary): ChunkEncoding {
  const encoder = (write: ValueEncoder['write']): ValueEncoder => ({ encoding: 'RLE_DICTIONARY', write });
  const { runStarts, valueCount } = dictionary;
  if (runStarts !== undefined) {
    const runs = encoder((page, start, end) => writeCodeRuns(page, dictionary, runStarts, start, end));
    return alone(runs, dictionary);
  }
  return {
    compressed: encoder((page, start, end) => writeCodesWhole(page, dictionary, start, end)),
    uncompressed: encoder((page, start, end) => writeCodesPacked(page, dictionary, start, end)),
    dictionary,
    uncompressedByteLength: (count) => (codesByteLength(dictionary) * count) / valueCount,
  };
}

function plainEncoder(values: PhysicalValues): ValueEncoder {
  return {
    encoding: 'PLAIN',
    fourByteValues: values.kind === 'float' || values.kind === 'int32',
    write: (page, start, end) => writePlain(page, values, start, end),
  };
}

function splitEncoder(values: PhysicalValues): ValueEncoder | undefined {
  const encoding = 'BYTE_STREAM_SPLIT';
  if (values.kind === 'float') {
    return { encoding, write: (page, start, end) => writeSplitFloats(page, values.values, start, end) };
  }
  if (values.kind === 'double') {
    return { encoding, write: (page, start, end) => writeSplitDoubles(page, values.values, start, end) };
  }
  return undefined;
}

/** `span`: how far the values lie apart. */
function deltaEncoder(values: PhysicalValues, probe: boolean, span: number): ValueEncoder | undefined {
  if (values.kind !== 'int32' && values.kind !== 'int64' && values.kind !== 'bigint64') return undefined;
  if (span >= WIDEST_STEP && !deltaFits(values)) return undefined;
  if (probe) {
    const count = Math.min(DELTA_PROBE_VALUES, values.values.length);
    const page = new PageBuffer();
    writeDelta(page, values, 0, count);
    if (page.length >= 0.75 * plainByteLength(values, 0, count)) return undefined;
  }
  return {
    encoding: 'DELTA_BINARY_PACKED',
    write: (page, start, end) => writeDelta(page, values, start, end),
  };
}

function booleanRunsEncoder(values: Uint8Array): ValueEncoder {
  return { encoding: 'RLE', write: (page, start, end) => writeBooleanRuns(page, values, start, end) };
}

/** RLE values of a version 1 page: their byte length in four bytes, then runs. */
function writeBooleanRuns(page: PageBuffer, values: Uint8Array, start: number, end: number): void {
  const runCodes = new Int32Array(scratch('runCodes', 4 * (end - start)));
  const runLengths = new Int32Array(scratch('runLengths', 4 * (end - start)));
  let runCount = 0;
  for (let i = start; i < end; ) {
    const code = values[i] === 0 ? 0 : 1;
    const first = i;
    do i++;
    while (i < end && (values[i] === 0 ? 0 : 1) === code);
    runCodes[runCount] = code;
    runLengths[runCount++] = i - first;
  }
  page.reserve(4);
  const lengthAt = page.length;
  page.length += 4;
  writeRuns(page, runCodes, runLengths, runCount, 1);
  page.uint32(lengthAt, page.length - lengthAt - 4);
}
