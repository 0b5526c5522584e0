import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, emptyRelation, filesInOrder, tableRelation } from '../../src/delta/index.ts';
import { DuckDbSession, quoteName, quotePath, type ResultColumn } from '../../src/duckdb/index.ts';
import { type GoldenCase, goldenDelta, goldenIsThere, readJson } from './golden-tables.ts';

/** Cases that do not give what Spark gave, each with the reason. One that comes to pass must leave this list. */
const NOT_PASSING: Readonly<Record<string, string>> = {};

const ERRORS: Readonly<Record<string, string>> = {
  'missing-data-file': 'QUERY_FILE_MISSING',
  'no-schema': 'DELTA_NO_SCHEMA',
  'no-metadata': 'DELTA_NO_METADATA',
  'no-protocol': 'DELTA_NO_PROTOCOL',
  'unsupported-protocol-version': 'DELTA_UNSUPPORTED_PROTOCOL',
  'versions-not-contiguous': 'DELTA_VERSIONS_NOT_CONTIGUOUS',
};

const cases = goldenIsThere
  ? readJson<{ cases: GoldenCase[] }>(join(goldenDelta, 'manifest.json')).cases
  : [];
const passed = new Set<string>();

describe.skipIf(!goldenIsThere)('golden Delta tables: the rows', () => {
  let session: DuckDbSession;
  beforeAll(async () => {
    session = await DuckDbSession.open({ memoryByteLength: 1e9, threads: 2, temporaryFolder: tmpdir() });
  });
  afterAll(() => {
    session?.[Symbol.dispose]();
    const failing = Object.keys(NOT_PASSING).length;
    process.stdout.write(
      `golden Delta cases: ${passed.size} of ${cases.length} pass, ${failing} are listed\n`,
    );
  });

  it('are all there', () => {
    expect(cases).toHaveLength(258);
    const unknown = Object.keys(NOT_PASSING).filter((id) => !cases.some((golden) => golden.id === id));
    expect(unknown).toEqual([]);
  });

  it.each(cases.map((golden) => [golden.id, golden] as const))('%s', async (id, golden) => {
    const reason = NOT_PASSING[id];
    if (reason === undefined) {
      await check(session, golden);
      passed.add(id);
    } else {
      await expect(check(session, golden), `${id} passes; it was listed for: ${reason}`).rejects.toThrow();
    }
  });
});

async function check(session: DuckDbSession, golden: GoldenCase): Promise<void> {
  const location = join(goldenDelta, golden.table);
  if (golden.kind === 'parquet') {
    await expect(DeltaTable.open(location)).rejects.toMatchObject({ code: 'DELTA_NO_TABLE' });
    return;
  }
  if (golden.error === undefined) return checkRows(session, golden, location);
  const failure = await rowsOf(session, golden, location, 32).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: ERRORS[golden.error], message: expect.stringContaining('/') });
  if (golden.error === 'missing-data-file') {
    const named = /no file (.*)$/.exec(failure instanceof Error ? failure.message : '')?.[1] ?? '';
    expect(named).not.toBe('');
    expect(existsSync(named)).toBe(false);
  }
}

/** Plans and reads a case; the rows, counted. */
async function rowsOf(session: DuckDbSession, golden: GoldenCase, location: string, mostBranches: number) {
  const sql = await relationOf(golden, location, session, mostBranches);
  return session.value(`SELECT count(*) FROM (${sql}) WHERE hash(COLUMNS(*)) IS NOT NULL`);
}

async function relationOf(
  golden: GoldenCase,
  location: string,
  session: DuckDbSession,
  mostBranches: number,
): Promise<string> {
  const table = await DeltaTable.open(location);
  if (golden.changes !== undefined) {
    const { startingVersion: from, endingVersion: to } = golden.changes;
    const sql = await (await table.changes({ from, to })).relation(session);
    return `SELECT * EXCLUDE (_commit_timestamp) FROM (${sql})`;
  }
  const snapshot = await table.snapshot(golden.version === null ? {} : { version: golden.version });
  await session.columns(emptyRelation(snapshot.schema));
  const { files } = await table.scan({ version: snapshot.version });
  return tableRelation(session, table, snapshot, filesInOrder(snapshot, files), { mostBranches });
}

async function checkRows(session: DuckDbSession, golden: GoldenCase, location: string): Promise<void> {
  const expected = `SELECT * FROM read_parquet(${quotePath(join(goldenDelta, golden.expected))})`;
  const theirs = await session.columns(expected);
  // planned one by one, and joined
  const isOnce = golden.version !== null || golden.rows > 10_000;
  for (const mostBranches of isOnce ? [32] : [Number.POSITIVE_INFINITY, 0]) {
    const actual = await relationOf(golden, location, session, mostBranches);
    const ours = await session.columns(actual);
    expect(ours.map(({ name }) => name).sort()).toEqual(theirs.map(({ name }) => name).sort());
    const json = new Set(golden.jsonColumns ?? []);
    for (const { name, type } of ours) {
      const other = theirs.find((column) => column.name === name)?.type ?? '';
      if (!json.has(name)) expect(typeClass(type), name).toBe(typeClass(other));
    }
    if (json.size > 0) {
      const [mine, spark] = [
        await jsonRows(session, actual, ours),
        await jsonRows(session, expected, ours, json),
      ];
      expect(mine).toEqual(spark);
    } else {
      const columns = ours.map(({ name }) => quoteName(name)).join(', ');
      const [mine = '', spark = ''] = [actual, expected].map((sql) => `SELECT ${columns} FROM (${sql})`);
      expect(await differing(session, mine, spark, golden.rows)).toBe(0);
    }
  }
}

/** Rows as JSON in ascending order, without null members, which Spark leaves out. */
async function jsonRows(
  session: DuckDbSession,
  sql: string,
  columns: readonly ResultColumn[],
  areText: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const values = columns.map(
    ({ name }) => `to_json(${quoteName(name)}${areText.has(name) ? '::JSON' : ''})::VARCHAR`,
  );
  const rows: string[] = [];
  for await (const chunk of session.textRows(`SELECT ${values.join(', ')} FROM (${sql})`)) {
    rows.push(
      ...chunk.map((row) => JSON.stringify(row.map((cell) => withoutNulls(JSON.parse(cell ?? 'null'))))),
    );
  }
  return rows.sort();
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, withoutNulls(member)]),
  );
}

/** Widths of numbers do not matter, only their values. */
function typeClass(type: string): string {
  return type
    .replace(/\b(TINYINT|SMALLINT|INTEGER|BIGINT)\b/g, 'INT')
    .replace(/\bFLOAT\b/g, 'DOUBLE')
    .replace(/DECIMAL\(\d+,\d+\)/g, 'DECIMAL');
}

/** How many rows one has and the other has not, with multiplicity; by hashes when there are very many. */
async function differing(session: DuckDbSession, a: string, b: string, rows: number): Promise<number> {
  const query =
    rows > 100_000
      ? `SELECT (${fingerprint(a)}) IS DISTINCT FROM (${fingerprint(b)})`
      : `SELECT (SELECT count(*) FROM (${a} EXCEPT ALL ${b})) + (SELECT count(*) FROM (${b} EXCEPT ALL ${a}))`;
  return Number(await session.value(query));
}

function fingerprint(sql: string): string {
  return `SELECT (count(*), sum(hash(each::VARCHAR)::HUGEINT)) FROM (${sql}) AS each`;
}
