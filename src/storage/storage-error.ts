import { BarlineError, type ErrorDetails, systemCode } from '../base/index.ts';

export type StorageErrorCode =
  | 'STORAGE_NOT_FOUND'
  | 'STORAGE_NO_SPACE'
  | 'STORAGE_READ_ONLY'
  | 'STORAGE_ACCESS_DENIED'
  | 'STORAGE_NOT_A_FOLDER'
  | 'STORAGE_NOT_A_FILE'
  | 'STORAGE_NAME_TOO_LONG'
  | 'STORAGE_LINK_LOOP'
  | 'STORAGE_TOO_MANY_OPEN_FILES'
  | 'STORAGE_NO_ATOMIC_CREATE'
  | 'STORAGE_BAD_PATH'
  | 'STORAGE_UNKNOWN_SCHEME'
  | 'STORAGE_NOT_SUPPORTED'
  | 'STORAGE_NO_BUCKET'
  | 'STORAGE_NO_CREDENTIALS'
  | 'STORAGE_BAD_CREDENTIALS'
  | 'STORAGE_BAD_ENDPOINT'
  | 'STORAGE_WRONG_REGION'
  | 'STORAGE_CLOCK_SKEW'
  | 'STORAGE_UNREACHABLE'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_FAILED';

export type StorageVerb = 'read' | 'list' | 'write' | 'create' | 'delete';

interface Meaning {
  readonly code: StorageErrorCode;
  readonly says: string;
  readonly hint?: string;
}

const DENIED: Meaning = {
  code: 'STORAGE_ACCESS_DENIED',
  says: 'access is denied',
  hint: 'check the owner and the permissions of the path and of the folders above it',
};
const READ_ONLY: Meaning = {
  code: 'STORAGE_READ_ONLY',
  says: 'writing is not permitted there',
  hint: 'check the permissions of the folder, and whether its file system is mounted read-only',
};
const NO_SPACE: Meaning = {
  code: 'STORAGE_NO_SPACE',
  says: 'no space is left',
  hint: 'free some space (df shows which file system is full) and run the command again; nothing was lost',
};
const TOO_MANY_OPEN: Meaning = {
  code: 'STORAGE_TOO_MANY_OPEN_FILES',
  says: 'too many files are open',
  hint: 'raise the limit with ulimit -n',
};

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'STORAGE_NOT_FOUND', says: 'there is no such file' },
  ENOSPC: NO_SPACE,
  EDQUOT: { ...NO_SPACE, says: 'the disk quota is used up' },
  EROFS: READ_ONLY,
  EACCES: DENIED,
  EPERM: DENIED,
  ENOTDIR: { code: 'STORAGE_NOT_A_FOLDER', says: 'a part of the path is a file, not a folder' },
  EISDIR: { code: 'STORAGE_NOT_A_FILE', says: 'it is a folder, not a file' },
  ENAMETOOLONG: { code: 'STORAGE_NAME_TOO_LONG', says: 'the name is longer than the file system allows' },
  ELOOP: {
    code: 'STORAGE_LINK_LOOP',
    says: 'its symbolic links lead in a circle',
    hint: 'remove the link, and restore the file or folder that it stood for',
  },
  EMFILE: TOO_MANY_OPEN,
  ENFILE: TOO_MANY_OPEN,
};

/** A failure of the file system as a `BarlineError` that names the path; other errors come back unchanged. */
export function storageError(error: unknown, verb: StorageVerb, location: string): unknown {
  const system = systemCode(error);
  if (error instanceof BarlineError || system === undefined || !/^E[A-Z0-9]+$/.test(system)) return error;
  const writing = verb === 'write' || verb === 'create' || verb === 'delete';
  const known = MEANINGS[system];
  const meaning =
    writing && known === DENIED
      ? READ_ONLY
      : (known ?? {
          code: 'STORAGE_FAILED' as const,
          says: `the system says ${system}`,
          hint: 'the file system or disk may be failing; check the system log',
        });
  return new BarlineError({
    code: meaning.code,
    message: `cannot ${verb} ${location}: ${meaning.says}`,
    hint: meaning.hint,
    cause: error,
    facts: { path: location, system },
  });
}

/** True when `error` is a `BarlineError` of this storage code. */
export function isStorageError(error: unknown, code: StorageErrorCode): boolean {
  return error instanceof BarlineError && error.code === code;
}

export function badPath(path: string, why: string): BarlineError {
  const details: ErrorDetails = {
    code: 'STORAGE_BAD_PATH',
    message: `the path ${JSON.stringify(path)} ${why}`,
    facts: { path },
  };
  return new BarlineError(details);
}
