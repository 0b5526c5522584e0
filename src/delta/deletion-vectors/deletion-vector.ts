import { crc32 } from 'node:zlib';
import { isStorageError, type Storage } from '../../storage/index.ts';
import type { DeletionVector } from '../actions.ts';
import { deltaError } from '../delta-error.ts';
import { type LocatedFile, locateFile } from '../located-file.ts';
import { decodeBase85 } from './base85.ts';
import { BitmapError, decodeRoaring } from './roaring-bitmap.ts';

/** Length before the bitmap and checksum after it, in a file. */
const FRAME_BYTES = 8;
const UUID_CHARACTERS = 20;

/**
 * Numbers of the rows a vector marks as deleted, ascending, from 0. Inline vectors cost no read, those in a file one
 * range. `DELTA_BAD_DELETION_VECTOR` names the file and what is wrong: missing, cut short, another checksum, another
 * number of rows.
 */
export async function readDeletionVector(
  storage: Storage,
  vector: DeletionVector,
  dataFile: string,
): Promise<Float64Array> {
  const { name, bytes } = await vectorBytes(storage, vector, dataFile);
  let rows: Float64Array;
  try {
    rows = decodeRoaring(bytes);
  } catch (error) {
    if (error instanceof BitmapError) throw bad(storage, name, dataFile, error.message);
    throw error;
  }
  if (rows.length === vector.cardinality) return rows;
  const counts = `holds ${rows.length} rows, the log says ${vector.cardinality}`;
  throw bad(storage, name, dataFile, counts);
}

/** The file a vector lies in; undefined for an inline one, and for one whose name is of no known kind. */
export function vectorFile(storage: Storage, vector: DeletionVector): LocatedFile | undefined {
  if (vector.storageType === 'p') return locateFile(storage, vector.pathOrInlineDv);
  if (vector.storageType !== 'u') return undefined;
  const prefix = vector.pathOrInlineDv.slice(0, -UUID_CHARACTERS);
  const uuid = decodeBase85(vector.pathOrInlineDv.slice(-UUID_CHARACTERS));
  if (uuid?.length !== 16) return undefined;
  const hex = Buffer.from(uuid).toString('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return { storage, path: `${prefix === '' ? '' : `${prefix}/`}deletion_vector_${groups.join('-')}.bin` };
}

async function vectorBytes(
  storage: Storage,
  vector: DeletionVector,
  dataFile: string,
): Promise<{ name: string; bytes: Uint8Array }> {
  if (vector.storageType === 'i') {
    const name = 'inline';
    const bytes = decodeBase85(vector.pathOrInlineDv);
    if (bytes === undefined) throw bad(storage, name, dataFile, 'is not of base 85');
    if (bytes.length < vector.sizeInBytes)
      throw bad(storage, name, dataFile, `ends after ${bytes.length} bytes`);
    return { name, bytes: bytes.subarray(0, vector.sizeInBytes) };
  }
  const file = vectorFile(storage, vector);
  if (file === undefined) {
    throw bad(
      storage,
      vector.pathOrInlineDv,
      dataFile,
      `is of the unknown storage type ${vector.storageType}`,
    );
  }
  const name = file.storage === storage ? file.path : vector.pathOrInlineDv;
  const start = vector.offset ?? 1;
  const end = start + vector.sizeInBytes + FRAME_BYTES;
  const framed = await file.storage.readRange(file.path, start, end).catch((error: unknown) => {
    if (isStorageError(error, 'STORAGE_NOT_FOUND')) throw bad(storage, name, dataFile, 'is missing', error);
    throw error;
  });
  if (framed.length < vector.sizeInBytes + FRAME_BYTES) {
    throw bad(storage, name, dataFile, `ends at byte ${start + framed.length}`);
  }
  const view = new DataView(framed.buffer, framed.byteOffset, framed.byteLength);
  const byteLength = view.getInt32(0);
  if (byteLength !== vector.sizeInBytes) {
    throw bad(
      storage,
      name,
      dataFile,
      `says ${byteLength} bytes at byte ${start}, the log ${vector.sizeInBytes}`,
    );
  }
  const bytes = framed.subarray(4, 4 + byteLength);
  const checksum = view.getUint32(4 + byteLength);
  if (crc32(bytes) !== checksum) {
    throw bad(storage, name, dataFile, `has another checksum than it says at byte ${start + 4 + byteLength}`);
  }
  return { name, bytes };
}

function bad(storage: Storage, name: string, dataFile: string, why: string, cause?: unknown) {
  return deltaError({
    code: 'DELTA_BAD_DELETION_VECTOR',
    message: `${storage.uri}: the deletion vector ${name} of ${dataFile} ${why}`,
    hint: 'restore the file from a backup, or read a version before the rows were deleted',
    cause,
    facts: { table: storage.uri, file: name, dataFile },
  });
}
