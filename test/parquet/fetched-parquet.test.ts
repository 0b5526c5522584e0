import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeParquet, FetchedParquet, type FetchRequest } from '../../src/parquet/index.ts';
import { LocalStorage } from '../../src/storage/index.ts';
import { goldenDelta, goldenIsThere } from '../delta/golden-tables.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';

const ROWS = 20_000;
const ROW_GROUPS = 10;
const COLUMNS = ['asset', 'time', 'close', 'note'];

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
await connection.run('SET threads = 1'); // rows in order
const folder = mkdtempSync(join(tmpdir(), 'barline-fetched-test-'));
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

async function query(sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}

/** Notes the ranges that are asked for. */
class CountingStorage extends MemoryStorage {
  readonly asked: { readonly path: string; readonly byteLength: number }[] = [];
  atOnce = 0;
  mostAtOnce = 0;

  override async readRange(path: string, start: number, end: number): Promise<Uint8Array> {
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.atOnce -= 1;
    this.asked.push({ path, byteLength: end - start });
    return super.readRange(path, start, end);
  }
}

/** Rows in the order of time; `note` makes up most of the file. */
function barlineFile(): Uint8Array {
  const schema = {
    fields: [
      { name: 'asset', type: 'string' },
      { name: 'time', type: 'int64' },
      { name: 'close', type: 'double' },
      { name: 'note', type: 'string' },
    ],
  } as const;
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  return Buffer.concat(
    encodeParquet(
      schema,
      [
        { values: rows.map((row) => `asset ${row % 7}`) },
        { values: Float64Array.from(rows, (row) => row * 1000) },
        { values: Float64Array.from(rows, (row) => Math.sin(row)) },
        { values: rows.map((row) => createHash('sha512').update(String(row)).digest('base64')) },
      ],
      { rowGroupRows: ROWS / ROW_GROUPS },
    ),
  );
}

/** The same rows by DuckDB's writer, with bloom filters. */
async function duckdbFile(source: string): Promise<Uint8Array> {
  const path = join(folder, 'by-duckdb.parquet');
  await query(`COPY (FROM '${source}') TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  return readFile(path);
}

const wholePath = join(folder, 'whole.parquet');
const files = new Map<string, Uint8Array>();
let storage: CountingStorage;
let fetched: FetchedParquet;

beforeAll(async () => {
  const bytes = barlineFile();
  await writeFile(wholePath, bytes);
  files.set('barline', bytes);
  files.set('duckdb', await duckdbFile(wholePath));
});
beforeEach(async () => {
  storage = new CountingStorage();
  for (const [name, bytes] of files) await storage.put(name, bytes);
  fetched = new FetchedParquet({ temporaryFolder: folder });
});

afterEach(() => fetched[Symbol.dispose]());

function sizeOf(name: string): number {
  return files.get(name)?.length ?? 0;
}

describe.each(['barline', 'duckdb'])('parts of a file by %s', (name) => {
  it('read like the whole: any columns of any row groups', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(COLUMNS, { minLength: 1 }),
        fc.array(fc.boolean(), { minLength: ROW_GROUPS, maxLength: ROW_GROUPS }),
        async (columns, keep) => {
          const firstRows: [number, number][] = [];
          let index = 0;
          const file = await fetched.fetch(storage, {
            path: name,
            byteLength: sizeOf(name),
            columns,
            keepRowGroup: ({ firstRow, rowCount }) => {
              const isKept = keep[index++ % ROW_GROUPS] ?? false;
              if (isKept) firstRows.push([firstRow, firstRow + rowCount]);
              return isKept;
            },
          });
          const where = firstRows.map(([from, to]) => `(n >= ${from} AND n < ${to})`).join(' OR ') || 'false';
          const summary = (from: string) =>
            `SELECT count(*), md5(string_agg(concat_ws('|', ${columns.join(', ')}), ',')) FROM ${from}`;
          const rows = await query(summary(`'${file.localPath}'`));
          expect(rows).toEqual(
            await query(
              `${summary(`read_parquet('${wholePath}', file_row_number = true) AS t(asset, time, close, note, n)`)} WHERE ${where}`,
            ),
          );
          expect(rows[0]?.[0]).toBe(BigInt(file.rowCount));
          await fetched.release(file.localPath);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('leave out what statistics exclude, by the bytes received too', async () => {
    const from = 9_000_000;
    const file = await fetched.fetch(storage, {
      path: name,
      byteLength: sizeOf(name),
      columns: ['asset', 'time', 'close'],
      keepRowGroup: ({ bounds }) => {
        const { min, max } = bounds('time') ?? {};
        return typeof min === 'number' && typeof max === 'number' && min < from + 100_000 && max >= from;
      },
    });
    expect(file.rowGroupsKept).toBeLessThanOrEqual(2);
    expect(file.rowGroupsTotal).toBeGreaterThan(4);
    const sql = (path: string) =>
      `SELECT asset, time, close FROM '${path}' WHERE time >= ${from} AND time < ${from + 100_000} ORDER BY time`;
    const rows = await query(sql(file.localPath));
    expect(rows).toHaveLength(100);
    expect(rows).toEqual(await query(sql(wholePath)));
    const received = storage.asked.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
    expect(file.byteLength).toBe(received);
    expect(fetched.counts).toMatchObject({ files: 1, bytes: received, requests: storage.asked.length });
    expect(received).toBeLessThan(sizeOf(name) / 4);
  });

  it('answer equality on a column with bloom filters', async () => {
    const file = await fetched.fetch(storage, { path: name, byteLength: sizeOf(name), columns: ['asset'] });
    expect(await query(`SELECT count(*) FROM '${file.localPath}' WHERE asset = 'asset 3'`)).toEqual([
      [2857n],
    ]);
    expect(await query(`SELECT count(*) FROM '${file.localPath}' WHERE asset = 'asset 8'`)).toEqual([[0n]]);
  });

  it('are of no use for columns that were not asked for, and say so', async () => {
    const file = await fetched.fetch(storage, { path: name, columns: ['time'] });
    await expect(query(`SELECT max(note) FROM '${file.localPath}'`)).rejects.toThrow();
    expect(await query(`SELECT count(*), max(time) FROM '${file.localPath}'`)).toEqual([
      [BigInt(ROWS), BigInt(ROWS - 1) * 1000n],
    ]);
  });
});

describe('files of other writers', () => {
  it.skipIf(!goldenIsThere)('read like the whole: one of eight golden files', async () => {
    const paths = readdirSync(goldenDelta, { recursive: true })
      .map(String)
      .filter((path) => path.endsWith('.parquet'))
      .sort()
      .filter((_, index) => index % 8 === 0);
    using small = new FetchedParquet({ temporaryFolder: folder, tailBytes: 8 });
    const golden = new LocalStorage(goldenDelta);
    const rowsOf = (path: string) =>
      query(
        `SELECT count(*), md5(string_agg(t::VARCHAR, chr(10))) FROM read_parquet('${path.replaceAll("'", "''")}', hive_partitioning = false) AS t`,
      );
    let same = 0;
    for (const path of paths) {
      const whole = await rowsOf(join(goldenDelta, path)).catch(() => undefined);
      if (whole === undefined) continue;
      const { localPath } = await small.fetch(golden, { path });
      expect(await rowsOf(localPath), path).toEqual(whole);
      await small.release(localPath);
      same += 1;
    }
    expect(same).toBeGreaterThan(50);
  });
});

