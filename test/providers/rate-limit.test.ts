import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../src/providers/rate-limit.ts';
import { TestClock } from './test-clock.ts';

const signal = new AbortController().signal;

describe('a rate limit', () => {
  it('lets out no more than it may in any span, and no fewer than it can', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6000 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 60 }),
        async (requestsPerMinute, burst, restsMs) => {
          const clock = new TestClock(1e12);
          const limit = new RateLimit({ requestsPerMinute, burst }, clock);
          const sentMs: number[] = [];
          for (const restMs of restsMs) {
            clock.nowMs += restMs > 20_000 ? restMs : 0;
            await limit.take(signal);
            sentMs.push(clock.now());
          }
          const spacingMs = 60_000 / requestsPerMinute;
          for (let first = 0; first < sentMs.length; first++) {
            for (let last = first; last < sentMs.length; last++) {
              const spanMs = (sentMs[last] ?? 0) - (sentMs[first] ?? 0);
              expect(last - first + 1).toBeLessThanOrEqual(burst + spanMs / spacingMs + 1e-6);
            }
          }
          // a wait is no longer than the bucket needs, but for whole milliseconds
          const waits = clock.slept.reduce((sum, ms) => sum + ms, 0);
          expect(waits).toBeLessThanOrEqual(Math.max(0, sentMs.length - burst) * spacingMs + sentMs.length);
          expect(limit.waitedMs).toBe(waits);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('serves those that wait in the order they came, and after a pause still evenly', async () => {
    const clock = new TestClock(0);
    const limit = new RateLimit({ requestsPerMinute: 60, burst: 1 }, clock);
    const served: [name: string, ms: number][] = [];
    const take = (name: string) => limit.take(signal).then(() => served.push([name, clock.now()]));
    const all = [take('a'), take('b'), take('c')];
    limit.pauseUntil(10_000);
    await Promise.all([...all, take('d')]);
    expect(served.map(([name]) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(served.map(([, ms]) => ms)).toEqual([10_000, 11_000, 12_000, 13_000]);
    expect(limit.waitedMs).toBe(13_000);
  });

  it('lets an aborted one go without its token', async () => {
    const clock = new TestClock(0);
    const limit = new RateLimit({ requestsPerMinute: 60, burst: 1 }, clock);
    const abort = new AbortController();
    await limit.take(signal);
    const waiting = limit.take(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await limit.take(signal);
    expect(clock.now()).toBe(1000);
  });
});
