import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeDbn } from '../../src/dbn/index.ts';
import { DeltaTable } from '../../src/delta/index.ts';
import {
  MONTH_TABLES,
  type Processing,
  planRollback,
  planRun,
  rollBack,
  shiftMonth,
  statisticsPath,
} from '../../src/months/index.ts';
import { generateMonth } from '../../src/sample/index.ts';
import { LocalStorage } from '../../src/storage/index.ts';
import { defaultProcessing, monthHashes, run } from './lake-contents.ts';
import { fileNameOf } from './small-months.ts';

const MONTHS = Array.from({ length: 12 }, (_, k) => shiftMonth('2024-01', k));
const TWO = ['2024-03', '2024-04'];
const { labels } = defaultProcessing;
const newer: Processing = { ...defaultProcessing, labels: { ...labels, timeoutSeconds: 600 } };

const root = mkdtempSync(join(tmpdir(), 'barline-rollback-'));
const [source, lake] = [join(root, 'source'), join(root, 'lake')];

/** A few days of a month, with a bar a minute or so: the grid has a row a second all the same. */
async function writeSparseDays(month: string): Promise<void> {
  const request = { instrument: 'ES', month, seed: 1, scale: 0.02, defects: true } as const;
  const { metadata, batches } = generateMonth(request);
  await writeDbn(join(source, fileNameOf(month)), metadata, [...batches].slice(1, 5), { level: 1 });
}

/** Hashes of the data files of every month, by table, and the documents that lie beside the tables. */
async function contents(): Promise<Record<string, Record<string, string[]>>> {
  const hashes = await Promise.all(MONTH_TABLES.map((name) => monthHashes(lake, name)));
  const documents = MONTHS.map((month) => [month, [readFileSync(join(lake, statisticsPath(month)), 'utf8')]]);
  return {
    ...Object.fromEntries(MONTH_TABLES.map((name, at) => [name, hashes[at]])),
    documents: Object.fromEntries(documents),
  };
}

/** Data files of months, by path; checkpoints keep all of an action but its `dataChange`. */
async function filesOf(name: string, isOfMonth: (month: string) => boolean): Promise<unknown[]> {
  const table = await DeltaTable.open(join(lake, name));
  return [...table.latest.files()]
    .filter((file) => isOfMonth(String(file.partitionValues.month)))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => ({ ...file, dataChange: null }));
}

const others = async () =>
  Object.fromEntries(
    await Promise.all(
      MONTH_TABLES.map(async (name) => [name, await filesOf(name, (month) => !TWO.includes(month))]),
    ),
  );

const putBack = async (months: readonly string[], toVersion?: number) =>
  rollBack(
    await planRollback({ lakeUri: lake, months, ...(toVersion !== undefined && { toVersion }) }),
    Date.now(),
  );

async function states(processing = defaultProcessing): Promise<Record<string, string>> {
  const { planned } = await planRun({
    sourceUri: source,
    lakeUri: lake,
    processing,
    plan: { take: 'default' },
  });
  return Object.fromEntries(planned.map(({ raw, reason }) => [raw.month, reason]));
}

let [older, newest, untouched]: Awaited<ReturnType<typeof contents>>[] = [{}, {}, {}];
let olderVersion = 0;

beforeAll(async () => {
  mkdirSync(source);
  for (const month of MONTHS) await writeSparseDays(month);
  await run(source, lake);
  older = await contents();
  olderVersion = (await DeltaTable.open(join(lake, 'training_bars'))).version;
  untouched = await others();
  await run(source, lake, { processing: newer, plan: { take: 'force', months: TWO } });
  newest = await contents();
});
afterAll(() => rmSync(root, { recursive: true }));

describe('two months of twelve', () => {
  it('go back to their earlier rows, byte for byte, and forth again; the ten others stay as they are', async () => {
    expect(Object.keys(older.training_bars ?? {}).sort()).toEqual(MONTHS);
    expect(newest).not.toEqual(older);
    await putBack(TWO);
    expect(await contents()).toEqual(older);
    expect(await others()).toEqual(untouched);
    expect(await states()).toEqual(Object.fromEntries(MONTHS.map((month) => [month, 'up to date'])));

    await putBack(TWO);
    expect(await contents()).toEqual(newest);
    expect(await others()).toEqual(untouched);
    expect(await states()).toMatchObject({ '2024-03': 'configuration changed', '2024-02': 'up to date' });

    await putBack(TWO, olderVersion);
    expect(await contents()).toEqual(older);
    // one commit for each table, though there are two months
    const before = (await DeltaTable.open(join(lake, 'training_bars'))).version;
    await putBack(TWO, olderVersion);
    expect((await DeltaTable.open(join(lake, 'training_bars'))).version).toBe(before);
    await putBack([TWO[1] ?? '']);
    expect((await DeltaTable.open(join(lake, 'training_bars'))).version).toBe(before + 1);
    const mixed = await contents();
    expect(mixed.training_bars).toEqual({
      ...older.training_bars,
      '2024-04': newest.training_bars?.['2024-04'],
    });
    await putBack(TWO, olderVersion);
  });

  it('are stale or not by the record that came back, so that a run makes them again where it must', async () => {
    expect(Object.values(await states(newer)).every((state) => state === 'configuration changed')).toBe(true);
    await run(source, lake, { processing: newer, plan: { take: 'default', months: TWO } });
    expect((await contents()).training_bars).toEqual(newest.training_bars);
    newest = await contents();
    await putBack(TWO, olderVersion);
    const { summary } = await run(source, lake);
    expect(summary).toMatchObject({ skipped: 12 });
    expect(await contents()).toEqual(older);
  });
});

