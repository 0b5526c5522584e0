import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConcurrentModificationError,
  DeltaTable,
  field,
  type OptimizeProgress,
  parseStats,
  struct,
  verifyTable,
} from '../../src/delta/index.ts';
import { defaultLimits } from '../../src/duckdb/index.ts';
import { type CandidateRowGroup, FetchedParquet } from '../../src/parquet/index.ts';
import { failure } from './sample.ts';

const SCHEMA = struct([field('a', 'string'), field('b', 'long'), field('v', 'double'), field('p', 'string')]);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barline-optimize-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const location = (name = 'table') => join(folder, name);
const limits = () => ({ ...defaultLimits(), threads: 1, temporaryFolder: folder });

interface Row {
  readonly a: string | null;
  readonly b: number | null;
  readonly v?: number;
  readonly p?: string;
}

async function tableOf(files: readonly (readonly Row[])[], partitionBy: string[] = [], properties = {}) {
  const table = await DeltaTable.create(location(), { schema: SCHEMA, partitionBy, properties });
  for (const rows of files) await table.append({ rows: rows.map((row) => ({ v: 0, p: 'x', ...row })) });
  return table;
}

async function rowsOf(table: DeltaTable): Promise<unknown[]> {
  const rows = [];
  for await (const row of (await table.scan()).rows()) rows.push({ ...row, b: Number(row.b) });
  return rows;
}

const dataFiles = () => readdirSync(location()).filter((name) => name.endsWith('.parquet'));

/** Places along a Z curve, bit by bit: the plain way. */
function interleaved(places: readonly number[], bits: number): bigint {
  let key = 0n;
  for (let bit = bits - 1; bit >= 0; bit--) {
    for (const place of places) key = (key << 1n) | BigInt(Math.floor(place / 2 ** bit) % 2);
  }
  return key;
}

/** Of each value the share of rows before the middle of its own, of 2^31. */
function placesOf<T extends string | number>(values: readonly T[]): Map<T, number> {
  const sorted = [...values].sort((x, y) => (x < y ? -1 : x > y ? 1 : 0));
  const places = new Map<T, number>();
  for (const value of sorted) {
    const [first, count] = [sorted.indexOf(value), sorted.filter((other) => other === value).length];
    places.set(value, Math.floor(((first + count / 2) / sorted.length) * 2 ** 31));
  }
  return places;
}

