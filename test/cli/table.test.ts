import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { DuckDbSession, quotePath } from '../../src/query/index.ts';
import { WIDE, writeBars, writeLake } from '../query/lake-fixture.ts';
import { jsonLines, runCli, startCli, temporaryFolder } from './run-cli.ts';

let root = '';
let lake = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'barline-test-'));
  lake = join(root, 'lake');
  await writeLake(lake);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const table = (...args: string[]) => runCli(['table', ...args, '--lake', lake]);

describe('table list', () => {
  test('names the tables alone', async () => {
    const { code, stdout } = await table('list', '--json');
    expect(code).toBe(0);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(jsonLines(stdout)).toEqual([
      {
        name: 'bars',
        version: 2,
        rows: 150,
        files: 2,
        size_bytes: expect.any(Number),
        partition_columns: ['month'],
        last_commit: time,
      },
      {
        name: 'empty',
        version: 0,
        rows: 0,
        files: 0,
        size_bytes: 0,
        partition_columns: [],
        last_commit: time,
      },
    ]);
    expect((await table('list')).stdout).toMatch(/^bars\s+2\s+150\s+2\s/m);
  });

  test('a broken table does not hide the others', async () => {
    const broken = join(temporaryFolder(), 'lake');
    await writeLake(broken);
    mkdirSync(join(broken, 'broken/_delta_log'), { recursive: true });
    writeFileSync(join(broken, 'broken/_delta_log/00000000000000000000.json'), '{]');
    const { code, stdout } = await runCli(['table', 'list', '--lake', broken, '--json']);
    expect(code).toBe(1);
    expect(jsonLines(stdout)).toMatchObject([
      { name: 'bars' },
      { name: 'broken', error: { code: expect.stringMatching(/^DELTA_/) } },
      { name: 'empty' },
    ]);
  });

  test('the lake comes from the flag, the environment or the nearest barline.yaml, else ./lake', async () => {
    const at = { BARLINE_LAKE: lake };
    expect((await runCli(['table', 'list'], { env: at })).stdout).toContain('bars');
    expect((await runCli(['table', 'list'], { cwd: root })).stdout).toContain('bars');
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'barline.yaml'), `lake: ${lake}\n`);
    mkdirSync(join(folder, 'below'));
    expect((await runCli(['table', 'list'], { cwd: join(folder, 'below') })).stdout).toContain('bars');
    const missing = await runCli(['table', 'list'], { cwd: temporaryFolder() });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^error\[LAKE_NOT_FOUND\]: .*\/lake\nhint: .*--lake/);
  });
});

describe('table show and history', () => {
  test('show says what the log says', async () => {
    const { stdout } = await table('show', 'bars@v1', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'bars',
      location: join(lake, 'bars'),
      version: 1,
      newest_version: 2,
      rows: 100,
      files: 1,
      partition_columns: ['month'],
      protocol: { min_reader_version: 1, min_writer_version: 2, reader_features: [], writer_features: [] },
      schema: {
        type: 'struct',
        fields: [{ name: 'timestamp', type: 'timestamp', nullable: true }, {}, {}, {}],
      },
    });
    const text = (await table('show', join(lake, 'bars'))).stdout;
    expect(text).toMatch(/^volume\s+long\s+yes$/m);
  });

  test('history is newest first and bounded', async () => {
    const { stdout } = await table('history', 'bars', '--json');
    const commits = jsonLines(stdout);
    expect(commits).toMatchObject([
      { version: 2, operation: 'WRITE', metrics: { numOutputRows: '50' } },
      { version: 1, operation: 'WRITE' },
      { version: 0 },
    ]);
    expect(jsonLines((await table('history', 'bars', '--limit', '1', '--json')).stdout)).toEqual([
      commits[0],
    ]);
    expect(jsonLines((await table('history', 'bars@v1', '--limit', '1', '--json')).stdout)).toEqual([
      commits[1],
    ]);
  });
});

