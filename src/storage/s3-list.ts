import { BarlineError } from '../base/errors.ts';
import { byteOrder } from './byte-order.ts';
import { type S3Bucket, wholeSeconds } from './s3-bucket.ts';
import type { FileEntry, ListOptions } from './storage.ts';

/** An upload in parts that was neither finished nor given up. */
export interface UnfinishedUpload {
  readonly path: string;
  readonly uploadId: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
}

/** Objects below the root whose path begins with `prefix`, a page of up to 1,000 at a time. */
export async function* listObjects(
  bucket: S3Bucket,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<FileEntry> {
  const root = bucket.location.prefix;
  let token: string | undefined;
  let last: string | undefined;
  do {
    const page = await listPage(bucket, root + prefix, root, options, token);
    for (const entry of page.entries) {
      if (last !== undefined && byteOrder(entry.path, last) <= 0) throw outOfOrder(bucket, last, entry.path);
      last = entry.path;
      if (options.startAfter === undefined || byteOrder(entry.path, options.startAfter) > 0) yield entry;
    }
    token = page.nextToken;
  } while (token !== undefined);
}

function listPage(
  bucket: S3Bucket,
  prefix: string,
  root: string,
  options: ListOptions,
  token: string | undefined,
): Promise<{ entries: FileEntry[]; nextToken: string | undefined }> {
  return bucket.request('list', undefined, async ({ sdk, client }) => {
    const page = await client.send(
      new sdk.ListObjectsV2Command({
        Bucket: bucket.name,
        Prefix: prefix,
        // control characters are no part of XML, so names come percent-encoded
        EncodingType: 'url',
        ...(options.recursive === false && { Delimiter: '/' }),
        ...(token !== undefined
          ? { ContinuationToken: token }
          : options.startAfter !== undefined && { StartAfter: root + options.startAfter }),
      }),
    );
    const entries = (page.Contents ?? [])
      .map(({ Key = '', Size = 0, LastModified }) => ({
        path: decodeKey(Key, page.EncodingType).slice(root.length),
        byteLength: Size,
        modifiedMs: wholeSeconds(LastModified),
      }))
      // consoles make empty objects of such names, to stand for folders
      .filter(({ path }) => path !== '' && !path.endsWith('/'));
    return { entries, nextToken: page.IsTruncated === true ? page.NextContinuationToken : undefined };
  });
}

/** What stands between `prefix` and the next slash of the keys, each once. */
export async function listFolders(bucket: S3Bucket, prefix: string): Promise<string[]> {
  const names: string[] = [];
  const start = bucket.location.prefix + prefix;
  let token: string | undefined;
  do {
    const page = await bucket.request('list', undefined, ({ sdk, client }) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: bucket.name,
          Prefix: start,
          Delimiter: '/',
          EncodingType: 'url',
          ...(token !== undefined && { ContinuationToken: token }),
        }),
      ),
    );
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
      const name = decodeKey(Prefix, page.EncodingType).slice(start.length, -1);
      if (name !== '') names.push(name);
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  // the store orders them with their slash
  return names.sort(byteOrder);
}

/** Uploads in parts below the root that nobody finished: of crashed writers, and those in flight. */
export async function* listUploads(bucket: S3Bucket): AsyncGenerator<UnfinishedUpload> {
  const root = bucket.location.prefix;
  let keyMarker: string | undefined;
  let idMarker: string | undefined;
  do {
    const page = await bucket.request('list', undefined, ({ sdk, client }) =>
      client.send(
        new sdk.ListMultipartUploadsCommand({
          Bucket: bucket.name,
          Prefix: root,
          EncodingType: 'url',
          ...(keyMarker !== undefined && { KeyMarker: keyMarker }),
          ...(idMarker !== undefined && { UploadIdMarker: idMarker }),
        }),
      ),
    );
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      const key = decodeKey(Key, page.EncodingType);
      if (key.startsWith(root)) {
        yield { path: key.slice(root.length), uploadId: UploadId, startedMs: Initiated?.getTime() ?? 0 };
      }
    }
    const isLast = page.IsTruncated !== true || page.NextKeyMarker === undefined;
    keyMarker = isLast ? undefined : decodeKey(page.NextKeyMarker ?? '', page.EncodingType);
    idMarker = page.NextUploadIdMarker;
  } while (keyMarker !== undefined);
}

function decodeKey(key: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}

function outOfOrder(bucket: S3Bucket, before: string, after: string): BarlineError {
  return new BarlineError({
    code: 'STORAGE_FAILED',
    message: `${bucket.connection.server} lists the bucket ${bucket.name} out of order: ${after} after ${before}`,
    hint: 'use a general purpose bucket; directory buckets (S3 Express) list in no order, and a Delta log needs one',
    facts: { bucket: bucket.name, before, after },
  });
}
