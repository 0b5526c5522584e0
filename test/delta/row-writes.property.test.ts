import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable, field, type MergeOptions, struct, verifyTable } from '../../src/delta/index.ts';
import { defaultLimits } from '../../src/duckdb/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';

/** Random writes of rows against a list in memory. */

type Bar = {
  readonly k: number;
  readonly v: number | null;
  readonly p: string | null;
};

const SCHEMA = struct([field('k', 'long'), field('v', 'double'), field('p', 'string')]);
const limits = { ...defaultLimits(), threads: 1 };

const bar = fc.record({
  k: fc.integer({ min: 0, max: 30 }),
  v: fc.option(fc.integer({ min: -5, max: 5 }), { nil: null }),
  p: fc.constantFrom('a', 'b/c', null),
});

type Op =
  | { readonly do: 'append'; readonly rows: readonly Bar[] }
  | { readonly do: 'delete'; readonly where: Condition }
  | { readonly do: 'update'; readonly where: Condition; readonly by: number }
  | { readonly do: 'overwrite'; readonly rows: readonly Bar[]; readonly from: number }
  | { readonly do: 'merge'; readonly rows: readonly Bar[]; readonly clauses: readonly Clause[] };

/** The same condition as SQL and as a function. */
interface Condition {
  readonly sql: string;
  readonly holds: (row: Bar) => boolean;
}

type Clause =
  | 'update'
  | 'update-small'
  | 'delete-null'
  | 'insert'
  | 'insert-even'
  | 'delete-others'
  | 'raise-others';

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((k) => ({ sql: `k >= ${k}`, holds: (row: Bar) => row.k >= k })),
  fc.integer({ min: 0, max: 30 }).map((k) => ({ sql: `k = ${k}`, holds: (row: Bar) => row.k === k })),
  fc.integer({ min: -5, max: 5 }).map((v) => ({
    sql: `v < ${v} OR p IS NULL`,
    holds: (row: Bar) => (row.v !== null && row.v < v) || row.p === null,
  })),
  fc.constantFrom('a', 'b/c').map((p) => ({ sql: `p = '${p}'`, holds: (row: Bar) => row.p === p })),
  fc.constant({ sql: 'k % 3 = 1', holds: (row: Bar) => row.k % 3 === 1 }),
);

const clauses = fc
  .record({
    matched: fc.subarray<Clause>(['delete-null', 'update-small', 'update']),
    insert: fc.subarray<Clause>(['insert-even', 'insert']),
    others: fc.subarray<Clause>(['delete-others', 'raise-others']),
  })
  .map(({ matched, insert, others }) => [...matched, ...insert, ...others])
  .filter((list) => list.length > 0);

const distinct = fc.uniqueArray(bar, { selector: ({ k }) => k, minLength: 1, maxLength: 12 });

const op: fc.Arbitrary<Op> = fc.oneof(
  fc.array(bar, { minLength: 1, maxLength: 12 }).map((rows) => ({ do: 'append' as const, rows })),
  condition.map((where) => ({ do: 'delete' as const, where })),
  fc.record({ do: fc.constant('update' as const), where: condition, by: fc.integer({ min: -3, max: 3 }) }),
  fc
    .record({ rows: distinct, from: fc.integer({ min: 10, max: 30 }) })
    .map(({ rows, from }) => ({ do: 'overwrite' as const, rows: rows.filter(({ k }) => k >= from), from })),
  fc.record({ do: fc.constant('merge' as const), rows: distinct, clauses }),
);

function mergeOptions(list: readonly Clause[]): MergeOptions {
  const has = (clause: Clause) => list.includes(clause);
  const updates = [
    ...(has('update-small') ? [{ condition: 'target.v < 0', set: { v: 'source.v + 1' } }] : []),
    ...(has('update') ? [{ set: 'all' as const }] : []),
  ];
  const inserts = [
    ...(has('insert-even') ? [{ condition: 'source.k % 2 = 0', values: { k: 'source.k', p: "'a'" } }] : []),
    ...(has('insert') ? [{ values: 'all' as const }] : []),
  ];
  return {
    on: ['k'],
    limits,
    ...(has('delete-null') && { whenMatchedDelete: { condition: 'source.v IS NULL' } }),
    ...(updates.length > 0 && { whenMatchedUpdate: updates }),
    ...(inserts.length > 0 && { whenNotMatchedInsert: inserts }),
    ...(has('delete-others') && { whenNotMatchedBySourceDelete: { condition: 'k > 20' } }),
    ...(has('raise-others') && {
      whenNotMatchedBySourceUpdate: { condition: "p = 'a'", set: { v: 'v + 10' } },
    }),
  };
}

