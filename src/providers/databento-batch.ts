/**
 * Databento: raw months as files of a batch job.
 *
 * Facts (databento.com/docs/api-historical/batch): batch.submit_job prices and bills once, the files may be fetched
 * again for 30 days; split_duration=month gives a file a month; batch.get_job_details tells the state (received,
 * queued, processing, done, expired); batch.list_files gives name, size, "sha256:…" and an https address of each file,
 * among them condition.json, the vendor's word on each day. Downloads take HTTP ranges.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { type CostApproval, requireApproval } from './cost.ts';
import { DEFAULT_DATASET, databentoSymbol } from './databento.ts';
import { type HttpClient, unfinished } from './http.ts';
import type { ProviderSettings } from './settings.ts';
import { notBars, property } from './vendor.ts';

interface BatchFile {
  readonly name: string;
  readonly byteLength: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly url: string;
}

export interface BatchOrder {
  readonly dataset: string;
  readonly symbols: string;
  readonly stypeIn: string;
  readonly schema: string;
  /** ISO dates; the end is excluded. */
  readonly start: string;
  readonly end: string;
}

export type DownloadEvent =
  | { readonly kind: 'waiting'; readonly job: string; readonly state: string }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly byteLength: number;
      readonly status: FileStatus;
    };

/** `resumed`: only what was missing was fetched. `present`: nothing was, its checksum was right. */
export type FileStatus = 'downloaded' | 'resumed' | 'present';

const POLL_MS = 15_000;

/** The order of 1-second bars of `symbols` for a run of months. */
export function databentoOrder(
  symbols: string,
  run: { readonly start: string; readonly end: string },
  settings: ProviderSettings = {},
): BatchOrder {
  const dataset = settings.dataset ?? DEFAULT_DATASET;
  const asked = databentoSymbol(symbols.toUpperCase(), dataset);
  return { dataset, symbols: asked.symbols, stypeIn: asked.stypeIn, schema: 'ohlcv-1s', ...run };
}

/** Orders a job once its price was approved. Throws PROVIDER_COST where it was not. Returns the job's id. */
export async function orderMonths(
  client: HttpClient,
  order: BatchOrder,
  approve: CostApproval,
  signal: AbortSignal,
): Promise<string> {
  const { dataset, symbols, schema, stypeIn } = order;
  const span = { fromUs: Date.parse(order.start) * 1000, toUs: Date.parse(order.end) * 1000 };
  await requireApproval(client, { dataset, symbols, schema, stype_in: stypeIn }, span, approve, signal);
  return submitBatch(client, order, signal);
}

/** Orders a job; to be paid for from then on. Returns its id. */
async function submitBatch(client: HttpClient, order: BatchOrder, signal: AbortSignal): Promise<string> {
  const body = await client.json({
    path: '/v0/batch.submit_job',
    form: {
      dataset: order.dataset,
      symbols: order.symbols,
      schema: order.schema,
      stype_in: order.stypeIn,
      start: order.start,
      end: order.end,
      encoding: 'dbn',
      compression: 'zstd',
      split_duration: 'month',
      delivery: 'download',
    },
    signal,
    // asked again after an answer that was lost, it would be paid for twice
    once: true,
  });
  const id = property(body, 'id');
  if (typeof id !== 'string') throw notBars(client, 'the id of a job', body);
  return id;
}

/**
 * Brings a job's data files and condition.json into `folder/JOB`, once the job is done. A file that is there and whole
 * is kept, one that was cut short goes on where it ended; each is put in place only after its size and checksum were
 * right. Throws PROVIDER_JOB_EXPIRED, PROVIDER_CHECKSUM and what requests throw.
 */
