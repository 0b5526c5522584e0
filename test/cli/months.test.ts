import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileNameOf, SMALL_MONTHS, writeSmallMonths } from '../months/small-months.ts';
import {
  errorLine,
  finishedMonth,
  listedMonth,
  processed,
  runPlan,
  runSummary,
  statistics,
} from './json-shapes.ts';
import { jsonLines, runCli, startCli, temporaryFolder } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-test-'));
const source = join(root, 'data');
const lake = join(root, 'lake');
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The first run of the lake that the tests share; in `root`, where `data` and `lake` are found by default. */
let firstRun: Awaited<ReturnType<typeof runCli>>;
beforeAll(async () => {
  await writeSmallMonths(source);
  firstRun = await runCli(['months', 'run', '--json', '--workers', '2'], { cwd: root });
});

const inRoot = (...args: string[]) => runCli(args, { cwd: root });

describe('months run', () => {
  test('prints a line a month and their sum, progress on stderr', () => {
    expect(firstRun.code, firstRun.stderr).toBe(0);
    const lines = jsonLines(firstRun.stdout);
    const months = lines.slice(0, -1).map((line) => finishedMonth.parse(line));
    const { summary } = runSummary.parse(lines.at(-1));
    expect(months.map(({ month }) => month).sort()).toEqual(SMALL_MONTHS);
    for (const month of months) expect(month).toMatchObject({ status: 'succeeded', reason: 'missing' });
    expect(months.map(({ version }) => version).sort()).toEqual([1, 2, 3]);
    expect(summary).toMatchObject({ months: 3, succeeded: 3, failed: 0, skipped: 0 });
    expect(summary.rows).toBe(months.reduce((sum, { rows }) => sum + rows, 0));
    expect(summary.rows).toBeGreaterThan(100_000);
    expect(firstRun.stderr).toMatch(/^2024-0\d {2}succeeded {2}[\d,]+ rows in .* {2}\(3\/3\)$/m);
  });

  test('again it does nothing, and says so', async () => {
    const { code, stdout, stderr } = await inRoot('months', 'run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('nothing to do: 3 months up to date (--force takes them anyway)\nlake: lake\n');
    const lines = jsonLines((await inRoot('months', 'run', '--month', '2024-02', '--json')).stdout);
    expect(finishedMonth.parse(lines[0])).toMatchObject({ status: 'skipped', reason: 'up to date', rows: 0 });
    expect(runSummary.parse(lines[1]).summary).toMatchObject({ months: 1, skipped: 1, rows: 0 });
  });

  test('what the options leave is not called up to date', async () => {
    const elsewhere = ['months', 'run', '--lake', join(root, 'left'), '--stale'];
    expect((await inRoot(...elsewhere)).stdout).toMatch(
      /^nothing to do: 3 months left as they are \(missing\) \(--force takes them anyway\)\n/,
    );
    expect(existsSync(join(root, 'left'))).toBe(false);
  });

  test('--dry-run says what would run and why, and makes nothing', async () => {
    const other = join(root, 'not-there');
    const args = ['months', 'run', '--dry-run', '--json', '--from', '2024-03'];
    const planOf = (text: string) => runPlan.parse(JSON.parse(text)).plan;
    expect(planOf((await inRoot(...args, '--lake', other)).stdout)).toMatchObject([
      { month: '2024-03', file: fileNameOf('2024-03'), take: true, reason: 'missing' },
      { month: '2024-04', take: true },
    ]);
    expect(existsSync(other)).toBe(false);
    expect(planOf((await inRoot(...args, '--to', '2024-03')).stdout)).toMatchObject([
      { month: '2024-03', take: false, reason: 'up to date' },
    ]);
    const text = (await inRoot('months', 'run', '--dry-run', '--force')).stdout;
    expect(text).toMatch(/^2024-02 +yes +forced /m);
  });

  test('a month that fails does not keep the others; the exit code is 1, --quiet keeps stderr to errors', async () => {
    const folder = temporaryFolder();
    await writeSmallMonths(folder, { months: ['2024-02'] });
    writeFileSync(join(folder, fileNameOf('2024-03')), 'junk');
    const args = ['months', 'run', '--source', folder, '--lake', join(folder, 'lake')];
    const { code, stdout } = await runCli([...args, '--json']);
    expect(code).toBe(1);
    const lines = jsonLines(stdout);
    const months = lines.slice(0, -1).map((line) => finishedMonth.parse(line));
    const [failed] = months.filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject({ month: '2024-03', version: null, error: { code: 'DBN_BAD_MAGIC' } });
    expect(runSummary.parse(lines.at(-1)).summary).toMatchObject({ succeeded: 1, failed: 1 });
    const again = await runCli([...args, '--quiet']);
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/^2024-03 +failed /m);
  });

  test('a failed month is listed with its reason, and retry takes it and no other', async () => {
    const folder = temporaryFolder();
    await writeSmallMonths(folder, { months: ['2024-02'] });
    const bad = join(folder, fileNameOf('2024-03'));
    writeFileSync(bad, 'junk');
    const inFolder = (...args: string[]) =>
      runCli(['months', ...args, '--source', folder, '--lake', join(folder, 'lake')]);
    expect((await inFolder('retry')).stdout).toBe('nothing to retry: no month has failed\n');
    expect((await inFolder('run')).code).toBe(1);
    const listed = await inFolder('list', '--state', 'failed');
    expect(listed.stdout).toMatch(/^2024-03 {2}failed \(missing\)/m);
    expect(listed.stdout).toMatch(/^2024-03 failed \(1 try\): DBN_BAD_MAGIC: /m);
    const [line] = jsonLines((await inFolder('list', '--state', 'failed', '--json')).stdout);
    expect(listedMonth.parse(line)).toMatchObject({ failure: { kind: 'permanent', attempts: 1 } });
    expect((await inFolder('retry')).code).toBe(1);
    await writeSmallMonths(folder, { months: ['2024-03'] });
    const lines = jsonLines((await inFolder('retry', '--json', '--retries', '0')).stdout);
    expect(lines).toHaveLength(2);
    expect(finishedMonth.parse(lines[0])).toMatchObject({
      month: '2024-03',
      status: 'succeeded',
      attempts: 1,
    });
    expect((await inFolder('retry')).stdout).toMatch(/^nothing to retry/);
    writeFileSync(bad, 'junk');
    await inFolder('run', '--month', '2024-03');
    rmSync(bad);
    const gone = await inFolder('retry');
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain(`2024-03 cannot be tried again: ${fileNameOf('2024-03')} is no longer in`);
  });

  test.each([
    [['run', '--from', '2024-04', '--to', '2024-03'], /--from 2024-04 is after --to 2024-03/],
    [['run', '--month', '2024-13'], /--month "2024-13": expected a month as YYYY-MM/],
    [['run', '--month', '2025-01'], /no file for 2025-01/],
    [['run', '--stale', '--force'], /exclude each other/],
    [['run', '--workers', 'two'], /--workers "two"/],
    [['run', '--retries', '-1'], /--retries "-1"/],
    [
      ['run', '--retry-delay', 'soon'],
      /run\.retry\.first_delay = "soon": expected a duration such as 30s or 5m/,
    ],
    [['show', '2024-2'], /expected a month as YYYY-MM/],
    [['list', '--state', 'old'], /all, stale, missing, failed/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await inRoot('months', ...args, '--json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(errorLine.parse(JSON.parse(stderr)).error.message).toMatch(message);
  });
});

/** Waits for a text on stderr, then sends the signal; what the process said and how it ended. */
function interrupted(args: readonly string[], cwd: string, at: RegExp, signal: NodeJS.Signals) {
  const child = startCli(args, { cwd });
  let [stdout, stderr, sent] = ['', '', false];
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
    if (!sent && at.test(stderr)) sent = child.kill(signal);
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('interrupted', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a run with %i, and the lake is whole', async (signal, expected) => {
    const cwd = temporaryFolder();
    const args = ['months', 'run', '--source', source, '--workers', '1'];
    const { code, stdout, stderr } = await interrupted(args, cwd, /\(1\/3\)/, signal);
    expect(code, stderr).toBe(expected);
    expect(stdout).toMatch(/^not reached: 2024-0[234](, 2024-0[34])*$/m);
    expect(stderr).toContain('interrupted: finishing what is being committed');
    const states = async () =>
      jsonLines((await runCli(['months', 'list', '--source', source, '--json'], { cwd })).stdout).map(
        (line) => listedMonth.parse(line).state,
      );
    expect(await states()).toContain('missing');
    expect((await runCli(['months', 'run', '--source', source], { cwd })).code).toBe(0);
    expect(await states()).toEqual(['up to date', 'up to date', 'up to date']);
  });

  test('Ctrl-C while the demo writes its sample', async () => {
    const cwd = temporaryFolder();
    const { code, stdout } = await interrupted(['demo'], cwd, /Writing 3 sample months/, 'SIGINT');
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(existsSync(join(cwd, 'demo/lake'))).toBe(false);
  });
});

