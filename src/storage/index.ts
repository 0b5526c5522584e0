import { fileURLToPath } from 'node:url';
import { BarlineError } from '../base/index.ts';
import { LocalStorage } from './local-storage.ts';
import type { Storage } from './storage.ts';

export { byteOrder } from './byte-order.ts';
export { LocalStorage } from './local-storage.ts';
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

/** The storage a URI names: a path, or `file:///…`. `writer` marks its temporary files. */
export function openStorage(uri: string, options: { readonly writer?: string } = {}): Storage {
  if (uri.startsWith('file:')) return new LocalStorage(fileURLToPath(uri), options);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(uri)?.[1];
  if (scheme !== undefined) {
    throw new BarlineError({
      code: 'STORAGE_UNKNOWN_SCHEME',
      message: `cannot open ${uri}: expected a path or file://, found ${scheme}://`,
      hint: 'copy the files to a local folder and name that',
      exitCode: 2,
      facts: { uri, scheme },
    });
  }
  return new LocalStorage(uri, options);
}
