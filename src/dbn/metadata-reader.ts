import type { ByteCursor } from './byte-cursor.ts';
import { DbnError, type DbnFault } from './errors.ts';
import type { DbnMetadata } from './metadata.ts';
import { decodeMetadata } from './metadata-decoder.ts';
import { PRELUDE_BYTES, SHORTEST_LENGTH } from './metadata-layout.ts';
import { isDbnVersion } from './metadata-versions.ts';
import { looksLikeRecord } from './schema.ts';

const MAGIC = [0x44, 0x42, 0x4e];
/** More is taken for a damaged length field: a million mappings take 160 MB. */
export const LARGEST_METADATA_BYTES = 256 * 1024 * 1024;

export interface MetadataBlock {
  readonly metadata: DbnMetadata;
  /** Bytes up to the first record. */
  readonly byteLength: number;
}

/**
 * Reads the metadata at the start of a decoded stream and leaves the cursor at the first record. Throws `DbnError`:
 * `bad_magic`, `unsupported_version`, `bad_metadata`, `truncated_metadata`.
 */
export async function readMetadata(
  cursor: ByteCursor,
  file: string,
  isCompressed: boolean,
): Promise<MetadataBlock> {
  const prelude = await cursor.peek(PRELUDE_BYTES);
  const isDbn = MAGIC.every((byte, i) => i >= prelude.length || prelude[i] === byte);
  if (!isDbn) throw badMagic(file, prelude, isCompressed);
  const version = prelude.length > 3 ? prelude[3] : undefined;
  if (version !== undefined && !isDbnVersion(version)) throw unsupportedVersion(file, version);
  if (prelude.length < PRELUDE_BYTES || version === undefined) {
    throw truncated(file, 0, prelude.length, PRELUDE_BYTES);
  }
  const length = new DataView(prelude.buffer, prelude.byteOffset).getUint32(4, true);
  if (length < SHORTEST_LENGTH) throw badLength(file, 'is too short', `${SHORTEST_LENGTH} or more`, length);
  const byteLength = PRELUDE_BYTES + length;
  const block = await cursor.peek(Math.min(byteLength, LARGEST_METADATA_BYTES));
  if (block.length < byteLength) {
    if (block.length < LARGEST_METADATA_BYTES) throw truncated(file, PRELUDE_BYTES, block.length, byteLength);
    throw badLength(
      file,
      'is beyond any real one',
      `at most ${LARGEST_METADATA_BYTES - PRELUDE_BYTES}`,
      length,
    );
  }
  const metadata = decodeMetadata(block, version, file);
  cursor.skip(byteLength);
  return { metadata, byteLength };
}

function badMagic(file: string, prelude: Uint8Array, isCompressed: boolean): DbnError {
  const isFragment = /\.frag(\.zst)?$/.test(file) || looksLikeRecord(prelude);
  const isMisnamed = !isCompressed && file.endsWith('.zst');
  const fault: Omit<DbnFault, 'problem'> = {
    kind: 'bad_magic',
    at: isMisnamed ? 'file' : 'decoded',
    offset: 0,
    expected: isMisnamed ? 'zstd or "DBN"' : '"DBN"',
    found: `the bytes ${Buffer.from(prelude).toString('hex')}`,
  };
  if (isFragment) {
    const problem = 'this is a DBN fragment: records without metadata';
    const hint =
      'Join the fragments behind the metadata they belong to, or download the data as one DBN file.';
    return new DbnError(file, { ...fault, problem, hint });
  }
  if (isMisnamed) {
    const problem = 'the name says zstd, but this is neither zstd nor DBN';
    return new DbnError(file, { ...fault, problem, hint: 'Check how the file was compressed and named.' });
  }
  const hint = 'Check that this is a Databento .dbn or .dbn.zst file.';
  return new DbnError(file, { ...fault, problem: 'this is no DBN', hint });
}

function unsupportedVersion(file: string, found: number): DbnError {
  return new DbnError(file, {
    kind: 'unsupported_version',
    at: 'decoded',
    offset: 3,
    problem: 'unknown version of DBN',
    expected: '1, 2 or 3',
    found,
    hint: 'A newer file needs a newer Barline; any other number means the file is damaged.',
  });
}

function badLength(file: string, problem: string, expected: string, found: number): DbnError {
  return new DbnError(file, {
    kind: 'bad_metadata',
    at: 'decoded',
    offset: 4,
    problem: `the metadata's length ${problem}`,
    expected,
    found,
    hint: 'The file is damaged, or written by something that does not keep to the format.',
  });
}

function truncated(file: string, offset: number, have: number, need: number): DbnError {
  return new DbnError(file, {
    kind: 'truncated_metadata',
    at: 'decoded',
    offset,
    have,
    need,
    problem: 'the stream ends before its metadata does',
    expected: `${need} bytes`,
    found: `${have}`,
    hint: 'Download the file again.',
  });
}
