import { PUT_MARK, type S3Bucket } from './s3-bucket.ts';
import { faultOf } from './s3-fault.ts';
import type { Pieces } from './storage.ts';

export const DEFAULT_PART_BYTES = 8 << 20;
const PARTS_IN_FLIGHT = 4;
/** S3 takes 10,000 parts; after these, parts are larger, so that files of half a terabyte fit. */
const PLAIN_PARTS = 1_000;
const LATER_PART_FACTOR = 8;

interface Upload {
  readonly bucket: S3Bucket;
  readonly key: string;
  readonly uploadId: string;
  readonly mark: string;
}

/**
 * Writes an object from pieces: in one request up to the size of a part, else in parts, four at a time. It appears
 * whole when the last request is done, or not at all. On a failure the parts are given up; a crash leaves them
 * (`unfinishedUploads` finds them). Holds five parts in memory. Returns the bytes written.
 */
export async function uploadPieces(
  bucket: S3Bucket,
  key: string,
  pieces: Pieces,
  partByteLength = DEFAULT_PART_BYTES,
): Promise<number> {
  const parts = partsOf(pieces, partByteLength);
  const { value: first = new Uint8Array() } = await parts.next();
  if (first.length < partByteLength) {
    await bucket.put(key, first);
    return first.length;
  }
  const upload = await begin(bucket, key);
  try {
    const sent = await sendParts(upload, first, parts);
    await complete(upload, sent.etags);
    return sent.byteLength;
  } catch (error) {
    await abort(upload).catch(() => undefined);
    throw error;
  }
}

/** Joins pieces to parts; each but the last is full. */
async function* partsOf(pieces: Pieces, partByteLength: number): AsyncGenerator<Uint8Array, undefined> {
  let part = Buffer.allocUnsafe(0);
  let filled = 0;
  let count = 0;
  for await (const piece of pieces) {
    for (let taken = 0; taken < piece.length; ) {
      if (part.length === 0) {
        part = Buffer.allocUnsafe(count < PLAIN_PARTS ? partByteLength : partByteLength * LATER_PART_FACTOR);
      }
      const some = piece.subarray(taken, taken + part.length - filled);
      part.set(some, filled);
      filled += some.length;
      taken += some.length;
      if (filled === part.length) {
        yield part;
        count += 1;
        part = Buffer.allocUnsafe(0);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

function begin(bucket: S3Bucket, key: string): Promise<Upload> {
  const mark = bucket.connection.world.uuid();
  return bucket.request('write', key, async ({ sdk, client }) => {
    const { UploadId: uploadId } = await client.send(
      new sdk.CreateMultipartUploadCommand({ Bucket: bucket.name, Key: key, Metadata: { [PUT_MARK]: mark } }),
    );
    if (uploadId === undefined) throw new Error('the store began an upload without an id');
    return { bucket, key, uploadId, mark };
  });
}

async function sendParts(
  upload: Upload,
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): Promise<{ etags: string[]; byteLength: number }> {
  const etags: string[] = [];
  const inFlight = new Set<Promise<void>>();
  let byteLength = 0;
  const send = (part: Uint8Array) => {
    const index = etags.length;
    etags.push('');
    byteLength += part.length;
    const sending = sendPart(upload, index + 1, part).then((etag) => {
      etags[index] = etag;
      inFlight.delete(sending);
    });
    sending.catch(() => undefined); // seen by the race below, which may not have begun
    inFlight.add(sending);
  };
  try {
    send(first);
    for await (const part of rest) {
      if (inFlight.size >= PARTS_IN_FLIGHT) await Promise.race(inFlight);
      send(part);
    }
    await Promise.all(inFlight);
  } finally {
    await Promise.allSettled(inFlight);
  }
  return { etags, byteLength };
}

function sendPart({ bucket, key, uploadId }: Upload, partNumber: number, part: Uint8Array): Promise<string> {
  return bucket.request('write', key, async ({ sdk, client }) => {
    bucket.traffic.bytesSent += part.length;
    const { ETag: etag } = await client.send(
      new sdk.UploadPartCommand({
        Bucket: bucket.name,
        Key: key,
        UploadId: uploadId,
        PartNumber: partNumber,
        Body: part,
      }),
    );
    if (etag === undefined) throw new Error(`the store took part ${partNumber} without an ETag`);
    return etag;
  });
}

/** Commit point: before it no reader sees the object, after it all see the whole. */
async function complete({ bucket, key, uploadId, mark }: Upload, etags: readonly string[]): Promise<void> {
  await bucket.request('write', key, async ({ sdk, client, mayBeDone }) => {
    const parts = etags.map((etag, index) => ({ ETag: etag, PartNumber: index + 1 }));
    try {
      await client.send(
        new sdk.CompleteMultipartUploadCommand({
          Bucket: bucket.name,
          Key: key,
          UploadId: uploadId,
          MultipartUpload: { Parts: parts },
        }),
      );
    } catch (error) {
      // an earlier try whose answer was lost may have done it; then there is no such upload any more
      const isGone = mayBeDone && faultOf(error).status === 404;
      if (!isGone || (await bucket.head(key))?.mark !== mark) throw error;
    }
  });
}

async function abort({ bucket, key, uploadId }: Upload): Promise<void> {
  await abortUpload(bucket, key, uploadId);
}

/** Gives up a multipart upload; its parts cost nothing any more. One that is gone already is no error. */
export async function abortUpload(bucket: S3Bucket, key: string, uploadId: string): Promise<void> {
  await bucket.request('delete', key, async ({ sdk, client }) => {
    try {
      await client.send(
        new sdk.AbortMultipartUploadCommand({ Bucket: bucket.name, Key: key, UploadId: uploadId }),
      );
    } catch (error) {
      if (faultOf(error).status !== 404) throw error;
    }
  });
}
