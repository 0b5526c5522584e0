import { describe, expect, it } from 'vitest';
import { MemoryAdmission } from '../../src/months/memory-admission.ts';
import {
  lessParallelism,
  memoryNeed,
  parallelismWithin,
  requireParallelism,
} from '../../src/months/memory-budget.ts';

const file = { bytes: 11e6, isFetched: false };
const month = (name: string, byteLength: number) => ({
  month: name,
  path: `${name}.dbn.zst`,
  byteLength,
  modifiedMs: 0,
});

describe('parallelism within a memory limit', () => {
  it('is what was asked for where that fits, with a month more than threads', () => {
    expect(parallelismWithin(4e9, 4, file, 4)).toEqual({ workers: 4, months: 5 });
    expect(parallelismWithin(Number.POSITIVE_INFINITY, 64, file, 2)).toEqual({ workers: 64, months: 65 });
    expect(parallelismWithin(2e9, 2, file, 2)).toEqual({ workers: 2, months: 3 });
  });

  it('fits whatever the limit, never rises as the limit falls, and never exceeds what was asked', () => {
    let threads = 8;
    for (let limit = 4e9; limit >= 3e8; limit -= 1e7) {
      const found = parallelismWithin(limit, 8, file, 8);
      if (found === undefined) {
        expect(memoryNeed({ workers: 1, months: 1 }, file.bytes, false)).toBeGreaterThan(limit);
        continue;
      }
      expect(memoryNeed(found, file.bytes, false)).toBeLessThanOrEqual(limit);
      expect(found.workers).toBeLessThanOrEqual(8);
      expect(found.months).toBeLessThanOrEqual(found.workers + 1);
      threads = Math.min(threads, found.workers);
    }
    expect(threads).toBe(1);
  });

  it('takes no threads beyond the cores when memory is short', () => {
    const found = parallelismWithin(1e9, 16, file, 2);
    expect(found?.workers).toBe(2);
  });

  it('counts the files on their way from a bucket', () => {
    const both = [false, true].map((isFetched) => memoryNeed({ workers: 1, months: 1 }, 11e6, isFetched));
    expect(Number(both[1]) - Number(both[0])).toBe(2 * 2 * 11e6);
  });

  it('says what the largest month needs when that is more than there is', () => {
    const months = [month('2024-01', 10e6), month('2024-02', 200e6)];
    expect(() => requireParallelism(700e6, 4, months, false, 2)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringMatching(
          /^700 MB of memory is too little: .* 1\.\d+ GB \(2024-02, a file of 200 MB\)$/,
        ),
        hint: expect.stringMatching(/^give --memory \d+MB or more$/),
      }),
    );
    const least = Math.ceil(memoryNeed({ workers: 1, months: 1 }, 200e6, false) / 1e7) * 1e7;
    expect(requireParallelism(least, 4, months, false, 2)).toEqual({ workers: 1, months: 1 });
  });

  it('falls in steps to one thread with one month, and ends there', () => {
    const steps = [];
    for (let at = lessParallelism({ workers: 3, months: 4 }); at; at = lessParallelism(at)) steps.push(at);
    expect(steps.map(({ workers, months }) => `${workers}/${months}`)).toEqual([
      '3/3',
      '3/2',
      '2/2',
      '2/1',
      '1/1',
    ]);
  });
});

/** An admission whose memory is what the test says. */
function admission(months: number, limitBytes: number) {
  const memory = { rssBytes: 0 };
  const lowered: string[] = [];
  const made = new MemoryAdmission({
    parallelism: { workers: 2, months },
    limitBytes,
    rssBytes: () => memory.rssBytes,
    onLowered: ({ workers, months: left }, rss) => lowered.push(`${workers}/${left} at ${rss}`),
  });
  return { made, memory, lowered };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('admission of months', () => {
  it('lets in as many as the parallelism has, the others in turn as months leave', async () => {
    const { made } = admission(2, Number.POSITIVE_INFINITY);
    const entered: number[] = [];
    const rooms = [0, 1, 2, 3].map(async (each) => {
      const room = await made.enter();
      entered.push(each);
      return room;
    });
    await turn();
    expect(entered).toEqual([0, 1]);
    const [first, second] = [await rooms[0], await rooms[1]];
    first?.leave();
    first?.leave();
    await turn();
    expect(entered).toEqual([0, 1, 2]);
    second?.leave();
    await turn();
    expect(entered).toEqual([0, 1, 2, 3]);
  });

  it('lowers by a step near the limit, the next only when a month has left, and lets one in always', async () => {
    const { made, memory, lowered } = admission(3, 1000);
    const rooms = await Promise.all([made.enter(), made.enter()]);
    memory.rssBytes = 900;
    made.look();
    expect(lowered).toEqual([]);
    memory.rssBytes = 950;
    made.look();
    made.look();
    expect(lowered).toEqual(['2/2 at 950']);
    rooms[0]?.leave();
    made.look();
    made.look();
    expect(lowered).toEqual(['2/2 at 950', '2/1 at 950']);
    let isIn = false;
    void made.enter().then(() => {
      isIn = true;
    });
    await turn();
    expect(isIn).toBe(false);
    rooms[1]?.leave();
    await turn();
    expect(isIn).toBe(true);
    made.look();
    expect([lowered.length, made.parallelism]).toEqual([3, { workers: 1, months: 1 }]);
  });

  it('knows the most that was resident while each month was there', async () => {
    const { made, memory } = admission(3, 1e9);
    memory.rssBytes = 100;
    const first = await made.enter();
    memory.rssBytes = 500;
    made.look();
    memory.rssBytes = 200;
    const second = await made.enter();
    memory.rssBytes = 300;
    made.look();
    expect([first.peakRssBytes, second.peakRssBytes, made.peakRssBytes]).toEqual([500, 300, 500]);
  });
});
