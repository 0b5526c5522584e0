import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Bars,
  chooseContract,
  expiryMonth,
  findInstrument,
  type Instrument,
  parseContract,
  takeRows,
  tradingHours,
} from '../../src/bars/index.ts';
import { barsOf, flat, type Row, us } from './fixture.ts';

const options = { instrument: findInstrument('ES'), hours: tradingHours('cme-rth') };
const H4: Instrument = { id: 1, symbol: 'ESH4' };
const M4: Instrument = { id: 2, symbol: 'ESM4' };
const SPREAD: Instrument = { id: 3, symbol: 'ESH4-ESM4' };
const all = [H4, M4, SPREAD];

describe('symbols', () => {
  it('tells outrights from the rest', () => {
    expect(parseContract('ESH4')).toEqual({ product: 'ES', month: 3, yearDigits: '4' });
    expect(parseContract('M2KZ25')).toEqual({ product: 'M2K', month: 12, yearDigits: '25' });
    for (const symbol of ['ESH4-ESM4', 'ES:BF H4-M4', 'ES', 'H4', 'ESH', 'ESA4']) {
      expect(parseContract(symbol)).toBeUndefined();
    }
  });

  it('resolves a year digit to the first such year from the trade on', () => {
    const z9 = { product: 'ES', month: 12, yearDigits: '9' };
    expect(expiryMonth(z9, 2019)).toBe(2019 * 12 + 12);
    expect(expiryMonth(z9, 2020)).toBe(2029 * 12 + 12);
    expect(expiryMonth({ ...z9, yearDigits: '24' }, 2019)).toBe(2024 * 12 + 12);
  });
});