describe('Z-order', () => {
  it('lays rows along the curve through the ranks of values, whatever their bytes', async () => {
    // names of different lengths, one of them with half of the rows; numbers that lie far apart
    const names = ['B', 'AAAAAAAAAA', 'A', 'é', 'zz', 'B', 'B', 'B'];
    const numbers = [1, 2, 3, 1e12, 5, -9e15, 0, 7, 7, 7];
    const rows = names.flatMap((a) => numbers.map((b) => ({ a, b })));
    const table = await tableOf([rows.slice(0, 30), rows.slice(30)]);
    const done = await table.optimize({ zOrderBy: ['a', 'b'], limits: limits() });
    expect(done).toMatchObject({ filesRemoved: 2, filesAdded: 1, rows: 80 });
    const [pa, pb] = [placesOf(rows.map((row) => row.a)), placesOf(rows.map((row) => row.b))];
    const key = ({ a, b }: { a: string; b: number }) => interleaved([pa.get(a) ?? 0, pb.get(b) ?? 0], 31);
    const found = await rowsOf(table);
    const order = (row: unknown) => JSON.stringify(row);
    const expected = rows.toSorted((x, y) => (key(x) < key(y) ? -1 : key(x) > key(y) ? 1 : 0));
    expect(found.map((row) => order({ ...(row as object), v: 0, p: 'x' }))).toEqual(
      expected.map((row) => order({ ...row, v: 0, p: 'x' })),
    );
  });

  it('cuts files and row groups so that a query of few rows reads little', async () => {
    const table = await tableOf([]);
    const rowCount = 10_000;
    const names = Array.from({ length: 20 }, (_, i) => `asset-${i}`);
    const codes = Uint16Array.from({ length: rowCount }, (_, i) => i % names.length);
    for (let b = 0; b < 20; b++) {
      const columns = {
        a: { values: { codes, values: names } },
        b: { values: new Float64Array(rowCount).fill(b) },
        v: { values: Float64Array.from({ length: rowCount }, (_, i) => Math.sin(i * (b + 1))) },
        p: { values: { codes: new Uint16Array(rowCount), values: ['x'] } },
      };
      await table.append({ columns });
    }
    const whole = { where: { a: 'asset-7' } };
    expect((await table.scan(whole)).files).toHaveLength(20);
    await table.optimize({ zOrderBy: ['a', 'b'], targetFileSize: 300_000, limits: limits() });
    const { files } = await table.scan();
    expect(files.length).toBeGreaterThan(2);
    const hit = (await table.scan({ where: { a: 'asset-7', b: 11 } })).files;
    expect(hit.length).toBeLessThanOrEqual(2);
    expect((await table.scan(whole)).files.length).toBeLessThan(files.length);
    const counts = files.map((file) => parseStats(file)?.numRecords ?? 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20 * rowCount);
    using fetched = new FetchedParquet({ temporaryFolder: folder });
    const [{ path, size: byteLength } = { path: '', size: 0 }] = hit;
    const keepRowGroup = ({ bounds }: CandidateRowGroup) => Number(bounds('b')?.max) >= 11;
    const { rowGroupsTotal, rowGroupsKept } = await fetched.fetch(table.storage, {
      path,
      byteLength,
      keepRowGroup,
    });
    expect(rowGroupsTotal).toBeGreaterThan(rowGroupsKept);
  });

  it('takes nulls first, and many values by ranges', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      a: i % 7 === 0 ? null : `n${i}`,
      b: i % 5 === 0 ? null : i,
    }));
    const table = await tableOf([rows]);
    await table.optimize({ zOrderBy: ['b'], limits: limits() });
    const found = (await rowsOf(table)).map((row) => (row as Row).b ?? 0);
    expect(found).toEqual([...found].sort((x, y) => x - y));
  });

  it.each([
    [['nothing'], /no column nothing/],
    [['a', 'a'], /twice/],
    [['p'], /partitioned by p/],
  ])('is refused by %j', async (zOrderBy, message) => {
    const table = await tableOf([[{ a: 'x', b: 1 }]], ['p']);
    const error = await failure(table.optimize({ zOrderBy }));
    expect(error).toMatchObject({ code: 'DELTA_BAD_WRITE', message: expect.stringMatching(message) });
    expect(table.version).toBe(1);
  });
});

describe('compaction', () => {
  const small = (n: number, p = 'x') => Array.from({ length: n }, (_, i) => [{ a: 'a', b: i, p }]);

  it('joins small files in their order, partition by partition, and then finds nothing to do', async () => {
    const table = await tableOf([...small(4, 'x'), ...small(3, 'y'), ...small(1, 'z')], ['p']);
    const first = await table.optimize({ limits: limits() });
    expect(first).toMatchObject({ filesRemoved: 7, filesAdded: 2, filesSkipped: 1, rows: 7, version: 9 });
    expect((await table.scan({ where: { p: 'x' } })).files).toHaveLength(1);
    expect((await rowsOf(table)).map((row) => (row as Row).b)).toEqual([0, 1, 2, 3, 0, 1, 2, 0]);
    const again = await table.optimize({ limits: limits() });
    expect(again).toMatchObject({ filesRemoved: 0, version: 9 });
    expect((await verifyTable(location())).damages).toEqual([]);
  });

  it('changes no data: neither a feed nor a stream of additions sees it', async () => {
    const properties = { 'delta.enableChangeDataFeed': 'true', 'delta.appendOnly': 'true' };
    const table = await tableOf(small(3), [], properties);
    const { version } = await table.optimize({ limits: limits() });
    const changes = [];
    for await (const row of (await table.changes({ from: version })).rows()) changes.push(row);
    expect(changes).toEqual([]);
    const [entry] = await table.history({ limit: 1 });
    expect(entry).toMatchObject({
      operation: 'OPTIMIZE',
      operationParameters: { predicate: '[]', zOrderBy: '[]', auto: false },
      operationMetrics: { numRemovedFiles: '3', numAddedFiles: '1' },
    });
  });

  it('takes only the files that are asked for', async () => {
    const table = await tableOf([...small(3, 'x'), ...small(3, 'y')], ['p']);
    await table.optimize({ where: "p = 'y'", limits: limits() });
    expect((await table.scan({ where: { p: 'x' } })).files).toHaveLength(3);
    expect((await table.scan({ where: { p: 'y' } })).files).toHaveLength(1);
  });

  it('leaves files of the target size, and writes again what lost many rows', async () => {
    const table = await tableOf(small(4), [], { 'delta.enableDeletionVectors': 'true' });
    const { size } = (await table.scan()).files[0] ?? { size: 0 };
    expect(await table.optimize({ targetFileSize: size, limits: limits() })).toMatchObject({
      filesRemoved: 0,
    });
    await table.append({ rows: Array.from({ length: 10 }, (_, i) => ({ a: 'many', b: i, v: 0, p: 'x' })) });
    await table.delete("a = 'many' AND b < 3");
    const done = await table.optimize({ targetFileSize: 1, limits: limits() });
    expect(done).toMatchObject({ filesRemoved: 1, filesAdded: 1, deletionVectorsRemoved: 1, rows: 7 });
    expect((await rowsOf(table)).length).toBe(11);
  });

  it('comes by itself where the table asks for it and fifty small files lie together', async () => {
    const table = await tableOf([], [], { 'delta.autoOptimize.autoCompact': 'true' });
    for (let b = 0; b < 50; b++) {
      expect(table.latest.fileCount).toBe(b);
      const columns = {
        a: { values: ['a'] },
        b: { values: Float64Array.of(b) },
        v: { values: Float64Array.of(0) },
        p: { values: ['x'] },
      };
      const { version } = await table.append([await table.writeDataFile(columns)]);
      expect(version).toBe(b + 1);
    }
    expect(table.latest.fileCount).toBe(1);
    const [entry] = await table.history({ limit: 1 });
    expect(entry).toMatchObject({ version: 51, operation: 'OPTIMIZE', operationParameters: { auto: true } });
    expect((await rowsOf(table)).length).toBe(50);
  });
});

