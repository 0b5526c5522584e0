import { BarlineError } from '../base/errors.ts';
import { badPath } from './storage-error.ts';

/** A root in an object store. */
export interface S3Location {
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
}

const LONGEST_KEY_BYTES = 1024;

export function isS3Uri(uri: string): boolean {
  return /^s3a?:\/\//i.test(uri);
}

/** `s3://bucket/prefix`; the prefix is taken as it stands, never percent-decoded. */
export function parseS3Uri(uri: string): S3Location {
  const [, bucket = '', rest = ''] = /^s3a?:\/\/([^/]*)\/*(.*)$/is.exec(uri) ?? [];
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket)) {
    throw new BarlineError({
      code: 'STORAGE_BAD_PATH',
      message: `${uri} names no bucket: expected s3://bucket or s3://bucket/prefix, found the bucket ${JSON.stringify(bucket)}`,
      exitCode: 2,
      facts: { uri },
    });
  }
  const prefix = rest.replace(/\/+$/, '');
  checkSegments(prefix);
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/** The key of a path below the root. */
export function objectKey({ prefix }: S3Location, path: string): string {
  checkSegments(path);
  const key = prefix + path;
  if (Buffer.byteLength(key) > LONGEST_KEY_BYTES) {
    throw new BarlineError({
      code: 'STORAGE_NAME_TOO_LONG',
      message: `the key ${key.slice(0, 80)}… is longer than the ${LONGEST_KEY_BYTES} bytes S3 allows`,
      facts: { path },
    });
  }
  return key;
}

export function locationUri({ bucket, prefix }: S3Location): string {
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`;
}

/** HTTP clients and servers resolve such segments, and then another object is meant. */
function checkSegments(path: string): void {
  if (path.includes('\0')) throw badPath(path, 'contains a NUL character');
  const segments = path.split('/');
  if (segments.includes('..')) throw badPath(path, 'leaves its root folder by ".."');
  if (segments.includes('.')) throw badPath(path, 'has a "." for a folder, which S3 servers drop');
}
