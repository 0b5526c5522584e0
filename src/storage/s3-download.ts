import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { S3Bucket } from './s3-bucket.ts';
import { ChangedObjectError, faultOf, ShortBodyError, WrongChecksumError } from './s3-fault.ts';

/** What a store says of a whole object with the first bytes of it. */
interface Promised {
  readonly etag: string | undefined;
  readonly byteLength: number | undefined;
  readonly crc32: string | undefined;
  readonly sha256: string | undefined;
  /** The ETag of an object that came in one piece, unless it is encrypted with a key of its own. */
  readonly md5: string | undefined;
}

/** An object on its way: a try that breaks off is taken up where it ended, as long as the object is the same. */
class Download {
  receivedLength = 0;
  #promised: Promised | undefined;
  #whole: Uint8Array<ArrayBuffer> | undefined;
  #pieces: Uint8Array[] = [];

  /** Where to go on, and of which object; undefined at the beginning, and where a store gives no ETag. */
  get resumption(): { readonly start: number; readonly etag: string } | undefined {
    const etag = this.#promised?.etag;
    return this.receivedLength > 0 && etag !== undefined ? { start: this.receivedLength, etag } : undefined;
  }

  get isComplete(): boolean {
    return this.receivedLength > 0 && this.receivedLength === this.#promised?.byteLength;
  }

  get promised(): Promised | undefined {
    return this.#promised;
  }

  begin(answer: GetObjectCommandOutput): void {
    this.restart();
    this.#promised = promisedBy(answer);
    const { byteLength } = this.#promised;
    if (byteLength !== undefined) this.#whole = new Uint8Array(byteLength);
  }

  restart(): void {
    this.receivedLength = 0;
    this.#promised = undefined;
    this.#whole = undefined;
    this.#pieces = [];
  }

  add(piece: Uint8Array): void {
    const end = this.receivedLength + piece.length;
    if (this.#whole === undefined) this.#pieces.push(piece);
    else if (end > this.#whole.length) throw new ShortBodyError(this.#whole.length, end);
    else this.#whole.set(piece, this.receivedLength);
    this.receivedLength = end;
  }

  bytes(): Uint8Array {
    return this.#whole ?? Buffer.concat(this.#pieces, this.receivedLength);
  }
}

function promisedBy(answer: GetObjectCommandOutput): Promised {
  const { ETag: etag, ContentLength: byteLength, ChecksumCRC32, ChecksumSHA256, ChecksumType } = answer;
  // of a composite checksum only the parts' checksums were summed
  const whole = (checksum: string | undefined) =>
    ChecksumType === 'COMPOSITE' || checksum?.includes('-') ? undefined : checksum;
  const isPlain =
    answer.SSECustomerAlgorithm === undefined && !answer.ServerSideEncryption?.startsWith('aws:kms');
  return {
    etag,
    byteLength,
    crc32: whole(ChecksumCRC32),
    sha256: whole(ChecksumSHA256),
    md5: isPlain ? /^"?([0-9a-f]{32})"?$/.exec(etag ?? '')?.[1] : undefined,
  };
}

/**
 * A whole object, held to its length and to the checksum that the store gives (SHA-256, CRC32, else an ETag that is
 * an MD5). A download that breaks off goes on where it ended, on condition of the same ETag; of an object replaced
 * meanwhile all is fetched again. Tries are counted from the last that brought something.
 */
export function downloadObject(bucket: S3Bucket, key: string): Promise<Uint8Array> {
  const download = new Download();
  const verifier = new Verifier(bucket);
  return bucket.request(
    'read',
    key,
    async ({ sdk, client }) => {
      if (!download.isComplete) {
        const resumption = download.resumption;
        const answer = await client
          .send(
            new sdk.GetObjectCommand({
              Bucket: bucket.name,
              Key: key,
              ...(resumption && { Range: `bytes=${resumption.start}-`, IfMatch: resumption.etag }),
            }),
          )
          .catch((error: unknown) => {
            const { status } = faultOf(error);
            if (resumption === undefined || (status !== 412 && status !== 416)) throw error;
            download.restart();
            throw new ChangedObjectError(resumption.etag);
          });
        await receive(bucket, download, answer, resumption?.start);
      }
      try {
        return verifier.verified(download.bytes(), download.promised);
      } catch (error) {
        download.restart();
        throw error;
      }
    },
    () => download.receivedLength,
  );
}

async function receive(
  bucket: S3Bucket,
  download: Download,
  answer: GetObjectCommandOutput,
  start: number | undefined,
): Promise<void> {
  const { Body: body, ContentLength: byteLength, ContentRange: range } = answer;
  if (!(body instanceof Readable)) throw new Error(`the answer to a GET holds ${typeof body}, not a stream`);
  // a store that knows no ranges begins anew
  if (start === undefined || !range?.startsWith(`bytes ${start}-`)) download.begin(answer);
  const before = download.receivedLength;
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array)) throw new Error('the answer to a GET is not made of bytes');
    bucket.traffic.bytesReceived += piece.length;
    download.add(piece);
  }
  const received = download.receivedLength - before;
  if (byteLength !== undefined && received !== byteLength) throw new ShortBodyError(byteLength, received);
}

/** Holds downloads of one object to what was promised. */
class Verifier {
  readonly #bucket: S3Bucket;
  #lastMd5: string | undefined;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  verified(bytes: Uint8Array, promised: Promised | undefined): Uint8Array {
    if (promised?.sha256 !== undefined) {
      const found = createHash('sha256').update(bytes).digest('base64');
      if (found !== promised.sha256) throw new WrongChecksumError('SHA-256', promised.sha256, found);
    } else if (promised?.crc32 !== undefined) {
      const word = Buffer.alloc(4);
      word.writeUInt32BE(crc32(bytes));
      const found = word.toString('base64');
      if (found !== promised.crc32) throw new WrongChecksumError('CRC32', promised.crc32, found);
    } else if (promised?.md5 !== undefined) this.#checkMd5(bytes, promised.md5);
    return bytes;
  }

  /** Some stores' ETags look like an MD5 and are none: what came twice the same is right, and the bucket is known. */
  #checkMd5(bytes: Uint8Array, promised: string): void {
    const { oddEtags } = this.#bucket.connection;
    if (oddEtags.has(this.#bucket.name)) return;
    const found = createHash('md5').update(bytes).digest('hex');
    if (found === promised) return;
    if (found === this.#lastMd5) {
      oddEtags.add(this.#bucket.name);
      return;
    }
    this.#lastMd5 = found;
    throw new WrongChecksumError('MD5', promised, found);
  }
}
