import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { processMark } from '../../src/base/index.ts';
import { type Claim, MonthClaims } from '../../src/months/claims.ts';
import { removeLeftovers } from '../../src/months/leftovers.ts';
import { markOfRun, newRunId, runIdIn } from '../../src/months/run-id.ts';
import { listJournals, RunJournal } from '../../src/months/run-journal.ts';
import { RunWatch } from '../../src/months/run-watch.ts';
import { FaultyStorage } from '../storage/faulty-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { TestWorld } from './run-world.ts';

let lake = new MemoryStorage();
let world = new TestWorld();
beforeEach(() => {
  lake = new MemoryStorage();
  world = new TestWorld();
});

const runId = (n: number) => `run${n}-0000000${n}-1-00000000000${n}`;
const [A, B, C] = [runId(1), runId(2), runId(3)];
const startedAt = '2024-01-01T00:00:00Z';
const journalOf = (id: string) => RunJournal.open(lake, { runId: id, startedAt, leaseSeconds: 30 }, world);
const silentJournal = (id: string) =>
  JSON.stringify({ runId: id, startedAt, host: 'h', pid: 1, leaseSeconds: 30 });
/** Looks every second for so long. */
const lookFor = async (watch: RunWatch, seconds: number) => {
  for (let second = 0; second < seconds; second++) {
    world.nowMs += 1000;
    await watch.look();
  }
};
const watchOf = () => new RunWatch(lake, 30, world);
const paths = () => [...lake.files.keys()].sort();
const mine = (taken: { readonly mine: Claim } | { readonly theirs: Claim }): Claim => {
  if ('mine' in taken) return taken.mine;
  throw new Error(`held by ${taken.theirs.runId}`);
};
const above = (least: number) => least + 1;
const nobody = () => false;

describe('a run id', () => {
  it('says which process it is, also from the name of a file', () => {
    const id = newRunId(Date.now());
    expect(markOfRun(id)).toBe(processMark());
    expect(runIdIn(`training_bars/month=2024-01/.barline-tmp-${id}-5f0c`)).toBe(id);
    expect(runIdIn('training_bars/month=2024-01/part-00000.parquet')).toBeUndefined();
  });
});

