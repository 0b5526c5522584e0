import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import type { RunEvent } from '../../src/months/index.ts';
import { MonthlyLake } from '../../src/months/lake.ts';
import { type RunWorld, systemWorld } from '../../src/months/run-world.ts';
import { run as anyRun, monthHashes, shortProcessing, strayFiles } from './lake-contents.ts';
import { SMALL_MONTHS, writeSmallMonths } from './small-months.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-late-'));
const source = join(root, 'source');
const run: typeof anyRun = (from, to, changes) =>
  anyRun(from, to, { processing: shortProcessing, ...changes });
const TIMELESS = ['quarantine', 'rolls', 'training_bars'];
/** Of tables whose files hold no clock time. */
const contents = (lake: string) => Promise.all(TIMELESS.map((name) => monthHashes(lake, name)));
let expected: Awaited<ReturnType<typeof contents>> = [];

beforeAll(async () => {
  await writeSmallMonths(source);
  await run(source, join(root, 'reference'));
  expected = await contents(join(root, 'reference'));
});
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** How often each month's rows were committed. */
async function commitsByMonth(lake: string): Promise<Record<string, number>> {
  const table = await DeltaTable.open(join(lake, 'training_bars'));
  const counts: Record<string, number> = {};
  for (const { version } of await table.history()) {
    const log = join(lake, 'training_bars/_delta_log', `${String(version).padStart(20, '0')}.json`);
    const month = /"appId":"barline-month-(\d{4}-\d\d)"/.exec(readFileSync(log, 'utf8'))?.[1];
    if (month !== undefined) counts[month] = (counts[month] ?? 0) + 1;
  }
  return counts;
}

const once = Object.fromEntries(SMALL_MONTHS.map((month) => [month, 1]));

describe('two runs at once', () => {
  it('make each month once, and both end when all are there', async () => {
    const lake = join(root, 'two');
    const both = await Promise.all([1, 2].map(() => run(source, lake, { leaseSeconds: 2, workers: 1 })));
    const made = both.flatMap(({ outcomes }) =>
      outcomes.filter(({ status }) => status === 'succeeded').map(({ month }) => month),
    );
    expect(made.sort()).toEqual(SMALL_MONTHS);
    for (const { summary } of both) expect(summary).toMatchObject({ months: 3, failed: 0, notReached: [] });
    expect(await commitsByMonth(lake)).toEqual(once);
    expect(await contents(lake)).toEqual(expected);
    expect(await strayFiles(lake)).toEqual([]);
  });

  it('name a month that failed in the other one', async () => {
    const [folder, lake] = [join(root, 'bad-source'), join(root, 'bad')];
    await writeSmallMonths(folder, { months: ['2024-02'] });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(folder, 'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst'), 'junk');
    const both = await Promise.all([1, 2].map(() => run(folder, lake, { leaseSeconds: 2, workers: 1 })));
    for (const { outcomes } of both) {
      expect(outcomes[1]).toMatchObject({ status: 'failed', error: { code: 'DBN_BAD_MAGIC' } });
    }
  });
});

/** Holds up the first call of a method that `isPlace` accepts until it is let go. */
function holdUp(target: object, name: string, isPlace: (self: unknown) => boolean) {
  const reached = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const original: unknown = Reflect.get(target, name);
  let isFirst = true;
  Reflect.set(target, name, async function (this: unknown, ...args: unknown[]) {
    if (isFirst && isPlace(this)) {
      isFirst = false;
      reached.resolve();
      await release.promise;
    }
    return typeof original === 'function' ? Reflect.apply(original, this, args) : undefined;
  });
  const restore = () => Reflect.set(target, name, original);
  return { reached: reached.promise, release: () => release.resolve(), restore };
}

/** A world in which nothing that waits goes on until it is thawed: a stopped process, or a machine cut off. */
function frozenWorld(): RunWorld & { thaw(): void } {
  const thawed = Promise.withResolvers<void>();
  return {
    ...systemWorld,
    thaw: () => thawed.resolve(),
    sleepMs: async (durationMs, signal) => {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      await Promise.race([thawed.promise, aborted]);
      await systemWorld.sleepMs(durationMs, signal);
    },
  };
}

describe('a run held up for longer than its lease', () => {
  const tableCalled = (name: string) => (self: unknown) =>
    self instanceof DeltaTable && self.uri.endsWith(`/${name}`);

  it.each([
    ['before it writes its files', MonthlyLake.prototype, 'writeRowGroups', () => true],
    ['before its first commit', DeltaTable.prototype, 'replaceWhere', tableCalled('rolls')],
    [
      'before the commit of its statistics',
      DeltaTable.prototype,
      'replaceWhere',
      tableCalled('monthly_statistics'),
    ],
    ['before the commit of its rows', DeltaTable.prototype, 'replaceWhere', tableCalled('training_bars')],
  ] as const)(
    '%s loses its month to another run and disturbs nothing',
    async (moment, target, name, isPlace) => {
      const lake = join(root, moment.replaceAll(' ', '-'));
      const world = frozenWorld();
      const events: RunEvent[] = [];
      const months = name === 'replaceWhere' && moment.includes('first') ? ['2024-03'] : ['2024-02'];
      const plan = { take: 'force', months } as const;
      const held = holdUp(target, name, isPlace);
      try {
        const late = run(source, lake, {
          plan,
          world,
          leaseSeconds: 1,
          onEvent: (event) => events.push(event),
        });
        await held.reached;
        const told: RunEvent[] = [];
        const onEvent = (event: RunEvent) => told.push(event);
        const second = await run(source, lake, { plan, leaseSeconds: 1, onEvent });
        expect(told.find(({ type }) => type === 'months-elsewhere')).toMatchObject({
          months,
          run: { pid: process.pid },
        });
        expect(second.outcomes).toMatchObject([{ status: 'succeeded', attempts: 1 }]);
        const document = () =>
          JSON.parse(
            readFileSync(
              join(
                lake,
                `processed-data/monthly/2024/${months[0].slice(5)}/monthly_${months[0]}_statistics.json`,
              ),
              'utf8',
            ),
          );
        const winner = document();
        held.release();
        world.thaw();
        expect((await late).outcomes).toMatchObject([{ status: 'skipped', reason: 'done elsewhere' }]);
        expect(document()).toEqual(winner);
      } finally {
        held.restore();
      }
      for (const month of months) expect((await commitsByMonth(lake))[month]).toBe(1);
      const found = await contents(lake);
      expect(found.map((each) => each[months[0]])).toEqual(expected.map((each) => each[months[0]]));
      const again = await run(source, lake, { plan: { take: 'default', months } });
      expect(again.outcomes).toMatchObject([{ status: 'skipped', reason: 'up to date' }]);
      expect(await strayFiles(lake)).toEqual([]);
    },
  );
});
