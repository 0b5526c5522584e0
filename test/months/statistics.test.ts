import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { DeltaTable, struct } from '../../src/delta/index.ts';
import { datasetCondition } from '../../src/months/dataset-condition.ts';
import { planRun, statisticsPath } from '../../src/months/index.ts';
import { STATISTICS_TABLE } from '../../src/months/tables.ts';
import { LocalStorage } from '../../src/storage/index.ts';
import { writeGoodMonth } from '../cli/bad-files.ts';
import { statistics } from '../cli/json-shapes.ts';
import { defaultProcessing, run } from './lake-contents.ts';
import { fileNameOf, writeSmallMonths } from './small-months.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-statistics-'));
const source = join(root, 'source');
const MONTH = '2024-03';

beforeAll(() => writeSmallMonths(source, { months: [MONTH] }));
afterAll(() => rmSync(root, { recursive: true }));

const documentIn = (lake: string, month = MONTH) =>
  statistics.parse(JSON.parse(readFileSync(join(lake, statisticsPath(month)), 'utf8')));

/** The one row of a table, some of its columns. */
async function rowOf(table: DeltaTable, columns: readonly string[]) {
  const rows = [];
  for await (const row of (await table.scan({ columns })).rows()) rows.push(row);
  expect(rows).toHaveLength(1);
  return rows[0];
}

describe('the statistics document', () => {
  it('is the same for any number of threads, but for time and memory', async () => {
    const documents = [];
    for (const workers of [1, 3]) {
      const lake = join(root, `workers-${workers}`);
      await run(source, lake, { workers });
      const { performance, processing_date, processing_time_minutes, txn_version, ...rest } =
        documentIn(lake);
      expect(performance.stage_rows).toMatchObject({ feature: rest.final_bars, contract: rest.raw_bars });
      expect(Object.keys(performance.stage_seconds)).toEqual(
        expect.arrayContaining(['decode', 'statistics']),
      );
      expect([processing_date, processing_time_minutes, txn_version].every(Boolean)).toBe(true);
      documents.push(rest);
    }
    expect(documents[0]).toEqual(documents[1]);
  });

  it('is the one in the table', async () => {
    const lake = join(root, 'workers-1');
    const table = await DeltaTable.open(join(lake, 'monthly_statistics'));
    const row = await rowOf(table, ['document', 'quality_score', 'requires_reprocessing', 'txn_version']);
    expect(`${row?.document}\n`).toBe(readFileSync(join(lake, statisticsPath(MONTH)), 'utf8'));
    const { quality_score, requires_reprocessing, txn_version } = documentIn(lake);
    expect(row).toMatchObject({ quality_score, requires_reprocessing, txn_version: BigInt(txn_version) });
  });

  it('of a month without a session has no share and asks for another look', async () => {
    const [folder, lake] = [join(root, 'holiday'), join(root, 'holiday-lake')];
    mkdirSync(folder);
    // Good Friday
    await writeGoodMonth(join(folder, fileNameOf(MONTH)), { date: '2024-03-29' });
    const { outcomes } = await run(folder, lake);
    const document: unknown = JSON.parse(readFileSync(join(lake, statisticsPath(MONTH)), 'utf8'));
    expect(document).toMatchObject({ final_bars: 0, retention: null, reprocessing_priority: 'medium' });
    expect(outcomes[0]).toMatchObject({ status: 'succeeded', rows: 0, requiresReprocessing: true });
    expect(outcomes[0].reasons).toContainEqual(
      expect.stringMatching(/^No bar of the front contract lies in/),
    );
  });
});

describe('a run that dies between the statistics and the rows', () => {
  it('leaves the old rows and a month to be made again, which puts the file right', async () => {
    const lake = join(root, 'cut-short');
    await run(source, lake);
    const old = documentIn(lake);
    const rows = async () => (await DeltaTable.open(join(lake, 'training_bars'))).version;
    const before = await rows();
    const commit = DeltaTable.prototype.replaceWhere;
    const spy = vi.spyOn(DeltaTable.prototype, 'replaceWhere').mockImplementation(function (
      this: DeltaTable,
      ...request
    ) {
      if (this.storage.uri.endsWith('training_bars'))
        throw new BarlineError({ code: 'CUT_SHORT', message: 'gone' });
      return commit.apply(this, request);
    });
    const force = { take: 'force' } as const;
    expect((await run(source, lake, { plan: force })).summary).toMatchObject({ failed: 1 });
    spy.mockRestore();
    expect(await rows()).toBe(before);
    expect(documentIn(lake).txn_version).toBeGreaterThan(old.txn_version);
    expect((await run(source, lake)).outcomes).toMatchObject([{ status: 'succeeded', reason: 'missing' }]);
    const table = await DeltaTable.open(join(lake, 'training_bars'));
    const { txn_version } = documentIn(lake);
    expect(table.latest.transactions.get(`barline-month-${MONTH}`)?.version).toBe(txn_version);
  });
});

