import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddFile, DeltaTable } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const HOUR_MS = 3_600_000;
const MONTHS = ['2024-10', '2024-11'];

type Step =
  | { readonly kind: 'write'; readonly month: string }
  | { readonly kind: 'commit' }
  | { readonly kind: 'replace'; readonly month: string }
  | { readonly kind: 'restore'; readonly back: number }
  | { readonly kind: 'pin'; readonly back: number }
  | { readonly kind: 'unpin' }
  | { readonly kind: 'pass'; readonly hours: number }
  | { readonly kind: 'vacuum'; readonly retentionHours: number | undefined };

const month = fc.constantFrom(...MONTHS);
const back = fc.nat(6);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), month }),
  fc.record({ kind: fc.constant('commit' as const) }),
  fc.record({ kind: fc.constant('replace' as const), month }),
  fc.record({ kind: fc.constant('restore' as const), back }),
  fc.record({ kind: fc.constant('pin' as const), back }),
  fc.record({ kind: fc.constant('unpin' as const) }),
  fc.record({ kind: fc.constant('pass' as const), hours: fc.constantFrom(1, 20, 30, 100, 200) }),
  fc.record({
    kind: fc.constant('vacuum' as const),
    retentionHours: fc.constantFrom(undefined, 0, 1, 48, 400),
  }),
);

describe('vacuum, whatever else goes on', () => {
  it('leaves every version whole that the retention or a pin asks for, and every file in flight', async () => {
    let removed = 0;
    let keptByPin = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 30 }), async (steps) => {
        const clock = { nowMs: Date.UTC(2025, 0, 1) };
        const storage = new MemoryStorage();
        const put = storage.put.bind(storage);
        storage.put = async (path, bytes) => {
          clock.nowMs += 1;
          storage.clockMs = clock.nowMs - 1;
          await put(path, bytes);
        };
        const environment = { ...stillEnvironment(), nowMs: () => clock.nowMs };
        const table = await DeltaTable.create(storage, MONTHLY, { environment });
        let pending: { file: AddFile; writtenMs: number }[] = [];
        const pins = new Map<string, number>();

        const filesOf = async (version: number) =>
          [...(await table.snapshot({ version })).files()].map((file) => file.path);
        const missing = async (version: number) =>
          (await filesOf(version)).filter((path) => !storage.files.has(path));
        const older = (n: number) => Math.max(0, table.version - n);

        for (const s of steps) {
          if (s.kind === 'write') {
            pending.push({ file: await dataFile(table, s.month), writtenMs: clock.nowMs });
          } else if (s.kind === 'commit') {
            // what was left for longer than a day is given up
            pending = pending.filter(({ writtenMs }) => clock.nowMs - writtenMs < 24 * HOUR_MS);
            await table.append(pending.map(({ file }) => file));
            pending = [];
          } else if (s.kind === 'replace') {
            await table.replaceWhere({ month: s.month }, [await dataFile(table, s.month)]);
          } else if (s.kind === 'restore') {
            const version = older(s.back);
            const gone = (await missing(version)).length > 0;
            const error = await failure(table.restore({ version }));
            expect(error === undefined).toBe(!gone);
          } else if (s.kind === 'pin') {
            const name = `p${pins.size}-${clock.nowMs}`;
            const version = older(s.back);
            const whole = (await missing(version)).length === 0;
            if ((await failure(table.pin(name, version))) === undefined) pins.set(name, version);
            expect(pins.has(name)).toBe(whole);
          } else if (s.kind === 'unpin') {
            const [name] = pins.keys();
            if (name === undefined) continue;
            await table.unpin(name);
            pins.delete(name);
          } else if (s.kind === 'pass') {
            clock.nowMs += s.hours * HOUR_MS;
          } else {
            const before = new Map<number, number>();
            for (let v = 0; v <= table.version; v++) before.set(v, (await missing(v)).length);
            const times = (await table.history()).map((entry) => [entry.version, entry.timestampMs] as const);
            const startMs = clock.nowMs;
            const retention = s.retentionHours === undefined ? {} : { retentionHours: s.retentionHours };
            const result = await table.vacuum({ ...retention, force: true });
            removed += result.files.length;
            const cutoffMs = startMs - result.retentionHours * HOUR_MS;
            for (const [version] of times) {
              const endsMs = times.find(([next]) => next === version + 1)?.[1] ?? Number.POSITIVE_INFINITY;
              const pinned = [...pins.values()].includes(version);
              if (pinned && endsMs < cutoffMs) keptByPin += 1;
              if (endsMs < cutoffMs && !pinned) continue;
              expect((await missing(version)).length).toBe(before.get(version));
            }
            for (const { file, writtenMs } of pending) {
              if (startMs - writtenMs < 24 * HOUR_MS) expect(storage.files.has(file.path)).toBe(true);
            }
          }
          expect(await missing(table.version)).toEqual([]);
        }
      }),
      { numRuns: 600 },
    );
    // a vacuum that never removes, and pins that never matter, would show nothing
    expect(removed).toBeGreaterThan(50);
    expect(keptByPin).toBeGreaterThan(10);
  });
});
