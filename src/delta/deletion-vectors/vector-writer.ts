import { crc32 } from 'node:zlib';
import type { Storage } from '../../storage/index.ts';
import type { DeletionVector } from '../actions.ts';
import { encodeBase85 } from './base85.ts';
import { encodeRoaring } from './roaring-bitmap.ts';

/** The first byte of a file of vectors. */
const FORMAT_VERSION = 1;
/** A single vector of up to so many bytes lies in the log: less than the name of a file and its two round trips. */
const MOST_INLINE_BYTES = 64;

interface Pending {
  readonly bitmap: Uint8Array;
  readonly cardinality: number;
}

/**
 * Writes sets of row numbers (ascending, from 0) as deletion vectors, all in one file, durably; a small one by itself
 * into the log. No version names them yet. Row numbers cost two bytes each, or a bit where they lie close.
 */
export class VectorWriter {
  readonly #storage: Storage;
  readonly #uuid: string;
  readonly #pending: Pending[] = [];

  constructor(storage: Storage, uuid: string) {
    this.#storage = storage;
    this.#uuid = uuid;
  }

  /** The place of the vector among those that `finish` gives. */
  add(rows: ArrayLike<number>): number {
    this.#pending.push({ bitmap: encodeRoaring(rows), cardinality: rows.length });
    return this.#pending.length - 1;
  }

  async finish(): Promise<DeletionVector[]> {
    const [only] = this.#pending;
    if (only === undefined) return [];
    if (this.#pending.length === 1 && only.bitmap.length <= MOST_INLINE_BYTES) return [inline(only)];
    const pathOrInlineDv = encodeBase85(Buffer.from(this.#uuid.replaceAll('-', ''), 'hex'));
    const pieces: Uint8Array[] = [Uint8Array.of(FORMAT_VERSION)];
    let offset = 1;
    const vectors = this.#pending.map(({ bitmap, cardinality }): DeletionVector => {
      const frame = new DataView(new ArrayBuffer(8));
      frame.setInt32(0, bitmap.length);
      frame.setUint32(4, crc32(bitmap));
      pieces.push(new Uint8Array(frame.buffer, 0, 4), bitmap, new Uint8Array(frame.buffer, 4, 4));
      const vector = { storageType: 'u', pathOrInlineDv, offset, sizeInBytes: bitmap.length, cardinality };
      offset += bitmap.length + frame.byteLength;
      return vector;
    });
    await this.#storage.write(`deletion_vector_${this.#uuid}.bin`, pieces);
    return vectors;
  }
}

function inline({ bitmap, cardinality }: Pending): DeletionVector {
  return {
    storageType: 'i',
    pathOrInlineDv: encodeBase85(bitmap),
    sizeInBytes: bitmap.length,
    cardinality,
  };
}
