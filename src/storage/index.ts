import { fileURLToPath } from 'node:url';
import { BarlineError } from '../base/index.ts';
import { LocalStorage } from './local-storage.ts';
import { environmentConnection, S3Connection } from './s3-connection.ts';
import { isS3Uri } from './s3-location.ts';
import type { S3Settings } from './s3-settings.ts';
import { S3Storage } from './s3-storage.ts';
import type { Storage } from './storage.ts';

export { byteOrder } from './byte-order.ts';
export { LocalStorage } from './local-storage.ts';
export type { S3Traffic } from './s3-bucket.ts';
export { S3Connection, type S3World } from './s3-connection.ts';
export type { UnfinishedUpload } from './s3-list.ts';
export { isS3Uri } from './s3-location.ts';
export { type S3Credentials, type S3Settings, s3SettingsFrom } from './s3-settings.ts';
export { S3Storage } from './s3-storage.ts';
export {
  type FileEntry,
  isTemporaryPath,
  type ListOptions,
  type Pieces,
  type Storage,
  type StorageCapabilities,
  TEMPORARY_PREFIX,
} from './storage.ts';
export { isStorageError, type StorageErrorCode } from './storage-error.ts';

export interface OpenOptions {
  /** Marks temporary files as this writer's. */
  readonly writer?: string;
  /** How an object store is reached; by default what the environment says (`AWS_…`). */
  readonly s3?: S3Settings;
}

/**
 * The storage a URI names: a path, `file:///…`, or `s3://bucket/prefix`. Makes no request and reads nothing: a root
 * that is not there shows when it is used.
 */
export function openStorage(uri: string, options: OpenOptions = {}): Storage {
  if (uri.startsWith('file:')) return new LocalStorage(fileURLToPath(uri), options);
  if (isS3Uri(uri)) {
    const { s3 } = options;
    return new S3Storage(uri, s3 === undefined ? environmentConnection(process.env) : new S3Connection(s3));
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(uri)?.[1];
  if (scheme !== undefined) {
    throw new BarlineError({
      code: 'STORAGE_UNKNOWN_SCHEME',
      message: `cannot open ${uri}: expected a path, file:// or s3://, found ${scheme}://`,
      hint: 'copy the files to a local folder and name that',
      exitCode: 2,
      facts: { uri, scheme },
    });
  }
  return new LocalStorage(uri, options);
}

/** Requests to object stores that had to be tried again so far, over the connections of these roots. */
export function retriedRequests(roots: Iterable<Storage>): number {
  const connections = new Set<S3Connection>();
  for (const root of roots) if (root instanceof S3Storage) connections.add(root.connection);
  return [...connections].reduce((sum, { retryCount }) => sum + retryCount, 0);
}