describe('months list and show', () => {
  test('names the files that are no months, and why', async () => {
    const folder = temporaryFolder();
    await writeSmallMonths(folder, { months: ['2024-02'] });
    writeFileSync(join(folder, 'trades.dbn.zst'), 'whatever');
    const args = ['months', 'list', '--source', folder, '--lake', join(folder, 'lake')];
    const [first, second] = jsonLines((await runCli([...args, '--json'])).stdout);
    expect(listedMonth.parse(first).month).toBe('2024-02');
    expect(second).toEqual({
      file: 'trades.dbn.zst',
      left_out: expect.stringMatching(/^the name has no dates/),
    });
    expect((await runCli(args)).stderr).toMatch(/^left out trades\.dbn\.zst: the name has no dates/);
  });

  test('a month is judged by the options it would be run with', async () => {
    const states = async (...args: string[]) =>
      jsonLines((await inRoot('months', 'list', '--json', ...args)).stdout).map(
        (line) => listedMonth.parse(line).state,
      );
    expect(await states('--instrument', 'MES')).toEqual(SMALL_MONTHS.map(() => 'configuration changed'));
    expect(await states('--no-flip-back')).toEqual(SMALL_MONTHS.map(() => 'configuration changed'));
    expect(await states('--instrument', 'ES')).toEqual(SMALL_MONTHS.map(() => 'up to date'));
  });

  test('a line a month', async () => {
    const lines = jsonLines((await inRoot('months', 'list', '--json')).stdout);
    const months = lines.map((line) => listedMonth.parse(line));
    expect(months.map(({ month, state }) => [month, state])).toEqual(
      SMALL_MONTHS.map((month) => [month, 'up to date']),
    );
    const { stdout } = await inRoot('months', 'list', '--to', '2024-02');
    expect(stdout).toMatch(
      /^month +state +rows +score +size +file\n.*\n2024-02 +up to date +[\d,]+ +0\.\d\d .*zst\n$/,
    );
    const none = await inRoot('months', 'list', '--state', 'stale');
    expect(none).toMatchObject({ code: 0, stdout: '', stderr: 'none of 3 months is stale\n' });
  });

  test('a changed configuration makes months stale', async () => {
    const config = join(root, 'other.yaml');
    writeFileSync(config, 'labels: { timeout_seconds: 60 }\n');
    const args = ['months', 'list', '--config', config, '--source', source, '--lake', lake, '--json'];
    const states = jsonLines((await inRoot(...args, '--state', 'stale')).stdout).map(
      (line) => listedMonth.parse(line).state,
    );
    expect(states).toEqual(Array(3).fill('configuration changed'));
  });

  test('show has the whole document, and a page for people', async () => {
    const document = statistics.parse(
      JSON.parse((await inRoot('months', 'show', '2024-03', '--json')).stdout),
    );
    expect(document).toMatchObject({
      month_str: '2024-03',
      source: { file: fileNameOf('2024-03') },
      rollover_events: [{ from_contract: 'ESH4', to_contract: 'ESM4' }],
    });
    expect(document.final_bars).toBe(document.sessions.reduce((sum, { rows }) => sum + rows, 0));
    const { stdout, stderr } = await inRoot('months', 'show', '2024-03');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^2024-03 {2}made .* by barline/);
    expect(stdout).toMatch(/^rows of the grid +[\d,]+$/m);
    expect(stdout).toMatch(/^2024-03-\S+ +ESH4 +ESM4 /m);
    expect(stdout).toMatch(/^low_vol_long +[\d,]+ +[\d.]+ % +\d\.\d{4} +\d\.\d{4} *$/m);
    // 4 sessions
    expect(stdout).toMatch(/^half hour from +rows +filled$/m);
    expect(stdout.match(/^\d\d:[03]0 +7,200 +[\d.]+ %$/gm)).toHaveLength(15);
  });

  test('a month the lake does not have', async () => {
    const { code, stdout, stderr } = await inRoot('months', 'show', '2024-05');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error\[MONTH_NOT_FOUND\]: .* 2024-05\nhint: run `barline months list`/);
  });
});