describe('an optimize that meets another writer', () => {
  const TWO_FILES = [
    [
      { a: 'a', b: 1 },
      { a: 'z', b: 1 },
    ],
    [{ a: 'b', b: 2 }],
  ];

  /** Lets another handle act once, when the first new file is stored. */
  async function racing(act: (other: DeltaTable) => Promise<unknown>, properties = {}) {
    const table = await tableOf(TWO_FILES, [], properties);
    const other = await DeltaTable.open(location());
    const { storage } = table;
    const write = storage.write.bind(storage);
    let acted = false;
    storage.write = async (path, pieces) => {
      if (!acted && path.endsWith('.parquet')) {
        acted = true;
        await act(other);
      }
      return write(path, pieces);
    };
    return table;
  }

  it('goes together with an append', async () => {
    const table = await racing((other) => other.append({ rows: [{ a: 'c', b: 3, v: 0, p: 'x' }] }));
    expect(await table.optimize({ limits: limits() })).toMatchObject({ version: 4, filesRemoved: 2 });
    expect((await rowsOf(table)).length).toBe(4);
  });

  it.each(['true', 'false'])('loses to a delete or update (by deletion vectors: %s)', async (vectors) => {
    const properties = { 'delta.enableDeletionVectors': vectors };
    const acts = {
      DELETE: (other: DeltaTable) => other.delete("a = 'a'"),
      UPDATE: (other: DeltaTable) => other.update("a = 'a'", { b: 'b + 1' }),
    };
    for (const [winnerOperation, act] of Object.entries(acts)) {
      rmSync(location(), { recursive: true, force: true });
      const table = await racing(act, properties);
      const error = await failure(table.optimize({ limits: limits() }));
      expect(error).toBeInstanceOf(ConcurrentModificationError);
      expect(error).toMatchObject({ winnerVersion: 3, winnerOperation });
      const after = await DeltaTable.open(location());
      expect(after.version).toBe(3);
      expect((await rowsOf(after)).length).toBe(winnerOperation === 'DELETE' ? 2 : 3);
      expect(await after.unreferencedFiles({})).toEqual([]);
    }
  });

  it('loses only the groups of files that the other changed', async () => {
    const files = ['x', 'y', 'z'].flatMap((p) => [[{ a: 'a', b: 1, p }], [{ a: 'b', b: 2, p }]]);
    const table = await tableOf(files, ['p']);
    const other = await DeltaTable.open(location());
    const { storage } = table;
    const write = storage.write.bind(storage);
    let writes = 0;
    storage.write = async (path, pieces) => {
      if (path.endsWith('.parquet')) writes += 1;
      if (writes === 3 && path.endsWith('.parquet')) await other.delete("p = 'y' AND b = 1");
      return write(path, pieces);
    };
    const done = await table.optimize({ limits: limits() });
    expect(done).toMatchObject({ version: 8, filesRemoved: 4, filesAdded: 2, filesSkipped: 2, rows: 4 });
    const after = await DeltaTable.open(location());
    expect((await rowsOf(after)).length).toBe(5);
    expect(await after.unreferencedFiles({})).toEqual([]);
    expect((await after.scan({ where: { p: 'y' } })).files).toHaveLength(1);
  });
});

