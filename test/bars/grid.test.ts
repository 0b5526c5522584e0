import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allRows,
  cleanBars,
  exchangeClock,
  fillGrid,
  findInstrument,
  type Grid,
  gridOfBars,
  inSession,
  parseIsoDate,
  sessionSpans,
  takeRows,
  tradingHours,
  unfilledGrid,
} from '../../src/bars/index.ts';
import { barsOf, flat, type Row, us } from './fixture.ts';

const es = findInstrument('ES');

function prepare(rows: readonly Row[], session = 'cme-rth') {
  const hours = tradingHours(session);
  const bars = barsOf(rows);
  const { inside } = inSession(bars, allRows(bars.rowCount), { hours });
  return { hours, bars, ...cleanBars(bars, inside, { instrument: es }) };
}

function gridOf(rows: readonly Row[], barSeconds = 1, session = 'cme-rth') {
  const { hours, clean } = prepare(rows, session);
  return fillGrid(clean, { clock: hours.clock, barSeconds });
}

function gridRow(grid: Grid, row: number): number[] {
  const { openTicks, highTicks, lowTicks, closeTicks, volume } = grid;
  return [openTicks[row], highTicks[row], lowTicks[row], closeTicks[row], volume[row]];
}

const OPEN = us('2024-07-01T12:30:00Z');
const at = (second: number): number => OPEN + second * 1e6;

