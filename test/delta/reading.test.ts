import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable, field, type Row, type ScanRequest, struct } from '../../src/delta/index.ts';
import { DuckDbSession } from '../../src/duckdb/index.ts';
import { type Added, checkpointed, HandMadeTable, inlineVector } from './hand-made-table.ts';

const X = struct([field('x', 'long')]);

async function rowsOf(
  { folder }: HandMadeTable,
  request: ScanRequest & { version?: number } = {},
): Promise<Row[]> {
  const scan = await (await DeltaTable.open(folder)).scan(request);
  const rows: Row[] = [];
  for await (const row of scan.rows()) rows.push(row);
  return rows;
}

const xs = async (table: HandMadeTable) =>
  (await rowsOf(table)).map((row) => Number(row.x)).sort((a, b) => a - b);
const one = (table: HandMadeTable, x: number) => table.file(`${x}.parquet`, `SELECT ${x} AS x`);

describe('a compacted log', () => {
  it('is read in place of its commits, which are read in place of a broken one', async () => {
    const table = new HandMadeTable();
    const adds = await Promise.all([1, 2, 3, 4].map((x) => one(table, x)));
    table.commit(0, ...HandMadeTable.first({ schema: X }));
    for (const [i, add] of adds.entries()) table.commit(i + 1, add);
    const compacted = table.logPath(0).replace('0.json', `1.${'3'.padStart(20, '0')}.compacted.json`);
    writeFileSync(
      compacted,
      `${adds
        .slice(0, 2)
        .map((add) => JSON.stringify(add))
        .join('\n')}\n`,
    );
    expect(await xs(table)).toEqual([1, 2, 4]); // as the compacted file has it
    expect((await rowsOf(table, { version: 2 })).length).toBe(2); // which reaches beyond this version
    writeFileSync(compacted, '{"add":');
    expect(await xs(table)).toEqual([1, 2, 3, 4]);
  });
});

describe('a checkpoint with struct statistics alone', () => {
  it('prunes by them', async () => {
    const table = new HandMadeTable();
    const schema = struct([
      field('t', 'timestamp'),
      field('d', 'date'),
      field('p', 'decimal(9,2)'),
      field('s', 'string'),
    ]);
    const values = (day: number) =>
      `TIMESTAMPTZ '2024-03-0${day} 00:00:00.5Z' AS t, DATE '2024-03-0${day}' AS d, ${day}.25::DECIMAL(9,2) AS p, 'v${day}' AS s`;
    const adds = await Promise.all(
      [1, 2, 3].map((day) => table.file(`${day}.parquet`, `SELECT ${values(day)}`)),
    );
    table.commit(0, ...HandMadeTable.first({ schema }));
    table.commit(1, ...adds);
    const files = adds.map(({ add }, i) => {
      const row = `(SELECT r FROM (SELECT ${values(i + 1)}) r)`;
      const parsed = `{numRecords: 1, minValues: ${row}, maxValues: ${row}, nullCount: {t: 0, d: 0, p: 0, s: 0}}`;
      return checkpointed(add, `stats_parsed: ${parsed}`);
    });
    await table.checkpoint(1, { schema }, files);
    const opened = await DeltaTable.open(table.folder);
    for (const where of [
      { t: '2024-03-02T00:00:00.5Z' },
      { d: '2024-03-02' },
      { p: '2.25' },
      { s: 'v2' },
      `t = TIMESTAMPTZ '2024-03-02 00:00:00.5+00'`,
      `d BETWEEN '2024-03-02' AND '2024-03-02'`,
      `p = 2.25 OR s IN ('v2', 'w')`,
    ]) {
      const scan = await opened.scan({ where });
      expect([scan.files.map(({ path }) => path), scan.prunedByStats]).toEqual([['2.parquet'], 2]);
      expect((await scan.columns()).rowCount).toBe(1);
    }
    expect((await (await opened.scan({ where: { p: '2.254' } })).columns()).rowCount).toBe(0);
    expect(
      (await (await opened.scan({ where: { p: { gt: '2.249', lt: '2.251' } } })).columns()).rowCount,
    ).toBe(1);
  });
});

