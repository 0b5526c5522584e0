import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { lastCheckpointChecksum } from '../../src/delta/last-checkpoint.ts';
import { byCodePoint, COLUMNS, writeSample } from './delta-sample.ts';
import { byBarline, byDeltaRs, type Step, toSpark } from './operation-steps.ts';
import { askSpark, type SparkRequest } from './spark/session.ts';

/**
 * Checkpoints of Barline's making, their commits taken away, and tables that it optimized, before delta-rs and Spark;
 * and tables of theirs that it optimizes and they go on with.
 */

const root = mkdtempSync(join(tmpdir(), 'barline-optimized-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface CheckpointCase {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Rows deleted before the checkpoint. */
  readonly remove?: string;
}

const STRUCT = { 'delta.checkpoint.writeStatsAsStruct': 'true' };
const CHECKPOINTS: readonly CheckpointCase[] = [
  { name: 'classic', properties: {} },
  { name: 'struct statistics too', properties: STRUCT },
  {
    name: 'struct statistics alone',
    properties: { ...STRUCT, 'delta.checkpoint.writeStatsAsJson': 'false' },
  },
  {
    name: 'v2',
    properties: { 'delta.checkpointPolicy': 'v2', ...STRUCT },
  },
  { name: 'column mapping', properties: { 'delta.columnMapping.mode': 'name', ...STRUCT } },
  {
    name: 'deletion vectors',
    properties: { 'delta.enableDeletionVectors': 'true', ...STRUCT },
    remove: "n % 3 = 0 OR month = '2024-11'",
  },
];

const ORDERED = ['as it was', 'column mapping', 'deletion vectors'] as const;

const pathOf = (name: string) => join(root, name.replaceAll(' ', '-'));
const COUNTED = "symbol = 'ESHé' AND month = '2024-10' AND ts < '2024-10-01T00:30:00Z'";

/** Sorted canonical text, as delta_rs.py and serve.py give it. */
async function rowsOf(path: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const row of (await (await DeltaTable.open(path)).scan()).rows()) {
    texts.push(JSON.stringify(COLUMNS.map((name) => canonical(name, row[name]))));
  }
  return texts.sort(byCodePoint);
}