describe('a lake that an earlier release began', () => {
  const added = ['quality_score', 'requires_reprocessing', 'reprocessing_priority'];
  const older = {
    ...STATISTICS_TABLE,
    schema: struct(STATISTICS_TABLE.schema.fields.filter(({ name }) => !added.includes(name))),
  };

  it('is planned as it is, and its first month brings the columns it lacks', async () => {
    const lake = join(root, 'older-lake');
    const table = await DeltaTable.openOrCreate(join(lake, 'monthly_statistics'), older);
    await table.append({ rows: [{ month: '2024-01', final_bars: 7 }] });
    const version = table.version;
    await planRun({
      sourceUri: source,
      lakeUri: lake,
      processing: defaultProcessing,
      plan: { take: 'default' },
    });
    await table.refresh();
    expect(table.version).toBe(version);

    const { outcomes } = await run(source, lake);
    expect(outcomes.map(({ error }) => error)).toEqual([null]);
    await table.refresh();
    expect(added.every((name) => table.schema.fields.some((found) => found.name === name))).toBe(true);
    const scores = [];
    for await (const row of (await table.scan({ columns: ['month', 'quality_score'] })).rows())
      scores.push(row);
    expect(scores.sort((a, b) => String(a.month).localeCompare(String(b.month)))).toEqual([
      { month: '2024-01', quality_score: null },
      { month: MONTH, quality_score: documentIn(lake).quality_score },
    ]);
  });

  it('is refused where a column is another than expected', async () => {
    const lake = join(root, 'other-lake');
    const fields = older.schema.fields.map((each) =>
      each.name === 'raw_bars' ? { ...each, type: 'string' as const } : each,
    );
    await DeltaTable.openOrCreate(join(lake, 'monthly_statistics'), { ...older, schema: struct(fields) });
    await expect(run(source, lake)).rejects.toMatchObject({ code: 'DELTA_SCHEMA_MISMATCH' });
  });
});

describe("the vendor's word on the days of a month", () => {
  const day = (date: string, condition: string) => ({ date, condition, last_modified_date: '2024-05-01' });
  const found = async (text?: string) => {
    const folder = mkdtempSync(join(root, 'condition-'));
    if (text !== undefined) writeFileSync(join(folder, 'condition.json'), text);
    return datasetCondition(new LocalStorage(root), `${folder.slice(root.length + 1)}/file.dbn.zst`, MONTH);
  };

  it('is that of condition.json beside its file, days of other months left out', async () => {
    const list = [
      day('2024-04-01', 'missing'),
      day('2024-03-05', 'degraded'),
      day('2024-03-04', 'available'),
      day('2024-03-06', 'pending'),
    ];
    expect(await found(JSON.stringify(list))).toEqual({
      '2024-03-04': 'available',
      '2024-03-05': 'degraded',
      '2024-03-06': 'pending',
    });
  });

  it.each([
    ['there is none', undefined],
    ['it is no JSON', 'not found'],
    ['it is no list', '{"2024-03-04": "available"}'],
    ['it has none of the month', JSON.stringify([day('2024-04-01', 'available')])],
    ['it says what nobody knows', JSON.stringify([day('2024-03-04', 'splendid'), null, 'x'])],
  ])('is not known where %s', async (_, text) => {
    expect(await found(text)).toBeNull();
  });

  it('stands in the document', async () => {
    const lake = join(root, 'condition-lake');
    writeFileSync(join(source, 'condition.json'), JSON.stringify([day('2024-03-07', 'degraded')]));
    await run(source, lake);
    expect(documentIn(lake).dataset_condition).toEqual({ '2024-03-07': 'degraded' });
  });
});