describe('front contract', () => {
  it('is the outright with the most volume of the Chicago date, over all hours', () => {
    const rows: Row[] = [
      flat('2024-03-11T12:00:00Z', 5100, 10, 0),
      flat('2024-03-11T15:00:00Z', 5160, 9, 1),
      flat('2024-03-11T15:00:00Z', 60, 1000, 2),
      // 04:59 UTC is still the 11th in Chicago, and tips it
      flat('2024-03-12T04:59:59Z', 5161, 2, 1),
      flat('2024-03-12T05:00:00Z', 5100, 5, 0),
      flat('2024-03-12T05:00:00Z', 5161, 4, 1),
    ];
    const { rows: kept, report } = chooseContract(barsOf(rows, all), options);
    expect([...kept]).toEqual([1, 3, 4]);
    expect(report.fronts).toEqual([
      { date: '2024-03-11', contract: 'ESM4', volume: 11, contractCount: 2 },
      { date: '2024-03-12', contract: 'ESH4', volume: 5, contractCount: 2 },
    ]);
    expect(report).toMatchObject({
      method: 'contracts',
      rowsIn: 6,
      rowsOut: 3,
      spreadRows: 1,
      outrightRows: 5,
    });
    expect(report.daysWithSeveralContracts).toBe(2);
  });

  it('takes the nearer expiry on a tie, whatever the order of instruments', () => {
    const tie = [flat('2024-03-11T15:00:00Z', 5160, 7, 0), flat('2024-03-11T15:00:00Z', 5100, 7, 1)];
    for (const [symbols, front] of [
      [['ESM4', 'ESH4'], 'ESH4'],
      [['ESH5', 'ESZ4'], 'ESZ4'],
      [['ESH4', 'ESZ3'], 'ESH4'],
    ] as const) {
      const bars = barsOf(
        tie,
        symbols.map((symbol, id) => ({ id, symbol })),
      );
      expect(chooseContract(bars, options).report.fronts[0].contract).toBe(front);
    }
  });

  it('knows only the day before under previous_day_volume', () => {
    const rows = [
      flat('2024-03-11T15:00:00Z', 5100, 10, 0),
      flat('2024-03-11T15:00:00Z', 5160, 1, 1),
      flat('2024-03-12T15:00:00Z', 5100, 1, 0),
      flat('2024-03-12T15:00:00Z', 5160, 10, 1),
      flat('2024-03-14T15:00:00Z', 5100, 10, 0),
      flat('2024-03-14T15:00:00Z', 5160, 1, 1),
    ];
    const { report } = chooseContract(barsOf(rows, all), { ...options, rule: 'previous_day_volume' });
    expect(report.fronts.map((front) => front.contract)).toEqual(['ESH4', 'ESH4', 'ESM4']);
    expect(report.lookAheadDates).toEqual(['2024-03-11']);
  });

  it('never goes back under noFlipBack, also from the month before', () => {
    const rows = [
      flat('2024-03-11T15:00:00Z', 5100, 1, 0),
      flat('2024-03-11T15:00:00Z', 5160, 10, 1),
      flat('2024-03-12T15:00:00Z', 5100, 10, 0),
      flat('2024-03-12T15:00:00Z', 5160, 1, 1),
      flat('2024-03-13T15:00:00Z', 5100, 10, 0),
    ];
    const bars = barsOf(rows, all);
    const flips = chooseContract(bars, options).report;
    expect(flips.fronts.map((front) => front.contract)).toEqual(['ESM4', 'ESH4', 'ESH4']);
    const stays = chooseContract(bars, { ...options, noFlipBack: true }).report;
    expect(stays.fronts.map((front) => front.contract)).toEqual(['ESM4', 'ESM4']);
    expect(stays.datesWithoutFront).toEqual(['2024-03-13']);
    const seeded = chooseContract(bars.rowCount ? takeRows(bars, Int32Array.of(2, 3)) : bars, {
      ...options,
      noFlipBack: true,
      previousFront: 'ESM4',
    }).report;
    expect(seeded.fronts.map((front) => front.contract)).toEqual(['ESM4']);
  });

  it('names each roll with the gap at the last bar both had before the new session', () => {
    const rows = [
      flat('2024-03-11T15:00:00Z', 5100, 10, 0),
      flat('2024-03-11T15:00:00Z', 5160.25, 1, 1),
      flat('2024-03-12T02:00:00Z', 5101, 1, 0),
      flat('2024-03-12T02:00:00Z', 5160.75, 1, 1),
      flat('2024-03-12T12:29:59Z', 5162, 1, 1),
      flat('2024-03-12T12:30:00Z', 5102, 1, 0),
      flat('2024-03-12T12:30:00Z', 5162, 50, 1),
    ];
    const { report } = chooseContract(barsOf(rows, all), options);
    expect(report.rolls).toEqual([
      {
        date: '2024-03-12',
        fromContract: 'ESH4',
        toContract: 'ESM4',
        priceGap: 59.75,
        gapUs: us('2024-03-12T02:00:00Z'),
      },
    ]);
    expect(chooseContract(barsOf(rows, all), options).report.lastSession).toEqual({
      date: '2024-03-12',
      front: 'ESM4',
    });
  });

  it('tells a roll into the month, with no gap when the old contract is not in the file', () => {
    const bars = barsOf([flat('2024-03-12T15:00:00Z', 5160, 1, 0)], [M4]);
    expect(chooseContract(bars, options).report.rolls).toEqual([]);
    expect(chooseContract(bars, { ...options, previousFront: 'ESH4' }).report.rolls).toEqual([
      { date: '2024-03-12', fromContract: 'ESH4', toContract: 'ESM4', priceGap: null, gapUs: null },
    ]);
    expect(chooseContract(bars, { ...options, previousFront: 'ESM4' }).report.rolls).toEqual([]);
  });

  it('adds up the ids that stand for one symbol, and counts the rows of ids that stand for none', () => {
    const bars = barsOf(
      [
        flat('2024-03-12T15:00:00Z', 5100, 6, 0),
        flat('2024-03-12T15:00:01Z', 5160, 7, 1),
        flat('2024-03-12T15:00:02Z', 5100, 6, 2),
        flat('2024-03-12T15:00:03Z', 5100, 99, 3),
        flat('2024-03-12T15:00:04Z', 18000, 99, 4),
      ],
      [H4, M4, { id: 9, symbol: 'ESH4' }, { id: 5, symbol: null }, { id: 6, symbol: 'NQH4' }],
    );
    const { rows, report } = chooseContract(bars, options);
    expect([...rows]).toEqual([0, 2]);
    expect(report).toMatchObject({
      unmappedRows: 1,
      otherRows: 1,
      outrightRows: 3,
      daysWithSeveralContracts: 1,
    });
  });

  it('goes by ids where there are no symbols, and refuses a file of another product', () => {
    const rows = [flat('2024-03-12T15:00:00Z', 5100, 1, 0), flat('2024-03-12T15:00:00Z', 5160, 2, 1)];
    const ids = chooseContract(
      barsOf(rows, [
        { id: 7, symbol: null },
        { id: 8, symbol: null },
      ]),
      options,
    );
    expect(ids.report).toMatchObject({ method: 'ids', fronts: [{ contract: 'id:8' }] });
    const nq = barsOf(rows, [
      { id: 7, symbol: 'NQH4' },
      { id: 8, symbol: 'NQM4' },
    ]);
    expect(() => chooseContract(nq, options)).toThrow('holds no outright contract of ES; found NQH4, NQM4.');
  });
});

