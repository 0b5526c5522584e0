import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import {
  DeltaTable,
  type DeltaType,
  field,
  type MergeOptions,
  parseStats,
  type StructField,
  struct,
  type TableDefinition,
} from '../../src/delta/index.ts';
import { DuckDbSession, defaultLimits } from '../../src/duckdb/index.ts';
import { type Fault, FaultyStorage, type Verb } from '../storage/faulty-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { failure } from './sample.ts';

const VECTORS = { 'delta.enableDeletionVectors': 'true' };
const FEED = { 'delta.enableChangeDataFeed': 'true' };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function newTable(
  fields: readonly StructField[],
  more: Omit<TableDefinition, 'schema'> = {},
): Promise<DeltaTable> {
  return DeltaTable.create(newFolder(), { schema: struct(fields), ...more });
}

async function rowsOf(table: DeltaTable, where?: string): Promise<unknown[]> {
  const scan = await table.scan(where === undefined ? {} : { where });
  const rows: unknown[] = [];
  for await (const row of scan.rows()) rows.push(row);
  return rows.sort((a, b) => (JSON.stringify(a, text) < JSON.stringify(b, text) ? -1 : 1));
}

const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

async function feedOf(table: DeltaTable, from: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const row of (await table.changes({ from })).rows()) {
    lines.push(`${row._change_type} ${row.k} ${row.v}`);
  }
  return lines.sort();
}

const KV = [field('k', 'long'), field('v', 'double')];

