import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileNameOf, writeSmallMonths } from '../months/small-months.ts';
import { SmallS3 } from '../storage/small-s3.ts';
import { monthReport, monthsReport } from './report-shapes.ts';
import { runCli, temporaryFolder } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-test-'));
const report = (...args: string[]) => runCli(['months', 'report', ...args], { cwd: root });
const allOf = (text: string) => monthsReport.parse(JSON.parse(text));

// two sound months between which one is corrupt
beforeAll(async () => {
  await writeSmallMonths(join(root, 'data'), { months: ['2024-02', '2024-04'] });
  writeFileSync(join(root, 'data', fileNameOf('2024-03')), 'junk');
  const { code, stderr } = await runCli(['months', 'run', '--quiet'], { cwd: root });
  expect(code, stderr).toBe(1);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('months report', () => {
  test('over all months, as JSON', async () => {
    const { code, stdout, stderr } = await report('--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const found = allOf(stdout);
    expect(found).toMatchObject({
      lake: 'lake',
      first: '2024-02',
      last: '2024-04',
      month_count: 2,
      missing: [],
    });
    expect(found.failures).toMatchObject([
      {
        code: 'DBN_BAD_MAGIC',
        kind: 'permanent',
        months: [{ month: '2024-03' }],
        command: 'barline months retry',
      },
    ]);
    expect(found.modes).toHaveLength(6);
    expect(found.scores.good + found.scores.fair + found.scores.poor).toBe(2);
    expect(found.stages.length).toBeGreaterThan(5);
    const again = await report('--format', 'json', '--lake', 'lake', '--source', 'my data');
    expect(allOf(again.stdout).failures[0]?.command).toBe(
      "barline months retry --source 'my data' --lake lake",
    );
  });

  test('of one month, as JSON, and of one that never was made', async () => {
    const made = monthReport.parse(JSON.parse((await report('2024-04', '--json')).stdout));
    expect(made.recorded?.flow.map(({ step }) => step)).toEqual([
      'raw',
      'front_contract',
      'session',
      'cleaned',
      'grid',
    ]);
    expect(made.recorded?.features).toHaveLength(43);
    expect(made.quality_score).toBeGreaterThan(0);
    const failed = monthReport.parse(JSON.parse((await report('2024-03', '--json')).stdout));
    expect(failed).toMatchObject({ recorded: null, failure: { code: 'DBN_BAD_MAGIC', month: '2024-03' } });
    expect(failed.recommendations[0]?.command).toBe('barline months retry --month 2024-03');
  });

  test('as text on stdout, the commands among it', async () => {
    const all = await report();
    expect(all).toMatchObject({ code: 0, stderr: '' });
    expect(all.stdout).toMatch(/^Months 2024-02 to 2024-04\nLake lake, as of /);
    expect(all.stdout).toContain('  $ barline months retry\n');
    expect((await report('2024-02')).stdout).toMatch(/^Data flow\n═+\n\nBars step by step\n/m);
  });

  test('into a file, its ending saying how', async () => {
    const written = await report('--output', 'months.html');
    expect(written).toMatchObject({ code: 0, stderr: '' });
    expect(written.stdout).toMatch(/^months\.html: [\d.]+ kB, Months 2024-02 to 2024-04\n$/);
    expect(readFileSync(join(root, 'months.html'), 'utf8')).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(await report('--output', 'months.html')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('OUTPUT_EXISTS'),
    });
    const json = await report('2024-02', '-o', 'months.html', '--force', '--format', 'markdown', '--json');
    const bytes = readFileSync(join(root, 'months.html'));
    expect(JSON.parse(json.stdout)).toEqual({
      output: 'months.html',
      format: 'markdown',
      bytes: bytes.byteLength,
    });
    expect(bytes.toString()).toMatch(/^# Month 2024-02\n/);
    await report('-o', 'months.json');
    expect(allOf(readFileSync(join(root, 'months.json'), 'utf8')).month_count).toBe(2);
  });

  test('--min-winners decides what is ready', async () => {
    expect(allOf((await report('--json', '--min-winners', '1')).stdout).standard.min_winners).toBe(1);
    const strict = allOf((await report('--json', '--min-winners', '10000000')).stdout);
    expect(strict.ready_count).toBe(0);
    expect(strict.months[0]?.not_ready_because.join()).toContain('fewer than 10,000,000');
  });

  test.each([
    [['2024-13'], 2, /MONTH "2024-13"/],
    [['--format', 'pdf'], 2, /text, markdown, html, json/],
    [['--format', 'html', '--json'], 2, /--json and --format html exclude/],
    [['--output', 'report.pdf'], 2, /its ending tells no format/],
    [['--min-winners', 'many'], 2, /--min-winners "many"/],
    [['2031-01'], 1, /MONTH_NOT_FOUND\]: .* has no month 2031-01/],
    [['--lake', 'nowhere'], 1, /MONTH_NOT_FOUND\]: .* has no months/],
  ])('%j is told plainly', async (args, code, message) => {
    const result = await report(...args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toMatch(message);
  });

  test('of a month whose run died before its rows says so', async () => {
    const lake = join(temporaryFolder(), 'lake');
    cpSync(join(root, 'lake'), lake, { recursive: true });
    const log = join(lake, 'training_bars/_delta_log');
    const last =
      readdirSync(log)
        .filter((name) => /^\d{20}\.json$/.test(name))
        .sort()
        .at(-1) ?? '';
    for (const name of readdirSync(log)) if (name.startsWith(last.slice(0, 20))) rmSync(join(log, name));
    const found = allOf((await report('--lake', lake, '--json')).stdout);
    const [high] = found.reprocessing;
    expect(high).toMatchObject({
      priority: 'high',
      months: [{ reasons: [expect.stringContaining('a run died')] }],
    });
    expect(found.ready_count).toBeLessThan(2);
  });

  test('of a lake in a bucket is the same', async () => {
    const s3 = await SmallS3.start();
    try {
      for (const path of readdirSync(join(root, 'lake'), { recursive: true, withFileTypes: true })) {
        if (!path.isFile()) continue;
        const file = join(path.parentPath, path.name);
        const key = `lake/${relative(join(root, 'lake'), file)}`;
        s3.objects.set(key, { bytes: readFileSync(file), modifiedMs: Date.now(), metadata: {} });
      }
      const stored = await runCli(['months', 'report', '--lake', `s3://${s3.bucket}/lake`, '--json'], {
        env: { AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
      });
      const here = allOf((await report('--json')).stdout);
      const there = allOf(stored.stdout);
      expect(there.months).toEqual(here.months);
      expect({ ...there.scores, ...there.stages }).toEqual({ ...here.scores, ...here.stages });
      expect(there.failures).toMatchObject([{ code: 'DBN_BAD_MAGIC' }]);
    } finally {
      await s3.close();
    }
  });
});
