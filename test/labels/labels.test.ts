import { describe, expect, test } from 'vitest';
import type { Grid } from '../../src/bars/index.ts';
import {
  computeLabels,
  type LabelMode,
  labelModes,
  monthlyDecay,
  newLabelColumns,
  utcMonthOf,
} from '../../src/labels/index.ts';

type Bar = readonly [open: number, high: number, low: number, close: number];

function gridOf(bars: readonly Bar[], sessionLengths: readonly number[] = [bars.length]): Grid {
  let start = 0;
  return {
    rowCount: bars.length,
    tsUs: Float64Array.from(bars, (_, i) => i * 1e6),
    openTicks: Int32Array.from(bars, (bar) => bar[0]),
    highTicks: Int32Array.from(bars, (bar) => bar[1]),
    lowTicks: Int32Array.from(bars, (bar) => bar[2]),
    closeTicks: Int32Array.from(bars, (bar) => bar[3]),
    volume: new Float64Array(bars.length),
    secondOfDay: new Int32Array(bars.length),
    sessions: sessionLengths.map((length) => {
      const session = { date: `at ${start}`, start, end: start + length, contract: null };
      start += length;
      return session;
    }),
  };
}

const flat: Bar = [1000, 1000, 1000, 1000];
const long: LabelMode = { name: 'long', direction: 'long', stopTicks: 6, targetTicks: 12 };

function firstLabel(
  bars: readonly Bar[],
  options: { affected?: Uint8Array; sessions?: readonly number[] } = {},
) {
  const grid = gridOf(bars, options.sessions);
  const affected = options.affected ?? new Uint8Array(grid.rowCount);
  const [{ label, weight }] = computeLabels(grid, { modes: [long], affected, scope: 'session' });
  return [label[0], weight[0]];
}

describe('one label', () => {
  test('the entry bar may decide', () => {
    expect(firstLabel([flat, [1000, 1012, 1000, 1000], flat])).toEqual([1, 4]);
  });

  test('target and stop in one bar count as a stop', () => {
    expect(firstLabel([flat, flat, [1000, 1012, 994, 1000], [1000, 1012, 1000, 1000]])).toEqual([0, 1]);
  });

  test('a tick short of the target is no touch', () => {
    expect(firstLabel([flat, flat, [1000, 1011, 1000, 1000]])).toEqual([0, 1]);
  });

  test('bar 900 still counts, bar 901 does not', () => {
    const wait = (bars: number) => [flat, ...Array.from({ length: bars }, () => flat)];
    expect(firstLabel([...wait(899), [1000, 1012, 1000, 1000]])).toEqual([
      1,
      Math.fround(2 * (2 - (1.5 * 599) / 600)),
    ]);
    expect(firstLabel([...wait(900), [1000, 1012, 1000, 1000]])).toEqual([0, 1]);
  });

  test('the worst move up to and in the deciding bar lowers the quality', () => {
    expect(firstLabel([flat, [1000, 1000, 997, 1000], [1000, 1012, 996, 1000]])).toEqual([1, 2]);
    expect(firstLabel([flat, [1000, 1000, 998, 1000], [1000, 1012, 998, 1000]])).toEqual([1, 3]);
  });

  test('a roll-affected bar on the way decides for 0, and so does one at its own row', () => {
    const bars = [flat, flat, [1000, 1012, 1000, 1000]] as const;
    expect(firstLabel(bars)).toEqual([1, 4]);
    expect(firstLabel(bars, { affected: Uint8Array.of(0, 1, 0) })).toEqual([0, 1]);
    expect(firstLabel(bars, { affected: Uint8Array.of(1, 0, 0) })).toEqual([0, 1]);
  });

  test('the session ends the walk', () => {
    const bars = [flat, flat, [1000, 1012, 1000, 1000]] as const;
    expect(firstLabel(bars, { sessions: [2, 1] })).toEqual([0, 1]);
  });
});

describe('decay', () => {
  const at = (text: string) => Date.parse(text) * 1000;

  test('is one run per UTC month, the newest the reference', () => {
    const tsUs = Float64Array.of(
      at('2025-12-31T23:59:59Z'),
      at('2026-01-01T00:00:00Z'),
      at('2026-01-02T00:00:00Z'),
      at('2026-03-01T00:00:00Z'),
    );
    expect(monthlyDecay(tsUs)).toEqual([
      { startRow: 0, factor: Math.exp(-0.05 * 3) },
      { startRow: 1, factor: Math.exp(-0.05 * 2) },
      { startRow: 3, factor: 1 },
    ]);
  });

  test('can count from a reference month', () => {
    const month = utcMonthOf(at('2025-10-15T00:00:00Z'));
    expect(monthlyDecay(Float64Array.of(at('2025-08-01T00:00:00Z')), 0.1, month)).toEqual([
      { startRow: 0, factor: Math.exp(-0.2) },
    ]);
  });

  test('no rows weigh nothing', () => {
    const grid = gridOf([]);
    const decay = monthlyDecay(grid.tsUs);
    const columns = computeLabels(grid, { affected: new Uint8Array(0), scope: 'all', decay });
    expect(columns.map(({ label }) => label.length)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('shapes', () => {
  test('a range outside the grid, marks or columns of another length are refused', () => {
    const grid = gridOf([flat, flat]);
    const options = { affected: new Uint8Array(2), scope: 'all' } as const;
    expect(() => computeLabels(grid, options, { startRow: 0, endRow: 3 })).toThrow(RangeError);
    expect(() => computeLabels(grid, { ...options, affected: new Uint8Array(1) })).toThrow(RangeError);
    expect(() => computeLabels(grid, { ...options, decay: [] })).toThrow(RangeError);
    const short = newLabelColumns(labelModes, 1);
    expect(() => computeLabels(grid, options, { startRow: 0, endRow: 2 }, short)).toThrow(RangeError);
    expect(() => computeLabels(grid, options, undefined, [])).toThrow(RangeError);
  });
});