describe('column mapping', () => {
  const mapped = (name: string, id: number, type: Parameters<typeof field>[1]) =>
    field(name, type, {
      metadata: { 'delta.columnMapping.id': id, 'delta.columnMapping.physicalName': `col-${id}` },
    });
  const schema = struct([
    mapped('part', 1, 'integer'),
    mapped('file_row_number', 2, 'long'),
    mapped('nested', 3, struct([mapped('a', 4, 'string'), mapped('new', 5, 'date')])),
    mapped('list', 6, { type: 'array', elementType: struct([mapped('q', 7, 'double')]), containsNull: true }),
    mapped('map', 8, {
      type: 'map',
      keyType: 'string',
      valueType: struct([mapped('z', 9, 'long')]),
      valueContainsNull: true,
    }),
  ]);
  const expected = [
    {
      part: 7,
      file_row_number: 1n,
      nested: { a: 'one', new: null },
      list: [{ q: 0.5 }, null],
      map: new Map([['k', { z: 3n }]]),
    },
    { part: 7, file_row_number: 3n, nested: null, list: null, map: null },
  ];

  it.each(['name', 'id'])('by %s, nested fields too', async (mode) => {
    const table = new HandMadeTable();
    // files of another writer may call the columns otherwise and have the ids only
    const [b, c, d, e, f, g, h] = [2, 3, 4, 6, 7, 8, 9].map((id) =>
      mode === 'id' ? `other${id}` : `"col-${id}"`,
    );
    const query = [
      `SELECT 1::INTEGER AS ${b}, struct_pack(${d} := 'one') AS ${c}, [struct_pack(${f} := 0.5::FLOAT), NULL] AS ${e}, MAP {'k': struct_pack(${h} := 3::INTEGER)} AS ${g}`,
      `SELECT 2, NULL, NULL, NULL`,
      `SELECT 3, NULL, NULL, NULL`,
    ].join(' UNION ALL ');
    const ids = `, FIELD_IDS {${b}: 2, ${c}: {__duckdb_field_id: 3, ${d}: 4}, ${e}: {__duckdb_field_id: 6, element: {${f}: 7}}, ${g}: {__duckdb_field_id: 8, value: {${h}: 9}}}`;
    const more = { partitionValues: { 'col-1': '7' }, deletionVector: inlineVector([1]) };
    const add = await table.file('a.parquet', query, more, mode === 'id' ? ids : '');
    const configuration = { 'delta.columnMapping.mode': mode };
    table.commit(
      0,
      ...HandMadeTable.first({
        schema,
        partitionColumns: ['part'],
        configuration,
        readerFeatures: ['columnMapping', 'deletionVectors'],
      }),
      add,
    );
    expect(await rowsOf(table)).toEqual(expected);
    expect(
      await rowsOf(table, { where: { part: 7, file_row_number: 3 }, columns: ['file_row_number'] }),
    ).toEqual([{ file_row_number: 3n }]);
    expect((await (await DeltaTable.open(table.folder)).scan({ where: { part: 8 } })).prunedByPartition).toBe(
      1,
    );
  });
});

describe('paths', () => {
  it('absolute, escaped, with what patterns are made of', async () => {
    const table = new HandMadeTable();
    const elsewhere = new HandMadeTable();
    mkdirSync(join(table.folder, 'a b'));
    const names = ['a b/%41 [1]*?.parquet', 'plain.parquet'];
    const adds = await Promise.all(names.map((name, i) => table.file(name, `SELECT ${i} AS x`)));
    const outside = await elsewhere.file('out side.parquet', 'SELECT 9 AS x');
    const at = (path: string) => ({ add: { ...outside.add, path } });
    const path = join(elsewhere.folder, 'out side.parquet');
    const escaped = adds.map(({ add }, i) => ({
      add: { ...add, path: (names[i] ?? '').split('/').map(encodeURIComponent).join('/') },
    }));
    table.commit(0, ...HandMadeTable.first({ schema: X }), ...escaped, at(pathToFileURL(path).href));
    expect(await xs(table)).toEqual([0, 1, 9]);
    table.commit(1, at(path.replace('out side', 'out%20side')));
    expect(await xs(table)).toEqual([0, 1, 9]); // the same file by another name
  });
});

describe('types', () => {
  it('widened since the file was written', async () => {
    const table = new HandMadeTable();
    const schema = struct([
      field('a', 'long'),
      field('b', 'double'),
      field('c', 'decimal(12,4)'),
      field('d', 'timestamp_ntz'),
      field('e', { type: 'array', elementType: struct([field('f', 'double')]), containsNull: true }),
    ]);
    const query = `SELECT 1::TINYINT a, 2::INTEGER b, 3.25::DECIMAL(5,2) c, DATE '2024-03-01' d, [{f: 1.5::FLOAT}] e`;
    table.commit(
      0,
      ...HandMadeTable.first({ schema, readerFeatures: ['typeWidening', 'timestampNtz'] }),
      await table.file('a.parquet', query),
    );
    const d = BigInt(Date.UTC(2024, 2, 1)) * 1000n;
    expect(await rowsOf(table)).toEqual([{ a: 1n, b: 2, c: '3.2500', d, e: [{ f: 1.5 }] }]);
  });

  it('come as typed arrays with validity', async () => {
    const table = new HandMadeTable();
    const schema = struct([
      field('i', 'integer'),
      field('t', 'timestamp'),
      field('b', 'binary'),
      field('s', 'string'),
    ]);
    const query = `SELECT 5 AS i, TIMESTAMPTZ '1970-01-01 00:00:01Z' AS t, '\\x01\\xFF'::BLOB AS b, NULL::VARCHAR AS s UNION ALL SELECT NULL, NULL, NULL, 'x'`;
    table.commit(0, ...HandMadeTable.first({ schema }), await table.file('a.parquet', query));
    const { rowCount, columns } = await (await (await DeltaTable.open(table.folder)).scan()).columns();
    expect(rowCount).toBe(2);
    expect(columns.i).toMatchObject({ values: Int32Array.of(5, 0), validity: Uint8Array.of(1, 0) });
    expect(columns.t?.values).toEqual(BigInt64Array.of(1_000_000n, 0n));
    expect(Array.from(columns.b?.values ?? [])).toEqual([Buffer.from([1, 255]), null]);
    expect(columns.s).not.toHaveProperty('validity');
  });
});

