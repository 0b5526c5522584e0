import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { SmallS3 } from '../storage/small-s3.ts';
import { monthHashes, run } from './lake-contents.ts';
import { SMALL_MONTHS, writeSmallMonths } from './small-months.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-fetch-'));
const source = join(folder, 'source');
/** Downloads and finished months, as they come. */
const seen: string[] = [];
let s3: SmallS3;

beforeAll(async () => {
  s3 = await SmallS3.start({
    delayMs: (method, key) => {
      const month = /(\d{4})(\d\d)01-\d{8}\.ohlcv/.exec(key);
      if (method === 'GET' && month !== null) seen.push(`fetch ${month[1]}-${month[2]}`);
      return 0;
    },
  });
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  await writeSmallMonths(source);
  for (const name of readdirSync(source)) {
    const bytes = readFileSync(join(source, name));
    s3.objects.set(`raw/${name}`, { bytes, modifiedMs: Date.now(), metadata: {} });
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
  await s3?.close();
});

it('fetches the next months of a bucket, each once, while one is at work, and makes of them what a disk gives', async () => {
  const [fetched, read] = [join(folder, 'fetched'), join(folder, 'read')];
  const { summary } = await run(`s3://${s3.bucket}/raw`, fetched, {
    workers: 1,
    memoryByteLength: 500e6,
    onEvent: (event) => {
      if (event.type === 'month-finished') seen.push(`made ${event.outcome.month}`);
    },
  });
  expect(summary).toMatchObject({ succeeded: SMALL_MONTHS.length, retries: { requests: 0, months: 0 } });
  expect(summary.stageSeconds.fetch).toBeGreaterThan(0);
  const fetches = seen.filter((each) => each.startsWith('fetch'));
  expect(fetches.sort()).toEqual(SMALL_MONTHS.map((month) => `fetch ${month}`));
  expect(seen.indexOf('fetch 2024-04')).toBeLessThan(seen.indexOf('made 2024-02'));
  await run(source, read);
  expect(await monthHashes(fetched)).toEqual(await monthHashes(read));
});

it('keeps nothing of a bucket on this machine', () => {
  const left = readdirSync(folder, { recursive: true }).map(String);
  expect(left.filter((path) => path.startsWith('fetched') && path.endsWith('.zst'))).toEqual([]);
});
