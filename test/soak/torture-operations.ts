/** What the writers of the torture do, as data. */
import { tmpdir } from 'node:os';
import type { DeltaTable } from '../../src/delta/index.ts';
import type { RandomStream } from '../../src/sample/random.ts';
import type { Effects } from './torture-ledger.ts';

/** A writer and the rows that it believes are its own in the table. */
export interface WriterState {
  readonly name: string;
  readonly random: RandomStream;
  /** Amounts by id. */
  readonly rows: Map<number, number>;
  nextId: number;
}

export interface Txn {
  readonly appId: string;
  readonly version: number;
}

export interface TortureOperation {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** Changes that no transaction number makes known in the log. */
  readonly isUnnumbered?: boolean;
  effects(state: WriterState): Effects;
  run(table: DeltaTable, state: WriterState, effects: Effects, txn: Txn): Promise<number | null>;
}

/** Ten processes share the machine. */
export const LIMITS = { memoryByteLength: 3e8, threads: 1, temporaryFolder: tmpdir() };

/** Some ids in a row, of those the writer has. */
function stretch({ rows, random }: WriterState, most: number): number[] {
  const ids = [...rows.keys()].sort((a, b) => a - b);
  const count = Math.min(ids.length, random.integer(1, most));
  const start = random.integer(0, ids.length - count);
  return ids.slice(start, start + count);
}

function newRows(state: WriterState, most: number): Effects {
  const count = state.random.integer(1, most);
  return Array.from({ length: count }, () => [state.nextId++, state.random.integer(1, 1000)] as const);
}

function whereOf({ name }: WriterState, effects: Effects): string {
  return `writer = '${name}' AND id BETWEEN ${effects[0]?.[0] ?? -1} AND ${effects.at(-1)?.[0] ?? -1}`;
}

export const OPERATIONS: readonly TortureOperation[] = [
  {
    name: 'append',
    weight: 6,
    effects: (state) => newRows(state, 50),
    run: async (table, { name }, effects, txn) => {
      const file = await table.writeDataFile({
        id: { values: Float64Array.from(effects, ([id]) => id) },
        writer: { values: effects.map(() => name) },
        amount: { values: Float64Array.from(effects, ([, amount]) => amount ?? Number.NaN) },
      });
      return (await table.append([file], { txn })).version;
    },
  },
  {
    name: 'delete',
    weight: 2,
    effects: (state) => stretch(state, 10).map((id) => [id, null] as const),
    run: async (table, state, effects, txn) =>
      (await table.delete(whereOf(state, effects), { txn, limits: LIMITS })).version,
  },
  {
    name: 'update',
    weight: 1,
    effects: (state) => stretch(state, 10).map((id) => [id, (state.rows.get(id) ?? 0) + 7] as const),
    run: async (table, state, effects, txn) => {
      const set = { amount: 'amount + 7' };
      return (await table.update(whereOf(state, effects), set, { txn, limits: LIMITS })).version;
    },
  },
  {
    name: 'merge',
    weight: 3,
    effects: (state) => [
      ...stretch(state, 10).map((id) => [id, (state.rows.get(id) ?? 0) * 2 + 1] as const),
      ...newRows(state, 10),
    ],
    run: async (table, { name }, effects, txn) => {
      const rows = effects.map(([id, amount]) => ({ id, writer: name, amount }));
      const merged = await table.merge(
        { rows },
        {
          on: ['id', 'writer'],
          whenMatchedUpdate: 'all',
          whenNotMatchedInsert: 'all',
          txn,
          limits: LIMITS,
        },
      );
      return merged.version;
    },
  },
  {
    name: 'optimize',
    weight: 2,
    isUnnumbered: true,
    effects: () => [],
    // of all files, which seldom wins; of the writer's own and some that hold others' rows as well; of new ones
    run: async (table, { name, random }) => {
      const zOrderBy = random.uniform() < 0.5 ? ['writer', 'id'] : [];
      const where = ['true', `writer IN ('${name}', 'w1', 'w2')`, `writer = '${name}'`][random.integer(0, 2)];
      return (await table.optimize({ zOrderBy, where, limits: LIMITS })).version;
    },
  },
  {
    name: 'checkpoint',
    weight: 1,
    isUnnumbered: true,
    effects: () => [],
    run: async (table) => {
      await table.checkpoint();
      return null;
    },
  },
];

/** A writer begins with appends. */
export function chooseOperation(state: WriterState): TortureOperation {
  const fitting = state.rows.size < 20 ? OPERATIONS.filter(({ name }) => name === 'append') : OPERATIONS;
  let left = state.random.uniform() * fitting.reduce((sum, { weight }) => sum + weight, 0);
  for (const operation of fitting) {
    left -= operation.weight;
    if (left < 0) return operation;
  }
  throw new Error('there is no operation to choose from');
}
