import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ingestedStream, ingestSummary, listedLetter } from './json-shapes.ts';
import { type CliOptions, jsonLines, runCli } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-sources-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const barline = (lake: string, args: readonly string[], options: CliOptions = {}) =>
  runCli([...args, '--lake', join(root, lake)], { cwd: root, ...options });

function writeHours(name: string, hours: readonly number[], price = 5): void {
  const lines = hours.map((hour) => {
    const time = `2025-03-01T${String(hour).padStart(2, '0')}:00:00Z`;
    return `${time},${price},${price + 1},${price - 1},${price},1`;
  });
  writeFileSync(join(root, name), `timestamp,open,high,low,close,volume\n${lines.join('\n')}\n`);
}

describe('bars of files and of the bundled sample', () => {
  const HOURS = ['ingest', '--assets', 'BTCUSD', '--timeframes', '1h', '--json'];
  const upTo = (hour: string) => ['--from', '2025-03-01', '--to', `2025-03-01T${hour}:00Z`];

  test('do not fill gaps of each other', async () => {
    writeHours('BTCUSD_1h.csv', [0, 1, 2, 3, 4, 5]);
    const source = ['--source', 'BTCUSD_1h.csv'];
    await barline('files', [...HOURS, ...upTo('02'), ...source]);
    await barline('files', [
      ...HOURS,
      '--from',
      '2025-03-01T04:00Z',
      '--to',
      '2025-03-01T06:00Z',
      ...source,
      '--backfill',
    ]);
    const refused = await barline('files', ['ingest', '--fill-gaps', '--json']);
    expect(refused.code).toBe(1);
    const [stream, summary] = jsonLines(refused.stdout);
    expect(ingestedStream.parse(stream)).toMatchObject({
      status: 'error',
      stored: 0,
      error: { code: 'INGEST_OTHER_ORIGIN', hint: 'name the files with --source, or another --provider' },
    });
    expect(ingestSummary.parse(summary).summary).toMatchObject({ failed: 1, stored: 0 });
    const filled = await barline('files', ['ingest', '--fill-gaps', '--json', ...source]);
    expect(filled.code).toBe(0);
    expect(ingestSummary.parse(jsonLines(filled.stdout).at(-1)).summary).toMatchObject({
      fetched: 2,
      stored: 2,
    });
    const again = await barline('files', ['ingest', '--fill-gaps', '--json']);
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
    const sql = 'SELECT count(*) AS n, max(close) AS most FROM raw_market_data_1h';
    expect(jsonLines((await barline('files', ['sql', sql, '--json'])).stdout)).toEqual([{ n: 6, most: 5 }]);
  });

  test('do not continue or correct each other, as a fallback neither', async () => {
    writeHours('BTCUSD_1h.csv', [0, 1, 2]);
    await barline('mixed', [...HOURS, ...upTo('03')]);
    for (const more of [[], ['--backfill'], ['--dry-run'], ['--provider', 'oanda,replay', '--backfill']]) {
      const run = await barline('mixed', [...HOURS, ...upTo('06'), '--source', 'BTCUSD_1h.csv', ...more]);
      expect(run.code, more.join(' ')).toBe(1);
      expect(run.stderr).toContain('is from the bundled sample in this lake');
    }
    const sql = 'SELECT count(*) AS n, max(revision) AS revision FROM raw_market_data_1h';
    expect(jsonLines((await barline('mixed', ['sql', sql, '--json'])).stdout)).toEqual([
      { n: 3, revision: 0 },
    ]);
  });
});

test('a provider without its key is passed over, and said so once; alone it ends the run', async () => {
  const run = [
    'ingest',
    '--assets',
    'BTCUSD,ETHUSD',
    '--timeframes',
    '1h',
    '--from',
    '2025-03-01',
    '--to',
    '2025-03-02',
  ];
  const fallback = await barline('keyless', [...run, '--provider', 'oanda,replay', '--json'], {
    env: { OANDA_API_KEY: '' },
  });
  expect(fallback.code).toBe(0);
  expect(fallback.stderr).toBe('oanda fails, asking replay: oanda: OANDA_API_KEY is not set.\n');
  const streams = jsonLines(fallback.stdout)
    .slice(0, -1)
    .map((line) => ingestedStream.parse(line));
  expect(streams.map(({ providers, stored }) => [providers, stored])).toEqual([
    [['replay'], 24],
    [['replay'], 24],
  ]);
  for (const names of ['oanda', 'oanda,alpha_vantage', 'oanda,oanda']) {
    const { code, stderr } = await barline('keyless', [...run, '--provider', names], {
      env: { OANDA_API_KEY: '', ALPHA_VANTAGE_API_KEY: '' },
    });
    expect({ code, names }).toEqual({ code: 2, names });
    expect(stderr).toContain('error[PROVIDER_NO_KEY]: oanda: OANDA_API_KEY is not set.');
  }
});