describe('fetched files', () => {
  it('lie sparse on the disk, in one folder, and go with it', async () => {
    const requests: FetchRequest[] = [
      { path: 'barline', columns: ['time'] },
      { path: 'duckdb', columns: ['TIME'] },
    ];
    const [one, two] = await Promise.all(requests.map((request) => fetched.fetch(storage, request)));
    if (one === undefined || two === undefined) throw new Error('two files were asked for');
    expect(statSync(one.localPath).size).toBe(sizeOf('barline'));
    expect(statSync(one.localPath).blocks * 512).toBeLessThan(sizeOf('barline') / 2);
    expect(existsSync(two.localPath)).toBe(true);
    await fetched.release(two.localPath);
    expect(existsSync(two.localPath)).toBe(false);
    fetched[Symbol.dispose]();
    expect(readdirSync(folder).filter((name) => name.startsWith('barline-fetched'))).toEqual([]);
  });

  it('share a footer, and keep to the limits of requests and bytes', async () => {
    const few = new FetchedParquet({ temporaryFolder: folder, concurrency: 2, mostBytes: 50_000 });
    for (let i = 0; i < 30; i++) await storage.put(`copy ${i}`, files.get('barline') ?? new Uint8Array());
    const first = { path: 'copy 0', columns: ['time'], keepRowGroup: ({ firstRow = 0 }) => firstRow === 0 };
    const before = await few.fetch(storage, first);
    const again = await few.fetch(storage, first);
    expect(again.byteLength).toBeLessThan(before.byteLength);
    const many = Array.from({ length: 30 }, (_, i) => few.fetch(storage, { ...first, path: `copy ${i}` }));
    await Promise.all(many);
    expect(storage.mostAtOnce).toBe(2);
    await expect(few.fetch(storage, { path: 'copy 1' })).rejects.toMatchObject({
      code: 'PARQUET_FETCH_TOO_LARGE',
      message: expect.stringContaining('copy 1'),
    });
    few[Symbol.dispose]();
  });

  it('end with the reason of an aborted signal, and leave no half file', async () => {
    const stop = new AbortController();
    storage.readRange = async (path, start, end) => {
      stop.abort(new Error('interrupted'));
      return MemoryStorage.prototype.readRange.call(storage, path, start, end);
    };
    const fetching = fetched.fetch(storage, {
      path: 'barline',
      byteLength: sizeOf('barline'),
      signal: stop.signal,
    });
    await expect(fetching).rejects.toThrow('interrupted');
    const [left = ''] = readdirSync(folder).filter((name) => name.startsWith('barline-fetched'));
    expect(readdirSync(join(folder, left))).toEqual([]);
  });

  it('are refused where the file is cut off, gone or none', async () => {
    const bytes = files.get('barline') ?? new Uint8Array();
    await storage.put('cut', bytes.subarray(0, bytes.length - 100));
    await storage.put('text', Buffer.from('no parquet'));
    await expect(fetched.fetch(storage, { path: 'cut', byteLength: bytes.length })).rejects.toMatchObject({
      code: 'PARQUET_TRUNCATED',
      message: expect.stringMatching(/^memory:\/\/table\/cut ends before byte/),
    });
    await expect(fetched.fetch(storage, { path: 'cut' })).rejects.toMatchObject({
      code: 'PARQUET_NOT_A_FILE',
    });
    await expect(fetched.fetch(storage, { path: 'text' })).rejects.toMatchObject({
      code: 'PARQUET_NOT_A_FILE',
    });
    await expect(fetched.fetch(storage, { path: 'gone', byteLength: 9 })).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    });
  });
});
