import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DownloadEvent,
  databentoClient,
  databentoOrder,
  downloadBatch,
  memoryCircuits,
  orderMonths,
} from '../../src/providers/index.ts';
import { KEYS } from './bars.ts';
import { TestClock } from './test-clock.ts';
import { type Answer, type Asked, VendorServer } from './vendor-server.ts';

const JOB = 'GLBX-20240401-5DEFXVTMSM';
const files = new Map([
  [
    'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst',
    Buffer.from(Array.from({ length: 5000 }, (_, k) => (k * 7) % 251)),
  ],
  ['condition.json', Buffer.from('[{"date":"2024-03-01","condition":"available"}]')],
  ['metadata.json', Buffer.from('{}')],
]);
const [MONTH = ''] = files.keys();

/** The batch API: jobs with files, downloads by range. */
function batchApi(states: string[], served: ReadonlyMap<string, Buffer> = files) {
  return ({ path, query, headers }: Asked): Answer => {
    if (path === '/v0/batch.get_job_details')
      return { body: { id: query.get('job_id'), state: states.shift() ?? 'done' } };
    if (path === '/v0/batch.submit_job') return { body: { id: JOB, state: 'received' } };
    if (path === '/v0/metadata.get_cost') return { body: 12.5 };
    if (path === '/v0/batch.list_files') {
      return {
        body: [...files].map(([filename, bytes]) => ({
          filename,
          size: bytes.length,
          hash: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
          urls: {
            https: `https://api.databento.com/v0/batch/download/46PC/${JOB}/${filename}`,
            ftp: 'ftp://x',
          },
        })),
      };
    }
    const bytes = served.get(path.replace(`/v0/batch/download/46PC/${JOB}/`, ''));
    if (bytes === undefined) return { status: 404, body: { detail: 'Not Found' } };
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
    return { status: headers.range === undefined || from === 0 ? 200 : 206, body: bytes.subarray(from) };
  };
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-batch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;

function clientAt(baseUrl: string, clock: TestClock) {
  const settings = { databento: { baseUrl, timeoutSeconds: 5 } };
  return databentoClient({ settings, environment: KEYS, clock, circuits: memoryCircuits() });
}

async function download(server: VendorServer, clock = new TestClock(0)): Promise<DownloadEvent[]> {
  const events: DownloadEvent[] = [];
  for await (const event of downloadBatch(clientAt(server.url, clock), JOB, folder, signal))
    events.push(event);
  return events;
}

const statuses = (events: readonly DownloadEvent[]) =>
  events.map((event) => (event.kind === 'file' ? event.status : event.state));

describe('a batch job', () => {
  it('is waited for, then its months lie in the folder, with the word on their days', async () => {
    const clock = new TestClock(0);
    await using server = await VendorServer.start(batchApi(['queued', 'processing']));
    expect(statuses(await download(server, clock))).toEqual([
      'queued',
      'processing',
      'downloaded',
      'downloaded',
    ]);
    expect(clock.slept.filter((ms) => ms > 1000)).toEqual([15_000, 15_000]);
    expect((await readdir(join(folder, JOB))).sort()).toEqual(['condition.json', MONTH]);
    expect(await readFile(join(folder, JOB, MONTH))).toEqual(files.get(MONTH));
    const before = server.asked.length;
    expect(statuses(await download(server))).toEqual(['present', 'present']);
    expect(server.asked.slice(before).map(({ path }) => path)).toEqual([
      '/v0/batch.get_job_details',
      '/v0/batch.list_files',
    ]);
  });

  it('goes on where a download was cut, also in another process', async () => {
    await using server = await VendorServer.start(batchApi([]));
    server.faults = [undefined, undefined, 'cut', 'cut'];
    expect(statuses(await download(server))).toEqual(['downloaded', 'downloaded']);
    const ranges = server.asked.map(({ headers }) => headers.range).filter((range) => range !== undefined);
    expect(ranges).toEqual(['bytes=0-', 'bytes=2500-', 'bytes=3750-', 'bytes=0-']);
    await rm(join(folder, JOB, MONTH));
    await writeFile(join(folder, JOB, `${MONTH}.part`), files.get(MONTH)?.subarray(0, 1234) ?? '');
    expect(statuses(await download(server))).toEqual(['resumed', 'present']);
    expect(server.asked.at(-1)?.headers.range).toBe('bytes=1234-');
    expect(await readFile(join(folder, JOB, MONTH))).toEqual(files.get(MONTH));
  });

  it('starts again where what was there is another file’s beginning, and never keeps a wrong one', async () => {
    await mkdir(join(folder, JOB));
    await writeFile(join(folder, JOB, `${MONTH}.part`), Buffer.alloc(999, 1));
    await using server = await VendorServer.start(batchApi([]));
    await download(server);
    expect(await readFile(join(folder, JOB, MONTH))).toEqual(files.get(MONTH));
    await rm(join(folder, JOB), { recursive: true });
    await using damaged = await VendorServer.start(batchApi([], new Map([[MONTH, Buffer.alloc(5000)]])));
    await expect(download(damaged)).rejects.toMatchObject({ code: 'PROVIDER_CHECKSUM' });
    expect(await readdir(join(folder, JOB))).toEqual([]);
  });

  it('that has expired says so', async () => {
    await using server = await VendorServer.start(batchApi(['expired']));
    await expect(download(server)).rejects.toMatchObject({ code: 'PROVIDER_JOB_EXPIRED' });
  });

  it('is ordered once its price was approved, and never twice', async () => {
    await using server = await VendorServer.start(batchApi([]));
    const client = clientAt(server.url, new TestClock(0));
    const order = databentoOrder('es.fut', { start: '2024-01-01', end: '2024-04-01' });
    const quotes: string[] = [];
    const approve = (yes: boolean) => async (quote: { what: string; usd: number }) => {
      quotes.push(`${quote.what}: ${quote.usd}`);
      return yes;
    };
    await expect(orderMonths(client, order, approve(false), signal)).rejects.toMatchObject({
      code: 'PROVIDER_COST',
    });
    expect(server.asked.map(({ path }) => path)).toEqual(['/v0/metadata.get_cost']);
    expect(await orderMonths(client, order, approve(true), signal)).toBe(JOB);
    expect(quotes[0]).toBe('ES.FUT ohlcv-1s 2024-01-01T00:00 to 2024-04-01T00:00: 12.5');
    expect(Object.fromEntries(server.asked.at(-1)?.form ?? [])).toMatchObject({
      dataset: 'GLBX.MDP3',
      symbols: 'ES.FUT',
      stype_in: 'parent',
      schema: 'ohlcv-1s',
      split_duration: 'month',
      encoding: 'dbn',
    });
    // an answer that was lost may have been an order
    server.faults = [undefined, 'reset'];
    await expect(orderMonths(client, order, approve(true), signal)).rejects.toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
    });
    expect(server.asked.filter(({ path }) => path === '/v0/batch.submit_job')).toHaveLength(2);
  });
});
