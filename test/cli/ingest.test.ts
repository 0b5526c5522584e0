import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SmallS3 } from '../storage/small-s3.ts';
import {
  errorLine,
  ingestedStream,
  ingestGap,
  ingestSummary,
  letterStats,
  listedLetter,
  plannedStream,
  replayedLetter,
  replaySummary,
  shownLetter,
  storedRecords,
} from './json-shapes.ts';
import { type CliOptions, jsonLines, runCli } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-ingest-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const barline = (lake: string, args: readonly string[], options: CliOptions = {}) =>
  runCli([...args, '--lake', join(root, lake)], { cwd: root, ...options });

describe('the bundled sample', () => {
  const RUN = ['ingest', '--assets', 'btc-usd,ETH/USD', '--timeframes', '1m,5m,15m,1h,4h,1d'];
  const week = [...RUN, '--from', '2025-03-01', '--to', '2025-03-08', '--json'];

  test('fills six bronze tables with no key and no network, and stores nothing twice', async () => {
    const plan = jsonLines((await barline('sample', [...week, '--dry-run'])).stdout);
    for (const line of plan.slice(0, -1)) plannedStream.parse(line);
    expect(plan).toHaveLength(13);
    const { code, stdout, stderr } = await barline('sample', week);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = jsonLines(stdout);
    const streams = lines.slice(0, -1).map((line) => ingestedStream.parse(line));
    const bars = { '1m': 10_080, '5m': 2016, '15m': 672, '1h': 168, '4h': 42, '1d': 7 };
    expect(streams.map(({ asset, timeframe, stored }) => [asset, timeframe, stored])).toEqual(
      ['BTCUSD', 'ETHUSD'].flatMap((asset) =>
        Object.entries(bars).map(([name, count]) => [asset, name, count]),
      ),
    );
    const { summary } = ingestSummary.parse(lines.at(-1));
    expect(summary).toMatchObject({ streams: 12, failed: 0, fetched: 25_970, stored: 25_970 });
    const again = jsonLines((await barline('sample', week)).stdout).at(-1);
    expect(ingestSummary.parse(again).summary).toMatchObject({ fetched: 0, stored: 0, failed: 0 });
    const backfill = jsonLines((await barline('sample', [...week, '--backfill'])).stdout).at(-1);
    expect(ingestSummary.parse(backfill).summary).toMatchObject({ stored: 0, duplicate: 25_970 });
    const sql =
      "SELECT bool_and(is_mock) AS mock, count(*) AS n FROM raw_market_data_1m WHERE source_provider = 'replay'";
    expect(jsonLines((await barline('sample', ['sql', sql, '--json'])).stdout)).toEqual([
      { mock: true, n: 20_160 },
    ]);
    expect((await barline('sample', ['ingest', 'gaps'])).stdout).toBe('no gaps\n');
  });

  test('goes back from now by days, and says how it went', async () => {
    const run = await barline('days', ['ingest', '--assets', 'BTCUSD', '--timeframes', '1d', '--days', '7']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^BTCUSD {2}1d +success +7 +7 /m);
    expect(run.stdout).toContain('7 fetched: 7 stored, 0 duplicate, 0 dead, 0 skipped');
  });
});

