import { openStorage, type Storage } from '../storage/index.ts';
import { absoluteLocalPath, decodePath, isAbsolutePath } from './paths.ts';

/** A file and the storage it lies in. */
export interface LocatedFile {
  readonly storage: Storage;
  readonly path: string;
}

/** Where a path of the log leads: mostly into the table's own storage, but an absolute one may lead elsewhere. */
export function locateFile(storage: Storage, logPath: string): LocatedFile {
  if (!isAbsolutePath(logPath)) return { storage, path: decodePath(logPath) };
  const local = absoluteLocalPath(logPath);
  if (local !== undefined) return { storage: openStorage('/'), path: local.slice(1) };
  const [, root = '', path = ''] = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)\/?(.*)$/i.exec(logPath) ?? [];
  return { storage: openStorage(root), path: decodePath(path) };
}