export async function* downloadBatch(
  client: HttpClient,
  job: string,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<DownloadEvent, void, undefined> {
  yield* untilDone(client, job, signal);
  const target = join(folder, basename(job));
  await mkdir(target, { recursive: true });
  for (const file of await batchFiles(client, job, signal)) {
    if (!/\.dbn(?:\.zst)?$|^condition\.json$/.test(file.name)) continue;
    const status = await downloadFile(client, file, target, signal);
    yield { kind: 'file', name: file.name, byteLength: file.byteLength, status };
  }
}

async function* untilDone(
  client: HttpClient,
  job: string,
  signal: AbortSignal,
): AsyncGenerator<DownloadEvent, void, undefined> {
  for (;;) {
    const body = await client.json({ path: '/v0/batch.get_job_details', query: { job_id: job }, signal });
    const state = property(body, 'state');
    if (state === 'done') return;
    if (typeof state !== 'string') throw notBars(client, 'the state of a job', body);
    if (state === 'expired') {
      throw new BarlineError({
        code: 'PROVIDER_JOB_EXPIRED',
        message: `databento: job ${job} has expired; its files are gone.`,
        hint: 'order the months again with --from and --to',
        facts: { job },
      });
    }
    yield { kind: 'waiting', job, state };
    await client.world.clock.sleep(POLL_MS, signal);
  }
}

async function batchFiles(
  client: HttpClient,
  job: string,
  signal: AbortSignal,
): Promise<readonly BatchFile[]> {
  const body = await client.json({ path: '/v0/batch.list_files', query: { job_id: job }, signal });
  if (!Array.isArray(body)) throw notBars(client, 'a list of files', body);
  return body.map((entry: unknown) => {
    const [name, size, hash] = [
      property(entry, 'filename'),
      property(entry, 'size'),
      property(entry, 'hash'),
    ];
    const url = property(property(entry, 'urls'), 'https');
    if (typeof name !== 'string' || name !== basename(name) || typeof size !== 'number') {
      throw notBars(client, 'name and size of a file', entry);
    }
    if (typeof hash !== 'string' || typeof url !== 'string') throw notBars(client, 'hash and address', entry);
    return { name, byteLength: size, sha256: hash.replace(/^sha256:/, ''), url };
  });
}

/** Fetches one file into `folder`, or what of it is missing. */
async function downloadFile(
  client: HttpClient,
  file: BatchFile,
  folder: string,
  signal: AbortSignal,
): Promise<FileStatus> {
  const path = join(folder, file.name);
  if ((await byteLengthOf(path)) === file.byteLength && (await sha256Of(path)) === file.sha256)
    return 'present';
  const part = `${path}.part`;
  const before = await byteLengthOf(part);
  if (before > file.byteLength) await rm(part);
  const resumed = before > 0 && before <= file.byteLength;
  await fetchPart(client, file, part, signal);
  if ((await sha256Of(part)) !== file.sha256 && resumed) {
    // what was there before may have been another file's beginning
    await rm(part);
    await fetchPart(client, file, part, signal);
  }
  const found = await sha256Of(part);
  if (found !== file.sha256) {
    await rm(part);
    throw new BarlineError({
      code: 'PROVIDER_CHECKSUM',
      message: `databento: ${file.name}: expected SHA-256 ${file.sha256}, found ${found}.`,
      hint: 'run the command again; if it fails again, the file is damaged at the vendor',
      facts: { file: file.name, expected: file.sha256, found },
    });
  }
  // the commit point: before it the file is a .part, after it whole
  await rename(part, path);
  return resumed ? 'resumed' : 'downloaded';
}

async function fetchPart(
  client: HttpClient,
  file: BatchFile,
  part: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await byteLengthOf(part)) === file.byteLength) return;
  await client.send(
    {
      path: addressOf(client, file.url),
      signal,
      headers: { accept: '*/*' },
      // asked again after a cut, it goes on where the file ends by then
      headersNow: async () => ({ range: `bytes=${await byteLengthOf(part)}-` }),
    },
    async (response, stillComing) => {
      await using handle = await open(part, response.status === 206 ? 'a' : 'w');
      for await (const chunk of response.body ?? []) {
        stillComing();
        await handle.write(chunk);
      }
      await handle.sync();
      const { size } = await handle.stat();
      if (size < file.byteLength) throw unfinished(`${size} of ${file.byteLength} bytes came`);
    },
  );
}

/**
 * The address to ask: the vendor's own only where it is the vendor's, since the key goes with it; its path under the
 * configured base otherwise.
 */
function addressOf(client: HttpClient, address: string): string {
  const [url, base] = [new URL(address), new URL(client.world.baseUrl)];
  const isVendor = (host: string): boolean => host.endsWith('.databento.com');
  if (url.protocol === 'https:' && isVendor(url.hostname) && isVendor(base.hostname)) return address;
  return url.pathname + url.search;
}

/** 0 where there is no such file. */
async function byteLengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