describe('bars of a file', () => {
  const line = (minute: number, change: object = {}) => {
    const timestamp = `2025-03-01T00:${String(minute).padStart(2, '0')}:00Z`;
    return JSON.stringify({
      asset_pair: 'BTCUSD',
      timestamp,
      open: 5,
      high: 6,
      low: 4,
      close: 5,
      volume: 1,
      ...change,
    });
  };
  const arguments_ = [
    'ingest',
    '--assets',
    'BTCUSD',
    '--timeframes',
    '1m',
    '--source',
    'bars.jsonl',
    '--json',
  ];

  test('bad ones become dead letters, which are listed, mended and replayed', async () => {
    const lines = [
      line(0),
      line(1, { high: 1 }),
      line(2),
      line(2),
      '{broken',
      line(4),
      line(4, { close: 4.5 }),
    ];
    writeFileSync(join(root, 'bars.jsonl'), `${lines.join('\n')}\n`);
    const range = ['--from', '2025-03-01', '--to', '2025-03-01T00:05Z'];
    const run = await barline('file', [...arguments_, ...range]);
    expect(run).toMatchObject({ code: 0 });
    const { fetched, stored, duplicate, dead } = ingestSummary.parse(jsonLines(run.stdout).at(-1)).summary;
    expect({ fetched, stored, duplicate, dead }).toEqual({ fetched: 7, stored: 3, duplicate: 1, dead: 3 });

    const [gap] = jsonLines((await barline('file', ['ingest', 'gaps', '--json'])).stdout);
    expect(ingestGap.parse(gap)).toMatchObject({
      from: '2025-03-01T00:01:00.000Z',
      bars: 1,
      reason: 'dead letter',
    });
    const letters = jsonLines((await barline('file', ['dlq', 'list', '--json'])).stdout);
    expect(letters).toHaveLength(1);
    const { id, file } = listedLetter.parse(letters[0]);
    const [shown] = jsonLines((await barline('file', ['dlq', 'show', id, '--json'])).stdout);
    expect(shownLetter.parse(shown).records.map(({ original }) => original)).toEqual([
      lines[1],
      '{broken',
      lines[6],
    ]);
    const [stats] = jsonLines((await barline('file', ['dlq', 'stats', '--json'])).stdout);
    expect(letterStats.parse(stats)).toMatchObject({
      letters: 1,
      records: 3,
      by_stream: { 'BTCUSD 1m replay': 3 },
    });

    const path = join(root, 'file', file);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"high": 1', '"high": 6'));
    const replayed = jsonLines((await barline('file', ['dlq', 'replay', id, '--json'])).stdout);
    expect(replayedLetter.parse(replayed[0])).toMatchObject({ records: 3, stored: 1, kept: 2 });
    expect(replaySummary.parse(replayed[1]).summary).toMatchObject({ letters: 1, stored: 1, kept: 2 });
    expect((await barline('file', ['ingest', 'gaps'])).stdout).toBe('no gaps\n');

    const refused = await barline('file', ['dlq', 'purge', '--json']);
    expect(refused.code).toBe(2);
    errorLine.parse(JSON.parse(refused.stderr));
    const purged = await barline('file', ['dlq', 'purge', '--assets', 'BTCUSD', '--json']);
    expect(jsonLines(purged.stdout)).toEqual([{ letters: 1, records: 2 }]);
    expect((await barline('file', ['dlq', 'list'])).stdout).toBe('no dead letters\n');
  });

  test('none of which is good fail the run', async () => {
    writeFileSync(join(root, 'bars.jsonl'), `${line(0, { volume: -1 })}\n`);
    const run = await barline('bad', [...arguments_, '--from', '2025-03-01', '--to', '2025-03-02']);
    expect(run.code).toBe(1);
    expect(ingestedStream.parse(jsonLines(run.stdout)[0]).status).toBe('validation failed');
    expect(run.stderr).toContain('no record passed validation');
  });

  test('records of other tables come from stdin and from Parquet', async () => {
    const stdin = '{"timestamp":"2025-03-01T08:30:00Z","indicator":"CPI","value":3.1}\n{"indicator":"CPI"}\n';
    const first = await barline('records', ['ingest', 'records', 'raw_macro_indicators', '-', '--json'], {
      stdin,
    });
    expect(storedRecords.parse(jsonLines(first.stdout)[0])).toMatchObject({ fetched: 2, stored: 1, dead: 1 });
    const query =
      "SELECT TIMESTAMP '2025-03-01 08:30:00' AS timestamp, 'CPI' AS indicator, 3.1::DOUBLE AS value";
    await barline('records', ['sql', query, '--output', join(root, 'in.parquet')]);
    const second = await barline('records', [
      'ingest',
      'records',
      'raw_macro_indicators',
      'in.parquet',
      '--json',
    ]);
    expect(storedRecords.parse(jsonLines(second.stdout)[0])).toMatchObject({
      fetched: 1,
      stored: 0,
      duplicate: 1,
    });
    const wrong = await barline('records', ['ingest', 'records', 'raw_weather', '-']);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('raw_news_sentiment');
  });
});

