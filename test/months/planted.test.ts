import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishedMonth, runSummary, statistics } from '../cli/json-shapes.ts';
import { type CliResult, jsonLines, runCli } from '../cli/run-cli.ts';
import { SmallS3 } from '../storage/small-s3.ts';
import { PLANTED_SETTINGS, type Plant, tradingDates, writePlantedMonth } from './planted-months.ts';
import { WrittenMonths } from './recomputed-score.ts';
import { fileNameOf } from './small-months.ts';

const MISSING = ['2024-06-04', '2024-06-05', '2024-06-18'];

/** What is wrong with each month, and what it is to be made again for. */
const PLANTS: Readonly<Record<string, { readonly plant: Plant; readonly causes: readonly string[] }>> = {
  '2024-04': { plant: { step: 2 }, causes: [] },
  // three bars of four have no price
  '2024-05': {
    plant: {
      step: 2,
      change: (bar, second) => (second % 4 === 0 ? bar : { ...bar, low: 0 }),
    },
    causes: ['retention'],
  },
  '2024-06': { plant: { step: 2, without: MISSING }, causes: [] },
  // no price is ever further than a tick from the first
  '2024-07': {
    plant: {
      change: (_, second) => ({ open: 20_000, high: 20_001, low: 20_000, close: 20_000 + (second % 2) }),
    },
    causes: [
      ...['low', 'normal', 'high'].flatMap((vol) => [
        `${vol}_vol_long win rate`,
        `${vol}_vol_short win rate`,
      ]),
    ],
  },
  // all prices of a bar are the same, so that its range is constant
  '2024-08': {
    plant: { step: 2, change: ({ close }) => ({ open: close, high: close, low: close, close }) },
    causes: [],
  },
  // 25 points up and down in turn, once in each of 20 sessions
  '2024-09': {
    plant: {
      step: 2,
      jump: (second, session) => (second === 1800 && session < 20 ? (session % 2 === 0 ? 100 : -100) : 0),
    },
    causes: [],
  },
};
const CORRUPT = '2024-10';
const GONE = '2024-11';

const folder = mkdtempSync(join(tmpdir(), 'barline-planted-'));
const lake = join(folder, 'lake');
let s3: SmallS3;
let run: CliResult;
let written: WrittenMonths;

const barline = (...args: string[]) =>
  runCli([...args, '--lake', lake], {
    cwd: folder,
    env: { AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
  });

async function plant(month: string, planted: Plant = {}, change = (bytes: Buffer) => bytes): Promise<void> {
  const path = join(folder, fileNameOf(month));
  await writePlantedMonth(path, tradingDates(month), planted);
  s3.objects.set(`raw/${fileNameOf(month)}`, {
    bytes: change(readFileSync(path)),
    modifiedMs: Date.UTC(2025, 0, 1),
    metadata: {},
  });
}

beforeAll(async () => {
  s3 = await SmallS3.start({
    refuse: (method, key) =>
      method === 'GET' && key.endsWith(fileNameOf(GONE)) ? { status: 404, code: 'NoSuchKey' } : undefined,
  });
  writeFileSync(join(folder, 'barline.yaml'), JSON.stringify(PLANTED_SETTINGS));
  for (const [month, planted] of Object.entries(PLANTS)) await plant(month, planted.plant);
  await plant(CORRUPT, {}, (bytes) => bytes.subarray(0, bytes.length / 2));
  await plant(GONE);
  run = await barline('months', 'run', '--source', `s3://${s3.bucket}/raw`, '--json');
  written = await WrittenMonths.open(lake);
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await s3?.close();
});

const finished = () =>
  jsonLines(run.stdout)
    .slice(0, -1)
    .map((line) => finishedMonth.parse(line));

function documentOf(month: string) {
  const path = `processed-data/monthly/${month.replace('-', '/')}/monthly_${month}_statistics.json`;
  return statistics.parse(JSON.parse(readFileSync(join(lake, path), 'utf8')));
}

describe('a run of months with planted faults', () => {
  it('names the two that failed, makes the others and exits with 1', () => {
    expect(run.code).toBe(1);
    expect(runSummary.parse(jsonLines(run.stdout).at(-1)).summary).toMatchObject({ succeeded: 6, failed: 2 });
    const failed = finished().filter(({ status }) => status === 'failed');
    expect(failed.map(({ month, error }) => [month, error?.code]).sort()).toEqual([
      [CORRUPT, 'DBN_TRUNCATED_ZSTD'],
      [GONE, 'STORAGE_NOT_FOUND'],
    ]);
    expect(failed.every(({ quality_score, rows }) => quality_score === null && rows === 0)).toBe(true);
  });

  it('names the failed ones to people too', async () => {
    const { code, stderr } = await barline('months', 'run', '--source', `s3://${s3.bucket}/raw`);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`error\\[DBN_TRUNCATED_ZSTD\\]: ${CORRUPT}: `));
    expect(stderr).toMatch(new RegExp(`error\\[STORAGE_NOT_FOUND\\]: ${GONE}: `));
  });

  it.each(Object.keys(PLANTS))('gives %s the score, reasons and priority of the formulas', async (month) => {
    const document = documentOf(month);
    const expected = await written.score(month, tradingDates(month), document);
    expect(expected.causes).toEqual(PLANTS[month].causes);
    const parts = Object.entries(expected.parts).map(([part, value]) => [part, expect.closeTo(value, 8)]);
    expect(document.quality_parts).toEqual(Object.fromEntries(parts));
    expect(document.quality_score).toBeCloseTo(expected.score, 8);
    expect(document.reprocessing_priority).toBe(expected.priority);
    expect(document.requires_reprocessing).toBe(expected.causes.length > 0);
    expect(document.reprocessing_reasons).toHaveLength(expected.causes.length);
    const line = finished().find((each) => each.month === month);
    expect(line).toMatchObject({
      quality_score: document.quality_score,
      requires_reprocessing: document.requires_reprocessing,
      reprocessing_reasons: document.reprocessing_reasons,
    });
  });
});

