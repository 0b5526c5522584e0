/** What a failed request to an object store says of itself: is it worth another try, and may it have taken effect? */

export interface S3Fault {
  /** The store's name for it (`SlowDown`, `NoSuchKey`), or the system's (`ECONNRESET`). */
  readonly name: string;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  readonly isTransient: boolean;
  /** The request may have been carried out all the same. */
  readonly isAmbiguous: boolean;
}

/** A body that ended before its length. */
export class ShortBodyError extends Error {
  constructor(expected: number, received: number) {
    super(`the answer ended after ${received} of ${expected} bytes`);
    this.name = 'ShortBodyError';
  }
}

/** Another object under the same name as that of which a part has been received. */
export class ChangedObjectError extends Error {
  constructor(etag: string) {
    super(`the object ${etag} was replaced while it was read`);
    this.name = 'ChangedObjectError';
  }
}

/** Bytes that are not those the store holds. */
export class WrongChecksumError extends Error {
  constructor(kind: string, expected: string, found: string) {
    super(`expected bytes of ${kind} ${expected}, found ${found}`);
    this.name = 'WrongChecksumError';
  }
}

const LOST_CONNECTION = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'HPE_INVALID_CONSTANT',
  'HPE_UNEXPECTED_CONTENT_LENGTH',
]);
const NEVER_SENT = new Set(['ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Refused before anything was done, and likely to pass next time. */
const REFUSED_FOR_NOW = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ConditionalRequestConflict',
  'OperationAborted',
  'BadDigest',
  'IncompleteBody',
  'XAmzContentSHA256Mismatch',
]);
const BROKEN_ANSWER = new Set([
  'ShortBodyError',
  'ChangedObjectError',
  'WrongChecksumError',
  'TimeoutError',
  'SyntaxError',
]);

export function faultOf(error: unknown): S3Fault {
  const metadata = property(error, '$metadata');
  const status = numberOr(property(metadata, 'httpStatusCode'));
  const code = textOr(property(error, 'code')) ?? '';
  const errorName = textOr(property(error, 'name')) ?? '';
  const connection = LOST_CONNECTION.has(code) || errorName === 'TimeoutError';
  const name = LOST_CONNECTION.has(code) || code === 'ENOTFOUND' ? code : errorName;
  const clockCorrected = property(metadata, 'clockSkewCorrected') === true;
  const broken = BROKEN_ANSWER.has(errorName) || /checksum mismatch/i.test(messageOf(error));
  const refusedForNow = REFUSED_FOR_NOW.has(name) || status === 429;
  // a status below 300 with an error is an answer that broke off
  const failedThere = status !== undefined && (status >= 500 || status < 300) && status !== 501;
  const requestTimeout = name === 'RequestTimeout' || status === 408;
  return {
    name,
    status,
    isTransient: connection || broken || refusedForNow || failedThere || requestTimeout || clockCorrected,
    isAmbiguous:
      !refusedForNow && !clockCorrected && !NEVER_SENT.has(name) && (connection || broken || failedThere),
  };
}

/** A property of a value that may be anything. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

export function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