/** Fails the puts of commits from the given one on, counted over all tables. */
function failCommitsFrom(first: number): void {
  let commits = 0;
  const put = LocalStorage.prototype.putIfAbsent;
  LocalStorage.prototype.putIfAbsent = function (path, bytes) {
    if (/^_delta_log\/\d+\.json$/.test(path) && ++commits >= first) throw new Error('killed');
    return put.call(this, path, bytes);
  };
  onTestFinished(() => {
    LocalStorage.prototype.putIfAbsent = put;
  });
}

describe('a rollback cut short', () => {
  it.each([1, 2, 3, 4])(
    'at commit %i leaves months that show it, and is done by doing it again',
    async (commit) => {
      const tables = (await planRollback({ lakeUri: lake, months: TWO })).months;
      expect(tables.every(({ isSame }) => !isSame)).toBe(true);
      const put = LocalStorage.prototype.putIfAbsent;
      failCommitsFrom(commit);
      await expect(putBack(TWO)).rejects.toThrow('killed');
      LocalStorage.prototype.putIfAbsent = put;
      const expected = commit === 1 ? 'up to date' : 'missing';
      expect(await states()).toMatchObject({
        '2024-03': expected,
        '2024-04': expected,
        '2024-02': 'up to date',
      });
      expect((await monthHashes(lake))['2024-03']).toEqual(older.training_bars?.['2024-03']);
      await putBack(TWO);
      expect(await contents()).toEqual(newest);
      await putBack(TWO, olderVersion);
      expect(await contents()).toEqual(older);
    },
  );

  it('is healed by the next run', async () => {
    const put = LocalStorage.prototype.putIfAbsent;
    failCommitsFrom(2);
    await expect(putBack(TWO)).rejects.toThrow('killed');
    LocalStorage.prototype.putIfAbsent = put;
    const { summary } = await run(source, lake);
    expect(summary).toMatchObject({ succeeded: 2, skipped: 10 });
    expect((await contents()).training_bars).toEqual(older.training_bars);
    expect(await others()).toEqual(untouched);
  });
});

describe('a rollback that a run comes before', () => {
  it.each([
    ['whose number is lower', 1, 'ROLLBACK_OVERTAKEN'],
    ['whose number is higher', Number.MAX_SAFE_INTEGER - 1, 'DELTA_CONCURRENT_MODIFICATION'],
  ])('%s fails, and the run’s rows stay', async (_name, nowMs, code) => {
    const month = code === 'ROLLBACK_OVERTAKEN' ? '2024-09' : '2024-10';
    const plan = { take: 'force', months: [month] } as const;
    await run(source, lake, { processing: newer, plan });
    const planned = await planRollback({ lakeUri: lake, months: [month] });
    await run(source, lake, { plan });
    const before = await contents();
    await expect(rollBack(planned, nowMs)).rejects.toMatchObject({ code });
    expect(await contents()).toEqual(before);
    expect(await states()).toMatchObject({ [month]: 'up to date' });
  });
});

describe('what cannot be put back', () => {
  it('a month that was not there', async () => {
    await expect(planRollback({ lakeUri: lake, months: ['2024-05'] })).rejects.toMatchObject({
      code: 'MONTH_NO_EARLIER',
    });
    await expect(planRollback({ lakeUri: lake, months: ['2023-05'], toVersion: 3 })).rejects.toMatchObject({
      code: 'MONTH_NO_EARLIER',
    });
  });

  it('rows that were deleted by hand come back, those of a vacuumed version do not', async () => {
    const training = await DeltaTable.open(join(lake, 'training_bars'));
    await training.delete({ month: '2024-07' });
    await putBack(['2024-07']);
    expect((await contents()).training_bars).toEqual(older.training_bars);
    expect(await states()).toMatchObject({ '2024-07': 'up to date' });

    await training.vacuum({ retentionHours: 0, force: true });
    await expect(putBack(TWO)).rejects.toMatchObject({
      code: 'ROLLBACK_FILES_MISSING',
      message: expect.stringMatching(/training_bars\/month=2024-0[34]\/.*parquet/),
    });
    expect((await contents()).training_bars).toEqual(older.training_bars);
    expect(readdirSync(join(lake, '_barline', 'runs'))).toEqual([]);
  });
});