describe('pruning', () => {
  const schema = struct([field('k', 'integer'), field('v', 'double'), field('s', 'string')]);

  async function sample(): Promise<DeltaTable> {
    const table = new HandMadeTable();
    const adds: { add: Added }[] = [];
    for (let i = 0; i < 8; i++) {
      const stats = {
        numRecords: 10,
        minValues: { v: i * 5, s: `s${i}` },
        maxValues: { v: i * 5 + 9, s: `s${i}` },
        nullCount: { v: 0, s: i === 3 ? 10 : 0 },
      };
      const query = `SELECT (range + ${i * 5})::DOUBLE AS v, ${i === 3 ? 'NULL' : `'s${i}'`} AS s FROM range(10)`;
      const more = {
        partitionValues: { k: i % 4 === 0 ? null : String(i % 4) },
        stats: JSON.stringify(stats),
      };
      adds.push(await table.file(`${i}.parquet`, query, more));
    }
    table.commit(0, ...HandMadeTable.first({ schema, partitionColumns: ['k'] }), ...adds);
    return DeltaTable.open(table.folder);
  }

  const comparison = fc.oneof(
    fc
      .tuple(
        fc.constantFrom('v', 'k'),
        fc.constantFrom('=', '<', '<=', '>', '>=', '<>'),
        fc.integer({ min: -1, max: 46 }),
      )
      .map(([column, sign, value]) => `${column} ${sign} ${value}`),
    fc
      .tuple(fc.integer({ min: -1, max: 46 }), fc.nat(9))
      .map(([low, span]) => `v BETWEEN ${low} AND ${low + span}.5`),
    fc.subarray(["'s1'", "'s3'", "'s7'", "'t'"], { minLength: 1 }).map((list) => `s IN (${list.join(', ')})`),
    fc.constantFrom(
      's IS NULL',
      's IS NOT NULL',
      'k IS NULL',
      'k IS NOT NULL',
      'length(s) = 2',
      "s > 's4'",
      '3 < v',
    ),
  );
  const condition = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      comparison,
      fc
        .tuple(tie('tree'), fc.constantFrom('AND', 'OR'), tie('tree'))
        .map(([a, word, b]) => `(${a} ${word} ${b})`),
      tie('tree').map((inner) => `NOT (${inner})`),
    ),
  })).tree;

  it('by SQL gives the rows that a full scan gives', async () => {
    const table = await sample();
    using session = await DuckDbSession.open({
      memoryByteLength: 2e8,
      threads: 1,
      temporaryFolder: tmpdir(),
    });
    await session.run(`CREATE TABLE whole AS ${await (await table.scan()).relation(session)}`);
    let spared = 0;
    await fc.assert(
      fc.asyncProperty(condition, async (where) => {
        const scan = await table.scan({ where });
        const count = async (sql: string) => Number(await session.value(`SELECT count(*) FROM (${sql})`));
        expect(await count(await scan.relation(session))).toBe(await count(`FROM whole WHERE ${where}`));
        expect(scan.files.length + scan.pruned).toBe(scan.total);
        spared += scan.pruned;
      }),
      { numRuns: 60 },
    );
    expect(spared).toBeGreaterThan(60);
  });

  it('counts files and bytes', async () => {
    const table = await sample();
    const scan = await table.scan({ where: 'v >= 12 AND v < 13 AND k IS NOT NULL' });
    expect([scan.files.length, scan.total, scan.prunedByPartition, scan.prunedByStats]).toEqual([2, 8, 2, 4]);
    expect(scan.byteLength).toBe(scan.files.reduce((sum, file) => sum + file.size, 0));
    expect(scan.totalByteLength).toBeGreaterThan(scan.byteLength);
    await expect(table.scan({ where: '1=1; DROP TABLE x' })).rejects.toMatchObject({ code: 'SQL_INVALID' });
  });
});
