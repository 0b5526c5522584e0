import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { estimateRun, planRun } from '../../src/months/index.ts';
import { defaultProcessing, run } from './lake-contents.ts';
import { fileNameOf, writeSmallMonths } from './small-months.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-estimate-'));
const source = join(folder, 'source');
const lake = join(folder, 'lake');

beforeAll(() => writeSmallMonths(source));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sizeOf = (month: string) => statSync(join(source, fileNameOf(month))).size;

async function estimate(workers = 2, memoryByteLength = 2e9) {
  const places = { sourceUri: source, lakeUri: lake };
  const { planned, records } = await planRun({
    ...places,
    processing: defaultProcessing,
    plan: { take: 'default' },
  });
  return estimateRun({ ...places, workers, memoryByteLength }, records, planned);
}

it('goes by usual rates where the lake holds nothing', async () => {
  const found = await estimate();
  const bytes = ['2024-02', '2024-03', '2024-04'].map(sizeOf).reduce((a, b) => a + b, 0);
  expect(found).toMatchObject({ months: 3, sourceBytes: bytes, earlierMonths: 0 });
  expect(found.lakeBytes / bytes).toBeCloseTo(2.9, 3);
  expect(found.freeBytes).toBeGreaterThan(0);
  expect(found.seconds).toBeGreaterThan(0);
});

it('goes by the months of the lake, their size and their stages, where there are some', async () => {
  await run(source, lake, { plan: { take: 'default', to: '2024-03' } });
  const found = await estimate(1);
  expect(found).toMatchObject({ months: 1, sourceBytes: sizeOf('2024-04'), earlierMonths: 2 });
  const made = readdirSync(join(lake, 'training_bars'), { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.startsWith('part-') || name.endsWith('.parquet'))
    .filter(({ parentPath }) => parentPath.includes('month='))
    .reduce((sum, { name, parentPath }) => sum + statSync(join(parentPath, name)).size, 0);
  const share = sizeOf('2024-04') / (sizeOf('2024-02') + sizeOf('2024-03'));
  expect(Math.abs(found.lakeBytes - made * share)).toBeLessThan(1);
  expect((await estimate(2)).seconds).toBeLessThan(found.seconds);
});

it('says what one month needs when the memory is too little for it', async () => {
  await expect(estimate(4, 100e6)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('100 MB of memory'),
  });
});

it('is nothing when nothing is to be done', async () => {
  await run(source, lake);
  expect(await estimate(4, 1)).toMatchObject({ months: 0, sourceBytes: 0, lakeBytes: 0, seconds: 0 });
});