describe('keys', () => {
  const KEY = 'S3CR3T-key/with+odd=signs';
  let server: Server;
  let asked: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://local');
      asked.push(url.searchParams.get('from_symbol') ?? '');
      const bar = { '1. open': '1.1', '2. high': '1.2', '3. low': '1.0', '4. close': '1.1' };
      const body =
        url.searchParams.get('from_symbol') === 'GBP'
          ? {
              Information: `We have detected your API key as ${KEY} and our daily limit is 25 requests per day`,
            }
          : {
              'Meta Data': { '6. Time Zone': 'UTC', '7. Echo': KEY },
              'Time Series FX (60min)': {
                '2025-03-01 01:00:00': { ...bar, '4. close': `${KEY}` },
                '2025-03-01 00:00:00': bar,
              },
            };
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  test('are nowhere in what a run writes or says', async () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const config = join(root, 'barline.yaml');
    writeFileSync(
      config,
      `providers:\n  alpha_vantage:\n    base_url: http://127.0.0.1:${port}\n    requests_per_minute: 6000\n`,
    );
    asked = [];
    const args = ['ingest', '--assets', 'EURUSD,GBPUSD', '--timeframes', '1h', '--from', '2025-03-01'];
    const run = await barline(
      'keys',
      [...args, '--to', '2025-03-02', '--provider', 'alpha_vantage', '--config', config, '--verbose'],
      { env: { ALPHA_VANTAGE_API_KEY: KEY } },
    );
    expect(run.code).toBe(1);
    expect(new Set(asked)).toEqual(new Set(['EUR', 'GBP']));
    expect(run.stdout).toMatch(/^EURUSD +1h +success +2 +1 +0 +1 /m);
    expect(run.stdout).toMatch(/^GBPUSD +1h +error/m);
    const written = readdirSync(join(root, 'keys'), { recursive: true, encoding: 'utf8' })
      .map((file) => join(root, 'keys', file))
      .filter((file) => statSync(file).isFile());
    expect(written.some((file) => file.includes('dlq_'))).toBe(true);
    const letter = written.find((file) => file.includes('dlq_')) ?? '';
    expect(readFileSync(letter, 'utf8')).toContain('"close": "***"');
    const texts = [run.stdout, run.stderr, ...written.map((file) => readFileSync(file, 'latin1'))];
    for (const form of [
      KEY,
      encodeURIComponent(KEY),
      Buffer.from(KEY).toString('base64'),
      JSON.stringify(KEY),
    ]) {
      expect(texts.filter((text) => text.includes(form))).toEqual([]);
    }
  });
});

test('a lake in a bucket is ingested into, and its dead letters are replayed', async () => {
  const s3 = await SmallS3.start();
  onTestFinished(() => s3.close());
  const lake = `s3://${s3.bucket}/lake`;
  const env = {
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  const bars = [0, 1, 2].map((minute) => ({
    asset_pair: 'BTCUSD',
    timestamp: `2025-03-01T00:0${minute}:00Z`,
    ...{ open: 5, high: minute === 1 ? 1 : 6, low: 4, close: 5, volume: 1 },
  }));
  writeFileSync(join(root, 'three.jsonl'), bars.map((bar) => `${JSON.stringify(bar)}\n`).join(''));
  const run = (...args: string[]) => runCli([...args, '--lake', lake, '--json'], { cwd: root, env });
  const args = ['ingest', '--assets', 'BTCUSD', '--timeframes', '1m', '--source', 'three.jsonl'];
  const range = ['--from', '2025-03-01', '--to', '2025-03-01T00:03Z'];
  for (const stored of [2, 0]) {
    const { stdout, stderr } = await run(...args, ...range, '--backfill');
    expect(stderr).toBe('');
    expect(ingestSummary.parse(jsonLines(stdout).at(-1)).summary).toMatchObject({
      fetched: 3,
      stored,
      dead: 1,
    });
  }
  const [gap] = jsonLines((await run('ingest', 'gaps')).stdout);
  expect(ingestGap.parse(gap)).toMatchObject({ bars: 1, reason: 'dead letter' });
  const replayed = jsonLines((await run('dlq', 'replay')).stdout).at(-1);
  expect(replaySummary.parse(replayed).summary).toMatchObject({ letters: 1, records: 1, stored: 0, kept: 1 });
});