describe('table read', () => {
  test('JSON lines hold every row: times in UTC, whole numbers exact, partitions in order', async () => {
    const rows = jsonLines((await table('read', 'bars', '--json')).stdout);
    expect(rows).toHaveLength(150);
    expect(rows[0]).toEqual({
      timestamp: '2024-01-01T14:30:00.000000Z',
      month: '2024-01',
      close: 5000,
      volume: String(WIDE),
    });
    expect(rows[50]).toEqual({
      timestamp: '2024-02-01T14:30:00.000000Z',
      month: '2024-02',
      close: 5000,
      volume: 1,
    });
  });

  test('people see the first 40 rows and how many there are', async () => {
    const { stdout, stderr } = await table('read', 'bars');
    expect(stdout.trimEnd().split('\n')).toHaveLength(42);
    expect(stderr).toMatch(/^the first 40 of 150 rows \(--limit/);
    expect((await table('read', 'bars', '--limit', '3')).stdout.trimEnd().split('\n')).toHaveLength(5);
    const filtered = await table('read', 'bars', '--where', "month = '2024-02'");
    expect(filtered.stderr).toMatch(/of 100 /);
    const empty = await table('read', 'empty');
    expect(empty).toMatchObject({ code: 0, stdout: 'x  d\n─  ─\n', stderr: '0 rows\n' });
  });

  test('columns, where, order and limit', async () => {
    const where = "month = '2024-02' and close < 5001";
    const flags = [
      '--columns',
      'close, MONTH',
      '--where',
      where,
      '--order-by',
      'timestamp desc',
      '--limit',
      '2',
    ];
    expect(jsonLines((await table('read', 'bars', ...flags, '--json')).stdout)).toEqual([
      { close: 5000.75, month: '2024-02' },
      { close: 5000.5, month: '2024-02' },
    ]);
  });

  test('an earlier version, by number and by time', async () => {
    expect(jsonLines((await table('read', 'bars@v1', '--json')).stdout)).toHaveLength(100);
    expect(jsonLines((await table('read', 'bars@v0', '--json')).stdout)).toEqual([]);
    const [second] = jsonLines((await table('history', 'bars@v1', '--limit', '1', '--json')).stdout);
    const { timestamp } = Object(second);
    expect(jsonLines((await table('read', `bars@${timestamp}`, '--json')).stdout)).toHaveLength(100);
    expect(await table('read', 'bars@2001-01-01')).toMatchObject({ code: 1, stdout: '' });
    expect((await table('read', 'bars@v9')).stderr).toMatch(/^error\[DELTA_VERSION_TOO_NEW\]/);
  });

  test('a table outside the lake by its path', async () => {
    const path = join(temporaryFolder(), 'else where', 'x=1', 'bars');
    await writeBars(path, '2024-05', 3);
    expect(jsonLines((await table('read', path, '--json')).stdout)).toHaveLength(3);
    expect((await runCli(['table', 'read', './bars', '--json'], { cwd: join(path, '..') })).stdout).toContain(
      '2024-05',
    );
  });

  test.each(['parquet', 'csv', 'ndjson'])('--output .%s', async (format) => {
    const folder = temporaryFolder();
    const output = join(folder, `bars.${format}`);
    const { code, stdout } = await table('read', 'bars', '--output', output, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      output,
      format,
      rows: 150,
      bytes: readFileSync(output).length,
      seconds: expect.any(Number),
      table: 'bars',
      version: 2,
    });
    using session = await DuckDbSession.open({ memoryByteLength: 5e8, threads: 1, temporaryFolder: folder });
    const sums = [];
    for await (const rows of session.textRows(
      `SELECT count(*), sum(volume), min(timestamp::TIMESTAMPTZ), max(month), sum(close) FROM ${quotePath(output)}`,
    )) {
      sums.push(...rows);
    }
    expect(sums).toEqual([
      ['150', String(50n * WIDE + 100n), '2024-01-01 14:30:00+00', '2024-02', '751543.75'],
    ]);
    const text = format === 'parquet' ? '' : readFileSync(output, 'utf8');
    if (format === 'csv')
      expect(text.split('\n')[1]).toBe(`2024-01-01T14:30:00.000000Z,2024-01,5000.0,${WIDE}`);
    if (format === 'ndjson') expect(text).toContain(`"volume":${WIDE}}`);
    const again = await table('read', 'bars', '--output', output);
    expect(again.stderr).toMatch(/^error\[OUTPUT_EXISTS\]/);
    expect(readdirSync(folder)).toEqual([`bars.${format}`]);
  });

  test('many partitions are read in order, and only the files that are needed', async () => {
    const path = join(temporaryFolder(), 'bars');
    for (let month = 12; month > 0; month--)
      await writeBars(path, `2024-${String(month).padStart(2, '0')}`, 2);
    const months = jsonLines((await table('read', path, '--columns', 'month', '--json')).stdout).map(
      (row) => Object(row).month,
    );
    expect(months).toEqual([...months].sort());
    rmSync(join(path, 'month=2024-12'), { recursive: true });
    expect((await table('read', path, '--limit', '4')).code).toBe(0);
    const missing = await table('read', path);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^error\[QUERY_FILE_MISSING\]: .*month=2024-12/);
  });

  const mistakes: [string[], RegExp, number][] = [
    [['read', 'bras'], /^error\[TABLE_NOT_FOUND\]: .*"bras".*\nhint: did you mean bars\?/, 1],
    [['read', 'bars@vv'], /^error\[TABLE_NOT_FOUND\].*\nhint: @vv is no version/, 1],
    [['read', '/nowhere/bars'], /^error\[TABLE_NOT_FOUND\]/, 1],
    [['read', 'processed-data'], /^error\[TABLE_NOT_FOUND\]/, 1],
    [['read', 'bars@2024-02-31'], /^error\[USAGE\]/, 2],
    [
      ['read', 'bars', '--columns', 'clsoe'],
      /^error\[USAGE\]: --columns: .*"clsoe"\nhint: did you mean close\?/,
      2,
    ],
    [['read', 'bars', '--columns', 'close,,month'], /^error\[USAGE\]: --columns/, 2],
    [['read', 'bars', '--order-by', 'close down'], /^error\[USAGE\]: --order-by/, 2],
    [['read', 'bars', '--limit', '-5'], /^error\[USAGE\]: --limit/, 2],
    [
      ['read', 'bars', '--where', 'clsoe > 1'],
      /^error\[SQL_INVALID\]: --where "clsoe > 1": .*\nhint: did you mean .*close/,
      2,
    ],
    [['read', 'bars', '--where', 'close >'], /^error\[SQL_INVALID\]: --where "close >": syntax error/, 2],
    [['read', 'bars', '--where', '1=1) UNION ALL (SELECT 1'], /^error\[SQL_INVALID\]: --where/, 2],
    [['read', 'bars', '--where', '1=1; SELECT 2'], /^error\[USAGE\]: --where .*2 statements/, 2],
    [['read', 'bars', '--output', 'bars.txt'], /^error\[USAGE\]: .*\.parquet, \.csv, \.ndjson/, 2],
    [['history', 'bars', '--limit', '0'], /^error\[USAGE\]: --limit/, 2],
    [['show', 'gs://bucket/bars'], /^error\[STORAGE_UNKNOWN_SCHEME\]/, 2],
  ];
  test.each(mistakes)('%j', async (args, message, exitCode) => {
    const { code, stdout, stderr } = await table(...args);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  });

  test('a reader that closes the pipe ends it quietly', async () => {
    const path = join(temporaryFolder(), 'bars');
    await writeBars(path, '2024-05', 300_000);
    const child = startCli(['table', 'read', path, '--json']);
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
