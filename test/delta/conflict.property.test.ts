import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddFile,
  ConcurrentModificationError,
  DeltaTable,
  type Transaction,
} from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const MONTHS = ['2024-10', '2024-11', '2024-12'];
const LEVELS = ['Serializable', 'WriteSerializable', 'SnapshotIsolation'] as const;

/** A write planned against the version its handle knows. `removes` picks among the files it sees there. */
interface Plan {
  readonly adds: readonly string[];
  readonly removes: readonly number[];
  readonly reads: readonly string[];
  readonly readFiles: readonly number[];
  readonly whole: boolean;
  readonly level: (typeof LEVELS)[number];
  readonly domain: string | null;
  readonly note: boolean;
}

const month = fc.constantFrom(...MONTHS);
const plan: fc.Arbitrary<Plan> = fc.record({
  adds: fc.array(month, { maxLength: 2 }),
  removes: fc.array(fc.nat(7), { maxLength: 2 }),
  reads: fc.uniqueArray(month, { maxLength: 2 }),
  readFiles: fc.array(fc.nat(7), { maxLength: 2 }),
  whole: fc.nat(5).map((n) => n === 0),
  level: fc.constantFrom(...LEVELS),
  domain: fc.option(fc.constantFrom('a', 'b')),
  note: fc.nat(9).map((n) => n === 0),
});

/** Begin a write on a handle, or commit the one begun. */
type Step =
  | { readonly kind: 'begin'; readonly handle: number; readonly plan: Plan }
  | { readonly kind: 'commit'; readonly handle: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('begin' as const), handle: fc.nat(3), plan }),
  fc.record({ kind: fc.constant('commit' as const), handle: fc.nat(3) }),
);

/** A committed write in the model's words: files are names, months are theirs. */
interface Fact {
  readonly added: ReadonlyMap<string, string>;
  readonly removed: ReadonlySet<string>;
  readonly domain: string | null;
  readonly note: boolean;
  readonly blind: boolean;
}

interface Begun {
  readonly transaction: Transaction;
  readonly plan: Plan;
  readonly version: number;
  readonly fact: Fact;
  /** Names of the files it has read. */
  readonly read: ReadonlySet<string>;
}

/** What the protocol says, with sets. */
function conflicts(mine: Begun, won: Fact): boolean {
  if (won.note || (won.domain !== null && won.domain === mine.fact.domain)) return true;
  if ([...won.removed].some((name) => mine.fact.removed.has(name) || mine.read.has(name))) return true;
  const counts =
    mine.plan.level === 'Serializable' ||
    (mine.plan.level === 'WriteSerializable' && (mine.fact.note || !won.blind));
  const inRead = (m: string) => mine.plan.whole || mine.plan.reads.includes(m);
  return counts && [...won.added.values()].some(inRead);
}

async function begin(table: DeltaTable, chosen: Plan, filesNow: ReadonlyMap<string, string>): Promise<Begun> {
  const active = [...table.latest.files()];
  const pick = (numbers: readonly number[]) =>
    [...new Set(numbers)].flatMap((n) => (active[n] === undefined ? [] : [active[n]]));
  const added: AddFile[] = [];
  for (const m of chosen.adds) added.push(await dataFile(table, m));
  const [removed, looked] = [pick(chosen.removes), pick(chosen.readFiles)];
  const transaction = table.transaction().isolate(chosen.level).readFiles(looked);
  for (const m of chosen.reads) transaction.readPartitions({ month: m });
  if (chosen.whole) transaction.readWholeTable();
  for (const file of added) transaction.add(file);
  for (const file of removed) transaction.remove(file);
  if (chosen.note) transaction.setMetadata({ description: `${added.length}` });
  if (chosen.domain !== null) {
    transaction.keepDomainMetadata({ domain: chosen.domain, configuration: '', removed: false });
  }
  const readNames = [...filesNow]
    .filter(([, m]) => chosen.whole || chosen.reads.includes(m))
    .map(([name]) => name);
  return {
    transaction,
    plan: chosen,
    version: table.version,
    fact: {
      added: new Map(added.map((file) => [file.path, file.partitionValues.month ?? ''])),
      removed: new Set(removed.map((file) => file.path)),
      domain: chosen.domain,
      note: chosen.note,
      blind: removed.length + looked.length + chosen.reads.length === 0 && !chosen.whole && !chosen.note,
    },
    read: new Set([...readNames, ...looked.map((file) => file.path)]),
  };
}

describe('any interleaving of writes', () => {
  it('commits exactly those that the protocol lets stand, and leaves what they add up to', async () => {
    let committed = 0;
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
        const environment = stillEnvironment();
        const storage = new MemoryStorage();
        const first = await DeltaTable.create(storage, MONTHLY, { environment });
        const start = await Promise.all([...MONTHS, ...MONTHS].map((m) => dataFile(first, m)));
        await first.append(start);
        const added = new Map(start.map((file) => [file.path, file.partitionValues.month ?? '']));
        const tables = await Promise.all([0, 1, 2, 3].map(() => DeltaTable.open(storage, { environment })));
        const states: ReadonlyMap<string, string>[] = [new Map(), added];
        const facts: Fact[] = [{ added, removed: new Set(), domain: null, note: false, blind: true }];
        const begun = new Map<number, Begun>();
        for (const { handle, ...s } of steps) {
          const table = tables[handle];
          if (table === undefined) throw new Error('no such handle');
          if (s.kind === 'begin') {
            await table.refresh();
            begun.set(handle, await begin(table, s.plan, states[table.version] ?? new Map()));
            continue;
          }
          const mine = begun.get(handle);
          if (mine === undefined) continue;
          begun.delete(handle);
          const expected = facts.slice(mine.version).findIndex((won) => conflicts(mine, won));
          if (expected >= 0) {
            const error = await failure(mine.transaction.commit());
            expect(error).toBeInstanceOf(ConcurrentModificationError);
            expect(error).toMatchObject({ winnerVersion: mine.version + expected + 1 });
            lost += 1;
            continue;
          }
          expect(await mine.transaction.commit()).toMatchObject({ version: states.length });
          const next = new Map(states.at(-1));
          for (const name of mine.fact.removed) next.delete(name);
          for (const [name, m] of mine.fact.added) next.set(name, m);
          states.push(next);
          facts.push(mine.fact);
          committed += 1;
        }
        const reopened = await DeltaTable.open(storage);
        for (const [version, state] of states.entries()) {
          const { files } = await reopened.scan({ version });
          expect(new Map(files.map((file) => [file.path, file.partitionValues.month]))).toEqual(state);
        }
      }),
      { numRuns: 400 },
    );
    // both outcomes must have been met, or nothing was shown
    expect(Math.min(committed, lost)).toBeGreaterThan(50);
  });
});
