import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import {
  COLUMNS,
  PARTITIONS,
  readByDuckDb,
  type Sample,
  withDuckDb,
  writeRows,
  writeSample,
} from './delta-sample.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-delta-rs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Read {
  readonly version: number;
  readonly rows: readonly string[];
}

/** Asks delta_rs.py; a missing Python or deltalake fails the test. */
function deltaRs<T>(request: string, args: object): T {
  const run = spawnSync('python3', [join(import.meta.dirname, 'delta_rs.py')], {
    input: JSON.stringify({ do: request, with: args }),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`python3 delta_rs.py ${request} failed: ${run.error ?? run.stderr}`);
  return JSON.parse(run.stdout);
}

describe('delta-rs reads what Barline writes', () => {
  let path: string;
  let sample: Sample;
  beforeAll(async () => {
    path = join(root, 'sample');
    sample = await writeSample(path);
  });

  it.each([1, 2, 3])('the rows of version %i, as DuckDB reads them too', async (version) => {
    const read = deltaRs<Read>('read', { path, columns: COLUMNS, version });
    expect(read.version).toBe(version);
    expect(read.rows).toEqual(sample.expected[version]);
    expect(await readByDuckDb(sample.table, version)).toEqual(sample.expected[version]);
  });

  it('no rows of the empty version', () => {
    expect(deltaRs<Read>('read', { path, columns: COLUMNS, version: 0 }).rows).toEqual([]);
  });

  it('schema, protocol and history', () => {
    const described = deltaRs<Record<string, unknown>>('describe', { path });
    expect(described).toMatchObject({
      version: 3,
      name: 'sample',
      partitionColumns: PARTITIONS,
      protocol: [1, 2],
    });
    expect(described.schema).toEqual(JSON.parse(JSON.stringify(sample.table.schema)));
    expect(described.history).toMatchObject([
      { version: 3, operation: 'WRITE', parameters: { mode: 'Overwrite', predicate: "month = '2024-10'" } },
      { version: 2, operation: 'WRITE', parameters: { mode: 'Append' } },
      { version: 1, operation: 'WRITE' },
      { version: 0, operation: 'CREATE TABLE' },
    ]);
  });

  it('the version at a time', async () => {
    const [newest, third] = await sample.table.history({ limit: 2 });
    if (newest === undefined || third === undefined) throw new Error('no history');
    const time = new Date(third.timestampMs).toISOString();
    expect(deltaRs('at_time', { path, time })).toBe(2);
    expect((await sample.table.snapshot({ timestamp: new Date(third.timestampMs) })).version).toBe(2);
  });

  it('and prunes partitions as we do, odd values and null among them', async () => {
    const venues = ['CME', 'a/b:c%d é#?&=+'];
    for (const venue of venues) {
      const found = deltaRs<string[]>('files', { path, filters: [['venue', '=', venue]] });
      const ours = await sample.table.scan({ where: { venue } });
      expect(found).toHaveLength(ours.files.length);
      expect(ours.files.length).toBeGreaterThan(0);
    }
    const none = await sample.table.scan({ where: { venue: null } });
    expect(none).toMatchObject({ total: 4, pruned: 3 });
    const sql = 'SELECT count(*) AS n FROM t WHERE venue IS NULL';
    expect(deltaRs('query', { path, sql })).toEqual([[3]]);
  });

  it('the statistics, none of which prunes a row away', async () => {
    const stats = deltaRs<Record<string, unknown>[]>('stats', { path });
    const november = stats.find((s) => s['partition.month'] === '2024-11');
    const startUs = Date.UTC(2024, 10, 1) * 1000;
    expect(november).toMatchObject({
      num_records: 900,
      'null_count.flag': 180,
      'min.ts': startUs,
      'max.ts': startUs + 899_124_000, // .123457, rounded up to a millisecond
      'min.day': '2024-11-01',
      'min.price': '-500.00',
      'max.price': '399.00',
      'min.label': 0,
      'max.label': 2,
    });
    expect(november?.['max.close'] ?? null).toBeNull();
    const counts = async (sql: string) =>
      deltaRs<number[][]>('query', { path, sql: `SELECT count(*) AS n FROM t WHERE ${sql}` });
    const ours = async (sql: string) =>
      withDuckDb(async (connection) => {
        const { files } = await sample.table.scan();
        const list = files.map((f) => `'${(sample.table.localPath(f) ?? '').replaceAll("'", "''")}'`);
        const result = await connection.runAndReadAll(
          `SELECT count(*) FROM read_parquet([${list}]) WHERE ${sql}`,
        );
        return [[Number(result.getRows()[0]?.[0])]];
      });
    for (const sql of [
      "ts = TIMESTAMP '2024-11-01 00:14:55.123457'",
      "ts >= TIMESTAMP '2024-11-01 00:14:59'",
      "ts < TIMESTAMP '2024-10-01 00:17:00'",
      'close > 1e300',
      'close < 0',
      "symbol > 'symbol-xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
      "symbol = 'ESMé'",
      'price >= 499.00',
      "day = DATE '2024-12-01'",
      'label IS NULL',
      'volume = 899000',
    ]) {
      expect([sql, await counts(sql)]).toEqual([sql, await ours(sql)]);
    }
  });
});

describe('a table that both write', () => {
  it('is continued by delta-rs and then by us, rows and transactions whole', async () => {
    const path = join(root, 'shared');
    const sample = await writeSample(path);
    const parquet = join(root, 'more.parquet');
    await withDuckDb(async (connection) => {
      await connection.run(`COPY (SELECT TIMESTAMPTZ '2025-01-01 00:00:00.000001Z' + to_seconds(i) AS ts,
        i / 4 AS close, (i / 3)::FLOAT AS weight, i::BIGINT AS volume, i::INT AS n, i::SMALLINT AS small, 1::TINYINT AS label,
        i % 2 = 0 AS flag, 'ES' || i AS symbol, DATE '2025-01-01' AS day, i::DECIMAL(10,2) AS price,
        '2025-01' AS month, 'CME' AS venue FROM range(100) r(i)) TO '${parquet}'`);
    });
    expect(deltaRs('append', { path, parquet, app: ['their-app', 3] })).toBe(4);
    await sample.table.refresh();
    expect((await sample.table.snapshot()).transactions.get('their-app')?.version).toBe(3);
    expect(await sample.table.append([], { txn: { appId: 'their-app', version: 3 } })).toMatchObject({
      alreadyCommitted: true,
    });
    const theirs = deltaRs<Read>('read', { path, columns: COLUMNS });
    expect(theirs.rows).toHaveLength((sample.expected[3]?.length ?? 0) + 100);
    expect(await readByDuckDb(sample.table)).toEqual(theirs.rows);

    const january = { month: '2025-01', venue: 'CME' };
    const row = [...JSON.parse(sample.expected[1]?.[0] ?? '[]').slice(0, -2), '2025-01', 'CME'];
    await sample.table.replaceWhere(january, [await writeRows(sample.table, january, [row])]);
    const replaced = deltaRs<Read>('read', { path, columns: COLUMNS });
    expect(replaced).toMatchObject({ version: 5 });
    expect(replaced.rows).toHaveLength((sample.expected[3]?.length ?? 0) + 1);

    expect(deltaRs('overwrite', { path, parquet, predicate: "month = '2025-01'" })).toBe(6);
    expect(deltaRs('delete', { path, predicate: "month = '2024-12'" })).toBe(7);
    deltaRs('checkpoint', { path });
    const reopened = await DeltaTable.open(path);
    expect(reopened.version).toBe(7);
    await reopened.append([await writeRows(reopened, january, [row])]);
    const last = deltaRs<Read>('read', { path, columns: COLUMNS });
    expect(last.version).toBe(8);
    expect(await readByDuckDb(reopened)).toEqual(last.rows);
    expect((await reopened.history()).map((h) => h.operation)).toEqual([
      'WRITE',
      'DELETE',
      'WRITE',
      'WRITE',
      'WRITE',
      'WRITE',
      'WRITE',
      'WRITE',
      'CREATE TABLE',
    ]);
  });

  it('opened from a checkpoint of delta-rs alone, its older commits cleaned away', async () => {
    const path = join(root, 'cleaned');
    const sample = await writeSample(path);
    deltaRs('checkpoint', { path });
    for (const version of [0, 1, 2, 3])
      rmSync(join(path, '_delta_log', `${String(version).padStart(20, '0')}.json`));
    const reopened = await DeltaTable.open(path);
    expect(await readByDuckDb(reopened)).toEqual(sample.expected[3]);
    await expect(reopened.snapshot({ version: 2 })).rejects.toMatchObject({ code: 'DELTA_VERSION_GONE' });
    expect(await reopened.unreferencedFiles({ nameToken: 'sample' })).toEqual([]);
  });
});
