import { BarlineError } from '../base/errors.ts';
import { S3Bucket, type S3Traffic } from './s3-bucket.ts';
import type { S3Connection } from './s3-connection.ts';
import { downloadObject } from './s3-download.ts';
import { listFolders, listObjects, listUploads, type UnfinishedUpload } from './s3-list.ts';
import { locationUri, objectKey, parseS3Uri } from './s3-location.ts';
import { abortUpload, uploadPieces } from './s3-upload.ts';
import {
  type FileEntry,
  type ListOptions,
  type Pieces,
  type Storage,
  type StorageCapabilities,
  TEMPORARY_PREFIX,
} from './storage.ts';
import { isStorageError } from './storage-error.ts';

const PROBING_WRITERS = 4;

/** A prefix of a bucket, at AWS or any server that speaks S3. */
export class S3Storage implements Storage {
  readonly uri: string;
  readonly #bucket: S3Bucket;

  constructor(uri: string, connection: S3Connection) {
    const location = parseS3Uri(uri);
    this.uri = locationUri(location);
    this.#bucket = new S3Bucket(location, connection);
  }

  /** What has gone over the wire for this root so far. */
  get traffic(): Readonly<S3Traffic> {
    return { ...this.#bucket.traffic };
  }

  get connection(): S3Connection {
    return this.#bucket.connection;
  }

  /**
   * The bucket is asked once in the life of a process: four writers create one object at the same time, and one of
   * them must win. A store that ignores the condition is found out surely, one that only races badly most likely.
   */
  async capabilities(): Promise<StorageCapabilities> {
    const { conditionalPut } = this.#bucket.connection;
    let known = conditionalPut.get(this.#bucket.name);
    if (known === undefined) {
      known = this.#probe();
      conditionalPut.set(this.#bucket.name, known);
      known.catch(() => conditionalPut.delete(this.#bucket.name));
    }
    return { atomicPutIfAbsent: await known, consistentList: true };
  }

  async #probe(): Promise<boolean> {
    const key = objectKey(
      this.#bucket.location,
      `${TEMPORARY_PREFIX}probe-${this.#bucket.connection.world.uuid()}`,
    );
    const bytes = Buffer.from('Barline asks whether an object can be created only if it is missing.\n');
    try {
      const made = await Promise.all(
        Array.from({ length: PROBING_WRITERS }, () => this.#createOrRefused(key, bytes)),
      );
      return made.filter(Boolean).length === 1;
    } finally {
      await this.#bucket.delete(key).catch(() => undefined);
    }
  }

  /** Undefined when the store knows no such condition. */
  async #createOrRefused(key: string, bytes: Uint8Array): Promise<boolean | undefined> {
    try {
      return await this.#bucket.create(key, bytes);
    } catch (error) {
      if (isStorageError(error, 'STORAGE_NOT_SUPPORTED')) return undefined;
      throw error;
    }
  }

  read(path: string): Promise<Uint8Array> {
    return downloadObject(this.#bucket, this.#key(path));
  }

  async readRange(path: string, start: number, end: number): Promise<Uint8Array> {
    if (end <= start) return new Uint8Array();
    return this.#bucket.getRange(this.#key(path), start, end);
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<FileEntry> {
    return listObjects(this.#bucket, prefix, options);
  }

  folders(prefix: string): Promise<string[]> {
    return listFolders(this.#bucket, prefix);
  }

  async stat(path: string): Promise<FileEntry | undefined> {
    const found = await this.#bucket.head(this.#key(path));
    return found && { path, byteLength: found.byteLength, modifiedMs: found.modifiedMs };
  }

  put(path: string, bytes: Uint8Array): Promise<void> {
    return this.#bucket.put(this.#key(path), bytes);
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    const key = this.#key(path);
    if ((await this.capabilities()).atomicPutIfAbsent) return this.#bucket.create(key, bytes);
    // whoever writes here has said that nobody else does
    if ((await this.#bucket.head(key)) !== undefined) return false;
    await this.#bucket.put(key, bytes);
    return true;
  }

  async write(path: string, pieces: Pieces): Promise<FileEntry> {
    const key = this.#key(path);
    const { partByteLength } = this.#bucket.connection.settings;
    const byteLength = await uploadPieces(this.#bucket, key, pieces, partByteLength);
    const written = await this.#bucket.head(key);
    if (written?.byteLength === byteLength) return { path, byteLength, modifiedMs: written.modifiedMs };
    throw new BarlineError({
      code: 'STORAGE_FAILED',
      message: `s3://${this.#bucket.name}/${key} was written with ${byteLength} bytes, and ${
        written === undefined ? 'is not there' : `has ${written.byteLength}`
      }`,
      hint: 'another writer may have replaced or deleted it; run the command again',
    });
  }

  /** Costs a HEAD besides: S3 does not say whether there was something to delete. */
  async delete(path: string): Promise<boolean> {
    const key = this.#key(path);
    if ((await this.#bucket.head(key)) === undefined) return false;
    await this.#bucket.delete(key);
    return true;
  }

  localPath(): undefined {
    return undefined;
  }

  /** Multipart uploads below this root that nobody finished. Those in flight look the same: go by their age. */
  unfinishedUploads(): AsyncIterable<UnfinishedUpload> {
    return listUploads(this.#bucket);
  }

  async abortUpload({ path, uploadId }: UnfinishedUpload): Promise<void> {
    await abortUpload(this.#bucket, this.#key(path), uploadId);
  }

  /** Where uploads may not be listed or given up, they stay: a lifecycle rule of the bucket's is then the only way. */
  async giveUpWrites(begunBeforeMs: number): Promise<number> {
    let count = 0;
    try {
      for await (const upload of this.unfinishedUploads()) {
        if (upload.startedMs >= begunBeforeMs) continue;
        await this.abortUpload(upload);
        count += 1;
      }
    } catch (error) {
      const isRefused =
        isStorageError(error, 'STORAGE_NOT_SUPPORTED') || isStorageError(error, 'STORAGE_ACCESS_DENIED');
      if (!isRefused) throw error;
    }
    return count;
  }

  #key(path: string): string {
    return objectKey(this.#bucket.location, path);
  }
}
