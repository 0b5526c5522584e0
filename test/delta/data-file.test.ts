import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { DeltaTable, encodeColumns, field, parseStats, struct } from '../../src/delta/index.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-data-file-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SCHEMA = struct([
  field('ts', 'timestamp'),
  field('close', 'double'),
  field('rsi', 'float'),
  field('price', 'decimal(12,3)'),
  field('symbol', 'string'),
  field('month', 'string'),
]);
const ROWS = 100_000;

const columns = (from: number, count: number) => ({
  ts: {
    values: Float64Array.from({ length: count }, (_, i) => 1_727_740_800_000_000 + (from + i) * 1_000_001),
  },
  close: { values: Float64Array.from({ length: count }, (_, i) => Math.sin(from + i) * 1000) },
  rsi: {
    values: Float32Array.from({ length: count }, (_, i) => (i % 9 === 0 ? Number.NaN : Math.cos(from + i))),
    nanIsNull: true,
  },
  price: { values: Float64Array.from({ length: count }, (_, i) => from + i - 5) },
  symbol: { values: Array.from({ length: count }, (_, i) => (i === 7 ? null : `ES${i % 4}`)) },
});

async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

describe('a data file written from columns', () => {
  it('has its rows, its statistics and encodings that every engine reads', async () => {
    const table = await DeltaTable.create(join(root, 'a'), { schema: SCHEMA, partitionBy: ['month'] });
    const file = await table.writeDataFile(columns(0, ROWS), {
      partitionValues: { month: '2024-10' },
      nameToken: 'run7',
    });
    expect(file.path).toMatch(/^month=2024-10\/part-run7-[0-9a-f-]{36}\.parquet$/);
    await table.append([file]);
    const local = table.localPath(file);
    expect(
      await query(
        `SELECT count(*), count(rsi), count(symbol) FROM read_parquet('${local}', hive_partitioning = false)`,
      ),
    ).toEqual([[BigInt(ROWS), BigInt(ROWS - Math.ceil(ROWS / 9)), BigInt(ROWS - 1)]]);
    const encodings = await query(
      `SELECT DISTINCT path_in_schema, encodings FROM parquet_metadata('${local}')`,
    );
    expect(encodings.map(([name]) => name).sort()).toEqual(['close', 'price', 'rsi', 'symbol', 'ts']);
    // Spark's default reader refuses it
    expect(JSON.stringify(encodings)).not.toContain('BYTE_STREAM_SPLIT');
    const stats = parseStats(file);
    expect(stats).toMatchObject({
      numRecords: ROWS,
      minValues: { ts: '2024-10-01T00:00:00.000Z', price: -0.005, symbol: 'ES0' },
      maxValues: { price: 99.994, symbol: 'ES3' },
      nullCount: { ts: 0, close: 0, rsi: Math.ceil(ROWS / 9), price: 0, symbol: 1 },
    });
    const [bounds] = await query(`SELECT min(close), max(close), min(rsi), max(rsi) FROM '${local}'`);
    expect([
      stats?.minValues.close,
      stats?.maxValues.close,
      stats?.minValues.rsi,
      stats?.maxValues.rsi,
    ]).toEqual(bounds);
  });

  it('may come of row groups that were encoded apart, with the statistics of all', async () => {
    const table = await DeltaTable.create(join(root, 'b'), { schema: SCHEMA, partitionBy: ['month'] });
    const groups = [0, 500, 900].map((from) => encodeColumns(table.shape, columns(from, 500)));
    const file = await table.writeRowGroups(groups, { partitionValues: { month: '2024-11' } });
    expect(parseStats(file)).toMatchObject({
      numRecords: 1500,
      minValues: { price: -0.005 },
      maxValues: { price: 1.394 },
    });
    expect(await query(`SELECT count(*) FROM '${table.localPath(file)}'`)).toEqual([[1500n]]);
  });

  it('may have no rows', async () => {
    const table = await DeltaTable.create(join(root, 'c'), { schema: SCHEMA, partitionBy: ['month'] });
    const file = await table.writeDataFile(columns(0, 0), { partitionValues: { month: null } });
    await table.append([file]);
    expect(parseStats(file)).toMatchObject({ numRecords: 0, minValues: {} });
    expect(await query(`SELECT count(*) FROM '${table.localPath(file)}'`)).toEqual([[0n]]);
  });

  it('names the column that is missing, unknown, or of no flat type', async () => {
    const table = await DeltaTable.create(join(root, 'd'), { schema: SCHEMA, partitionBy: ['month'] });
    const { ts, ...rest } = columns(0, 3);
    const partitionValues = { month: '2024-10' };
    await expect(async () => table.writeDataFile(rest, { partitionValues })).rejects.toThrow(
      /column ts is missing/,
    );
    await expect(async () =>
      table.writeDataFile({ ...rest, ts, x: ts }, { partitionValues }),
    ).rejects.toThrow(/column x is not among/);
    await expect(async () => table.writeDataFile(columns(0, 3))).rejects.toThrow(
      /partition value of month is missing/,
    );
    const nested = await DeltaTable.create(join(root, 'e'), {
      schema: struct([field('a', { type: 'array', elementType: 'long', containsNull: true })]),
    });
    await expect(async () => nested.writeDataFile({ a: ts })).rejects.toThrow(
      /column a: type array cannot be written/,
    );
    expect(readdirSync(join(root, 'd'))).toEqual(['_delta_log']);
  });
});
