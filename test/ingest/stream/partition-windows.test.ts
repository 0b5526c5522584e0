import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tick } from '../../../src/ingest/stream/message.ts';
import {
  type PartitionProgress,
  PartitionWindows,
  START,
  type WindowBar,
} from '../../../src/ingest/stream/partition-windows.ts';

const LENGTHS = { windowUs: 5e6, latenessUs: 10e6 };

interface Sent {
  readonly offset: number;
  /** Null: a message that is no tick. */
  readonly tick: Tick | null;
}

const tick = fc
  .record({
    asset: fc.constantFrom('BTCUSD', 'ETHUSD', 'EURUSD'),
    second: fc.integer({ min: 0, max: 60 }),
    price: fc.integer({ min: 1, max: 40 }),
    volume: fc.double({ min: 0, max: 10, noNaN: true }),
  })
  .map(({ asset, second, price, volume }) => {
    const tsUs = second * 1e6;
    return { asset, tsUs, open: price, high: price + (second % 3), low: price / 2, close: price, volume };
  });

/** Rising times with some disorder, holes in the offsets, and messages that are none. */
const messages: fc.Arbitrary<Sent[]> = fc
  .array(fc.tuple(fc.option(tick, { nil: null, freq: 6 }), fc.nat(2), fc.nat(3)), { maxLength: 80 })
  .map((list) => {
    let offset = 0;
    return list.map(([each, hole, drift], i) => {
      offset += 1 + (hole === 2 ? 3 : 0);
      return { offset, tick: each && { ...each, tsUs: each.tsUs / 4 + i * drift * 1e6 } };
    });
  });

/** The definition, over the whole list at once. */
function naive(sent: readonly Sent[]) {
  const groups = new Map<string, { startUs: number; members: Sent[] }>();
  const late: number[] = [];
  let watermarkUs = Number.NEGATIVE_INFINITY;
  for (const each of sent) {
    if (each.tick === null) continue;
    const startUs = each.tick.tsUs - (each.tick.tsUs % 5e6);
    if (startUs + 5e6 <= watermarkUs) {
      late.push(each.offset);
      continue;
    }
    const key = `${each.tick.asset} ${startUs}`;
    const group = groups.get(key) ?? { startUs, members: [] };
    group.members.push(each);
    groups.set(key, group);
    watermarkUs = Math.max(watermarkUs, each.tick.tsUs - 10e6);
  }
  const bars = [...groups].map(([key, { startUs, members }]): WindowBar => {
    const ticks = members.flatMap((member) => (member.tick === null ? [] : [member.tick]));
    const inTime = [...ticks].sort((a, b) => a.tsUs - b.tsUs);
    return {
      asset: key.split(' ')[0] ?? '',
      startUs,
      open: inTime[0]?.open ?? 0,
      close: inTime.at(-1)?.close ?? 0,
      high: Math.max(...ticks.map(({ high }) => high)),
      low: Math.min(...ticks.map(({ low }) => low)),
      volume: ticks.reduce((sum, { volume }) => sum + volume, 0),
      firstOffset: members[0]?.offset ?? 0,
    };
  });
  return { bars: inOrder(bars), late };
}

const inOrder = (bars: readonly WindowBar[]) =>
  [...bars].sort((a, b) => a.startUs - b.startUs || (a.asset < b.asset ? -1 : 1));

/** Works through messages from where the progress says; each is told to `late` unless it is known. */
function feed(windows: PartitionWindows, sent: readonly Sent[], late: number[]): void {
  for (const { offset, tick: each } of sent) {
    if (each === null) windows.pass(offset);
    else if (windows.add(offset, each) === 'late' && !windows.isKnown(offset)) late.push(offset);
  }
}

describe('the windows of a partition', () => {
  it('hold what the definition says, in one pass', () => {
    fc.assert(
      fc.property(messages, (sent) => {
        const late: number[] = [];
        const windows = new PartitionWindows(START, LENGTHS);
        feed(windows, sent, late);
        windows.closeAll();
        const expected = naive(sent);
        expect(inOrder(windows.takeClosed())).toEqual(expected.bars);
        expect(late).toEqual(expected.late);
        expect(windows.openCount).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('hold the same however the messages are cut, and wherever a commit is followed by a crash', () => {
    const cuts = fc.array(fc.record({ size: fc.integer({ min: 0, max: 12 }), lost: fc.boolean() }));
    fc.assert(
      fc.property(messages, cuts, (sent, batches) => {
        const bars: WindowBar[] = [];
        const late: number[] = [];
        let committed: PartitionProgress = START;
        let windows = new PartitionWindows(committed, LENGTHS);
        let at = 0;
        const commit = (lateNow: readonly number[]) => {
          bars.push(...windows.takeClosed());
          late.push(...lateNow);
          const { progress } = windows;
          for (const key of ['restart', 'position', 'watermarkUs'] as const) {
            expect(progress[key]).toBeGreaterThanOrEqual(committed[key]);
          }
          committed = progress;
        };
        for (const { size, lost } of [...batches, { size: sent.length, lost: false }]) {
          const lateNow: number[] = [];
          feed(windows, sent.slice(at, at + size), lateNow);
          at += size;
          if (!lost) {
            commit(lateNow);
            continue;
          }
          // killed before the commit: back to what the table says
          windows = new PartitionWindows(committed, LENGTHS);
          at = sent.findIndex(({ offset }) => offset >= committed.restart);
          if (at < 0) at = sent.length;
        }
        const lateNow: number[] = [];
        feed(windows, sent.slice(at), lateNow);
        windows.closeAll();
        commit(lateNow);
        const expected = naive(sent);
        expect(inOrder(bars)).toEqual(expected.bars);
        expect(late).toEqual(expected.late);
      }),
      { numRuns: 1000 },
    );
  });

  it('take the first and last message by time, and of one time by offset', () => {
    const windows = new PartitionWindows(START, LENGTHS);
    const at = (tsUs: number, price: number): Tick => {
      return { asset: 'A', tsUs, open: price, high: price, low: price, close: price, volume: 1 };
    };
    for (const [offset, each] of [at(2e6, 5), at(1e6, 4), at(1e6, 3), at(4e6, 7), at(4e6, 8)].entries()) {
      windows.add(offset, each);
    }
    windows.closeAll();
    expect(windows.takeClosed()).toEqual([
      { asset: 'A', startUs: 0, open: 4, high: 8, low: 3, close: 8, volume: 5, firstOffset: 0 },
    ]);
  });

  it('close by the newest message less the lateness, exactly', () => {
    const windows = new PartitionWindows(START, LENGTHS);
    const at = (tsUs: number): Tick => ({ asset: 'A', tsUs, open: 1, high: 1, low: 1, close: 1, volume: 1 });
    windows.add(0, at(0));
    windows.add(1, at(15e6 - 1));
    expect(windows.takeClosed()).toHaveLength(0);
    expect(windows.add(2, at(4e6))).toBe('added');
    windows.add(3, at(15e6));
    expect(windows.add(4, at(4e6))).toBe('late');
    expect(windows.takeClosed()).toEqual([expect.objectContaining({ startUs: 0, volume: 2 })]);
    expect(windows.progress).toEqual({ restart: 1, position: 5, watermarkUs: 5e6 });
  });
});