describe('append', () => {
  it('takes values of every type as scans give them', async () => {
    const types: Readonly<Record<string, DeltaType>> = {
      s: 'string',
      b: 'byte',
      h: 'short',
      i: 'integer',
      l: 'long',
      f: 'float',
      d: 'double',
      o: 'boolean',
      x: 'binary',
      t: 'date',
      u: 'timestamp',
      n: 'timestamp_ntz',
      e: 'decimal(38,10)',
      r: struct([field('a', 'integer'), field('x', 'binary')]),
      a: { type: 'array', elementType: 'timestamp', containsNull: true },
      m: { type: 'map', keyType: 'integer', valueType: 'binary', valueContainsNull: true },
    };
    const table = await newTable(Object.entries(types).map(([name, type]) => field(name, type)));
    const full = {
      s: '"quoted", \\ and \u0000 and é',
      b: -128,
      h: 32767,
      i: -2147483648,
      l: 9223372036854775807n,
      f: 1.5,
      d: Number.NaN,
      o: false,
      x: Buffer.of(0, 255),
      t: -719162,
      u: -62135596800000000n,
      n: 253402300799999999n,
      e: '-1234567890123456789012345678.0123456789',
      r: { a: 1, x: Buffer.of(1) },
      a: [1n, null],
      m: new Map([[-1, Buffer.of(7)]]),
    };
    const empty = Object.fromEntries(Object.keys(types).map((name) => [name, null]));
    const edges = { ...empty, d: Number.NEGATIVE_INFINITY, s: '', a: [], m: new Map() };
    const result = await table.append({ rows: [full, empty, edges] });
    expect(result).toMatchObject({ version: 1, rowsInserted: 3, filesAdded: 1 });
    const read: unknown[] = [];
    for await (const row of (await table.scan()).rows()) read.push(row);
    expect(read).toEqual([full, empty, edges]);
    const [file] = [...(await table.snapshot()).files()];
    expect(parseStats(file ?? {})).toMatchObject({
      numRecords: 3,
      minValues: { b: -128, t: '0001-01-01', u: '0001-01-01T00:00:00.000Z' },
      nullCount: { s: 1, d: 1, x: 2 },
    });
    // NaN stands above all numbers, and JSON has no infinities
    expect(parseStats(file ?? {})?.maxValues.d).toBeUndefined();
    expect(parseStats(file ?? {})?.minValues.d).toBeUndefined();
  });

  it('takes typed arrays, a Parquet file and a query, in the order of no matter whose columns', async () => {
    const table = await newTable(KV);
    await table.append({
      columns: { v: { values: Float64Array.of(1, 2) }, k: { values: BigInt64Array.of(1n, 2n) } },
    });
    using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
    await table.append({ relation: 'SELECT 3::UTINYINT AS k -- no v', session });
    const file = join(newFolder(), 'a=1.parquet');
    await session.copy('SELECT 4.5::FLOAT AS "V", 4::INTEGER AS k', file, 'FORMAT parquet');
    await table.append({ parquet: file });
    expect(await rowsOf(table)).toEqual([
      { k: 1n, v: 1 },
      { k: 2n, v: 2 },
      { k: 3n, v: null },
      { k: 4n, v: 4.5 },
    ]);
    // nothing of the writes stays in the caller's session
    expect(await session.value('SELECT count(*) FROM duckdb_tables()')).toBe(0n);
    expect(await session.value('SELECT count(*) FROM duckdb_types() WHERE NOT internal')).toBe(0n);
  });

  it('refuses columns it lacks and values that would be rounded, and writes nothing', async () => {
    const table = await newTable([field('k', 'integer'), field('s', struct([field('a', 'long')]))]);
    using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
    const attempt = (relation: string) => failure(table.append({ relation, session }));
    const refused = { code: 'DELTA_SCHEMA_MISMATCH' };
    expect(await attempt('SELECT 1 AS k, 2 AS other')).toMatchObject(refused);
    expect(await attempt('SELECT 1.5::DOUBLE AS k')).toMatchObject(refused);
    expect(await attempt('SELECT {a: 1, b: 2} AS s')).toMatchObject({
      ...refused,
      message: expect.stringContaining('column s.b'),
    });
    expect(await attempt("SELECT 'x' AS k")).toMatchObject(refused);
    expect(await failure(table.append({ rows: [{ k: 1, nope: 2 }] }))).toMatchObject(refused);
    expect(await failure(table.append({ rows: [{ k: true }] }))).toMatchObject(refused);
    // in its type, but out of its range
    expect(await attempt('SELECT 3000000000 AS k')).toMatchObject({ code: 'DELTA_BAD_WRITE' });
    expect(await attempt('SELECT 1; DROP TABLE x')).toMatchObject({ code: 'SQL_INVALID' });
    expect(table.version).toBe(0);
    expect(readdirSync(table.uri)).toEqual(['_delta_log']);
  });

  it('adds columns when asked to', async () => {
    const table = await newTable(KV, { properties: { 'delta.columnMapping.mode': 'name' } });
    await table.append({ rows: [{ k: 1, v: 1 }] });
    using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
    const source = { relation: "SELECT 2 AS k, 'x' AS word, [1, 2]::TINYINT[] AS list", session };
    expect(await table.append(source, { mergeSchema: true })).toMatchObject({ rowsInserted: 1 });
    expect(table.schema.fields.map(({ name, type }) => [name, type])).toEqual([
      ['k', 'long'],
      ['v', 'double'],
      ['word', 'string'],
      ['list', { type: 'array', elementType: 'byte', containsNull: true }],
    ]);
    await table.append({ rows: [{ k: 3, more: 4 }] }, { mergeSchema: struct([field('more', 'short')]) });
    expect(await rowsOf(table, 'k > 1')).toEqual([
      { k: 2n, v: null, word: 'x', list: [1, 2], more: null },
      { k: 3n, v: null, word: null, list: null, more: 4 },
    ]);
  });

  it('widens a column only where the table and the write both ask for it', async () => {
    using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
    const big = { relation: 'SELECT 3000000000::BIGINT AS k', session };
    const small = { relation: 'SELECT 3::BIGINT AS k', session };
    const table = await newTable([field('k', 'integer')], { properties: VECTORS });
    await table.append(small, { mergeSchema: true });
    expect(table.schema.fields[0]?.type).toBe('integer');
    expect(await failure(table.append(big, { mergeSchema: true }))).toMatchObject({
      code: 'DELTA_BAD_WRITE',
    });
    await table.setProperties({ 'delta.enableTypeWidening': 'true' });
    expect(await failure(table.append(big))).toMatchObject({ code: 'DELTA_BAD_WRITE' });
    expect(await failure(table.overwrite(big))).toMatchObject({ code: 'DELTA_BAD_WRITE' });
    await table.append(big, { mergeSchema: true });
    await table.delete('k = 3');
    expect(await rowsOf(table)).toEqual([{ k: 3000000000n }]);
  });

  it('happens once for each transaction', async () => {
    const table = await newTable(KV);
    const write = () => table.append({ rows: [{ k: 1 }] }, { txn: { appId: 'a', version: 7 } });
    expect(await write()).toMatchObject({ version: 1, alreadyCommitted: false });
    expect(await write()).toMatchObject({ version: 1, alreadyCommitted: true, rowsInserted: 0 });
    expect(await rowsOf(table)).toHaveLength(1);
  });
});

