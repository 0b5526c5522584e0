import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { DeltaTable, verifyTable } from '../../src/delta/index.ts';
import { askSpark } from './spark/session.ts';
import {
  feedBySpark,
  type Row,
  readBySpark,
  rowsFrom,
  trySql,
  type WriteStep,
  writeByBarline,
  writeByDeltaRs,
  writeBySpark,
} from './write-steps.ts';

/**
 * Writes of rows, each by every engine that has it: a table that one makes, another changes and a third continues
 * holds the same rows for all three at the end.
 */

type Engine = 'barline' | 'delta-rs' | 'spark';

const A = rowsFrom(0, 'a');
const B = rowsFrom(10, 'b');
const C = rowsFrom(20, 'c');
const NEW = rowsFrom(12, 'b', 4).map(([id, close, month]): Row => [id, close + 1000, month]);
const MORE = rowsFrom(40, 'b', 3);
const SOURCE: readonly Row[] = [
  [1, 100, 'a'],
  [2, -1, 'a'],
  [11, 110, 'b'],
  [30, 300, 'c'],
];

/** One after the other on one table; each with what it makes of the rows. */
const OPERATIONS: readonly (readonly [WriteStep, (rows: readonly Row[]) => readonly Row[]])[] = [
  [
    { do: 'update', where: 'id % 2 = 0', close: 'close + 100' },
    (rows) => rows.map(([id, close, month]) => [id, id % 2 === 0 ? close + 100 : close, month]),
  ],
  [
    { do: 'merge', rows: SOURCE },
    (rows) => {
      const sources = new Map(SOURCE.map((row) => [row[0], row]));
      const kept = rows.flatMap((row): Row[] => {
        const [, close] = sources.get(row[0]) ?? [];
        if (close === undefined) return row[0] === 0 ? [] : [row];
        return close < 0 ? [] : [[row[0], close, row[2]]];
      });
      const ids = new Set(rows.map(([id]) => id));
      return [...kept, ...SOURCE.filter(([id]) => !ids.has(id))];
    },
  ],
  [{ do: 'overwrite', rows: NEW, where: 'id >= 12' }, (rows) => [...rows.filter(([id]) => id < 12), ...NEW]],
  [{ do: 'delete', where: 'id % 3 = 1' }, (rows) => rows.filter(([id]) => id % 3 !== 1)],
  [{ do: 'append', rows: MORE }, (rows) => [...rows, ...MORE]],
  [{ do: 'delete', where: "month = 'a'" }, (rows) => rows.filter(([, , month]) => month !== 'a')],
];

interface Variant {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly engines: readonly (readonly [made: Engine, changed: Engine, continued: Engine])[];
}

const FEED = { 'delta.enableChangeDataFeed': 'true' };
const VECTORS = { 'delta.enableDeletionVectors': 'true' };
const BOTH_WAYS: Variant['engines'] = [
  ['barline', 'spark', 'barline'],
  ['spark', 'barline', 'spark'],
];
const VARIANTS: readonly Variant[] = [
  {
    name: 'a plain table',
    properties: {},
    engines: [
      ['barline', 'delta-rs', 'spark'],
      ['delta-rs', 'spark', 'barline'],
      ['spark', 'barline', 'delta-rs'],
    ],
  },
  {
    name: 'the change feed',
    properties: FEED,
    engines: [
      ['spark', 'barline', 'spark'],
      ['barline', 'spark', 'barline'],
    ],
  },
  { name: 'deletion vectors and the feed', properties: { ...VECTORS, ...FEED }, engines: BOTH_WAYS },
  {
    name: 'columns mapped by name, deletion vectors',
    properties: { ...VECTORS, 'delta.columnMapping.mode': 'name' },
    engines: BOTH_WAYS,
  },
  {
    name: 'columns mapped by id, the feed',
    properties: { ...FEED, 'delta.columnMapping.mode': 'id' },
    engines: BOTH_WAYS,
  },
];