function canonical(name: string, value: unknown): unknown {
  if (name === 'day' && typeof value === 'number') {
    return new Date(value * 86_400_000).toISOString().slice(0, 10);
  }
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** As log clean-up does: the checkpoint's own commit stays. */
function removeCommitsBefore(path: string, version: number): void {
  const log = join(path, '_delta_log');
  for (const name of readdirSync(log)) {
    if (/^\d{20}\.(json|crc)$/.test(name) && Number(name.slice(0, 20)) < version) rmSync(join(log, name));
  }
}

/** By its query engine, which reads renamed columns and deletion vectors too. */
function readByDeltaRs(path: string): readonly string[] | { error: string } {
  const input = JSON.stringify({ do: 'query', with: { path, sql: `SELECT ${COLUMNS.join(', ')} FROM t` } });
  const options = { input, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const run = spawnSync('python3', [join(import.meta.dirname, 'delta_rs.py')], options);
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) return { error: run.stderr };
  const rows: unknown[][] = JSON.parse(run.stdout);
  return rows.map((row) => JSON.stringify(row)).sort(byCodePoint);
}

async function makeCheckpoint({ name, properties, remove }: CheckpointCase): Promise<void> {
  const { table } = await writeSample(pathOf(name));
  if (Object.keys(properties).length > 0) await table.setProperties(properties);
  if (remove !== undefined) await table.delete(remove);
  await table.append([]);
  const { version } = await table.checkpoint({ sidecarActions: 2 });
  removeCommitsBefore(pathOf(name), version);
}

async function makeOrdered(name: (typeof ORDERED)[number]): Promise<void> {
  const { table } = await writeSample(pathOf(`ordered ${name}`));
  if (name === 'column mapping') await table.setProperties({ 'delta.columnMapping.mode': 'name' });
  if (name === 'deletion vectors') {
    await table.setProperties({ 'delta.enableDeletionVectors': 'true' });
    await table.delete('n % 3 = 0');
  }
  await table.optimize({ zOrderBy: ['symbol', 'ts', 'close', 'price'], targetFileSize: 40_000 });
}

const sql = (text: string): SparkRequest => ({ do: 'try_sql', with: { text } });
const APPENDS: readonly Step[] = [0, 1, 2, 3].map((i) => ({
  do: 'append',
  start: i * 5,
  month: 'ab'[i % 2] ?? '',
}));
const MORE: Step = { do: 'append', start: 100, month: 'a' };
const READ = { do: 'read', sql: 'SELECT id, close, month FROM t ORDER BY id' } as const;

describe('before delta-rs and Spark', () => {
  const answers = new Map<string, unknown>();
  const failures: string[] = [];
  const expected = new Map<string, readonly string[]>();

  function ask(requests: readonly (readonly [string, SparkRequest])[]): void {
    const given = askSpark(requests.map(([, request]) => request));
    for (const [i, [name]] of requests.entries()) {
      const answer = given[i];
      if (typeof answer === 'object' && answer !== null && 'error' in answer)
        failures.push(String(answer.error));
      answers.set(name, answer);
    }
  }

  beforeAll(async () => {
    for (const each of CHECKPOINTS) await makeCheckpoint(each);
    for (const name of ORDERED) await makeOrdered(name);
    for (const { name } of CHECKPOINTS) expected.set(name, await rowsOf(pathOf(name)));
    for (const name of ORDERED) expected.set(`ordered ${name}`, await rowsOf(pathOf(`ordered ${name}`)));
    // tables of theirs, of many small files
    const made = [{ do: 'create' } as const, ...APPENDS];
    const [spark, rust] = [pathOf('made by Spark'), pathOf('made by delta-rs')];
    const vectors = `ALTER TABLE delta.\`${spark}\` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.checkpointInterval' = '1')`;
    ask([
      ...made.flatMap((step) => toSpark(spark, step)).map((request, i) => [`make ${i}`, request] as const),
      ['vectors', sql(vectors)],
      ['delete', sql(`DELETE FROM delta.\`${spark}\` WHERE id % 5 = 3`)],
    ]);
    failures.push(...byDeltaRs(made.map((step) => ({ path: rust, step }))).flatMap(errorOf));
    for (const path of [spark, rust]) {
      const table = await DeltaTable.open(path);
      await table.optimize({ zOrderBy: ['close', 'id'] });
      await table.checkpoint();
    }
    const reads = [...expected.keys()].flatMap((name) => [
      [name, { do: 'read', with: { path: pathOf(name), columns: COLUMNS } }] as const,
      [`files of ${name}`, { do: 'files', with: { path: pathOf(name), predicate: COUNTED } }] as const,
    ]);
    ask([
      ...reads,
      ['history', { do: 'history', with: { path: pathOf('ordered as it was') } }],
      ['spark reads its own', toSpark(spark, READ)[0] ?? sql('')],
      ['spark goes on', toSpark(spark, MORE)[0] ?? sql('')],
      ['spark optimizes', sql(`OPTIMIZE delta.\`${pathOf('ordered as it was')}\` ZORDER BY (ts)`)],
      ['spark goes on from a checkpoint', sql(`DELETE FROM delta.\`${pathOf('classic')}\` WHERE n IS NULL`)],
    ]);
    failures.push(...byDeltaRs([{ path: rust, step: MORE }]).flatMap(errorOf));
    await byBarline(spark, [{ do: 'append', start: 200, month: 'b' }]);
  }, 900_000);

  it('nothing is refused', () => {
    expect(failures).toEqual([]);
  });

  it.each(CHECKPOINTS.map(({ name }) => name))('checkpoint: %s', (name) => {
    const rows = expected.get(name) ?? [];
    expect(rows.length).toBeGreaterThan(100);
    expect(answers.get(name)).toEqual(rows);
    const read = readByDeltaRs(pathOf(name));
    expect(read).toEqual(rows);
  });

  it.each(CHECKPOINTS.map(({ name }) => name))(
    'Spark prunes files by a checkpoint as we do: %s',
    async (name) => {
      const table = await DeltaTable.open(pathOf(name));
      const { files } = await table.scan({ where: COUNTED });
      expect(files.length).toBeLessThan(table.latest.fileCount);
      expect(answers.get(`files of ${name}`)).toBe(files.length);
    },
  );

  it.each(ORDERED)('a table that Barline put in order: %s', (name) => {
    const rows = expected.get(`ordered ${name}`);
    expect(answers.get(`ordered ${name}`)).toEqual(rows);
    expect(readByDeltaRs(pathOf(`ordered ${name}`))).toEqual(rows);
  });

  it('an optimize in the history that Spark shows', () => {
    const [newest] = [answers.get('history')].flat();
    expect(newest).toMatchObject({
      operation: 'OPTIMIZE',
      parameters: { zOrderBy: '["symbol","ts","close","price"]', auto: 'false' },
      metrics: { numRemovedFiles: '4' },
    });
  });

  it('and after an optimize by Spark Barline reads the same', async () => {
    expect(await rowsOf(pathOf('ordered as it was'))).toEqual(expected.get('ordered as it was'));
  });

  it.each(['made by Spark', 'made by delta-rs'])('a table %s, optimized, is gone on with', async (name) => {
    const start = [0, 100, ...(name === 'made by Spark' ? [200] : [])];
    const ids = start.flatMap((first) => Array.from({ length: first === 0 ? 20 : 5 }, (_, i) => first + i));
    const left = name === 'made by Spark' ? ids.filter((id) => id >= 100 || id % 5 !== 3) : ids;
    const table = await DeltaTable.open(pathOf(name));
    const found: number[] = [];
    for await (const row of (await table.scan({ columns: ['id'] })).rows()) found.push(Number(row.id));
    expect(found.sort((a, b) => a - b)).toEqual(left);
    const [rust] = byDeltaRs([{ path: pathOf(name), step: READ }]);
    expect(rust).toEqual(left.map((id) => [id, id / 2, expect.stringMatching(/[ab]/)]));
    if (name === 'made by Spark') {
      const before = left.filter((id) => id < 100);
      expect(answers.get('spark reads its own')).toEqual(
        before.map((id) => [id, id / 2, expect.stringMatching(/[ab]/)]),
      );
    }
  });

  it('the checksum in `_last_checkpoint` is the one that Spark writes', () => {
    const text = readFileSync(join(pathOf('made by Spark'), '_delta_log/_last_checkpoint'), 'utf8');
    const last = JSON.parse(text);
    expect(last.checksum).toMatch(/^[0-9a-f]{32}$/);
    expect(lastCheckpointChecksum(last)).toBe(last.checksum);
  });
});

function errorOf(answer: unknown): string[] {
  return typeof answer === 'object' && answer !== null && 'error' in answer ? [String(answer.error)] : [];
}
