/** The table of a stream, as other engines read it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BAR_PARTITIONS, BAR_SCHEMA, openStreamTable, runStream } from '../../src/ingest/index.ts';
import { DeadLetters } from '../../src/quality/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { expectedOf, marketLog } from '../ingest/stream/market-log.ts';
import { MemorySource } from '../ingest/stream/memory-source.ts';
import { streamTable } from '../ingest/stream/stored-stream.ts';
import { NOW_MS, RULES } from '../ingest/stream/test-stream.ts';
import { byCodePoint } from './delta-sample.ts';
import { askSpark } from './spark/session.ts';

const lake = mkdtempSync(join(tmpdir(), 'barline-stream-table-'));
afterAll(() => rmSync(lake, { recursive: true, force: true }));
const path = join(lake, 'raw_market_data_5s');
const COLUMNS = BAR_SCHEMA.fields.map(({ name }) => name);
/** From 23:50 on one day to some minutes after midnight. */
const log = marketLog(4_000, 2, 12, 4);
const expected = expectedOf(log);

beforeAll(async () => {
  let nowMs = NOW_MS;
  const storage = openStorage(lake);
  const topic = { partitions: log.map((messages) => [...messages]) };
  await runStream({
    openTable: () => openStreamTable(storage),
    deadLetters: new DeadLetters(storage, () => nowMs),
    source: new MemorySource(
      topic,
      () => 100,
      () => {
        nowMs += 100;
      },
    ),
    rules: RULES,
    ...{ batchMs: 300, idleMs: 1e12, stopAtEnd: true, acceptLoss: false, ingestionId: 'test' },
    ...{ now: () => nowMs, signal: new AbortController().signal, listener: () => undefined },
  });
});

/** As canonical.py writes rows. */
async function ownRows(): Promise<string[]> {
  const day = (value: unknown) => new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  const texts: string[] = [];
  for await (const row of (await (await streamTable(lake)).scan()).rows()) {
    const values = COLUMNS.map((name) => {
      const value = row[name];
      if (name === 'partition_date') return day(value);
      return typeof value === 'bigint' ? Number(value) : value;
    });
    texts.push(JSON.stringify(values));
  }
  return texts.sort(byCodePoint);
}

async function filesOf(where: Readonly<Record<string, string>>): Promise<number> {
  const { latest } = await streamTable(lake);
  return [...latest.files()].filter(({ partitionValues }) =>
    Object.entries(where).every(([name, value]) => partitionValues[name] === value),
  ).length;
}

function deltaRs<T>(request: string, args: object): T {
  const run = spawnSync('python3', [join(import.meta.dirname, 'delta_rs.py')], {
    input: JSON.stringify({ do: request, with: { path, ...args } }),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`python3 delta_rs.py ${request} failed: ${run.error ?? run.stderr}`);
  return JSON.parse(run.stdout);
}

test('delta-rs reads a stream’s rows, opening the files of the day and asset alone', async () => {
  const { version, rows } = deltaRs<{ version: number; rows: string[] }>('read', { columns: COLUMNS });
  expect(version).toBe((await streamTable(lake)).version);
  expect(rows).toHaveLength(expected.rows.length);
  expect(rows).toEqual(await ownRows());
  const [day, pair] = ['2024-03-02', 'BTCUSD'];
  const files = deltaRs<string[]>('files', {
    filters: [
      ['partition_date', '=', day],
      ['partition_asset_pair', '=', pair],
    ],
  });
  expect(files).toHaveLength(await filesOf({ partition_date: day, partition_asset_pair: pair }));
  expect(files.length).toBeGreaterThan(1);
  expect(deltaRs<object>('describe', {})).toMatchObject({ partitionColumns: BAR_PARTITIONS });
});

test('Spark reads a stream’s rows, opening the files of the day and asset alone', {
  timeout: 600_000,
}, async () => {
  const both = "partition_date = DATE '2024-03-01' AND partition_asset_pair = 'ETHUSD'";
  const [rows, counts, one] = askSpark([
    { do: 'read', with: { path, columns: COLUMNS } },
    { do: 'counts', with: { path, predicates: ["partition_asset_pair = 'BTCUSD'"] } },
    { do: 'files', with: { path, predicate: both } },
  ]);
  expect(rows).toEqual(await ownRows());
  expect(counts).toEqual([expected.rows.filter(({ asset }) => asset === 'BTCUSD').length]);
  expect(one).toBe(await filesOf({ partition_date: '2024-03-01', partition_asset_pair: 'ETHUSD' }));
});
