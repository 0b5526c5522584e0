import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  affectedRows,
  findInstrument,
  findRolls,
  type Grid,
  type GridSession,
} from '../../src/bars/index.ts';

const instrument = findInstrument('ES');

/** A grid of one-second rows with these closes (ticks), sessions of the given lengths and contracts. */
function gridOf(
  closes: readonly number[],
  parts: readonly { length: number; contract: string | null }[],
): Grid {
  const ticks = Int32Array.from(closes);
  let start = 0;
  const sessions = parts.map(({ length, contract }, k): GridSession => {
    const session = { date: `2024-03-${String(k + 11)}`, start, end: start + length, contract };
    start += length;
    return session;
  });
  return {
    rowCount: ticks.length,
    tsUs: Float64Array.from(closes, (_, row) => row * 1e6),
    openTicks: ticks,
    highTicks: ticks,
    lowTicks: ticks,
    closeTicks: ticks,
    volume: new Float64Array(ticks.length),
    secondOfDay: new Int32Array(ticks.length),
    sessions,
  };
}

const zeros = (n: number): number[] => new Array<number>(n).fill(20_000);

describe('rolls by contract', () => {
  const parts = [
    { length: 10, contract: 'ESH4' },
    { length: 10, contract: 'ESH4' },
    { length: 3, contract: 'ESM4' },
  ];

  it('are where the front changes between sessions, however the price moves', () => {
    const grid = gridOf([...zeros(10), ...zeros(10).map((t) => t + 500), ...zeros(3)], parts);
    const candidates = [
      { date: '2024-03-13', fromContract: 'ESH4', toContract: 'ESM4', priceGap: 60.25, gapUs: 5 },
    ];
    const report = findRolls(grid, { mode: 'contracts', instrument, candidates });
    expect(report).toEqual({
      mode: 'contracts',
      previousFrontKnown: false,
      events: [
        {
          row: 20,
          timestampUs: 20e6,
          date: '2024-03-13',
          rule: 'contracts',
          priceGap: 60.25,
          gapUs: 5,
          direction: 'up',
          barsAffected: 3,
          fromContract: 'ESH4',
          toContract: 'ESM4',
        },
      ],
    });
  });

  it('without a common bar have no gap, and the direction of the step', () => {
    const grid = gridOf([...zeros(20), ...zeros(3).map((t) => t - 4)], parts);
    const [event] = findRolls(grid, { mode: 'contracts', instrument }).events;
    expect(event).toMatchObject({ priceGap: null, gapUs: null, direction: 'down' });
  });

  it('can open the month', () => {
    const grid = gridOf(zeros(10), [{ length: 10, contract: 'ESM4' }]);
    const rolled = findRolls(grid, { mode: 'contracts', instrument, previousFront: 'ESH4' });
    expect(rolled).toMatchObject({
      previousFrontKnown: true,
      events: [{ row: 0, direction: null, barsAffected: 6 }],
    });
    expect(findRolls(grid, { mode: 'contracts', instrument, previousFront: 'ESM4' }).events).toEqual([]);
    expect(findRolls(grid, { mode: 'contracts', instrument, previousFront: null })).toMatchObject({
      previousFrontKnown: false,
      events: [],
    });
  });
});

describe('rolls by gap', () => {
  it('are moves of more than 20 points between rows', () => {
    const closes = [20_000, 20_080, 20_000, 20_081, 20_000, 19_999];
    const grid = gridOf(closes, [{ length: 6, contract: null }]);
    const { events } = findRolls(grid, { mode: 'gaps', instrument, sessions: 'ignore' });
    expect(
      events.map(({ row, priceGap, direction, barsAffected }) => [row, priceGap, direction, barsAffected]),
    ).toEqual([
      [3, 20.25, 'up', 4],
      [4, -20.25, 'down', 3],
    ]);
  });

  it('equal a naive twin', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 19_900, max: 20_100 }), { maxLength: 50 }), (closes) => {
        const grid = gridOf(closes, [{ length: closes.length, contract: null }]);
        const rows = findRolls(grid, { mode: 'gaps', instrument }).events.map(({ row }) => row);
        const expected = closes.flatMap((close, k) =>
          k > 0 && Math.abs(close - closes[k - 1]) / 4 > 20 ? [k] : [],
        );
        expect(rows).toEqual(expected);
      }),
    );
  });
});

describe('affected rows', () => {
  const marked = (grid: Grid, rows: number[], options = {}): number[] => {
    const mask = affectedRows(
      grid,
      rows.map((row) => ({ row })),
      options,
    );
    return [...mask].flatMap((value, row) => (value ? [row] : []));
  };

  it('are one before to five after, inside the session or across', () => {
    const grid = gridOf(zeros(20), [
      { length: 10, contract: 'A' },
      { length: 10, contract: 'B' },
    ]);
    expect(marked(grid, [10])).toEqual([10, 11, 12, 13, 14, 15]);
    expect(marked(grid, [10], { sessions: 'ignore' })).toEqual([9, 10, 11, 12, 13, 14, 15]);
    expect(marked(grid, [7])).toEqual([6, 7, 8, 9]);
    expect(marked(grid, [0, 19], { sessions: 'ignore' })).toEqual([0, 1, 2, 3, 4, 5, 18, 19]);
    expect(marked(grid, [5, 7], { affectedBefore: 0, affectedAfter: 1 })).toEqual([5, 6, 7, 8]);
  });
});
