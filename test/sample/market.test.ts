import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoDate, weekdayOf } from '../../src/bars/index.ts';
import {
  basisTicks,
  expiryDay,
  listedFrom,
  listingsOn,
  nearestContract,
  outrightSymbol,
  rollDay,
  shareOfNext,
} from '../../src/sample/contracts.ts';
import { firstDayOf } from '../../src/sample/dates.ts';
import { daySegments, eveningSegments, isTradingDay, tradingDays } from '../../src/sample/hours.ts';
import { levelOfMonth, monthPath } from '../../src/sample/level.ts';
import { PricePath } from '../../src/sample/price-path.ts';

const seeds = fc.maxSafeNat();
const months = fc.integer({ min: 2010 * 12, max: 2030 * 12 + 11 });
const contracts = fc.integer({ min: 2010 * 4, max: 2030 * 4 + 3 });
const days = fc.integer({ min: firstDayOf(2010 * 12), max: firstDayOf(2031 * 12) - 1 });

describe('contracts', () => {
  it.each([
    [2024 * 4, 'ESH4', '2024-03-15'],
    [2024 * 4 + 1, 'ESM4', '2024-06-21'],
    [2012 * 4 + 3, 'ESZ2', '2012-12-21'],
    [2020 * 4 + 2, 'ESU0', '2020-09-18'],
  ])('%i is %s and expires on %s', (contract, symbol, expiry) => {
    expect(outrightSymbol(contract)).toBe(symbol);
    expect(isoDate(expiryDay(contract))).toBe(expiry);
  });

  it('lists four outrights and two spreads, each for one stretch of dates, under ids of 5 or 6 digits', () => {
    fc.assert(
      fc.property(days, (day) => {
        const listings = listingsOn(day);
        expect(listings.map(({ far }) => far !== null)).toEqual([false, false, false, false, true, true]);
        for (const listing of listings) {
          expect(listedFrom(listing)).toBeLessThanOrEqual(day);
          expect(expiryDay(listing.near)).toBeGreaterThanOrEqual(day);
          const before = listingsOn(listedFrom(listing) - 1).map(({ symbol }) => symbol);
          expect(before).not.toContain(listing.symbol);
        }
      }),
    );
    const ids = new Map<number, string>();
    for (let day = firstDayOf(2010 * 12); day < firstDayOf(2031 * 12); day += 30) {
      for (const { instrumentId, near, far } of listingsOn(day)) {
        expect(instrumentId).toBeGreaterThanOrEqual(10_000);
        expect(instrumentId).toBeLessThan(1_000_000);
        const name = `${near} ${far}`;
        expect(ids.get(instrumentId) ?? name).toBe(name);
        ids.set(instrumentId, name);
      }
    }
  });

  it('moves the volume to the next contract once, about eight days before expiry, on a trading day', () => {
    fc.assert(
      fc.property(seeds, contracts, (seed, contract) => {
        const roll = rollDay(seed, contract);
        const lead = expiryDay(contract) - roll;
        expect(lead).toBeGreaterThanOrEqual(4);
        expect(lead).toBeLessThanOrEqual(9);
        expect(isTradingDay(roll)).toBe(true);
        let isNext = false;
        for (let day = expiryDay(contract - 1) + 1; day <= expiryDay(contract); day++) {
          expect(nearestContract(day)).toBe(contract);
          const share = shareOfNext(seed, day);
          expect(Math.abs(share - 0.5)).toBeGreaterThan(0.2);
          if (isNext) expect(share).toBeGreaterThan(0.5);
          isNext = share > 0.5;
          if (isTradingDay(day)) expect(isNext).toBe(day >= roll);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves a gap of 10 to 60 points between two contracts at the roll', () => {
    fc.assert(
      fc.property(seeds, contracts, (seed, contract) => {
        const roll = rollDay(seed, contract);
        const gap = (basisTicks(seed, contract + 1, roll) - basisTicks(seed, contract, roll)) / 4;
        expect(Math.abs(gap)).toBeGreaterThanOrEqual(9);
        expect(Math.abs(gap)).toBeLessThanOrEqual(62);
      }),
    );
  });
});

describe('hours', () => {
  it('trades on Sunday evenings to Friday afternoons, never through the break', () => {
    fc.assert(
      fc.property(days, (day) => {
        for (const { start, end } of daySegments(day)) {
          expect(weekdayOf(day) % 6).not.toBe(0);
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(16 * 3600);
        }
        for (const { start, end } of eveningSegments(day)) {
          expect([0, 1, 2, 3, 4]).toContain(weekdayOf(day));
          expect(start).toBe(17 * 3600);
          expect(end).toBe(24 * 3600);
        }
        // an evening opens the next date's trading day, so the one goes with the other
        expect(eveningSegments(day).length > 0).toBe(daySegments(day + 1).length > 0);
      }),
    );
  });

  it.each([
    ['2024-12-24', '12:15', false],
    ['2024-12-25', null, true],
    ['2024-03-28', '16:00', false],
    ['2024-11-28', '12:00', true],
    ['2024-11-29', '12:15', false],
    ['2012-10-29', '08:15', true],
    ['2012-10-26', '15:15', false],
  ] as const)('%s trades until %s; evening: %s', (date, close, evening) => {
    const day = Date.parse(date) / 86_400_000;
    const end = daySegments(day).at(-1)?.end;
    const text = end === undefined ? null : new Date(end * 1000).toISOString().slice(11, 16);
    expect(text).toBe(close);
    expect(eveningSegments(day).length).toBe(evening ? 1 : 0);
  });
});

describe('price level', () => {
  it('stays plausible whatever the seed, and ends a month where the next begins', () => {
    fc.assert(
      fc.property(seeds, months, (seed, month) => {
        const traded = tradingDays(firstDayOf(month), firstDayOf(month + 1));
        const { closeOfDay } = monthPath(seed, traded);
        for (const level of closeOfDay.values()) {
          expect(level).toBeGreaterThan(700);
          expect(level).toBeLessThan(9_700);
        }
        const end = closeOfDay.get(traded.at(-1) ?? 0) ?? 0;
        expect(end / levelOfMonth(seed, month + 1)).toBeCloseTo(1, 9);
      }),
      { numRuns: 60 },
    );
  });

  it('joins day to day with a gap of a few tenths of a per cent', () => {
    fc.assert(
      fc.property(seeds, months, (seed, month) => {
        const path = new PricePath(seed);
        const traded = tradingDays(firstDayOf(month), firstDayOf(month + 1) + 10);
        traded.slice(1).forEach((day, k) => {
          const { open, midnight, close, dailyDeviation } = path.levelsOf(day);
          const before = path.levelsOf(traded[k]).close;
          expect(Math.abs(Math.log(open / before))).toBeLessThan(1.3 * dailyDeviation);
          expect(Math.abs(Math.log(midnight / open))).toBeLessThan(3 * dailyDeviation);
          expect(close).toBeGreaterThan(500);
        });
      }),
      { numRuns: 30 },
    );
  });
});