describe('segments, where no contract is named', () => {
  it('splits a day at jumps above 5 points and keeps the segment with the most volume', () => {
    const day = '2024-03-12T15:00:0';
    const rows = [
      flat(`${day}0Z`, 5100, 5),
      flat(`${day}1Z`, 5105, 5),
      flat(`${day}2Z`, 5110.25, 4),
      flat(`${day}3Z`, 5110, 7),
      flat(`${day}4Z`, 5100, 1),
      flat('2024-03-13T15:00:00Z', 5300, 1),
    ];
    const { rows: kept, report } = chooseContract(barsOf(rows), options);
    expect([...kept]).toEqual([2, 3, 5]);
    expect(report.method).toBe('segments');
    expect(report.segments).toEqual({
      jump: 5,
      splitDates: [{ date: '2024-03-12', segmentCount: 3, rowsDropped: 3 }],
    });
  });

  it('keeps the earlier of two segments with the same volume, and starts none at a price that is none', () => {
    const day = '2024-03-12T15:00:0';
    const rows = [
      flat(`${day}0Z`, 5100, 2),
      flat(`${day}1Z`, 0, 1),
      flat(`${day}2Z`, 5200, 1),
      flat(`${day}3Z`, Number.NaN, 2),
    ];
    expect([...chooseContract(barsOf(rows), options).rows]).toEqual([0, 1]);
  });

  it('gives the same bars in any order of the rows', () => {
    const row = fc.record({
      step: fc.integer({ min: -30, max: 30 }),
      volume: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.infiniteStream(fc.nat()), (steps, keys) => {
        let price = 5000;
        const start = us('2024-03-12T23:59:30Z');
        const rows = steps.map(({ step, volume }, k) => {
          price += step / 4;
          return flat(start + k * 977_000_000, price, volume);
        });
        const shuffled = rows
          .map((value) => ({ value, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key);
        const times = (bars: Bars): number[] => {
          const { rows: kept } = chooseContract(bars, options);
          expect([...kept]).toEqual([...kept].sort((a, b) => a - b));
          return Array.from(takeRows(bars, kept).tsUs).sort((a, b) => a - b);
        };
        expect(times(barsOf(shuffled.map(({ value }) => value)))).toEqual(times(barsOf(rows)));
      }),
    );
  });
});

describe('against a naive twin', () => {
  it('chooses the same fronts and rows', () => {
    const symbols = ['ESH4', 'ESM4', 'ESU4', 'ESH4-ESM4', null, 'NQH4'];
    const instruments = symbols.map((symbol, id) => ({ id, symbol }));
    const row = fc.record({
      hour: fc.integer({ min: 0, max: 24 * 8 }),
      volume: fc.integer({ min: -1, max: 4 }),
      instrument: fc.nat({ max: symbols.length - 1 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 80 }), (spec) => {
        const rows = spec.map((r) =>
          flat(us('2024-03-08T00:00:00Z') + r.hour * 3.6e9, 5000, r.volume, r.instrument),
        );
        const { rows: kept, report } = chooseContract(barsOf(rows, instruments), options);
        const dateOf = (r: Row): string =>
          new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/Chicago' }).format(us(r.ts) / 1000);
        const fronts = new Map<string, number>();
        for (const date of new Set(rows.map(dateOf))) {
          const volumeOf = (k: number): number | null => {
            const own = rows.filter((r) => dateOf(r) === date && r.instrument === k);
            return own.length ? own.reduce((sum, r) => sum + Math.max(0, r.volume), 0) : null;
          };
          const ranked = [0, 1, 2].filter((k) => volumeOf(k) !== null);
          ranked.sort((a, b) => (volumeOf(b) ?? 0) - (volumeOf(a) ?? 0) || a - b);
          if (ranked.length > 0) fronts.set(date, ranked[0]);
        }
        expect(Object.fromEntries(report.fronts.map((f) => [f.date, f.contract]))).toEqual(
          Object.fromEntries([...fronts].map(([date, k]) => [date, symbols[k]])),
        );
        const expected = rows.flatMap((r, k) => (fronts.get(dateOf(r)) === r.instrument ? [k] : []));
        expect([...kept]).toEqual(expected);
        const { outrightRows, spreadRows, otherRows, unmappedRows } = report;
        expect(outrightRows + spreadRows + otherRows + unmappedRows).toBe(rows.length);
      }),
      { numRuns: 150 },
    );
  });
});