describe('process', () => {
  const file = join(source, fileNameOf('2024-02'));

  test('one file through all stages: a Parquet file and a report', async () => {
    const output = join(temporaryFolder(), 'out.parquet');
    const { code, stdout, stderr } = await inRoot('process', file, '--output', output, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = processed.parse(JSON.parse(stdout));
    expect(document).toMatchObject({ output, columns: 61, report: { contract: { rule: 'day_volume' } } });
    expect(document.bytes).toBe(readFileSync(output).length);
    const { num_rows } = await parquetMetadataAsync(await asyncBufferFromFile(output));
    expect(Number(num_rows)).toBe(document.report.rows_out);
  });

  test('stages not named are null in the report; people get a line', async () => {
    const cwd = temporaryFolder();
    const args = ['process', file, '--output', 'out.parquet', '--stages', 'contract,session'];
    const { report, columns } = processed.parse(
      JSON.parse((await runCli([...args, '--json'], { cwd })).stdout),
    );
    expect(report).toMatchObject({ cleaning: null, grid: null, rolls: null });
    const again = await runCli(args, { cwd });
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/^error\[OUTPUT_EXISTS\]: .*out\.parquet.*\nhint: give --force/);
    const { stdout } = await runCli([...args, '--force'], { cwd });
    expect(stdout).toMatch(
      new RegExp(`bars in, [\\d,]+ rows × ${columns} columns out in .*: out\\.parquet\\n$`),
    );
  });

  test('says what was not used, and that contracts were guessed', async () => {
    const rows = [5000, 5000.25, 5100, 5100.25, 5100].map(
      (price, k) => `2024-03-01T15:00:0${k}Z,${price},${price},${price},${price},1,x`,
    );
    const stdin = ['timestamp,open,high,low,close,volume,note', ...rows].join('\n');
    const args = ['process', '-', '--output', 'guessed.parquet', '--stages', 'contract', '--force'];
    const { code, stderr } = await runCli(args, { cwd: root, stdin });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'columns not used: note\nthe input names no contracts: days were split at jumps above 5 points and the part with ' +
        'the most volume kept (days split: 1, bars left out: 2)\n',
    });
    const { stdout } = await runCli([...args, '--json', '--quiet'], { cwd: root, stdin });
    expect(processed.parse(JSON.parse(stdout)).input).toMatchObject({ rows: 5, ignored_columns: ['note'] });
  });

  test('--no-flip-back is what the report says was done', async () => {
    const args = ['process', file, '--output', 'flip.parquet', '--stages', 'contract', '--force', '--json'];
    const noFlipBack = async (...more: string[]) => {
      const { report } = processed.parse(JSON.parse((await inRoot(...args, ...more)).stdout));
      return report.contract?.no_flip_back;
    };
    expect(await noFlipBack()).toBe(false);
    expect(await noFlipBack('--no-flip-back')).toBe(true);
  });

  test('--output - is the file on stdout and nothing else', async () => {
    const args = ['process', file, '--output', '-', '--stages', 'contract'];
    const { code, stdout, stderr } = await inRoot(...args);
    expect({ code, stderr, head: stdout.slice(0, 4), tail: stdout.slice(-4) }).toEqual({
      code: 0,
      stderr: '',
      head: 'PAR1',
      tail: 'PAR1',
    });
  });

  test('- is stdin: DBN and CSV, told by their bytes; Parquet and nothing are refused by name', async () => {
    const fromStdin = (stdin: string | Uint8Array) =>
      runCli(['process', '-', '--output', 'stdin.parquet', '--stages', 'contract', '--force', '--json'], {
        cwd: root,
        stdin,
      });
    const rowsOut = ({ code, stdout, stderr }: Awaited<ReturnType<typeof fromStdin>>) => {
      expect(code, stderr).toBe(0);
      return processed.parse(JSON.parse(stdout)).report.rows_out;
    };
    const bytes = readFileSync(file);
    const args = ['process', file, '--output', 'file.parquet', '--stages', 'contract'];
    expect((await inRoot(...args)).code).toBe(0);
    expect(rowsOut(await fromStdin(bytes))).toBeGreaterThan(1000);
    expect(readFileSync(join(root, 'stdin.parquet')).equals(readFileSync(join(root, 'file.parquet')))).toBe(
      true,
    );
    expect(
      rowsOut(await fromStdin('timestamp,open,high,low,close,volume\n2024-03-01T15:00:00Z,5,5,5,5,1\n')),
    ).toBe(1);
    const refused = async (stdin: string | Uint8Array) => {
      const { code, stdout, stderr } = await fromStdin(stdin);
      return { code, stdout, error: errorLine.parse(JSON.parse(stderr)).error.code };
    };
    const parquet = readFileSync(join(root, 'file.parquet'));
    expect(await refused(parquet)).toEqual({ code: 1, stdout: '', error: 'PARQUET_STREAM' });
    expect(await refused('')).toEqual({ code: 1, stdout: '', error: 'EMPTY_INPUT' });
  });

  test('an unknown stage and the input as output are wrong usage', async () => {
    for (const args of [
      ['--output', 'x.parquet', '--stages', 'contract,lables'],
      ['--output', file],
    ]) {
      const { code, stdout, stderr } = await inRoot('process', file, ...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^error\[USAGE\]: .*\nhint: .*\n$/);
    }
  });
});

