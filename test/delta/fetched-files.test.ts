import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DeltaTable,
  encodeColumns,
  field,
  struct,
  tableRelation,
  type Where,
} from '../../src/delta/index.ts';
import { type FetchPlan, fetchDataFiles } from '../../src/delta/relation/fetched-files.ts';
import { whereCondition } from '../../src/delta/scan.ts';
import { DuckDbSession, defaultLimits, quoteName } from '../../src/duckdb/index.ts';
import { FetchedParquet } from '../../src/parquet/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';

const DAY_US = 86_400_000_000;
const ROWS = 600;
const GROUP_ROWS = 50;

const SCHEMA = struct([
  field('asset', 'string'),
  field('time', 'timestamp'),
  field('day', 'date'),
  field('volume', 'long'),
  field('close', 'double'),
  field('month', 'string'),
]);

interface Row {
  readonly asset: string | null;
  readonly time: number;
  readonly day: number;
  readonly volume: number | null;
  readonly close: number;
  readonly month: string;
}

/** Sorted by asset and time, so that row groups differ; some nulls and NaN. */
function rowsOf(month: string): Row[] {
  return Array.from({ length: ROWS }, (_, row) => {
    const day = 19_000 + (row % 100);
    return {
      asset: row < 60 ? null : `asset ${Math.floor(row / 100)}`,
      time: day * DAY_US + row,
      day,
      volume: row % 11 === 0 || (row >= 200 && row < 250) ? null : row * 3,
      close: row % 97 === 0 ? Number.NaN : row / 2,
      month,
    };
  });
}

const folder = mkdtempSync(join(tmpdir(), 'barline-fetched-files-'));
const storage = new MemoryStorage();
let table: DeltaTable;
let session: DuckDbSession;
let fetched: FetchedParquet;

beforeAll(async () => {
  session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
  table = await DeltaTable.create(storage, { schema: SCHEMA, partitionBy: ['month'] });
  for (const month of ['2024-01', '2024-02']) {
    const rows = rowsOf(month);
    const groups = Array.from({ length: ROWS / GROUP_ROWS }, (_, index) => {
      const part = rows.slice(index * GROUP_ROWS, (index + 1) * GROUP_ROWS);
      return encodeColumns(table.shape, {
        asset: { values: part.map(({ asset }) => asset) },
        time: { values: Float64Array.from(part, ({ time }) => time) },
        day: { values: Int32Array.from(part, ({ day }) => day) },
        volume: {
          values: Float64Array.from(part, ({ volume }) => volume ?? Number.NaN),
          nanIsNull: true,
        },
        close: { values: Float64Array.from(part, ({ close }) => close) },
      });
    });
    await table.append([await table.writeRowGroups(groups, { partitionValues: { month } })]);
  }
});
beforeEach(() => {
  fetched = new FetchedParquet({ temporaryFolder: folder, tailBytes: 8 });
});
afterEach(() => fetched[Symbol.dispose]());
afterAll(() => {
  session[Symbol.dispose]();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

async function texts(columns: readonly string[], plan: FetchPlan, filter = 'true'): Promise<string[]> {
  const snapshot = await table.snapshot();
  const files = [...snapshot.files()];
  const local = await fetchDataFiles(fetched, table, snapshot, files, plan);
  const relation = await tableRelation(session, local, snapshot, files);
  const sql = `SELECT ${columns.map((name) => `${quoteName(name)}::VARCHAR`).join(', ')} FROM (${relation}) WHERE ${filter}`;
  const found: string[] = [];
  for await (const rows of session.textRows(sql)) found.push(...rows.map((row) => row.join('|')));
  return found.sort();
}

describe('a table in an object store', () => {
  const bound = fc.record({
    column: fc.constantFrom('time', 'volume', 'close', 'day'),
    low: fc.nat(ROWS),
    span: fc.nat(120),
  });

  it('gives the same rows with and without what its row groups say', async () => {
    await fc.assert(
      fc.asyncProperty(
        bound,
        fc.boolean(),
        fc.constantFrom(undefined, 'asset 2', null),
        async (choice, isOpen, asset) => {
          const { column, low, span } = choice;
          const scale = { time: 1, volume: 3, close: 0.5, day: 1 }[column] ?? 1;
          const base =
            column === 'time'
              ? 19_000 * DAY_US + low * 1000
              : column === 'day'
                ? 19_000 + (low % 100)
                : low * scale;
          const top = base + (column === 'time' ? span * DAY_US : span * scale);
          const literal = (value: number) =>
            column === 'time'
              ? `make_timestamptz(${value})`
              : column === 'day'
                ? `DATE '1970-01-01' + ${value}`
                : String(value);
          const value = (number: number) =>
            column === 'time' || column === 'volume' ? BigInt(number) : number;
          const where: Where = {
            [column]: { ge: value(base), ...(!isOpen && { lt: value(top) }) },
            ...(asset !== undefined && { asset }),
          };
          const parts = [`${column} >= ${literal(base)}`];
          if (!isOpen) parts.push(`${column} < ${literal(top)}`);
          if (asset !== undefined) parts.push(asset === null ? 'asset IS NULL' : `asset = '${asset}'`);
          const filter = parts.join(' AND ');
          const condition = whereCondition(await table.snapshot(), where);
          const all = await texts(
            SCHEMA.fields.map(({ name }) => name),
            {},
            filter,
          );
          expect(
            await texts(
              SCHEMA.fields.map(({ name }) => name),
              { condition },
              filter,
            ),
          ).toEqual(all);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('receives only the row groups and columns of a point query', async () => {
    const condition = whereCondition(await table.snapshot(), {
      asset: 'asset 3',
      time: { lt: BigInt(19_010 * DAY_US) },
    });
    const rows = await texts(['asset', 'close', 'month'], { columns: ['asset', 'time', 'close'], condition });
    expect(rows).toHaveLength(2 * GROUP_ROWS);
    const files = [...(await table.snapshot()).files()];
    expect(fetched.counts.files).toBe(2);
    const wholeBytes = files.reduce((bytes, { size }) => bytes + size, 0);
    expect(fetched.counts.bytes - fetched.counts.footerBytes).toBeLessThan(wholeBytes / 20);
  });

  it('keeps every row group where rows are numbered', async () => {
    const condition = whereCondition(await table.snapshot(), { asset: 'asset 3' });
    expect(await texts(['time'], { condition })).toHaveLength(2 * 2 * GROUP_ROWS);
    expect(await texts(['time'], { condition, keepRowNumbers: true })).toHaveLength(2 * ROWS);
  });

  it('names the file that is gone', async () => {
    const snapshot = await table.snapshot();
    const [file] = [...snapshot.files()];
    if (file === undefined) throw new Error('the table has no file');
    const elsewhere = { ...file, path: 'month=2024-01/gone.parquet' };
    await expect(fetchDataFiles(fetched, table, snapshot, [elsewhere])).rejects.toMatchObject({
      code: 'QUERY_FILE_MISSING',
      message: expect.stringContaining('gone.parquet'),
    });
  });
});
