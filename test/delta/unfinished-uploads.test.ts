import { afterEach, expect, it } from 'vitest';
import { DeltaTable, openStorage } from '../../src/delta/index.ts';
import { SmallS3, type SmallS3Options } from '../storage/small-s3.ts';
import { MONTHLY } from './sample.ts';

const HOUR_MS = 3_600_000;
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

let s3: SmallS3 | undefined;
afterEach(() => s3?.close());

/** A table, and uploads in parts that were begun so many hours ago, one of them of another table. */
async function tableWithUploads(options: SmallS3Options = {}): Promise<{ s3: SmallS3; table: DeltaTable }> {
  s3 = await SmallS3.start(options);
  const storage = openStorage(`s3://${s3.bucket}/bars`, { s3: { endpoint: s3.endpoint, credentials } });
  const table = await DeltaTable.create(storage, MONTHLY);
  const begun = (key: string, hours: number) => ({
    key,
    startedMs: Date.now() - hours * HOUR_MS,
    metadata: {},
    parts: new Map([[1, Buffer.alloc(10)]]),
  });
  s3.uploads.set('dead', begun('bars/month=2024-01/a.parquet', 24 * 8));
  s3.uploads.set('resting', begun('bars/month=2024-01/b.parquet', 24 * 6));
  s3.uploads.set('working', begun('bars/c.parquet', 1));
  s3.uploads.set('other', begun('bars-of-others/a.parquet', 24 * 30));
  return { s3, table };
}

it('vacuum gives up uploads that are older than the retention', async () => {
  const { s3, table } = await tableWithUploads();
  await table.vacuum({ dryRun: true });
  expect([...s3.uploads.keys()]).toEqual(['dead', 'resting', 'working', 'other']);
  await table.vacuum();
  expect([...s3.uploads.keys()]).toEqual(['resting', 'working', 'other']);
  await table.vacuum({ retentionHours: 0, force: true });
  expect([...s3.uploads.keys()]).toEqual(['working', 'other']);
});

it.each([
  [501, 'NotImplemented'],
  [403, 'AccessDenied'],
])('vacuum does without where uploads cannot be given up: %i %s', async (status, code) => {
  const { s3, table } = await tableWithUploads({
    refuse: (method, key) =>
      method === 'DELETE' && key.endsWith('a.parquet') ? { status, code } : undefined,
  });
  await expect(table.vacuum()).resolves.toMatchObject({ files: [] });
  expect(s3.uploads.size).toBe(4);
});