describe('demo', () => {
  test('ends with the summary, the paths and commands that work as they stand', async () => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await runCli(['demo', '--months', '1'], { cwd });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^Writing 1 sample month to demo\/data \.\.\.\n/);
    expect(stdout).toMatch(/^2024-02 +succeeded +[\d,]+ /m);
    expect(stdout).toMatch(/^1 succeeded, 0 failed, 0 up to date: [\d,]+ rows in /m);
    const places = [...stdout.matchAll(/^ {2}[\w ]+ {2,}(demo\/\S+)$/gm)].map(([, path = '']) => path);
    expect(places).toHaveLength(5);
    for (const place of places) expect(existsSync(join(cwd, place)), place).toBe(true);
    const [, next = ''] = stdout.split('\nNext:\n');
    const commands = next
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const checkout = join(import.meta.dirname, '../..');
      const run = spawnSync('sh', ['-c', command.replace('./barline', join(checkout, 'barline'))], {
        cwd,
        encoding: 'utf8',
      });
      expect(run.status, `${command}: ${run.stderr}`).toBe(0);
      expect(run.stdout).toMatch(/2024-02/);
    }
  });

  test('a lake of your own is not for it', async () => {
    const { code, stdout, stderr } = await runCli(['demo', '--lake', lake], { cwd: temporaryFolder() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error\[USAGE\]: --lake does not apply.*\nhint: --dir DIR/);
  });

  test.each([
    ['--months', '0'],
    ['--months', '61'],
    ['--seed', 'x'],
  ])('%s %s is wrong usage', async (...args) => {
    const cwd = temporaryFolder();
    const { code, stdout } = await runCli(['demo', ...args], { cwd });
    expect({ code, stdout, made: existsSync(join(cwd, 'demo')) }).toEqual({
      code: 2,
      stdout: '',
      made: false,
    });
  });
});

test('on one pipe the note follows the last row’s line end', () => {
  const command = `"$0" "$1" table read training_bars --lake "$2" --columns month,close --limit 2 2>&1`;
  const bin = join(import.meta.dirname, '../../src/cli/bin.ts');
  const { stdout } = spawnSync('sh', ['-c', command, process.execPath, bin, lake], { encoding: 'utf8' });
  expect(stdout).toMatch(
    /^month +close\n─.*\n2024-02 +[\d.]+\n2024-02 +[\d.]+\nthe first 2 of [\d,]+ rows\n$/,
  );
});