describe('rules of a table', () => {
  it('hold for rows that are appended, updated and merged, and the error shows the row', async () => {
    const table = await newTable([
      field('k', 'long', { nullable: false }),
      field('v', 'double'),
      field('s', struct([field('a', 'long', { nullable: false })])),
    ]);
    await table.append({ rows: [{ k: 1, v: 1 }] });
    await table.addConstraint('positive', 'v > 0');
    const version = table.version;
    const violated = (what: string) => ({
      code: 'DELTA_CONSTRAINT_VIOLATED',
      message: expect.stringContaining(what),
    });
    expect(await failure(table.append({ rows: [{ k: 2, v: -1 }] }))).toMatchObject(violated("'v': -1.0"));
    expect(await failure(table.append({ rows: [{ k: null, v: 1 }] }))).toMatchObject(
      violated('NOT NULL of column k'),
    );
    expect(await failure(table.append({ rows: [{ k: 5, v: 1, s: { a: null } }] }))).toMatchObject(
      violated('NOT NULL of column s.a'),
    );
    // null is not true
    expect(await failure(table.update(undefined, { v: 'NULL' }))).toMatchObject(violated('positive'));
    const merge = table.merge(
      { rows: [{ k: 1, v: 0 }] },
      { on: ['k'], whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' },
    );
    expect(await failure(merge)).toMatchObject(violated('positive'));
    expect(table.version).toBe(version);
    await table.append({ rows: [{ k: 2, v: 2, s: { a: 1 } }] });
    expect(await rowsOf(table)).toHaveLength(2);
  });

  it('spare rows that were there before and are only written again', async () => {
    const table = await newTable([
      field('k', 'long'),
      field('v', 'double', { metadata: { 'delta.invariants': '{"expression":{"expression":"v < 10"}}' } }),
    ]);
    const file = await table.writeDataFile({
      k: { values: Float64Array.of(1, 2) },
      v: { values: Float64Array.of(50, 5) },
    });
    await table.transaction().add(file).rowsChecked().commit();
    expect(await table.update('k = 2', { v: 'v + 1' })).toMatchObject({ rowsUpdated: 1, rowsCopied: 1 });
    expect(await failure(table.update('k = 2', { v: 'v + 10' }))).toMatchObject({
      code: 'DELTA_CONSTRAINT_VIOLATED',
    });
  });

  it('make generated columns and defaults, and hold values that are given to them', async () => {
    const day = field('day', 'date', {
      metadata: { 'delta.generationExpression': 'CAST(at AS DATE)' },
    });
    const table = await newTable(
      [field('at', 'timestamp'), field('n', 'integer', { metadata: { CURRENT_DEFAULT: '42' } }), day],
      { partitionBy: ['day'], properties: { 'delta.feature.generatedColumns': 'supported' } },
    );
    await table.append({ rows: [{ at: '2024-10-01T23:00:00Z' }] });
    expect(await rowsOf(table)).toEqual([{ at: 1727823600000000n, n: 42, day: 19997 }]);
    await table.update(undefined, { at: "TIMESTAMPTZ '2024-10-02 01:00:00Z'", n: 'n + 1' });
    expect(await rowsOf(table)).toEqual([{ at: 1727830800000000n, n: 43, day: 19998 }]);
    expect([...(await table.snapshot()).files()].map((file) => file.partitionValues)).toEqual([
      { day: '2024-10-02' },
    ]);
    const wrong = table.append({ rows: [{ at: '2024-10-01T23:00:00Z', day: '2024-10-05' }] });
    expect(await failure(wrong)).toMatchObject({ code: 'DELTA_CONSTRAINT_VIOLATED' });
  });

  it('that DuckDB cannot evaluate are refused before anything is written', async () => {
    const odd = field('o', 'string', {
      metadata: { 'delta.generationExpression': 'date_format(at, "yyyy")' },
    });
    const table = await newTable([field('at', 'timestamp'), odd], {
      properties: { 'delta.feature.generatedColumns': 'supported' },
    });
    expect(await failure(table.append({ rows: [{ at: null, o: '2024' }] }))).toMatchObject({
      code: 'DELTA_UNSUPPORTED_FEATURE',
      message: expect.stringContaining('date_format'),
    });
    expect(readdirSync(table.uri)).toEqual(['_delta_log']);
  });
});

describe('delete', () => {
  it('marks rows of a file in one vector, adds to it, and drops the file with its last row', async () => {
    const table = await newTable(KV, { properties: VECTORS });
    await table.append({ columns: { k: { values: Float64Array.from({ length: 10 }, (_, i) => i) } } });
    expect(await table.delete('k = 3')).toMatchObject({ rowsDeleted: 1, vectorsAdded: 1, filesAdded: 0 });
    expect(await table.delete('k < 5')).toMatchObject({ rowsDeleted: 4, vectorsAdded: 1 });
    const [file, ...others] = [...(await table.snapshot()).files()];
    expect(others).toEqual([]);
    expect(file?.deletionVector).toMatchObject({ storageType: 'i', cardinality: 5 });
    expect(JSON.parse(file?.stats ?? '')).toMatchObject({
      numRecords: 10,
      tightBounds: false,
      minValues: { k: 0 },
    });
    expect(await table.delete('k >= 5')).toMatchObject({ rowsDeleted: 5, filesRemoved: 1, vectorsAdded: 0 });
    expect(table.latest.fileCount).toBe(0);
    expect(await table.delete('k >= 5')).toMatchObject({ version: table.version, rowsDeleted: 0 });
  });

  it('writes the vectors of several files into one file', async () => {
    const table = await newTable(KV, { properties: VECTORS });
    for (const from of [0, 10, 20]) {
      await table.append({
        columns: { k: { values: Float64Array.from({ length: 10 }, (_, i) => from + i) } },
      });
    }
    expect(await table.delete('k % 2 = 0 AND k >= 10')).toMatchObject({ vectorsAdded: 2 });
    expect(readdirSync(table.uri).filter((name) => name.endsWith('.bin'))).toHaveLength(1);
    expect((await rowsOf(table)).length).toBe(20);
  });

  it('takes whole partitions and whole tables without a look into files', async () => {
    const table = await newTable([...KV, field('p', 'string')], { partitionBy: ['p'] });
    await table.append({
      rows: [
        { k: 1, p: 'a' },
        { k: 2, p: 'b' },
        { k: 3, p: null },
      ],
    });
    for (const file of (await table.snapshot()).files()) writeFileSync(join(table.uri, file.path), 'gone');
    expect(await table.delete("p = 'a' OR p IS NULL")).toMatchObject({ rowsDeleted: 2, filesRemoved: 2 });
    expect(await table.delete()).toMatchObject({ rowsDeleted: 1, filesRemoved: 1 });
  });

  it('compares with more digits than a double holds', async () => {
    const table = await newTable(KV);
    await table.append({
      rows: [
        { k: 1, v: 230.5 },
        { k: 2, v: 1 },
      ],
    });
    expect(await table.delete('v > 230.25850929940458')).toMatchObject({ rowsDeleted: 1 });
  });

  it('refuses an append-only table, and conditions that are none', async () => {
    const table = await newTable(KV, { properties: { 'delta.appendOnly': 'true' } });
    await table.append({ rows: [{ k: 1 }, { k: 2 }] });
    expect(await failure(table.delete('k = 1'))).toMatchObject({ code: 'DELTA_APPEND_ONLY' });
    expect(readdirSync(table.uri)).toHaveLength(2);
    await table.setProperties({ 'delta.appendOnly': 'false' });
    expect(await failure(table.delete('k ='))).toMatchObject({ code: 'SQL_INVALID' });
    expect(await failure(table.delete('true; DROP TABLE x'))).toMatchObject({ code: 'SQL_INVALID' });
    expect(await failure(table.delete('nope = 1'))).toMatchObject({ code: 'SQL_INVALID' });
    expect(await rowsOf(table)).toHaveLength(2);
  });
});

describe('tables of all kinds', () => {
  it.each([
    ['as they are', {}],
    ['mapped by name', { 'delta.columnMapping.mode': 'name' }],
    ['mapped by id', { 'delta.columnMapping.mode': 'id', ...VECTORS, ...FEED }],
  ])('may have columns of any name, %s, nested ones too', async (_, properties) => {
    const isMapped = 'delta.columnMapping.mode' in properties;
    const [odd, key] = isMapped ? ['a "b", c;', 'select = x'] : ['a"b', 'select'];
    const inner = struct([
      field(odd, 'long'),
      field('Élan', { type: 'array', elementType: 'string', containsNull: true }),
    ]);
    const table = await newTable(
      [
        field(key, 'long'),
        field(odd, inner),
        field('m', { type: 'map', keyType: 'string', valueType: inner, valueContainsNull: true }),
        field("it's", 'string'),
      ],
      { partitionBy: ["it's"], properties },
    );
    const value = { [odd]: 1n, Élan: ['x', null] };
    const row = { [key]: 7n, [odd]: value, m: new Map([['k', value]]), "it's": 'ü/ =%' };
    await table.append({ rows: [row, { [key]: 8 }] });
    const quoted = `"${key.replaceAll('"', '""')}"`;
    expect(await table.update(`${quoted} = 8`, { [odd]: `{'Élan': ['y']}` })).toMatchObject({
      rowsUpdated: 1,
    });
    await table.merge(
      { rows: [row] },
      { on: [key, "it's"], whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' },
    );
    expect(await rowsOf(table, `${quoted} < 8`)).toEqual([row]);
    expect(await rowsOf(table, `${quoted} >= 8`)).toEqual([
      { [key]: 8n, [odd]: { [odd]: null, Élan: ['y'] }, m: null, "it's": null },
    ]);
    // statistics are found by the columns' names: the other files are left out
    expect((await table.scan({ where: { [key]: 8 } })).files).toHaveLength(1);
  });

  it('may have files without statistics', async () => {
    const table = await newTable(KV, { properties: VECTORS });
    const { stats: _, ...file } = await table.writeDataFile({
      k: { values: Float64Array.of(1, 2, 3) },
      v: { values: Float64Array.of(1, 2, 3) },
    });
    await table.append([file]);
    expect(await table.delete('k = 2')).toMatchObject({ rowsDeleted: 1, vectorsAdded: 1 });
    const [marked] = [...(await table.snapshot()).files()];
    expect(marked?.stats).toBe('{"numRecords":3,"tightBounds":false}');
    expect(await table.delete('k <> 2')).toMatchObject({ rowsDeleted: 2, filesRemoved: 1 });
  });

  it('are refused before anything is written where Barline does not maintain a feature', async () => {
    const columns = [field('k', 'long', { metadata: { 'delta.identity.start': 1 } })];
    const properties = { 'delta.feature.identityColumns': 'supported' };
    const table = await newTable(columns, { properties });
    const refused = { code: 'DELTA_UNSUPPORTED_FEATURE' };
    expect(await failure(table.append({ rows: [{ k: 1 }] }))).toMatchObject(refused);
    expect(await failure(table.update(undefined, { k: '2' }))).toMatchObject(refused);
    expect(readdirSync(table.uri)).toEqual(['_delta_log']);
  });
});

describe('merge', () => {
  it('lets the first clause that fits take a row, in the order in which they are written', async () => {
    const table = await newTable(KV);
    await table.append({
      rows: [
        { k: 1, v: 1 },
        { k: 2, v: 2 },
        { k: 3, v: 3 },
      ],
    });
    const rows = [
      { k: 1, v: 10 },
      { k: 2, v: 20 },
      { k: 9, v: 90 },
    ];
    await table.merge(
      { rows },
      {
        on: 'target.k = source.k',
        whenMatchedUpdate: { condition: 'source.v < 15', set: { v: 'target.v + source.v' } },
        whenMatchedDelete: true,
        whenNotMatchedInsert: { values: { k: 'source.k' } },
        whenNotMatchedBySourceUpdate: { set: { v: '-v' } },
      },
    );
    expect(await rowsOf(table)).toEqual([
      { k: 1n, v: 11 },
      { k: 3n, v: -3 },
      { k: 9n, v: null },
    ]);
  });

  it('refuses two rows of the source for one of the table, unless all it does is delete', async () => {
    const table = await newTable(KV);
    await table.append({
      rows: [
        { k: 1, v: 1 },
        { k: 2, v: 2 },
      ],
    });
    const twice = {
      rows: [
        { k: 1, v: 5 },
        { k: 1, v: 6 },
        { k: 8, v: 0 },
      ],
    };
    expect(await failure(table.merge(twice, { on: ['k'], whenMatchedUpdate: 'all' }))).toMatchObject({
      code: 'DELTA_AMBIGUOUS_MERGE',
    });
    // where the condition leaves one of them, it is not ambiguous
    const one = { condition: 'source.v = 6', set: 'all' as const };
    expect(await table.merge(twice, { on: ['k'], whenMatchedUpdate: one })).toMatchObject({ rowsUpdated: 1 });
    expect(await table.merge(twice, { on: ['k'], whenMatchedDelete: true })).toMatchObject({
      rowsDeleted: 1,
    });
    expect(await rowsOf(table)).toEqual([{ k: 2n, v: 2 }]);
  });

  it('matches null keys only where SQL says so', async () => {
    const table = await newTable(KV, { properties: VECTORS });
    await table.append({ rows: [{ k: null, v: 1 }] });
    const source = { rows: [{ k: null, v: 2 }] };
    const options = { whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' } as const;
    expect(await table.merge(source, { on: ['k'], ...options })).toMatchObject({ rowsInserted: 1 });
    const nullSafe = { on: 'target.k IS NOT DISTINCT FROM source.k', ...options };
    expect(await table.merge(source, nullSafe)).toMatchObject({ rowsInserted: 0, rowsUpdated: 2 });
  });

  it('opens only files that the keys of the source may lie in', async () => {
    const table = await newTable(KV, { properties: VECTORS });
    for (let from = 0; from < 1000; from += 100) {
      await table.append({
        columns: { k: { values: Float64Array.from({ length: 100 }, (_, i) => from + i) } },
      });
    }
    const files = [...(await table.snapshot()).files()];
    // two stretches, with what lies between them broken
    for (const [i, file] of files.entries()) {
      if (i !== 1 && i !== 8) writeFileSync(join(table.uri, file.path), 'broken');
    }
    const keys = Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? 100 + i : 700 + i));
    const v = { values: new Float64Array(200) };
    const merged = await table.merge(
      { columns: { k: { values: keys }, v } },
      { on: ['k'], whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' },
    );
    expect(merged).toMatchObject({ rowsUpdated: 200, rowsInserted: 0, filesRemoved: 2, filesAdded: 1 });
  });

  it('adds columns of the source when asked to, null in rows that it leaves alone', async () => {
    const table = await newTable(KV);
    await table.append({
      rows: [
        { k: 1, v: 1 },
        { k: 2, v: 2 },
      ],
    });
    using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
    const source = { relation: "SELECT 2 AS k, 'x' AS word", session };
    await table.merge(source, { on: ['k'], whenMatchedUpdate: 'all' });
    expect(table.schema.fields).toHaveLength(2);
    await table.merge(source, { on: ['k'], mergeSchema: true, whenMatchedUpdate: 'all' });
    expect(await rowsOf(table)).toEqual([
      { k: 1n, v: 1, word: null },
      { k: 2n, v: 2, word: 'x' },
    ]);
  });

  it('refuses to do nothing, and clauses that are never reached', async () => {
    const table = await newTable(KV);
    const bad = { code: 'DELTA_BAD_WRITE' };
    const source = { rows: [{ k: 1 }] };
    expect(await failure(table.merge(source, { on: ['k'] }))).toMatchObject(bad);
    expect(await failure(table.merge(source, { on: ['nope'], whenMatchedDelete: true }))).toMatchObject(bad);
    const two = { on: ['k'], whenMatchedDelete: true, whenMatchedUpdate: 'all' } as const;
    expect(await failure(table.merge(source, two))).toMatchObject(bad);
  });
});

describe('overwrite', () => {
  it('replaces the rows of any condition, and refuses new ones that lie outside', async () => {
    const table = await newTable(KV);
    await table.append({
      rows: [
        { k: 1, v: 1 },
        { k: 2, v: 2 },
        { k: 3, v: 3 },
      ],
    });
    const outside = table.overwrite({ rows: [{ k: 1, v: 9 }] }, { where: 'k >= 2' });
    expect(await failure(outside)).toMatchObject({ code: 'DELTA_BAD_WRITE' });
    const inside = await table.overwrite({ rows: [{ k: 5, v: 9 }] }, { where: { k: { ge: 2 } } });
    expect(inside).toMatchObject({ rowsDeleted: 2, rowsInserted: 1, rowsCopied: 1 });
    expect(await rowsOf(table)).toEqual([
      { k: 1n, v: 1 },
      { k: 5n, v: 9 },
    ]);
    expect(await table.overwrite({ rows: [{ k: 0 }] })).toMatchObject({ rowsDeleted: 2, rowsInserted: 1 });
    expect(await rowsOf(table)).toEqual([{ k: 0n, v: null }]);
  });
});

describe('the change feed', () => {
  it.each([
    ['written again', FEED],
    ['marked', { ...FEED, ...VECTORS }],
  ])('tells what became of each row where files are %s', async (_, properties) => {
    const table = await newTable(KV, { properties });
    await table.append({ rows: [1, 2, 3, 4].map((k) => ({ k, v: k })) });
    await table.delete('k = 1');
    await table.update('k = 2', { v: 'v * 10' });
    await table.merge(
      {
        rows: [
          { k: 3, v: 33 },
          { k: 4, v: null },
          { k: 5, v: 5 },
        ],
      },
      {
        on: ['k'],
        whenMatchedDelete: { condition: 'source.v IS NULL' },
        whenMatchedUpdate: 'all',
        whenNotMatchedInsert: 'all',
      },
    );
    expect(await feedOf(table, 2)).toEqual([
      'delete 1 1',
      'delete 4 4',
      'insert 5 5',
      'update_postimage 2 20',
      'update_postimage 3 33',
      'update_preimage 2 2',
      'update_preimage 3 3',
    ]);
  });
});

describe('writes at once', () => {
  it('fail when another changed the rows they read, and pass when it changed others', async () => {
    const table = await newTable(KV, { properties: VECTORS });
    await table.append({ rows: [{ k: 1, v: 1 }] });
    await table.append({ rows: [{ k: 100, v: 1 }] });
    const other = await DeltaTable.open(table.storage);
    const raced = async (mine: () => Promise<unknown>, theirs: () => Promise<unknown>) => {
      const begun = mine();
      // this one has read the version before; whichever commits second must look at the other
      const results = await Promise.allSettled([begun, theirs()]);
      return results.filter(({ status }) => status === 'rejected').length;
    };
    expect(
      await raced(
        () => table.update('k < 50', { v: 'v + 1' }),
        () => other.update('k > 50', { v: 'v + 1' }),
      ),
    ).toBe(0);
    expect(
      await raced(
        () => table.update('k < 50', { v: 'v + 1' }),
        () => other.update('k < 60', { v: 'v + 1' }),
      ),
    ).toBe(1);
    await table.refresh();
    expect(await rowsOf(table)).toEqual([
      { k: 1n, v: 3 },
      { k: 100n, v: 2 },
    ]);
  });
});

describe('a store that fails', () => {
  const broken = new BarlineError({ code: 'STORAGE_FAILED', message: 'connection reset' });
  const WRITES: readonly Verb[] = ['write', 'put', 'putIfAbsent', 'stat'];

  it.each(['before', 'after'] as const)(
    '%s any one call of a merge leaves the rows as they were, and a second try with the same txn merges once',
    async (when) => {
      const source = {
        rows: [
          { k: 1, v: 10 },
          { k: 2, v: null },
          { k: 9, v: 90 },
        ],
      };
      const options: MergeOptions = {
        on: ['k'],
        whenMatchedDelete: { condition: 'source.v IS NULL' },
        whenMatchedUpdate: 'all',
        whenNotMatchedInsert: 'all',
        txn: { appId: 'run', version: 1 },
      };
      const before = [1, 2, 3].map((k) => ({ k: BigInt(k), v: k }));
      const after = [
        { k: 1n, v: 10 },
        { k: 3n, v: 3 },
        { k: 9n, v: 90 },
      ];
      for (let failing = 0; failing < 50; failing++) {
        const store = new MemoryStorage();
        const properties = { ...VECTORS, ...FEED };
        const healthy = await DeltaTable.create(store, { schema: struct(KV), properties });
        await healthy.append({ rows: before });
        let call = 0;
        const faulty = new FaultyStorage(store, (_, verb): Fault | undefined => {
          if (!WRITES.includes(verb) || call++ !== failing) return undefined;
          return { when, error: broken };
        });
        const table = await DeltaTable.open(faulty);
        const error = await failure(table.merge(source, options));
        await healthy.refresh();
        expect([failing, await rowsOf(healthy)]).toEqual([failing, error === undefined ? after : before]);
        await healthy.merge(source, options);
        expect([failing, await rowsOf(healthy)]).toEqual([failing, after]);
        if (call <= failing) return;
      }
      throw new Error('the merge never ran without a fault');
    },
  );
});
