/**
 * Which encoding a column chunk gets. The choice depends on the values alone, so the same rows give the same bytes.
 *
 * `auto` takes, in this order:
 * 1. a dictionary, for up to 16,384 distinct values that make the column at least a tenth smaller. Columns of which
 *    half the first 8,192 values are distinct are given up there. The codes are written as runs where that halves
 *    them; else in whole bytes under zstd, or packed to the bit without it: whichever suits the first page;
 * 2. for floats and doubles, byte streams under zstd; plain where that saves less than a tenth;
 * 3. for whole numbers, dates and timestamps, differences, where they make the first 4,096 values a quarter smaller;
 * 4. plain.
 * Zstd is used where it makes the first page a tenth smaller than without.
 */
import { writeSplitDoubles, writeSplitFloats } from './encoding-byte-stream-split.ts';
import { deltaFits, writeDelta } from './encoding-delta.ts';
import {
  buildDictionary,
  type Dictionary,
  LARGEST_DICTIONARY,
  packedByteLength,
  runsByteLength,
  writeCodesAsRuns,
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

const AUTO_DICTIONARY = 16_384;
const DELTA_PROBE_VALUES = 4096;

/** Appends values [start, end) of the chunk to a page. */
export interface ValueEncoder {
  readonly encoding: EncodingName;
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
  if (choice === 'dictionary') return buildDictionary(values, LARGEST_DICTIONARY, false);
  const limit = values.kind === 'blobs' ? LARGEST_DICTIONARY : AUTO_DICTIONARY;
  const dictionary = buildDictionary(values, limit, true);
  return dictionary !== undefined && dictionaryPays(values, dictionary) ? dictionary : undefined;
}

/** Chooses for one chunk; `choice` other than `auto` is followed unless it cannot be (schema.ts says when). */
export function chooseEncoding(
  values: PhysicalValues,
  choice: EncodingChoice,
  dictionary: Dictionary | undefined,
): ChunkEncoding {
  if (dictionary !== undefined) return dictionaryEncoding(dictionary);
  if (choice === 'rle' && values.kind === 'boolean') return alone(booleanRunsEncoder(values.values));
  const plain = plainEncoder(values);
  if (choice === 'byte_stream_split' || choice === 'auto') {
    const split = splitEncoder(values);
    if (split !== undefined && choice !== 'auto') return alone(split);
    if (split !== undefined) {
      const byteLength = (count: number) => plainByteLength(values, 0, count);
      return { compressed: split, uncompressed: plain, dictionary, uncompressedByteLength: byteLength };
    }
  }
  if (choice === 'delta' || choice === 'auto') {
    const delta = deltaEncoder(values, choice === 'auto');
    if (delta !== undefined) return alone(delta);
  }
  return alone(plain);
}

function alone(encoder: ValueEncoder, dictionary?: Dictionary): ChunkEncoding {
  return { compressed: encoder, uncompressed: encoder, dictionary, uncompressedByteLength: undefined };
}

function dictionaryPays(values: PhysicalValues, dictionary: Dictionary): boolean {
  const { distinct, distinctCount } = dictionary;
  const codes = Math.min(packedByteLength(dictionary), runsByteLength(dictionary));
  const withDictionary = plainByteLength(distinct, 0, distinctCount) + codes;
  return withDictionary < 0.9 * plainByteLength(values, 0, values.values.length);
}

function dictionaryEncoding(dictionary: Dictionary): ChunkEncoding {
  const encoder = (write: typeof writeCodesAsRuns): ValueEncoder => ({
    encoding: 'RLE_DICTIONARY',
    write: (page, start, end) => write(page, dictionary, start, end),
  });
  if (2 * runsByteLength(dictionary) < packedByteLength(dictionary)) {
    return alone(encoder(writeCodesAsRuns), dictionary);
  }
  return {
    compressed: encoder(writeCodesWhole),
    uncompressed: encoder(writeCodesPacked),
    dictionary,
    uncompressedByteLength: (count) => (packedByteLength(dictionary) * count) / dictionary.codes.length,
  };
}

function plainEncoder(values: PhysicalValues): ValueEncoder {
  return { encoding: 'PLAIN', write: (page, start, end) => writePlain(page, values, start, end) };
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

function deltaEncoder(values: PhysicalValues, probe: boolean): ValueEncoder | undefined {
  if (values.kind !== 'int32' && values.kind !== 'int64' && values.kind !== 'bigint64') return undefined;
  if (!deltaFits(values)) return undefined;
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
