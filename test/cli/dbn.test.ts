import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { dbnMetadata, writeDbn } from '../../src/dbn/index.ts';
import { goldenContent, goldenPath, hasGolden } from '../dbn/golden-files.ts';
import { jsonLines, runCli, startCli, temporaryFolder } from './run-cli.ts';

const START_NS = 1_709_303_400_000_000_000n;

/** A file of `rowCount` one-second bars of ESH4. */
async function writeBars(path: string, rowCount: number): Promise<void> {
  const metadata = dbnMetadata({
    dataset: 'GLBX.MDP3',
    schema: 'ohlcv-1s',
    start: START_NS,
    mappings: [
      { rawSymbol: 'ESH4', intervals: [{ startDate: '2024-03-01', endDate: '2024-04-01', symbol: '7' }] },
    ],
  });
  const price = BigInt64Array.from(
    { length: rowCount },
    (_, row) => 5_100_250_000_000n + BigInt(row % 4) * 250_000_000n,
  );
  await writeDbn(path, metadata, [
    {
      rowCount,
      rtype: new Uint8Array(rowCount).fill(32),
      publisherId: new Uint16Array(rowCount).fill(1),
      instrumentId: new Uint32Array(rowCount).fill(7),
      tsEvent: BigUint64Array.from({ length: rowCount }, (_, row) => START_NS + BigInt(row) * 1_000_000_000n),
      open: price,
      high: price,
      low: price,
      close: price,
      volume: new BigUint64Array(rowCount).fill(3n),
    },
  ]);
}

let folder = '';
let file = '';
beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder, 'bars.dbn.zst');
  await writeBars(file, 30);
});