describe('the statistics of a planted month', () => {
  it('of the one that lost three bars of four', () => {
    const document = documentOf('2024-05');
    expect(document.retention).toBe(0.25);
    expect(document.cleaning_rules).toMatchObject({ not_positive: 0.75 * document.rth_bars });
    expect(document.reprocessing_reasons[0]).toMatch(
      /^Cleaning kept 25\.0 % of the session's bars, below 30\.0 %, most of the others fell to the rule not_positive \(75\.0 %\)/,
    );
    expect(document.warnings.filter((each) => each.includes('is filled'))).toHaveLength(23);
  });

  it('of the one with sessions missing', () => {
    expect(documentOf('2024-06').missing_sessions).toEqual(MISSING);
  });

  it('of the one whose price stands still', () => {
    const document = documentOf('2024-07');
    for (const mode of Object.values(document.mode_statistics)) {
      expect(mode).toMatchObject({
        win_rate: 0,
        avg_weight: 1,
        weight_std: 0,
        quality_flags: ['unreasonable_win_rate'],
      });
    }
    expect(
      document.reprocessing_reasons.filter((each) => /^The win rate of .* is 0\.0 %/.test(each)),
    ).toHaveLength(6);
  });

  it('of the one with a constant feature', () => {
    const usual = documentOf('2024-04').feature_statistics.suspicious_features;
    // in the day session no bar is of the night
    expect(usual).toContain('is_eth');
    const { feature_statistics: found } = documentOf('2024-08');
    expect(found.suspicious_features.filter((name) => !usual.includes(name))).toEqual([
      'bar_range',
      'relative_bar_size',
    ]);
    expect(found.value_ranges.bar_range).toEqual({ min: 0, max: 0 });
  });

  it('of the one with twenty rolls', () => {
    const document = documentOf('2024-09');
    expect(document.rollover_events).toHaveLength(20);
    expect(document.bars_excluded_rollover).toBe(20 * 7);
    expect(document.quality_parts.rolls).toBe(0.7);
  });

  it('is what the table has, and what months show and list tell', async () => {
    const shown = await barline('months', 'show', '2024-05', '--json');
    expect(JSON.parse(shown.stdout)).toEqual(documentOf('2024-05'));
    const page = (await barline('months', 'show', '2024-05')).stdout;
    expect(page).toContain(documentOf('2024-05').reprocessing_reasons[0]);
    const listed = await barline('months', 'list', '--source', `s3://${s3.bucket}/raw`, '--json');
    const scores = jsonLines(listed.stdout).map((line) => Object.fromEntries(Object.entries(line ?? {})));
    expect(scores.find(({ month }) => month === '2024-05')).toMatchObject({
      quality_score: documentOf('2024-05').quality_score,
    });
    const columns = 'quality_score, requires_reprocessing, reprocessing_priority';
    const rows = await barline(
      'sql',
      `SELECT ${columns} FROM monthly_statistics WHERE month = '2024-05'`,
      '--json',
    );
    const { quality_score, reprocessing_priority } = documentOf('2024-05');
    expect(JSON.parse(rows.stdout)).toEqual({
      quality_score,
      requires_reprocessing: true,
      reprocessing_priority,
    });
  });

  it('lies beside the tables and is none of them', async () => {
    const tables = jsonLines((await barline('table', 'list', '--json')).stdout);
    expect(tables.map((line) => Object.fromEntries(Object.entries(line ?? {})).name)).not.toContain(
      'processed-data',
    );
  });
});