describe('grid', () => {
  it('repeats the close before a missing second, and the first open before the first bar', () => {
    const { grid, report } = gridOf([
      { ts: at(3), open: 5000, high: 5002, low: 4999, close: 5001, volume: 7 },
      { ts: at(6), open: 5003, high: 5003, low: 5003, close: 5003, volume: 2 },
    ]);
    expect(grid.rowCount).toBe(27_000);
    expect([0, 2, 3, 4, 5, 6, 7, 26_999].map((row) => gridRow(grid, row))).toEqual([
      [20_000, 20_000, 20_000, 20_000, 0],
      [20_000, 20_000, 20_000, 20_000, 0],
      [20_000, 20_008, 19_996, 20_004, 7],
      [20_004, 20_004, 20_004, 20_004, 0],
      [20_004, 20_004, 20_004, 20_004, 0],
      [20_012, 20_012, 20_012, 20_012, 2],
      [20_012, 20_012, 20_012, 20_012, 0],
      [20_012, 20_012, 20_012, 20_012, 0],
    ]);
    expect([grid.tsUs[0], grid.tsUs[26_999]]).toEqual([OPEN, at(26_999)]);
    expect([grid.secondOfDay[0], grid.secondOfDay[26_999]]).toEqual([27_000, 53_999]);
    expect(report).toMatchObject({
      rowCount: 27_000,
      realRows: 2,
      filledRows: 26_998,
      longestFill: 26_993,
      mergedRows: 0,
    });
    expect(report.sessions).toEqual([
      {
        date: '2024-07-01',
        contract: null,
        rowCount: 27_000,
        realRows: 2,
        filledRows: 26_998,
        leadingFill: 3,
        longestFill: 26_993,
      },
    ]);
    expect(report.halfHours).toHaveLength(15);
    expect(report.halfHours[0]).toEqual({ from: '07:30', rowCount: 1800, filledRows: 1798 });
    expect(report.halfHours[14]).toEqual({ from: '14:30', rowCount: 1800, filledRows: 1800 });
  });

  it('lies on shared memory', () => {
    const { grid } = gridOf([flat(at(0), 5000)]);
    for (const column of [grid.tsUs, grid.openTicks, grid.volume, grid.secondOfDay]) {
      expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  it('is shorter on an early close, and has no session for a date without bars', () => {
    const { grid } = gridOf([flat('2024-07-01T15:00:00Z', 5000), flat('2024-07-03T15:00:00Z', 5000)]);
    expect(grid.sessions).toEqual([
      { date: '2024-07-01', start: 0, end: 27_000, contract: null },
      { date: '2024-07-03', start: 27_000, end: 44_100, contract: null },
    ]);
    expect(gridOf([]).grid).toMatchObject({ rowCount: 0, sessions: [] });
    expect(gridOf([flat(at(0), -1)]).grid.rowCount).toBe(0);
  });

  it('has 27,000 rows at the right UTC hour around both changes of clocks, 2010 to 2030', () => {
    const hours = tradingHours('cme-rth');
    for (let year = 2010; year <= 2030; year++) {
      for (const [from, to, opens] of [
        ['03-05', '03-17', ['13:30', '12:30']],
        ['10-30', '11-10', ['12:30', '13:30']],
      ] as const) {
        const spans = sessionSpans(
          hours,
          parseIsoDate(`${year}-${from}`) ?? 0,
          parseIsoDate(`${year}-${to}`) ?? 0,
        );
        const full = spans.filter(({ day }) => hours.calendar.specialDay(day) === undefined);
        const { grid } = gridOf(full.map(({ openUs }) => flat(openUs + 5e6, 5000)));
        const seen = new Set(
          grid.sessions.map(({ start, end }) => {
            expect(end - start).toBe(27_000);
            expect(grid.secondOfDay[start]).toBe(27_000);
            return new Date(grid.tsUs[start] / 1000).toISOString().slice(11, 16);
          }),
        );
        expect([...seen]).toEqual(opens);
      }
    }
  });

  it('merges bars finer than its span, and can be coarser', () => {
    const rows: Row[] = [
      { ts: at(0), open: 5000, high: 5001, low: 5000, close: 5001, volume: 1 },
      { ts: at(59.5), open: 5001, high: 5002, low: 4998, close: 4999, volume: 2 },
      flat(at(120), 5005, 4),
    ];
    const { grid, report } = gridOf(rows, 60);
    expect(grid.rowCount).toBe(450);
    expect(gridRow(grid, 0)).toEqual([20_000, 20_008, 19_992, 19_996, 3]);
    expect(gridRow(grid, 1)).toEqual([19_996, 19_996, 19_996, 19_996, 0]);
    expect(report).toMatchObject({ barSeconds: 60, realRows: 2, mergedRows: 1, offGridRows: 1 });
    expect(grid.secondOfDay[449]).toBe(53_940);
  });

  it('keeps hourly slots on the hour', () => {
    const { grid, report } = gridOf(
      [flat('2024-07-01T13:00:00Z', 5000), flat('2024-07-01T19:00:00Z', 5001)],
      3600,
    );
    expect(grid.rowCount).toBe(7);
    expect(report).toMatchObject({ realRows: 2, offGridRows: 0 });
    expect([...grid.secondOfDay]).toEqual([8, 9, 10, 11, 12, 13, 14].map((hour) => hour * 3600));
  });

  it('follows the wall clock through a session over midnight', () => {
    const { grid } = gridOf([flat('2024-07-08T00:00:00Z', 5000)], 3600, 'fx');
    expect(grid.rowCount).toBe(24);
    expect([...grid.secondOfDay].map((second) => second / 3600)).toEqual([
      17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ]);
  });
});

const sparseRow = fc.record({
  day: fc.constantFrom('2024-07-01', '2024-07-02', '2024-07-03'),
  second: fc.integer({ min: -5, max: 27_005 }),
  ticks: fc.integer({ min: 19_990, max: 20_010 }),
  volume: fc.nat({ max: 9 }),
});

function rowOf({
  day,
  second,
  ticks,
  volume,
}: {
  day: string;
  second: number;
  ticks: number;
  volume: number;
}): Row {
  return flat(us(`${day}T12:30:00Z`) + second * 1e6, ticks / 4, volume);
}

describe('properties', () => {
  it('equals a naive forward fill', () => {
    fc.assert(
      fc.property(fc.array(sparseRow, { minLength: 1, maxLength: 30 }), (spec) => {
        const { clean, hours } = prepare(spec.map(rowOf));
        const { grid, report } = fillGrid(clean, { clock: hours.clock });
        const barAt = new Map(Array.from({ length: clean.rowCount }, (_, k) => [clean.tsUs[k], k]));
        let filled = 0;
        for (const [s, session] of grid.sessions.entries()) {
          const { start, end, span } = clean.sessions[s];
          expect(session.end - session.start).toBe((span.closeUs - span.openUs) / 1e6);
          let price = clean.openTicks[start];
          for (let row = session.start; row < session.end; row++) {
            const bar = barAt.get(grid.tsUs[row]);
            const expected =
              bar === undefined
                ? [price, price, price, price, 0]
                : [
                    clean.openTicks[bar],
                    clean.highTicks[bar],
                    clean.lowTicks[bar],
                    clean.closeTicks[bar],
                    clean.volume[bar],
                  ];
            // a matcher a row would take minutes
            if (gridRow(grid, row).some((value, k) => value !== expected[k]))
              expect(gridRow(grid, row)).toEqual(expected);
            if (bar === undefined) filled++;
            else price = clean.closeTicks[bar];
          }
          expect(end).toBeGreaterThan(start);
        }
        expect(report.filledRows).toBe(filled);
        expect(report.realRows).toBe(clean.rowCount);
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same grid in any order of rows that differ in time', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(sparseRow, { maxLength: 40, selector: (r) => `${r.day} ${r.second}` }),
        fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
        (spec, keys) => {
          const rows = spec.map(rowOf);
          const shuffled = rows
            .map((row, k) => ({ row, key: keys[k] }))
            .sort((a, b) => a.key - b.key)
            .map(({ row }) => row);
          const [a, b] = [gridOf(rows), gridOf(shuffled)];
          expect(b.report).toEqual(a.report);
          const same = (x: Float64Array | Int32Array, y: Float64Array | Int32Array): boolean =>
            Buffer.from(x.buffer).equals(Buffer.from(y.buffer));
          expect(same(a.grid.closeTicks, b.grid.closeTicks)).toBe(true);
          expect(same(a.grid.openTicks, b.grid.openTicks)).toBe(true);
          expect(same(a.grid.volume, b.grid.volume)).toBe(true);
          expect(same(a.grid.tsUs, b.grid.tsUs)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('grids without filling', () => {
  const rows = [
    flat('2024-07-01T12:30:05Z', 5000),
    flat('2024-07-01T19:00:00Z', 5001.25),
    flat('2024-07-02T12:30:00Z', 5002),
  ];

  it('keep clean bars as they are', () => {
    const { clean, hours } = prepare(rows);
    const grid = unfilledGrid(clean, hours);
    expect([...grid.closeTicks]).toEqual([20_000, 20_005, 20_008]);
    expect([...grid.secondOfDay]).toEqual([27_005, 50_400, 27_000]);
    expect(grid.sessions.map(({ start, end, date }) => [start, end, date])).toEqual([
      [0, 2, '2024-07-01'],
      [2, 3, '2024-07-02'],
    ]);
  });

  it('take raw bars that are on ticks and in order, a session per date', () => {
    const hours = tradingHours('cme-rth');
    const grid = gridOfBars(barsOf(rows), es, hours, 'sample.csv');
    expect([...grid.closeTicks]).toEqual([20_000, 20_005, 20_008]);
    expect(grid.sessions.map(({ start, end, date }) => [start, end, date])).toEqual([
      [0, 2, '2024-07-01'],
      [2, 3, '2024-07-02'],
    ]);
    const bad = barsOf([rows[0], { ...rows[1], low: 5001.1 }]);
    expect(() => gridOfBars(bad, es, hours, 'sample.csv')).toThrow(
      "sample.csv: column low, row 2: expected a multiple of ES's tick of 0.25, found 5001.1.",
    );
    const back = takeRows(barsOf(rows), Int32Array.of(1, 0));
    expect(() => gridOfBars(back, es, hours, 'sample.csv')).toThrow(
      /row 2 starts at 2024-07-01T12:30:05.000Z, not after/,
    );
  });
});

it('exchange clock of the fixture is Chicago', () => {
  expect(exchangeClock('America/Chicago').secondOfDayAt(OPEN)).toBe(27_000);
});
