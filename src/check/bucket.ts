/** A bucket: who one is there, what one may do, whether commits are safe, whether the clocks agree. */
import { randomUUID } from 'node:crypto';
import { BarlineError } from '../base/index.ts';
import { openStorage, S3Connection, type S3Settings, type Storage } from '../storage/index.ts';
import { type Finding, fail, failed, ok, warn } from './finding.ts';

/** S3 refuses requests that are older or newer than this. */
const MOST_SKEW_SECONDS = 900;
const FELT_SKEW_SECONDS = 60;
const CLOCK_TIMEOUT_MS = 5_000;

const SOURCES: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/ENV_VARS/, 'environment variables'],
  [/SSO/, 'AWS single sign-on'],
  [/WEB_ID/, 'a web identity token'],
  [/ASSUME_ROLE/, 'an assumed role'],
  [/PROFILE/, 'a profile of the shared AWS files'],
  [/PROCESS/, 'a credential process'],
  [/HTTP/, 'the container’s credential service'],
  [/IMDS/, 'the machine’s role'],
];

export interface BucketRequest {
  readonly uri: string;
  /** `lake`: all of it; `source`: only listing and reading. */
  readonly use: 'lake' | 'source';
  readonly settings: S3Settings;
  readonly now: () => number;
}

/** One look after another; where there are no credentials, or no way to the bucket, the rest is left out. */
export async function* checkBucket(request: BucketRequest): AsyncGenerator<Finding> {
  const name = (what: string) => `${request.use} ${what}`;
  const credentials = await checkCredentials(name('credentials'), request.settings);
  yield credentials;
  yield await checkClock(name('clock'), request);
  if (credentials.status === 'fail') return;
  const storage = openStorage(request.uri, { s3: request.settings });
  const listing = await checkListing(name('listing'), storage);
  yield listing;
  if (listing.status === 'fail' || request.use === 'source') return;
  yield await checkWriting(name('writing'), storage);
  yield await checkConditionalPut(name('conditional put'), storage);
}

/** The source of the credentials, never their value. */
async function checkCredentials(name: string, settings: S3Settings): Promise<Finding> {
  const found = await new S3Connection(settings).credentialSource();
  if (found === undefined) {
    return fail(name, 'none were found', 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE');
  }
  const known = SOURCES.find(([pattern]) => found.some((feature) => pattern.test(feature)));
  return ok(name, `from ${known?.[1] ?? 'the AWS chain'}`);
}

/** By the Date of an answer to a request without credentials: whatever the server says, it says when. */
async function checkClock(name: string, { settings, now }: BucketRequest): Promise<Finding> {
  const region = settings.region ?? 'us-east-1';
  const url = settings.endpoint ?? `https://s3.${region}.amazonaws.com`;
  const action = 'look at AWS_ENDPOINT_URL_S3 and at the way there (proxy, firewall)';
  const startedMs = now();
  let date: string | null;
  try {
    const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(CLOCK_TIMEOUT_MS) });
    date = answer.headers.get('date');
  } catch {
    return fail(name, `${new URL(url).host} does not answer`, action);
  }
  const serverMs = Date.parse(date ?? '');
  if (Number.isNaN(serverMs)) return ok(name, 'the server tells no time');
  // its Date is cut to a second
  const skew = Math.round((now() + startedMs) / 2 / 1000 - (serverMs / 1000 + 0.5));
  const detail = `this machine is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} the server`;
  const adjust =
    'set this machine’s clock (chrony, systemd-timesyncd): S3 refuses requests that are 15 minutes off';
  if (Math.abs(skew) >= MOST_SKEW_SECONDS) return fail(name, detail, adjust);
  return Math.abs(skew) >= FELT_SKEW_SECONDS ? warn(name, detail, adjust) : ok(name, detail);
}

async function checkListing(name: string, storage: Storage): Promise<Finding> {
  try {
    for await (const file of storage.list('')) {
      if (file.byteLength > 0) await storage.readRange(file.path, 0, 1);
      return ok(name, `${storage.uri} can be listed and read`);
    }
    return ok(name, `${storage.uri} can be listed; nothing lies there yet`);
  } catch (error) {
    return failed(name, error, 's3:ListBucket and s3:GetObject are needed');
  }
}

async function checkWriting(name: string, storage: Storage): Promise<Finding> {
  const path = `_barline/doctor-${randomUUID()}`;
  const bytes = new TextEncoder().encode('probe');
  let step = 's3:PutObject';
  try {
    await storage.put(path, bytes);
    step = 's3:GetObject';
    const back = await storage.read(path);
    if (Buffer.compare(back, bytes) !== 0) {
      return fail(name, 'what was read is not what was written', 'look for a cache in front of the bucket');
    }
    step = 's3:DeleteObject';
    await storage.delete(path);
    if ((await storage.stat(path)) !== undefined) {
      return fail(name, 'the probe is there after it was deleted', 'look for a cache in front of the bucket');
    }
    return ok(name, 'objects can be written, read and deleted');
  } catch (error) {
    // it may have been written all the same
    if (step !== 's3:DeleteObject') await storage.delete(path).catch(() => false);
    const finding = failed(name, error, `${step} is needed`);
    return { ...finding, detail: `${step}: ${finding.detail}` };
  }
}

async function checkConditionalPut(name: string, storage: Storage): Promise<Finding> {
  const action = 'write to this lake from one process at a time, or take a server that keeps If-None-Match';
  try {
    const { atomicPutIfAbsent } = await storage.capabilities();
    if (atomicPutIfAbsent) return ok(name, 'kept: any number of writers are safe');
    return warn(name, 'the server does not keep If-None-Match: two writers could lose a commit', action);
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
    return failed(name, error, action);
  }
}
