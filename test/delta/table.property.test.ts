import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddFile, ConcurrentModificationError, DeltaTable } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, MONTHLY, stillEnvironment } from './sample.ts';

const MONTHS = ['2024-10', '2024-11', '2024-12'];

type Step =
  | { kind: 'append'; handle: number; months: string[] }
  | { kind: 'replace'; handle: number; month: string; files: number }
  | { kind: 'txn'; handle: number; appId: string; version: number }
  | { kind: 'refresh'; handle: number };

const handle = fc.nat(2);
const month = fc.constantFrom(...MONTHS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), handle, months: fc.array(month, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('replace' as const), handle, month, files: fc.nat(2) }),
  fc.record({
    kind: fc.constant('txn' as const),
    handle,
    appId: fc.constantFrom('a', 'b'),
    version: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('refresh' as const), handle }),
);

/** What the table must hold, kept beside it: months of files, and the last version of each application. */
interface Model {
  files: Map<string, string>;
  transactions: Map<string, number>;
}

const copy = (model: Model): Model => ({
  files: new Map(model.files),
  transactions: new Map(model.transactions),
});
const add = (model: Model, files: readonly AddFile[]) => {
  for (const file of files) model.files.set(file.path, file.partitionValues.month ?? '');
};

async function content(table: DeltaTable, version: number): Promise<Map<string, string>> {
  const { files } = await table.scan({ version });
  return new Map(files.map((file) => [file.path, file.partitionValues.month ?? '']));
}

describe('any sequence of writes through several handles', () => {
  it('leaves each version as the model has it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const environment = stillEnvironment();
        const storage = new MemoryStorage();
        await DeltaTable.create(storage, MONTHLY, { environment });
        const handles = await Promise.all([0, 1, 2].map(() => DeltaTable.open(storage, { environment })));
        const versions: Model[] = [{ files: new Map(), transactions: new Map() }];
        for (const s of steps) {
          const table = handles[s.handle];
          if (table === undefined) throw new Error('no such handle');
          const model = copy(versions.at(-1) ?? { files: new Map(), transactions: new Map() });
          if (s.kind === 'refresh') {
            expect((await table.refresh()).version).toBe(versions.length - 1);
            continue;
          }
          let done: { version: number; alreadyCommitted: boolean };
          if (s.kind === 'append') {
            const files = await Promise.all(s.months.map((m) => dataFile(table, m)));
            // straight from a snapshot that may be old: the commit must rebase
            const transaction = table.transaction();
            for (const file of files) transaction.add(file);
            done = await transaction.commit();
            add(model, files);
          } else if (s.kind === 'replace') {
            const files = await Promise.all(Array.from({ length: s.files }, () => dataFile(table, s.month)));
            done = await table.replaceWhere({ month: s.month }, files);
            for (const [path, m] of model.files) if (m === s.month) model.files.delete(path);
            add(model, files);
          } else {
            const file = await dataFile(table, '2024-10');
            done = await table.transaction().setTransaction(s.appId, s.version).add(file).commit();
            const seen = model.transactions.get(s.appId) ?? 0;
            expect(done.alreadyCommitted).toBe(seen >= s.version);
            if (done.alreadyCommitted) continue;
            model.transactions.set(s.appId, s.version);
            add(model, [file]);
          }
          expect(done).toEqual({ version: versions.length, alreadyCommitted: false });
          versions.push(model);
        }
        const reader = await DeltaTable.open(storage);
        for (const [version, model] of versions.entries()) {
          expect(await content(reader, version)).toEqual(model.files);
        }
        const { transactions } = await reader.snapshot();
        expect(new Map([...transactions.values()].map((t) => [t.appId, t.version]))).toEqual(
          versions.at(-1)?.transactions,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('all at once: every acknowledged write is there, and the log replays to what the last one saw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        const storage = new MemoryStorage();
        await DeltaTable.create(storage, MONTHLY);
        const handles = await Promise.all([0, 1, 2].map(() => DeltaTable.open(storage)));
        const appended = new Map<string, { path: string; version: number }[]>(MONTHS.map((m) => [m, []]));
        const replaced = new Map<string, number[]>(MONTHS.map((m) => [m, []]));
        let commits = 0;
        const perform = async (s: Step) => {
          const table = handles[s.handle];
          if (table === undefined || s.kind === 'refresh' || s.kind === 'txn') return;
          if (s.kind === 'append') {
            const files = await Promise.all(s.months.map((m) => dataFile(table, m)));
            const { version } = await table.append(files);
            commits += 1;
            for (const f of files)
              appended.get(f.partitionValues.month ?? '')?.push({ path: f.path, version });
            return;
          }
          const files = await Promise.all(Array.from({ length: s.files }, () => dataFile(table, s.month)));
          try {
            const { version } = await table.replaceWhere({ month: s.month }, files);
            commits += 1;
            replaced.get(s.month)?.push(version);
            for (const f of files) appended.get(s.month)?.push({ path: f.path, version });
          } catch (error) {
            if (!(error instanceof ConcurrentModificationError)) throw error;
          }
        };
        await Promise.all(steps.map(perform));
        const reader = await DeltaTable.open(storage);
        expect(reader.version).toBe(commits);
        const active = new Set((await reader.scan()).files.map((f) => f.path));
        for (const m of MONTHS) {
          const lastReplaced = Math.max(-1, ...(replaced.get(m) ?? []));
          for (const { path, version } of appended.get(m) ?? []) {
            // what came after the last replacement stands; what it had seen before is gone unless appended blindly
            if (version >= lastReplaced) expect(active.has(path)).toBe(true);
          }
        }
        const known = new Set([...appended.values()].flat().map(({ path }) => path));
        for (const path of active) expect(known.has(path)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
