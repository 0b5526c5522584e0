import { BarlineError } from '../base/index.ts';

/** `transient`: may heal by itself, so that it is worth trying again. `permanent`: fails the same way every time. */
export type ErrorKind = 'transient' | 'permanent';

const TRANSIENT_CODES = new Set([
  // no answer, time-outs and lost connections; 429, 5xx and SlowDown: after the storage's own tries of one request
  'STORAGE_UNREACHABLE',
  'STORAGE_UNAVAILABLE',
  'STORAGE_TOO_MANY_OPEN_FILES',
  // other writers were always faster
  'DELTA_COMMIT_CONTENDED',
  'DELTA_CONCURRENT_MODIFICATION',
]);

/** What a network file system says where an object store breaks a connection. */
const TRANSIENT_SYSTEM_CODES = new Set([
  'EAGAIN',
  'EBUSY',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EINTR',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'EPIPE',
  'ESTALE',
  'ETIMEDOUT',
]);

/** What is not known to heal is permanent: missing files, refused access, corrupt input, bugs. */
export function kindOfError(error: unknown): ErrorKind {
  if (!(error instanceof BarlineError)) return 'permanent';
  const { system } = error.facts;
  const heals =
    TRANSIENT_CODES.has(error.code) || (typeof system === 'string' && TRANSIENT_SYSTEM_CODES.has(system));
  return heals ? 'transient' : 'permanent';
}

/** Errors that every further month would meet as well. */
const FATAL = new Set(['STORAGE_NO_SPACE', 'STORAGE_READ_ONLY']);

export function isFatal(error: BarlineError): boolean {
  return FATAL.has(error.code);
}

/**
 * Anything thrown while a month was made, as an error that names the month: a thread that ran out of memory or met a
 * bug fails its month, not the run.
 */
export function monthError(month: string, error: unknown): BarlineError {
  if (error instanceof BarlineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const isMemory = /out.of.memory|heap limit|allocation failed|Invalid typed array length/i.test(
    `${error instanceof Error && 'code' in error ? String(error.code) : ''} ${message}`,
  );
  return new BarlineError({
    code: isMemory ? 'MONTH_OUT_OF_MEMORY' : 'MONTH_CRASHED',
    message: isMemory
      ? `${month}: a worker thread ran out of memory`
      : `${month}: a worker broke off: ${message}`,
    hint: isMemory
      ? 'run `barline months retry` with fewer --workers'
      : 'this is a fault in Barline: please report it with the output of --verbose',
    cause: error,
  });
}