test('prices are held to the bounds of the configuration, when replayed too', async () => {
  writeHours('SHIBUSD_1h.csv', [0, 1], 2_000_000);
  const run = [
    'ingest',
    '--assets',
    'SHIBUSD',
    '--timeframes',
    '1h',
    '--from',
    '2025-03-01',
    '--to',
    '2025-03-02',
  ];
  const strict = await barline('bounds', [...run, '--source', 'SHIBUSD_1h.csv', '--json']);
  expect(ingestSummary.parse(jsonLines(strict.stdout).at(-1)).summary).toMatchObject({ stored: 0, dead: 2 });
  const config = join(root, 'bounds.yaml');
  writeFileSync(config, 'ingest: { highest_price: 3000000 }\n');
  const replayed = await barline('bounds', ['dlq', 'replay', '--config', config, '--json']);
  expect(jsonLines(replayed.stdout).at(-1)).toMatchObject({ summary: { stored: 2, kept: 0 } });
  const open = await barline('open', [...run, '--source', 'SHIBUSD_1h.csv', '--config', config, '--json']);
  expect(ingestSummary.parse(jsonLines(open.stdout).at(-1)).summary).toMatchObject({ stored: 2, dead: 0 });
  writeFileSync(config, 'ingest: { lowest_price: 5, highest_price: 4 }\n');
  const wrong = await barline('open', [...run, '--config', config]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('ingest.highest_price');
});

describe('records of other tables', () => {
  const record = (value: number) => `{"timestamp":"2025-03-01","indicator":"CPI","value":${value}}`;
  const RECORDS = ['ingest', 'records', 'raw_macro_indicators'];

  test('of a file that is not there are missed by name', async () => {
    const { code, stderr } = await barline('records', [...RECORDS, 'none.jsonl']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error[FILE_NOT_FOUND]: none.jsonl cannot be read (ENOENT)\n',
    });
  });

  test('beside a line that no record fills are stored', async () => {
    const lines = [record(1), `{"x":"${'x'.repeat(17 << 20)}"}`, record(2), ''];
    writeFileSync(join(root, 'long.jsonl'), lines.join('\n'));
    const { stdout } = await barline('records', [...RECORDS, 'long.jsonl', '--json']);
    expect(jsonLines(stdout)[0]).toMatchObject({ fetched: 4, stored: 2, dead: 2 });
  });
});

describe('a record that does not say whose it is', () => {
  const RUN = ['--timeframes', '1h', '--from', '2025-03-01', '--to', '2025-03-02', '--json'];
  const counts = (stdout: string) => {
    const { fetched, stored, dead } = ingestSummary.parse(jsonLines(stdout).at(-1)).summary;
    return { fetched, stored, dead };
  };
  const row = (asset: string, hour: number) => `${asset},2025-03-01T0${hour}:00:00Z,5,6,4,5,1`;

  test('in text is nobody’s bar until it is mended', async () => {
    const rows = [row('BTCUSD', 0), row('', 1), row('BTC\0USD', 2), row('"BTC""USD"', 3), row('ETHUSD', 0)];
    writeFileSync(
      join(root, 'lost.csv'),
      `asset_pair,timestamp,open,high,low,close,volume\n${rows.join('\n')}\n`,
    );
    const args = ['ingest', '--assets', 'BTCUSD,ETHUSD', ...RUN, '--source', 'lost.csv'];
    expect(counts((await barline('lost', args)).stdout)).toEqual({ fetched: 5, stored: 2, dead: 3 });
    const [letter] = jsonLines((await barline('lost', ['dlq', 'list', '--json'])).stdout);
    const { file } = listedLetter.parse(letter);
    const path = join(root, 'lost', file);
    expect(readFileSync(path, 'utf8')).toContain('"reason": "asset_pair is missing"');
    const replay = ['dlq', 'replay', '--json'];
    expect(jsonLines((await barline('lost', replay)).stdout).at(-1)).toMatchObject({
      summary: { stored: 0, kept: 3 },
    });
    writeFileSync(path, readFileSync(path, 'utf8').replace('"asset_pair": ""', '"asset_pair": "BTCUSD"'));
    expect(jsonLines((await barline('lost', replay)).stdout).at(-1)).toMatchObject({
      summary: { stored: 1, kept: 2 },
    });
  });

  test('in Parquet is one dead letter, whatever is asked for', async () => {
    const query = `SELECT * FROM (VALUES ('BTCUSD', 0), (NULL, 1), ('B:C', 2), ('ETHUSD', 0)) AS t(asset_pair, h)`;
    const values = '5.0 AS open, 6.0 AS high, 4.0 AS low, 5.0 AS close, 1.0 AS volume';
    const sql = `SELECT asset_pair, TIMESTAMP '2025-03-01' + INTERVAL 1 HOUR * h AS timestamp, ${values} FROM (${query})`;
    await barline('lost-parquet', ['sql', sql, '--output', join(root, 'lost_1h.parquet')]);
    const args = ['ingest', '--assets', 'BTCUSD,ETHUSD', ...RUN, '--source', 'lost_1h.parquet'];
    expect(counts((await barline('lost-parquet', args)).stdout)).toEqual({ fetched: 4, stored: 2, dead: 2 });
  });
});
