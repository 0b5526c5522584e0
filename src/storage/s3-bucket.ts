import { Readable } from 'node:stream';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { S3Connection, S3Sdk } from './s3-connection.ts';
import { s3Error } from './s3-error.ts';
import { faultOf, ShortBodyError } from './s3-fault.ts';
import { locationUri, type S3Location } from './s3-location.ts';
import type { StorageVerb } from './storage-error.ts';

/** What has gone over the wire for one root, retries included. */
export interface S3Traffic {
  requestCount: number;
  retryCount: number;
  /** Of objects; listings and headers are not counted. */
  bytesReceived: number;
  bytesSent: number;
}

/** What one try of a request is given. */
export interface S3Try {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  /** An earlier try may have taken effect, though its answer was lost. */
  readonly mayBeDone: boolean;
}

const MAX_ATTEMPTS = 8;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** Marks an object with the call that wrote it, so that a writer whose answer was lost knows its own. */
export const PUT_MARK = 'barline-put';

/** Requests to one bucket: tried again where that may help, counted, their errors put into words. */
export class S3Bucket {
  readonly location: S3Location;
  readonly connection: S3Connection;
  readonly traffic: S3Traffic = { requestCount: 0, retryCount: 0, bytesReceived: 0, bytesSent: 0 };

  constructor(location: S3Location, connection: S3Connection) {
    this.location = location;
    this.connection = connection;
  }

  get name(): string {
    return this.location.bucket;
  }

  /** `progress` rises with what a request has brought so far: tries are counted from the last that brought more. */
  async request<T>(
    verb: StorageVerb,
    key: string | undefined,
    run: (attempt: S3Try) => Promise<T>,
    progress: () => number = () => 0,
  ): Promise<T> {
    const { settings, world } = this.connection;
    const attempts = settings.maxAttempts ?? MAX_ATTEMPTS;
    let mayBeDone = false;
    let most = 0;
    for (let attempt = 1; ; attempt++) {
      this.traffic.requestCount += 1;
      try {
        const { sdk, client } = await this.connection.open();
        return await run({ sdk, client, mayBeDone });
      } catch (error) {
        const fault = faultOf(error);
        if (progress() > most) {
          most = progress();
          attempt = 1;
        }
        if (!fault.isTransient || attempt >= attempts) throw await this.#named(error, verb, key);
        mayBeDone ||= fault.isAmbiguous;
        this.traffic.retryCount += 1;
        this.connection.retryCount += 1;
        // full jitter: clients that met once do not meet again in step
        await world.sleepMs(world.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)));
      }
    }
  }

  async #named(error: unknown, verb: StorageVerb, key: string | undefined): Promise<unknown> {
    const { bucket } = this.location;
    return s3Error(error, verb, {
      location: key === undefined ? locationUri(this.location) : `s3://${bucket}/${key}`,
      bucket,
      key: key ?? this.location.prefix,
      server: this.connection.server,
      secrets: await this.connection.secrets(),
    });
  }

  /** An object's bytes [start, end); fewer where it ends before. */
  getRange(key: string, start: number, end: number): Promise<Uint8Array> {
    return this.request('read', key, async ({ sdk, client }) => {
      try {
        const Range = `bytes=${start}-${end - 1}`;
        const answer = await client.send(new sdk.GetObjectCommand({ Bucket: this.name, Key: key, Range }));
        const bytes = await this.#body(answer);
        return answer.ContentRange === undefined ? bytes.subarray(start, end) : bytes;
      } catch (error) {
        if (faultOf(error).status === 416) return new Uint8Array();
        throw error;
      }
    });
  }

  async #body({ Body: body, ContentLength: byteLength }: GetObjectCommandOutput): Promise<Uint8Array> {
    if (!(body instanceof Readable))
      throw new Error(`the answer to a GET holds ${typeof body}, not a stream`);
    const pieces: Uint8Array[] = [];
    let received = 0;
    for await (const piece of body) {
      if (!(piece instanceof Uint8Array)) throw new Error('the answer to a GET is not made of bytes');
      received += piece.length;
      this.traffic.bytesReceived += piece.length;
      pieces.push(piece);
    }
    if (byteLength !== undefined && received !== byteLength) throw new ShortBodyError(byteLength, received);
    return pieces.length === 1 ? (pieces[0] ?? new Uint8Array()) : Buffer.concat(pieces, received);
  }

  /** Size, time and the mark of an object; undefined when it is missing. */
  head(
    key: string,
  ): Promise<{ byteLength: number; modifiedMs: number; mark: string | undefined } | undefined> {
    return this.request('read', key, async ({ sdk, client }) => {
      try {
        const found = await client.send(new sdk.HeadObjectCommand({ Bucket: this.name, Key: key }));
        const { ContentLength = 0, LastModified, Metadata } = found;
        return {
          byteLength: ContentLength,
          modifiedMs: wholeSeconds(LastModified),
          mark: Metadata?.[PUT_MARK],
        };
      } catch (error) {
        if (faultOf(error).status === 404) return undefined;
        throw error;
      }
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.request('write', key, async ({ sdk, client }) => {
      this.traffic.bytesSent += bytes.length;
      await client.send(new sdk.PutObjectCommand({ Bucket: this.name, Key: key, Body: bytes }));
    });
  }

  /**
   * Creates an object only if it is missing; whether it did. A lost answer is no riddle: the object bears the mark
   * of the call that made it.
   */
  create(key: string, bytes: Uint8Array): Promise<boolean> {
    const mark = this.connection.world.uuid();
    return this.request('create', key, async ({ sdk, client, mayBeDone }) => {
      this.traffic.bytesSent += bytes.length;
      try {
        await client.send(
          new sdk.PutObjectCommand({
            Bucket: this.name,
            Key: key,
            Body: bytes,
            IfNoneMatch: '*',
            Metadata: { [PUT_MARK]: mark },
          }),
        );
        return true;
      } catch (error) {
        if (faultOf(error).status !== 412) throw error;
        return mayBeDone && (await this.head(key))?.mark === mark;
      }
    });
  }

  async delete(key: string): Promise<void> {
    await this.request('delete', key, async ({ sdk, client }) => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: this.name, Key: key }));
    });
  }
}

/** HEAD gives whole seconds only, so all times are such: a file has one time, however it was asked for. */
export function wholeSeconds(time: Date | undefined): number {
  return time === undefined ? 0 : Math.trunc(time.getTime() / 1000) * 1000;
}
