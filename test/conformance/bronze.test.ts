import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BAR_PARTITIONS, BAR_SCHEMA } from '../../src/ingest/index.ts';
import { BronzeLake, utc } from '../ingest/bronze-lake.ts';
import { planned, soundBar } from '../ingest/planned-provider.ts';
import { byCodePoint } from './delta-sample.ts';
import { askSpark } from './spark/session.ts';

const lake = new BronzeLake();
afterAll(() => lake[Symbol.dispose]());
const path = join(lake.folder, 'raw_market_data_1m');
const RANGE = [utc('2025-03-01T00:00:00Z'), utc('2025-03-04T00:00:00Z')] as const;
const COLUMNS = BAR_SCHEMA.fields.map(({ name }) => name);

beforeAll(async () => {
  await lake.ingest(planned(), { assets: ['BTCUSD', 'ETHUSD'], range: RANGE });
  const corrected = utc('2025-03-03T10:00:00Z');
  const bar = (tsUs: number, asset: string) => ({
    ...soundBar(tsUs, asset),
    ...(tsUs === corrected && { volume: 77 }),
  });
  await lake.ingest(planned({ bar }), {
    assets: ['BTCUSD'],
    range: RANGE,
    backfill: true,
    ingestionId: 'second',
  });
});

/** As canonical.py writes rows. */
async function expectedRows(): Promise<string[]> {
  const day = (value: unknown) => new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  const texts = (await lake.rows()).map((row) =>
    JSON.stringify(
      COLUMNS.map((name) => {
        const value = row[name];
        if (name === 'partition_date') return day(value);
        return typeof value === 'bigint' ? Number(value) : value;
      }),
    ),
  );
  return texts.sort(byCodePoint);
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

describe('delta-rs reads bronze bars', () => {
  it('row for row as Barline does', async () => {
    const { version, rows } = deltaRs<{ version: number; rows: string[] }>('read', { columns: COLUMNS });
    expect(version).toBe((await lake.table()).version);
    expect(rows).toHaveLength(2 * 3 * 1440 + 1);
    expect(rows).toEqual(await expectedRows());
  });

  it('opening the files of the day and asset alone', () => {
    const day = ['partition_date', '=', '2025-03-02'];
    const pair = ['partition_asset_pair', '=', 'ETHUSD'];
    expect(deltaRs<string[]>('files', { filters: [day] })).toHaveLength(2);
    expect(deltaRs<string[]>('files', { filters: [pair] })).toHaveLength(3);
    expect(deltaRs<string[]>('files', { filters: [day, pair] })).toHaveLength(1);
    expect(deltaRs<object>('describe', {})).toMatchObject({ partitionColumns: BAR_PARTITIONS });
  });

  it('with statistics of every column of use', () => {
    const [stats] = deltaRs<Record<string, unknown>[]>('stats', {});
    for (const column of COLUMNS.filter((name) => !name.startsWith('partition_'))) {
      expect(Object.keys(stats ?? {}), column).toContain(`null_count.${column}`);
    }
    for (const column of [
      'asset_pair',
      'timestamp',
      'open',
      'high',
      'low',
      'close',
      'volume',
      '_extracted_at',
    ]) {
      expect(Object.keys(stats ?? {}), column).toEqual(
        expect.arrayContaining([`min.${column}`, `max.${column}`]),
      );
    }
  });
});

describe('Spark reads bronze bars', () => {
  it('row for row, opening the files of the day and asset alone', { timeout: 600_000 }, async () => {
    const both = "partition_date = DATE '2025-03-02' AND partition_asset_pair = 'ETHUSD'";
    const [rows, counts, day, pair, one] = askSpark([
      { do: 'read', with: { path, columns: COLUMNS } },
      { do: 'counts', with: { path, predicates: [both, "partition_asset_pair = 'BTCUSD'"] } },
      { do: 'files', with: { path, predicate: "partition_date = DATE '2025-03-02'" } },
      { do: 'files', with: { path, predicate: "partition_asset_pair = 'ETHUSD'" } },
      { do: 'files', with: { path, predicate: both } },
    ]);
    expect(rows).toEqual(await expectedRows());
    expect(counts).toEqual([1440, 3 * 1440 + 1]);
    expect([day, pair, one]).toEqual([2, 3, 1]);
  });
});