describe('an optimize that goes wrong', () => {
  it('commits nothing when the new files hold other rows', async () => {
    const table = await tableOf([[{ a: 'a', b: 1 }], [{ a: 'b', b: 2 }]]);
    const [source = ''] = dataFiles();
    const onProgress = ({ stage }: OptimizeProgress) => {
      if (stage !== 'prove') return;
      for (const work of readdirSync(folder).filter((name) => name.startsWith('barline-write'))) {
        const [rewritten = ''] = readdirSync(join(folder, work));
        const [file = ''] = readdirSync(join(folder, work, rewritten));
        copyFileSync(join(location(), source), join(folder, work, rewritten, file));
      }
    };
    const error = await failure(table.optimize({ limits: limits(), onProgress }));
    expect(error).toMatchObject({
      code: 'DELTA_NOT_THE_SAME',
      message: expect.stringMatching(/2 rows, found 1/),
    });
    expect((await DeltaTable.open(location())).version).toBe(2);
    expect(dataFiles()).toHaveLength(2);
  });

  it('stopped at any file or at the commit, loses nothing and leaves at most orphans', async () => {
    const table = await tableOf(
      [0, 1].flatMap((b) => ['x', 'y', 'z'].map((p) => [{ a: 'a', b, p }])),
      ['p'],
    );
    const expected = (await rowsOf(table)).map((row) => JSON.stringify(row)).sort();
    const { storage } = table;
    const [write, put] = [storage.write.bind(storage), storage.putIfAbsent.bind(storage)];
    for (let failing = 0; failing < 3; failing++) {
      let writes = 0;
      storage.write = (path, pieces) => {
        if (writes++ === failing) throw new Error('power cut');
        return write(path, pieces);
      };
      expect(await failure(table.optimize({ limits: limits() }))).toMatchObject({ message: 'power cut' });
      const reopened = await DeltaTable.open(location());
      expect(reopened.version).toBe(6);
      expect((await rowsOf(reopened)).map((row) => JSON.stringify(row)).sort()).toEqual(expected);
      expect(await reopened.unreferencedFiles({})).toEqual([]);
    }
    storage.write = write;
    storage.putIfAbsent = (path, bytes) => {
      if (path.endsWith('.json')) throw new Error('power cut');
      return put(path, bytes);
    };
    expect(await failure(table.optimize({ limits: limits() }))).toBeDefined();
    const left = await (await DeltaTable.open(location())).unreferencedFiles({});
    expect(left).toHaveLength(3);
    expect(readdirSync(folder).filter((name) => name.startsWith('barline-'))).toEqual([]);
  });

  it('keeps its files when nobody can tell whether the commit was made', async () => {
    const table = await tableOf([[{ a: 'a', b: 1 }], [{ a: 'b', b: 2 }]]);
    const { storage } = table;
    const [put, stat] = [storage.putIfAbsent.bind(storage), storage.stat.bind(storage)];
    let isCut = false;
    storage.putIfAbsent = async (path, bytes) => {
      const created = await put(path, bytes);
      isCut ||= path.endsWith('.json');
      if (isCut) throw new Error('the line is dead');
      return created;
    };
    storage.stat = (path) => {
      if (isCut) throw new Error('the line is dead');
      return stat(path);
    };
    expect(await failure(table.optimize({ limits: limits() }))).toMatchObject({
      message: 'the line is dead',
    });
    const after = await DeltaTable.open(location());
    expect(after.version).toBe(3);
    expect(after.latest.fileCount).toBe(1);
    expect((await rowsOf(after)).length).toBe(2);
  });
});
