import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DeltaTable,
  field,
  type Snapshot,
  scanFiles,
  struct,
  tableNeeds,
  tableRelation,
} from '../../src/delta/index.ts';
import { DuckDbSession } from '../../src/duckdb/index.ts';

const FILES = 12;
const ROWS = 20;
const DAY_US = 86_400e6;
const START_DAY = 19_700;

const folder = mkdtempSync(join(tmpdir(), 'barline-needs-'));
let session: DuckDbSession;
let table: DeltaTable;
let snapshot: Snapshot;

beforeAll(async () => {
  session = await DuckDbSession.open({ memoryByteLength: 2e8, threads: 1, temporaryFolder: folder });
  const schema = struct([
    field('n', 'long'),
    field('x', 'double'),
    field('s', 'string'),
    field('t', 'timestamp'),
    field('d', 'date'),
    field('b', 'boolean'),
    field('part', 'integer'),
    field('unread', 'double'),
  ]);
  table = await DeltaTable.create(join(folder, 'bars'), { schema, partitionBy: ['part'] });
  for (let file = 0; file < FILES; file++) {
    const rows = Array.from({ length: ROWS }, (_, row) => file * 10 + row);
    const added = await table.writeDataFile(
      {
        n: { values: Float64Array.from(rows, (n) => (n % 7 === 0 ? Number.NaN : n)), nanIsNull: true },
        x: { values: Float64Array.from(rows, (n) => (file === 5 && n % 3 === 0 ? Number.NaN : n / 2)) },
        s: { values: rows.map((n) => (file === 3 ? null : `s${String(n).padStart(3, '0')}`)) },
        t: { values: Float64Array.from(rows, (n) => (START_DAY + n) * DAY_US + n) },
        d: { values: Int32Array.from(rows, (n) => START_DAY + n) },
        b: { values: Uint8Array.from(rows, () => (file % 3 === 0 ? 1 : 0)) },
        unread: { values: Float64Array.from(rows) },
      },
      { partitionValues: { part: file % 4 === 0 ? null : file % 4 } },
    );
    await table.append([added]);
  }
  snapshot = await table.snapshot();
  const all = await tableRelation(session, table, snapshot, [...snapshot.files()]);
  await session.run(`CREATE TABLE whole AS ${all}`);
});
afterAll(() => {
  session?.[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const sign = fc.constantFrom('=', '<', '<=', '>', '>=', '<>', 'IS DISTINCT FROM');
const place = fc.integer({ min: -2, max: FILES * 10 + 12 });
const dayText = (n: number) => new Date(((START_DAY + n) * DAY_US) / 1000).toISOString().slice(0, 10);
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('n', 'x'), sign, place).map(([column, is, n]) => `bars.${column} ${is} ${n}`),
  fc.tuple(sign, place).map(([is, n]) => `x ${is} ${n}.5`),
  fc.tuple(sign, place).map(([is, n]) => `s ${is} 's${String(n).padStart(3, '0')}'`),
  fc.tuple(sign, place).map(([is, n]) => `t ${is} '${dayText(n)}'`),
  fc.tuple(sign, place).map(([is, n]) => `d ${is} DATE '${dayText(n)}'`),
  fc.tuple(place, fc.nat(9)).map(([low, span]) => `n BETWEEN ${low} AND ${low + span}`),
  fc.array(place, { minLength: 1, maxLength: 4 }).map((list) => `n IN (${list.join(', ')})`),
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1 }).map((list) => `part IN (${list.join(', ')})`),
  fc.constantFrom(
    'b',
    'NOT b',
    's IS NULL',
    's IS NOT NULL',
    'part IS NULL',
    'part IS NULL OR part = 2',
    'isnan(x)',
    "x > 'nan'",
    "x = 'nan'::DOUBLE",
    "s LIKE 's05%'",
    "s > 's1' COLLATE NOCASE",
    "t > 'infinity'",
    'n + 1 = 40',
    'n::VARCHAR = $$40$$',
    'x = (SELECT max(x) FROM bars WHERE NOT isnan(x))',
    'n IN (SELECT n FROM bars WHERE part = 1)',
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
const query = fc.oneof(
  condition.map((where) => `SELECT count(*), sum(n), sum(d - DATE '2020-01-01') FROM bars WHERE ${where}`),
  condition.map(
    (where) => `WITH few AS (FROM bars WHERE ${where}) SELECT count(*), max(s) FROM few WHERE n > 30`,
  ),
  fc
    .tuple(condition, condition)
    .map(
      ([a, b]) =>
        `SELECT count(*) FROM (SELECT s FROM bars WHERE ${a} UNION ALL SELECT s FROM bars WHERE ${b})`,
    ),
  condition.map(
    (where) =>
      `SELECT count(*), sum(other.n) FROM bars JOIN bars AS other ON bars.n = other.n + 1 AND other.n < 50 WHERE ${where.replace(/(?<![.\w'])([nxstdb]|part)(?!\w|')/g, 'bars.$1')}`,
  ),
  condition.map((where) => `SELECT count(*) FROM bars LEFT JOIN (SELECT 7 AS k) ON n = k AND (${where})`),
);

/** Answers and columns read from only the files that the query is said to need. */
async function answer(sql: string) {
  const needs = (await tableNeeds(session, sql, [{ name: 'bars', snapshot }])).get('bars');
  const files = needs === undefined ? [...snapshot.files()] : scanFiles(snapshot, needs.condition).files;
  await session.run(`CREATE VIEW bars AS ${await tableRelation(session, table, snapshot, files)}`);
  try {
    const rows: string[] = [];
    for await (const some of session.textRows(sql)) rows.push(...some.map((row) => row.join('|')));
    return { rows: rows.sort(), fileCount: files.length, columns: needs?.columns };
  } finally {
    await session.run('DROP VIEW bars');
  }
}

async function expected(sql: string): Promise<string[] | undefined> {
  const rows: string[] = [];
  try {
    for await (const some of session.textRows(sql.replaceAll(/\bbars\b/g, 'whole'))) {
      rows.push(...some.map((row) => row.join('|')));
    }
  } catch {
    return undefined;
  }
  return rows.sort();
}

describe('what a query needs of a table', () => {
  it('gives the rows that all files give', async () => {
    let [spared, asked] = [0, 0];
    await fc.assert(
      fc.asyncProperty(query, async (sql) => {
        const wanted = await expected(sql);
        if (wanted === undefined) return;
        const { rows, fileCount } = await answer(sql);
        expect(rows).toEqual(wanted);
        asked += 1;
        spared += FILES - fileCount;
      }),
      { numRuns: 150 },
    );
    expect(asked).toBeGreaterThan(100);
    expect(spared).toBeGreaterThan(FILES * 15);
  });

  it.each([
    ['SELECT s FROM bars WHERE n < 5', 1, ['n', 's']],
    ['SELECT count(*) FROM bars', 12, []],
    ["SELECT count(*) FROM bars WHERE d = '2024-01-12'", 2, ['d']],
    ["SELECT max(x) FROM bars WHERE t >= '2024-04-01' AND part = 3", 1, ['x', 't', 'part']],
    ['SELECT 1 FROM bars JOIN (VALUES (3)) v(n) USING (n) WHERE bars.n = 3', 1, ['n']],
    ['SELECT sum(x) FROM bars WHERE n < 5 OR s IS NULL', 12, ['n', 'x', 's']],
    ["SELECT x FROM bars WHERE s LIKE 's00%'", 1, ['x', 's']],
    ['SELECT sum(a.x) FROM bars a, bars b WHERE a.n = 3 AND b.n = 110', 3, ['n', 'x']],
    ['SELECT sum(x) FROM (FROM bars WHERE n > 125) WHERE n < 128', 1, ['n', 'x']],
  ])('%s', async (sql, fileCount, columns) => {
    const found = await answer(sql);
    expect(found).toMatchObject({ fileCount, columns });
    expect(found.rows).toEqual(await expected(sql));
  });

  it('is everything where the query cannot be planned ahead', async () => {
    const needs = await tableNeeds(session, 'PIVOT bars ON part USING count(*)', [
      { name: 'bars', snapshot },
    ]);
    expect([...needs]).toEqual([]);
    expect([
      ...(await tableNeeds(session, 'SELECT nothing FROM bars', [{ name: 'bars', snapshot }])),
    ]).toEqual([]);
    expect(await session.value('SELECT count(*) FROM duckdb_tables()')).toBe(1n);
  });
});