describe('claims', () => {
  it('go to one run; another learns whose the month is, and gets it when it is given back', async () => {
    const [a, b] = [new MonthClaims(lake, A), new MonthClaims(lake, B)];
    const claim = mine(await a.take('2024-01', nobody, above));
    expect(claim).toMatchObject({ month: '2024-01', epoch: 1, runId: A, txnVersion: 1 });
    expect(await b.take('2024-01', nobody, above)).toEqual({ theirs: claim });
    expect(await a.holds(claim)).toBe(true);
    await a.release(claim, true);
    expect(paths()).toEqual([]);
    expect(mine(await b.take('2024-01', nobody, above))).toMatchObject({ epoch: 1, runId: B });
    expect(await a.holds(claim)).toBe(false);
  });

  it('are taken over from a run that is over, under a higher number; the former owner no longer holds them', async () => {
    const [a, b] = [new MonthClaims(lake, A), new MonthClaims(lake, B)];
    const lost = mine(await a.take('2024-01', nobody, (least) => Math.max(least + 1, 1000)));
    const won = mine(await b.take('2024-01', (id) => id === A, above));
    expect(won).toMatchObject({ epoch: 2, txnVersion: 1001 });
    expect([await a.holds(lost), await b.holds(won)]).toEqual([false, true]);
    await a.release(lost, false);
    expect(await b.holds(won)).toBe(true);
    await b.release(won, true);
    expect(paths()).toEqual([]);
  });

  it('below one that was given back without a commit stay, since their number could still win', async () => {
    const [a, b] = [new MonthClaims(lake, A), new MonthClaims(lake, B)];
    await a.take('2024-01', nobody, above);
    await b.release(mine(await b.take('2024-01', () => true, above)), false);
    expect(paths()).toEqual(['_barline/claims/2024-01.1.json']);
  });

  it('of a month tried again have a higher number, so that what the first try left half-committed loses', async () => {
    const a = new MonthClaims(lake, A);
    const [first, second] = [
      mine(await a.take('2024-01', nobody, above)),
      mine(await a.take('2024-01', nobody, above)),
    ];
    expect(second.txnVersion).toBeGreaterThan(first.txnVersion);
    await a.release(second, false);
    expect(paths()).toEqual([]);
  });

  it('have one owner for any number of runs and months at once, in any order of their requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, runs) => {
        const store = new MemoryStorage();
        const months = ['2024-01', '2024-02', '2024-03'];
        const slow = new FaultyStorage(store, () => undefined);
        const scheduled = new Proxy(slow, {
          get(target, name, receiver) {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== 'function') return value;
            if (name === 'list') return Reflect.get(target, name, receiver).bind(target);
            return async (...args: unknown[]) => {
              await scheduler.schedule(Promise.resolve());
              return Reflect.apply(value, target, args);
            };
          },
        });
        const owners = new Map<string, string[]>(months.map((month) => [month, []]));
        const work = Array.from({ length: runs }, async (_, index) => {
          const claims = new MonthClaims(scheduled, runId(index + 1));
          for (const month of months) {
            const taken = await claims.take(month, nobody, above);
            if ('mine' in taken) owners.get(month)?.push(taken.mine.runId);
          }
        });
        await scheduler.waitFor(Promise.all(work));
        expect([...owners.values()].map((each) => each.length)).toEqual([1, 1, 1]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a journal', () => {
  it('changes with every third of the lease, and goes when the run ends', async () => {
    const journal = await journalOf(A);
    const texts: (string | undefined)[] = [];
    for (let beat = 0; beat < 3; beat++) {
      texts.push((await listJournals(lake))[0]?.text);
      await world.pass(10_000);
    }
    expect(new Set(texts).size).toBe(3);
    await journal.close();
    expect(paths()).toEqual([]);
    await world.pass(60_000);
    expect(paths()).toEqual([]);
  });

  it('outlives beats that cannot be written', async () => {
    let isDown = false;
    const shaky = new FaultyStorage(lake, () =>
      isDown ? { when: 'before', error: new Error('down') } : undefined,
    );
    const journal = await RunJournal.open(shaky, { runId: A, startedAt, leaseSeconds: 30 }, world);
    isDown = true;
    await world.pass(10_000);
    isDown = false;
    const before = (await listJournals(lake))[0]?.text;
    await world.pass(10_000);
    expect((await listJournals(lake))[0]?.text).not.toBe(before);
    await journal.close();
  });

  it('that cannot be read is no sign that nobody is at work', async () => {
    await (await journalOf(A)).close();
    await lake.put(`_barline/runs/${A}.json`, new Uint8Array([1]));
    const denied = new FaultyStorage(lake, (_, verb) =>
      verb === 'read' ? { when: 'before', error: new Error('denied') } : undefined,
    );
    await expect(listJournals(denied)).rejects.toThrow('denied');
  });
});

describe('the watch', () => {
  it('knows a dead process of this machine at once, and trusts no lease against it', async () => {
    const journal = await journalOf(A);
    const watch = watchOf();
    await watch.look();
    expect(watch.stateOf(A)).toBe('alive');
    world.processes.set(markOfRun(A), 'dead');
    expect(watch.stateOf(A)).toBe('dead');
    await journal.close();
  });

  it('finds a run silent only when its journal stayed the same for its own lease, by this clock', async () => {
    const record = { runId: A, startedAt: '1999-01-01T00:00:00Z', host: 'h', pid: 1, leaseSeconds: 60 };
    const write = (beat: number) =>
      lake.put(`_barline/runs/${A}.json`, Buffer.from(JSON.stringify({ ...record, beat })));
    const watch = watchOf();
    await write(1);
    world.nowMs = 1e9;
    await watch.look();
    expect(watch.stateOf(A)).toBe('alive');
    await lookFor(watch, 59);
    await write(2);
    await lookFor(watch, 59);
    expect(watch.stateOf(A)).toBe('alive');
    // the beat was first seen by the look after it
    await lookFor(watch, 3);
    expect(watch.stateOf(A)).toBe('silent');
    await write(3);
    await watch.look();
    expect(watch.stateOf(A)).toBe('alive');
  });

  it('gives a claim without a journal a lease as well', async () => {
    const watch = watchOf();
    expect(watch.stateOf(C)).toBe('alive');
    await lookFor(watch, 32);
    expect(watch.stateOf(C)).toBe('silent');
  });

  it('counts no time in which it did not look: it was held up itself, or nobody reached the store', async () => {
    await (await journalOf(A)).close();
    await lake.put(`_barline/runs/${A}.json`, Buffer.from(silentJournal(A)));
    const watch = watchOf();
    await watch.look();
    await lookFor(watch, 20);
    world.nowMs += 100_000;
    expect(watch.stateOf(A)).toBe('alive');
    await watch.look();
    expect(watch.stateOf(A)).toBe('alive');
    await lookFor(watch, 29);
    expect(watch.stateOf(A)).toBe('alive');
    await lookFor(watch, 2);
    expect(watch.stateOf(A)).toBe('silent');
  });
});

describe('left-overs', () => {
  const bytes = new Uint8Array([1]);
  const file = (month: string, id: string, n: number) => `bars/month=${month}/part-${n}-${id}.parquet`;
  let committed: Record<string, number> = {};
  let referenced = new Set<string>();
  const tables = {
    names: ['bars'],
    referencedPaths: async () => referenced,
    lastTransaction: async (month: string) => committed[month] ?? 0,
  };
  const sweep = async (watch = watchOf()) => {
    await watch.look();
    return removeLeftovers(lake, tables, watch, new MonthClaims(lake, C), world);
  };
  beforeEach(() => {
    committed = {};
    referenced = new Set();
  });

  it('of a dead run go, and nothing else', async () => {
    await (await journalOf(A)).close();
    await Promise.all([journalOf(A), journalOf(B)]);
    await new MonthClaims(lake, A).take('2024-01', nobody, above);
    world.processes.set(markOfRun(A), 'dead');
    for (const id of [A, B]) for (const n of [1, 2]) await lake.put(file('2024-01', id, n), bytes);
    await lake.put(`bars/_delta_log/.barline-tmp-${A}-x`, bytes);
    referenced.add(file('2024-01', A, 1).slice('bars/'.length));
    expect(await sweep()).toEqual([`bars/_delta_log/.barline-tmp-${A}-x`, file('2024-01', A, 2)]);
    expect(paths()).toEqual(
      [`_barline/runs/${B}.json`, file('2024-01', A, 1), file('2024-01', B, 1), file('2024-01', B, 2)].sort(),
    );
  });

  it('of a silent run stay as long as it could commit them', async () => {
    await lake.put(`_barline/runs/${A}.json`, Buffer.from(silentJournal(A)));
    const claims = new MonthClaims(lake, A);
    await claims.take('2024-01', nobody, () => 7);
    await claims.take('2024-02', nobody, () => 8);
    for (const month of ['2024-01', '2024-02']) await lake.put(file(month, A, 1), bytes);
    const watch = watchOf();
    expect(await sweep(watch)).toEqual([]);
    await lookFor(watch, 31);
    expect(await sweep(watch)).toEqual([]);
    // another run has made the first month since, under a higher number: nothing of A's can stand any more
    committed = { '2024-01': 9 };
    expect(await sweep(watch)).toEqual([file('2024-01', A, 1)]);
    expect(paths()).toEqual(
      [`_barline/claims/2024-02.1.json`, `_barline/runs/${A}.json`, file('2024-02', A, 1)].sort(),
    );
    committed = { '2024-01': 9, '2024-02': 8 };
    expect(await sweep(watch)).toEqual([file('2024-02', A, 1)]);
    expect(paths()).toEqual([]);
    await turn();
  });
});