interface Run {
  readonly name: string;
  readonly path: string;
  readonly variant: Variant;
  readonly expected: readonly Row[];
  /** Those done are taken away. */
  readonly parts: (readonly [Engine, readonly WriteStep[]])[];
}

const root = mkdtempSync(join(tmpdir(), 'barline-writes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const byId = (a: Row, b: Row) => a[0] - b[0] || a[1] - b[1];

const RUNS: readonly Run[] = VARIANTS.flatMap((variant) =>
  variant.engines.map(([made, changed, continued]): Run => {
    const name = `${variant.name}: changed by ${changed}, made by ${made}, continued by ${continued}`;
    const make: readonly WriteStep[] = [
      { do: 'create', properties: variant.properties },
      { do: 'append', rows: A },
      { do: 'append', rows: B },
    ];
    const parts: Run['parts'] = [
      [made, make],
      [changed, OPERATIONS.map(([step]) => step)],
      [continued, [{ do: 'append', rows: C }]],
    ];
    const start: readonly Row[] = [...A, ...B];
    const rows = OPERATIONS.reduce((before, [, change]) => change(before), start);
    const expected = [...rows, ...C].sort(byId);
    return { name, path: join(root, name.replace(/\W+/g, '-')), variant, expected, parts };
  }),
);

/** Rules that Spark has made, for rows that Barline writes. */
const RULED = join(root, 'ruled');
const MAKE_RULED = [
  `CREATE TABLE delta.\`${RULED}\` (id BIGINT NOT NULL, at TIMESTAMP, day DATE GENERATED ALWAYS AS (CAST(at AS DATE)), price DOUBLE DEFAULT 1.5) USING delta PARTITIONED BY (day) TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')`,
  `ALTER TABLE delta.\`${RULED}\` ADD CONSTRAINT positive CHECK (\`id\` > 0 AND price IS NOT NULL)`,
  `INSERT INTO delta.\`${RULED}\` (id, at, price) VALUES (1, TIMESTAMP '2024-10-01 23:59:59', 2.0)`,
];
const READ_RULED = `SELECT id, at, day, price FROM delta.\`${RULED}\` ORDER BY id`;
/** Must be refused. */
const BREAK_RULED = `INSERT INTO delta.\`${RULED}\` (id, at, price) VALUES (-1, TIMESTAMP '2024-10-01 23:59:59', 2.0)`;

async function writeRuled(): Promise<string[]> {
  const table = await DeltaTable.open(RULED);
  await table.append({ rows: [{ id: 2, at: '2024-10-02T00:00:00Z' }] });
  await table.merge(
    {
      rows: [
        { id: 1, at: '2024-10-05T12:00:00Z' },
        { id: 3, at: null },
      ],
    },
    { on: ['id'], whenMatchedUpdate: 'all', whenNotMatchedInsert: 'all' },
  );
  const broken = [
    table.append({ rows: [{ id: -1 }] }),
    table.append({ rows: [{ id: null }] }),
    table.append({ rows: [{ id: 9, price: null }] }),
    table.update(undefined, { day: "DATE '2000-01-01'" }),
  ];
  const results = await Promise.allSettled(broken);
  return results.map((result) =>
    result.status === 'rejected' && result.reason instanceof BarlineError ? result.reason.code : 'written',
  );
}

/** Does the parts in their order, up to one by Spark. */
async function advance({ path, parts, name }: Run, failures: string[]): Promise<void> {
  for (let next = parts[0]; next !== undefined && next[0] !== 'spark'; next = parts[0]) {
    parts.shift();
    const [engine, steps] = next;
    if (engine === 'barline') await writeByBarline(path, steps);
    else {
      for (const answer of writeByDeltaRs(steps.map((step) => ({ path, step })))) {
        if (answer !== null) failures.push(`${name}: ${JSON.stringify(answer)}`);
      }
    }
  }
}

describe('writes of rows, by three engines in turn', () => {
  const failures: string[] = [];
  const bySpark = new Map<string, unknown>();
  const feeds = new Map<string, unknown>();
  const byRust = new Map<string, unknown>();
  const ruled: { answers: unknown[]; refused: string[] } = { answers: [], refused: [] };

  beforeAll(async () => {
    // Spark takes seconds to start, so each session does the parts of all runs that wait for it
    for (let session = 0; session < 2; session++) {
      for (const run of RUNS) await advance(run, failures);
      const requests = RUNS.flatMap(({ path, parts }) =>
        parts[0]?.[0] === 'spark' ? (parts.shift()?.[1] ?? []).map((step) => writeBySpark(path, step)) : [],
      );
      const isLast = session === 1;
      if (isLast && RUNS.some(({ parts }) => parts.length > 0))
        failures.push('some runs are not at their end');
      const fed = RUNS.filter(({ variant }) => variant.properties['delta.enableChangeDataFeed'] === 'true');
      const reads = isLast ? RUNS.map(({ path }) => readBySpark(path)) : [];
      const feedReads = isLast ? fed.map(({ path }) => feedBySpark(path, 1)) : [];
      const rules = isLast ? [BREAK_RULED, READ_RULED] : MAKE_RULED;
      if (isLast) ruled.refused = await writeRuled();
      const answers = askSpark([...requests, ...reads, ...feedReads, ...rules.map(trySql)]);
      ruled.answers = answers.slice(-rules.length);
      if (!isLast)
        failures.push(
          ...ruled.answers.flatMap((answer) => (Array.isArray(answer) ? [] : [JSON.stringify(answer)])),
        );
      for (const answer of answers.slice(0, requests.length)) {
        if (!Array.isArray(answer)) failures.push(JSON.stringify(answer));
      }
      if (!isLast) continue;
      for (const [i, { path }] of RUNS.entries()) bySpark.set(path, answers[requests.length + i]);
      for (const [i, { path }] of fed.entries()) feeds.set(path, answers[requests.length + reads.length + i]);
    }
    const answers = writeByDeltaRs(RUNS.map(({ path }) => ({ path, step: { do: 'read' } })));
    for (const [i, { path }] of RUNS.entries()) byRust.set(path, answers[i]);
  }, 900_000);

  it('have none refused', () => {
    expect(failures).toEqual([]);
  });

  it('hold the rules of a table by Spark, which goes on holding them', () => {
    expect(ruled.refused).toEqual(Array.from({ length: 4 }, () => 'DELTA_CONSTRAINT_VIOLATED'));
    const [broken, rows] = ruled.answers;
    expect(broken).toMatchObject({ error: expect.stringContaining('positive') });
    expect(rows).toEqual([
      [1, Date.UTC(2024, 9, 5, 12) * 1000, '2024-10-05', 2],
      [2, Date.UTC(2024, 9, 2) * 1000, '2024-10-02', 1.5],
      [3, null, null, 1.5],
    ]);
  });

  it.each(RUNS.map((run) => [run.name, run] as const))('%s', async (_, { path, expected, variant }) => {
    const table = await DeltaTable.open(path);
    const rows: Row[] = [];
    for await (const { id, close, month } of (await table.scan()).rows()) {
      rows.push([Number(id), Number(close), String(month)]);
    }
    expect(rows.sort(byId)).toEqual(expected);
    expect((await verifyTable(path)).damages).toEqual([]);
    expect(sorted(bySpark.get(path))).toEqual(expected);
    if (variant.properties['delta.columnMapping.mode'] === undefined) {
      expect(sorted(byRust.get(path))).toEqual(expected);
    }
    if (variant.properties['delta.enableChangeDataFeed'] !== 'true') return;
    const feed: string[] = [];
    for await (const row of (await table.changes({ from: 1 })).rows()) {
      const { id, close, month } = row;
      feed.push(`${row._commit_version} ${row._change_type} ${id} ${double(Number(close))} ${month}`);
    }
    expect(feeds.get(path)).toEqual(feed.sort().map((line) => [line]));
  });
});

/** As Spark writes doubles. */
function double(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function sorted(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  return answer
    .map((row: unknown): Row => {
      const [id, close, month] = Array.isArray(row) ? row : [];
      return [Number(id), Number(close), String(month)];
    })
    .sort(byId);
}
