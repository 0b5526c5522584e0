import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeltaTable, openStorage } from '../../src/delta/index.ts';
import { SMALL_MONTHS, writeSmallMonths } from '../months/small-months.ts';
import { SmallS3 } from '../storage/small-s3.ts';
import { jsonLines, runCli } from './run-cli.ts';

let s3: SmallS3;
const folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
const source = join(folder, 'source');
const lake = join(folder, 'lake');
const stored = { source: '', lake: '' };
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

const months = (verb: string, from: string, to: string, ...more: string[]) =>
  runCli(['months', verb, '--source', from, '--lake', to, '--json', ...more], {
    env: {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });

beforeAll(async () => {
  s3 = await SmallS3.start();
  stored.source = `s3://${s3.bucket}/raw`;
  stored.lake = `s3://${s3.bucket}/lake`;
  await writeSmallMonths(source);
  for (const name of readdirSync(source)) {
    const bytes = readFileSync(join(source, name));
    s3.objects.set(`raw/2024/${name}`, { bytes, modifiedMs: Date.now(), metadata: {} });
  }
  const { code, stderr } = await months('run', source, lake);
  expect(code, stderr).toBe(0);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await s3?.close();
});

/** The rows of each month: file names, sizes and what the log says of their columns. */
async function contents(uri: string) {
  const s3Settings = { endpoint: s3.endpoint, credentials };
  const found: Record<string, unknown> = {};
  for (const name of ['training_bars', 'quarantine', 'rolls']) {
    const table = await DeltaTable.open(openStorage(`${uri}/${name}`, { s3: s3Settings }));
    found[name] = (await table.scan()).files
      .map(({ size, stats, partitionValues }) => ({ size, stats, month: partitionValues.month }))
      .sort((a, b) => String(a.month).localeCompare(String(b.month)));
  }
  return found;
}

describe('the monthly run', () => {
  test('from a bucket into a bucket makes what it makes on a disk', async () => {
    const planned = await months('run', stored.source, stored.lake, '--dry-run');
    expect(JSON.parse(planned.stdout).plan).toHaveLength(SMALL_MONTHS.length);
    const { code, stdout, stderr } = await months('run', stored.source, stored.lake);
    expect(code, stderr).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({
      summary: { succeeded: SMALL_MONTHS.length, failed: 0 },
    });
    expect(await contents(stored.lake)).toEqual(await contents(lake));
    expect([...s3.objects.keys()].filter((key) => /_barline|barline-tmp/.test(key))).toEqual([]);
    for (const month of SMALL_MONTHS) {
      const file = `processed-data/monthly/${month.replace('-', '/')}/monthly_${month}_statistics.json`;
      const { quality_score } = JSON.parse(s3.objects.get(`lake/${file}`)?.bytes.toString() ?? '{}');
      expect(quality_score).toBe(JSON.parse(readFileSync(join(lake, file), 'utf8')).quality_score);
    }
  });

  test('runs again without work, lists and shows', async () => {
    const before = s3.objects.size;
    const again = await months('run', stored.source, stored.lake);
    expect(jsonLines(again.stdout).at(-1)).toMatchObject({ summary: { skipped: SMALL_MONTHS.length } });
    expect(s3.objects.size).toBe(before);
    const listed = jsonLines((await months('list', stored.source, stored.lake)).stdout);
    expect(listed.map((line) => JSON.stringify(line))).toEqual(
      SMALL_MONTHS.map((month) => expect.stringMatching(`"month":"${month}".*"state":"up to date"`)),
    );
    const shown = await runCli(['months', 'show', '2024-03', '--lake', stored.lake, '--json'], {
      env: {
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    });
    expect(JSON.parse(shown.stdout)).toMatchObject({ source: { dataset: 'GLBX.MDP3' } });
  });

  test.each([
    ['a bucket', 'a folder'],
    ['a folder', 'a bucket'],
  ])('from %s into %s', async (from, to) => {
    const into = to === 'a folder' ? join(folder, 'mixed') : `s3://${s3.bucket}/mixed`;
    const run = await months('run', from === 'a folder' ? source : stored.source, into, '--month', '2024-02');
    expect(run.code, run.stderr).toBe(0);
    expect(Object.values(await contents(into))).toMatchObject([[{ month: '2024-02' }], {}, {}]);
  });

  test('an empty source and a bucket that is not there are told plainly', async () => {
    const empty = await months('run', `s3://${s3.bucket}/nothing`, stored.lake);
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('no monthly file in s3://')]);
    const missing = await months('run', stored.source, 's3://no-such-bucket/lake');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('STORAGE_NO_BUCKET')]);
  });

  test('sample files are written to this machine', async () => {
    const demo = await runCli(['demo', '--dir', stored.lake]);
    expect([demo.code, demo.stderr]).toEqual([
      2,
      expect.stringContaining('expected a folder of this machine'),
    ]);
    const sample = await runCli(['sample', 'months', '--from', '2024-02', '--out', stored.source]);
    expect([sample.code, sample.stderr]).toEqual([2, expect.stringContaining('--out s3://')]);
  });
});