function merged(rows: readonly Bar[], source: readonly Bar[], list: readonly Clause[]): Bar[] {
  const has = (clause: Clause) => list.includes(clause);
  const matched = (row: Bar, other: Bar): Bar[] => {
    if (has('delete-null') && other.v === null) return [];
    if (has('update-small') && row.v !== null && row.v < 0) {
      return [{ ...row, v: other.v === null ? null : other.v + 1 }];
    }
    return has('update') ? [other] : [row];
  };
  const unmatched = (row: Bar): Bar[] => {
    if (has('delete-others') && row.k > 20) return [];
    return has('raise-others') && row.p === 'a' ? [{ ...row, v: row.v === null ? null : row.v + 10 }] : [row];
  };
  const inserted = (row: Bar): Bar[] => {
    if (rows.some(({ k }) => k === row.k)) return [];
    if (has('insert-even') && row.k % 2 === 0) return [{ k: row.k, v: null, p: 'a' }];
    return has('insert') ? [row] : [];
  };
  const kept = rows.flatMap((row) => {
    const other = source.find(({ k }) => k === row.k);
    return other === undefined ? unmatched(row) : matched(row, other);
  });
  return [...kept, ...source.flatMap(inserted)];
}

function expected(rows: readonly Bar[], step: Op): Bar[] {
  switch (step.do) {
    case 'append':
      return [...rows, ...step.rows];
    case 'delete':
      return rows.filter((row) => !step.where.holds(row));
    case 'update':
      return rows.map((row) =>
        step.where.holds(row) ? { ...row, v: row.v === null ? null : row.v + step.by } : row,
      );
    case 'overwrite':
      return [...rows.filter(({ k }) => k < step.from), ...step.rows];
    case 'merge':
      return merged(rows, step.rows, step.clauses);
  }
}

async function apply(table: DeltaTable, step: Op): Promise<unknown> {
  switch (step.do) {
    case 'append':
      return table.append({ rows: step.rows }, { limits });
    case 'delete':
      return table.delete(step.where.sql, { limits });
    case 'update':
      return table.update(step.where.sql, { v: `v + (${step.by})` }, { limits });
    case 'overwrite':
      return table.overwrite({ rows: step.rows }, { where: `k >= ${step.from}`, limits });
    case 'merge':
      return table.merge({ rows: step.rows }, mergeOptions(step.clauses));
  }
}

const line = ({ k, v, p }: Readonly<Record<string, unknown>>) => `${k} ${v} ${p}`;

async function read(table: DeltaTable, where?: string): Promise<string[]> {
  const scan = await table.scan({ limits, ...(where !== undefined && { where }) });
  const lines: string[] = [];
  for await (const row of scan.rows()) lines.push(line(row));
  return lines.sort();
}

/** Rows after each version, made of the change feed alone. */
async function replayFeed(table: DeltaTable): Promise<string[]> {
  const counts = new Map<string, number>();
  const changes = await table.changes({ from: 1, limits });
  for await (const row of changes.rows()) {
    const adds = row._change_type === 'insert' || row._change_type === 'update_postimage';
    counts.set(line(row), (counts.get(line(row)) ?? 0) + (adds ? 1 : -1));
  }
  return [...counts].flatMap(([text, count]) => {
    if (count < 0) throw new Error(`the feed deletes ${text} more often than it was there`);
    return Array.from({ length: count }, () => text);
  });
}

const VARIANTS: readonly (readonly [
  name: string,
  properties: Record<string, string>,
  partitionBy: string[],
])[] = [
  ['files written again', {}, ['p']],
  ['deletion vectors', { 'delta.enableDeletionVectors': 'true' }, []],
  [
    'deletion vectors, partitions and the change feed',
    { 'delta.enableDeletionVectors': 'true', 'delta.enableChangeDataFeed': 'true' },
    ['p'],
  ],
  [
    'columns mapped by name and the change feed',
    { 'delta.columnMapping.mode': 'name', 'delta.enableChangeDataFeed': 'true' },
    ['p'],
  ],
  ['deletion vectors, in a bucket', { 'delta.enableDeletionVectors': 'true' }, []],
  [
    'columns mapped by id and deletion vectors',
    { 'delta.columnMapping.mode': 'id', 'delta.enableDeletionVectors': 'true' },
    [],
  ],
];

describe.each(VARIANTS)('writes of rows with %s', (name, properties, partitionBy) => {
  it('leave what a list in memory holds, in whatever order they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 5 }), condition, async (steps, asked) => {
        const folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
        const location = name.includes('bucket') ? new MemoryStorage() : folder;
        try {
          const table = await DeltaTable.create(location, { schema: SCHEMA, partitionBy, properties });
          let rows: Bar[] = [];
          for (const step of steps) {
            rows = expected(rows, step);
            await apply(table, step);
            expect(await read(table)).toEqual(rows.map(line).sort());
          }
          expect(await read(table, asked.sql)).toEqual(rows.filter(asked.holds).map(line).sort());
          expect((await verifyTable(location)).damages).toEqual([]);
          if (properties['delta.enableChangeDataFeed'] === 'true' && table.version > 0) {
            expect((await replayFeed(table)).sort()).toEqual(rows.map(line).sort());
          }
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: Number(process.env.BARLINE_TEST_RUNS ?? 4) },
    );
  }, 120_000);
});