describe('dbn info', () => {
  test('--json is one document with mappings and counts', async () => {
    const { code, stdout, stderr } = await runCli(['dbn', 'info', file, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      file,
      version: 3,
      compression: 'zstd',
      dataset: 'GLBX.MDP3',
      schema: 'ohlcv-1s',
      stype_in: 'raw_symbol',
      stype_out: 'instrument_id',
      start: '2024-03-01T14:30:00.000000000Z',
      end: null,
      limit: null,
      ts_out: false,
      symbol_cstr_len: 71,
      symbols: ['ESH4'],
      partial: [],
      not_found: [],
      mappings: [
        {
          raw_symbol: 'ESH4',
          intervals: [{ start_date: '2024-03-01', end_date: '2024-04-01', symbol: '7' }],
        },
      ],
      records: 30,
      bars: 30,
      records_by_rtype: { 32: 30 },
    });
  });

  test('reads stdin', async () => {
    const { code, stdout } = await runCli(['dbn', 'info', '-'], { stdin: readFileSync(file) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^dataset\s+GLBX\.MDP3$/m);
    expect(stdout).toMatch(/^records\s+30, ohlcv-1s \(32\): 30$/m);
    expect(stdout).toMatch(/^ESH4\s+7\s+2024-03-01\s+2024-04-01$/m);
  });
});

describe('dbn head', () => {
  test('steps over and counts', async () => {
    const { stdout } = await runCli(['dbn', 'head', file, '-n', '2', '--skip', '27', '--json']);
    expect(jsonLines(stdout)).toEqual([
      {
        timestamp: '2024-03-01T14:30:27.000000000Z',
        publisher_id: 1,
        instrument_id: 7,
        symbol: 'ESH4',
        open: 5101,
        high: 5101,
        low: 5101,
        close: 5101,
        volume: 3,
      },
      expect.objectContaining({ timestamp: '2024-03-01T14:30:28.000000000Z', close: 5100.25 }),
    ]);
  });

  test('shows 20 rows unless told', async () => {
    const { stdout } = await runCli(['dbn', 'head', file]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(22);
  });

  test.each(['-1', 'x', '1.5', ''])('-n %j is a usage error', async (count) => {
    const { code, stderr } = await runCli(['dbn', 'head', file, '-n', count]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error\[USAGE\]: .*--count/);
  });
});

describe('dbn convert', () => {
  test('says what it wrote, and replaces nothing unasked', async () => {
    const output = join(folder, 'bars.csv');
    const first = await runCli(['dbn', 'convert', file, '--output', output, '--json']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toEqual({
      file,
      output,
      format: 'csv',
      rows: 30,
      skipped: 0,
      nulled: 0,
      bytes: readFileSync(output).length,
      seconds: expect.any(Number),
    });
    writeFileSync(output, 'mine');
    const second = await runCli(['dbn', 'convert', file, '--output', output]);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(/^error\[OUTPUT_EXISTS\].*\nhint: .*--force/);
    expect(readFileSync(output, 'utf8')).toBe('mine');
    for (const flag of ['--force', '--yes']) {
      expect((await runCli(['dbn', 'convert', file, '--output', output, flag])).code).toBe(0);
    }
    expect(readFileSync(output, 'utf8').split('\n')).toHaveLength(32);
  });

  test('from stdin to stdout, results alone on stdout', async () => {
    const { stdout, stderr } = await runCli(['dbn', 'convert', '-', '--output', '-', '--json'], {
      stdin: readFileSync(file),
    });
    expect(jsonLines(stdout)).toHaveLength(30);
    expect(stderr).toMatch(/^stdout: 30 rows/);
  });

  test.skipIf(!hasGolden)('a golden file line by line', async () => {
    const { bars } = goldenContent('expected/real__v3__glbx-mdp3-20240701-20240702.ohlcv-1s.dbn.zst.jsonl');
    const golden = goldenPath('real/v3/glbx-mdp3-20240701-20240702.ohlcv-1s.dbn.zst');
    const { stdout } = await runCli(['dbn', 'convert', golden, '--output', '-', '--format', 'ndjson']);
    expect(jsonLines(stdout)).toEqual(
      bars.map((bar) => ({
        timestamp: `${new Date(Number(BigInt(bar.ts_event) / 1_000_000n)).toISOString().slice(0, 19)}.${bar.ts_event.slice(-9)}Z`,
        publisher_id: bar.publisher_id,
        instrument_id: bar.instrument_id,
        symbol: 'ESU4',
        open: Number(bar.open) / 1e9,
        high: Number(bar.high) / 1e9,
        low: Number(bar.low) / 1e9,
        close: Number(bar.close) / 1e9,
        volume: Number(bar.volume),
      })),
    );
  });

  test('a reader that closes the pipe ends it quietly', async () => {
    await writeBars(file, 200_000);
    const child = startCli(['dbn', 'convert', file, '--output', '-']);
    let stderr = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('Ctrl-C ends with 130 and leaves no partial file', async () => {
    await writeBars(file, 2_000_000);
    const output = join(folder, 'out.csv');
    const child = startCli(['dbn', 'convert', file, '--output', output]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const closed = new Promise((resolve) => child.on('close', resolve));
    // the temporary file shows that writing has begun
    while (readdirSync(folder).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(readdirSync(folder)).toEqual(['bars.dbn.zst']);
  });
});

describe('what cannot be read or written', () => {
  const failures: [string, () => string[], RegExp, number][] = [
    ['a missing file', () => ['head', join(folder, 'no.dbn')], /^error\[DBN_FILE_NOT_FOUND\]: .*no\.dbn/, 1],
    ['a folder', () => ['info', folder], /^error\[DBN_IS_DIRECTORY\]/, 1],
    ['an empty file', () => ['info', join(folder, 'empty.dbn')], /^error\[DBN_/, 1],
    [
      'a truncated file',
      () => ['convert', join(folder, 'cut.dbn.zst'), '-o', join(folder, 'o.parquet')],
      /^error\[DBN_TRUNCATED_ZSTD\]: .*cut\.dbn\.zst/,
      1,
    ],
    [
      'no folder for the output',
      () => ['convert', file, '-o', join(folder, 'no/o.csv')],
      /^error\[OUTPUT_NO_FOLDER\].*\nhint: .*mkdir/,
      1,
    ],
    [
      'a folder as output',
      () => ['convert', file, '-o', join(folder, 'd.csv')],
      /^error\[OUTPUT_IS_FOLDER\]/,
      1,
    ],
    [
      'an unknown format',
      () => ['convert', file, '-o', join(folder, 'o.xlsx')],
      /^error\[USAGE\]: .*\.parquet/,
      2,
    ],
    ['no output', () => ['convert', file], /^error\[USAGE\]: .*--output/, 2],
    ['a scheme nobody knows', () => ['info', 'ftp://host/bars.dbn'], /^error\[STORAGE_UNKNOWN_SCHEME\]/, 2],
  ];
  test.each(failures)('%s', async (_, args, message, exitCode) => {
    writeFileSync(join(folder, 'empty.dbn'), '');
    writeFileSync(join(folder, 'cut.dbn.zst'), readFileSync(file).subarray(0, 200));
    mkdirSync(join(folder, 'd.csv'));
    const { code, stdout, stderr } = await runCli(['dbn', ...args()]);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(existsSync(join(folder, 'o.parquet'))).toBe(false);
  });

  test('with --json the error is an object on stderr', async () => {
    const { code, stdout, stderr } = await runCli(['dbn', 'info', join(folder, 'no.dbn'), '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'DBN_FILE_NOT_FOUND', message: expect.any(String), hint: expect.any(String) },
    });
  });
});
