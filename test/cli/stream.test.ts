import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectedOf, MOST_BYTES, marketLog } from '../ingest/stream/market-log.ts';
import { stored } from '../ingest/stream/stored-stream.ts';
import { errorLine, streamBatch, streamSummary } from './json-shapes.ts';
import { type CliOptions, jsonLines, runCli } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-stream-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const barline = (lake: string, args: readonly string[], options: CliOptions = {}) =>
  runCli([...args, '--lake', join(root, lake)], { cwd: root, ...options });

const log = marketLog(3_000, 1, 11, 40);
const lines = (log[0] ?? []).map(({ value }) => Buffer.concat([value, Buffer.from('\n')]));
const MOST = ['--max-message-bytes', String(MOST_BYTES)];

describe('a file of messages', () => {
  test('becomes rows and dead letters, once; what it grows by is added', async () => {
    const file = join(root, 'trades.jsonl');
    writeFileSync(file, Buffer.concat(lines.slice(0, 2_000)));
    const { code, stdout, stderr } = await barline('file', ['stream', '--file', file, '--json', ...MOST]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('partition 0 from 0') });
    const said = jsonLines(stdout);
    for (const line of said.slice(0, -1)) streamBatch.parse(line);
    const { summary } = streamSummary.parse(said.at(-1));
    const expected = expectedOf([log[0]?.slice(0, 2_000) ?? []]);
    expect(summary).toMatchObject({ messages: 2_000, rows: expected.rows.length });
    expect(summary.late + summary.invalid).toBe(expected.dead.length);
    expect(await stored(join(root, 'file'))).toEqual(expected);
    appendFileSync(file, Buffer.concat(lines.slice(2_000)));
    const again = jsonLines((await barline('file', ['stream', '--file', file, '--json', ...MOST])).stdout);
    expect(streamSummary.parse(again.at(-1)).summary.messages).toBe(1_000);
    const text = (await barline('file', ['stream', '--file', file, ...MOST])).stdout;
    expect(text).toMatch(/^0 messages .*: 0 rows, 0 late, 0 invalid; 0 commits/);
  });

  test('of another content under its name is refused, unless it gets a name of its own', async () => {
    const file = join(root, 'other.jsonl');
    writeFileSync(file, Buffer.concat(lines.slice(0, 10)));
    await barline('other', ['stream', '--file', file]);
    writeFileSync(file, Buffer.concat(lines.slice(10, 30)));
    const { code, stderr } = await barline('other', ['stream', '--file', file]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('error[STREAM_OTHER_TOPIC]'),
    });
    const { stdout } = await barline('other', ['stream', '--file', file, '--topic', 'second']);
    expect(stdout).toMatch(/^20 messages/);
  });

  test('may come through a pipe, with other names for its fields', async () => {
    const text =
      '{"s":"btc-usd","T":"2024-03-01T13:30:01Z","p":"5","q":2}\n{"s":"BTCUSD","T":1709299804000,"p":7,"q":1}\n';
    const map = ['--map', 'asset_pair=s,timestamp=T,price=p,size=q'];
    const { code, stdout } = await barline('pipe', ['stream', '--file', '-', ...map], { stdin: text });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^2 messages.*: 1 rows, 0 late, 0 invalid/),
    });
    const sql = 'SELECT asset_pair, open, high, low, close, volume, source_provider FROM raw_market_data_5s';
    expect(jsonLines((await barline('pipe', ['sql', sql, '--json'])).stdout)).toEqual([
      { asset_pair: 'BTCUSD', open: 5, high: 7, low: 5, close: 7, volume: 3, source_provider: 'file' },
    ]);
  });
});

describe('a wrong request', () => {
  test.each([
    [['--topic', 't'], '--brokers is missing'],
    [['--brokers', 'localhost:9092'], '--topic is missing'],
    [['--brokers', 'localhost', '--topic', 't'], 'expected host:port'],
    [['--brokers', 'a:1', '--file', 'f'], 'exclude each other'],
    [['--file', 'f', '--batch', '1ms'], 'expected at least 100ms'],
    [['--file', 'f', '--map', 'cost=c'], 'expected FIELD=KEY'],
    [['--file', 'f', '--max-message-bytes', 'many'], 'expected a size'],
  ])('%j says what is wrong', async (args, message) => {
    const { code, stderr } = await barline('wrong', ['stream', ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  test('names the variable of a password that is missing, and tells no password', async () => {
    const config = join(root, 'barline.yaml');
    writeFileSync(
      config,
      'stream: { brokers: ["127.0.0.1:1"], topic: t, tls: {}, sasl: { mechanism: PLAIN, user: me } }\n',
    );
    const args = ['stream', '--config', config, '--json', '--verbose'];
    const missing = await barline('wrong', args);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('BARLINE_KAFKA_PASSWORD') });
    const { code, stdout, stderr } = await barline('wrong', args, {
      env: { BARLINE_KAFKA_PASSWORD: 'tell-nobody' },
    });
    expect(code).toBe(1);
    expect(errorLine.parse(jsonLines(stderr)[0]).error.code).toBe('KAFKA_UNREACHABLE');
    expect(stdout + stderr).not.toContain('tell-nobody');
  });
});
