import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allRows,
  type Bars,
  cleanBars,
  findInstrument,
  type InstrumentDefinition,
  inSession,
  pointsOfTicks,
  type Quarantine,
  tradingHours,
  unitsOf,
} from '../../src/bars/index.ts';
import { barsOf, flat, type Row, us } from './fixture.ts';

const hours = tradingHours('cme-rth');
const es = findInstrument('ES');

function cleanRows(rows: readonly Row[], instrument: InstrumentDefinition = es) {
  const bars = barsOf(rows, [{ id: 7, symbol: 'ESH4' }]);
  const { inside } = inSession(bars, allRows(bars.rowCount), { hours });
  return cleanBars(bars, inside, { instrument });
}

function quarantined(quarantine: Quarantine): unknown[] {
  return Array.from({ length: quarantine.rowCount }, (_, k) => [
    quarantine.rule[k],
    quarantine.action[k],
    [quarantine.open[k], quarantine.high[k], quarantine.low[k], quarantine.close[k], quarantine.volume[k]],
    quarantine.action[k] === 'dropped'
      ? null
      : [
          quarantine.newOpen[k],
          quarantine.newHigh[k],
          quarantine.newLow[k],
          quarantine.newClose[k],
          quarantine.newVolume[k],
        ],
  ]);
}

const T0 = us('2024-03-12T12:30:00Z');
const at = (second: number): number => T0 + second * 1e6;
const bar = (open: number, high: number, low: number, close: number, volume = 1): Row => ({
  ts: T0,
  open,
  high,
  low,
  close,
  volume,
});

describe('order and duplicates', () => {
  it('sorts, counts bars that start before the one preceding them, and keeps the later of two records', () => {
    const rows = [flat(at(2), 5000, 1), flat(at(0), 5001, 2), flat(at(2), 5002, 3), flat(at(1), 5003, 4)];
    const { clean, quarantine, report } = cleanRows(rows);
    expect([...clean.tsUs]).toEqual([at(0), at(1), at(2)]);
    expect([...clean.volume]).toEqual([2, 4, 3]);
    expect(report.rules).toMatchObject({ out_of_order: 2, duplicate: 1 });
    expect(quarantined(quarantine)).toEqual([['duplicate', 'dropped', [5000, 5000, 5000, 5000, 1], null]]);
    expect(quarantine).toMatchObject({ symbol: ['ESH4'] });
    expect(quarantine.instrumentId[0]).toBe(7);
    expect(quarantine.tsUs[0]).toBe(at(2));
  });

  it('drops the earlier record even when the later one is then dropped itself', () => {
    const { clean, report } = cleanRows([flat(at(0), 5000), flat(at(0), -1), flat(at(1), 5000)]);
    expect([...clean.tsUs]).toEqual([at(1)]);
    expect(report.rules).toMatchObject({ duplicate: 1, not_positive: 1 });
  });
});

describe('prices', () => {
  it.each([
    ['undefined', bar(5000, 5000, Number.NaN, 5000), 'not_positive'],
    ['zero', bar(0, 5000, 5000, 5000), 'not_positive'],
    ['negative', bar(5000, 5000, 5000, -0.25), 'not_positive'],
    ['just below the bounds', bar(500, 500, 499.75, 500), 'out_of_bounds'],
    ['just above the bounds', bar(10_000, 10_000.25, 10_000, 10_000), 'out_of_bounds'],
    ['infinite', bar(5000, Number.POSITIVE_INFINITY, 5000, 5000), 'out_of_bounds'],
    ['high too low by more than 0.01', bar(5000.25, 5000.23, 5000, 5000), 'ohlc_inconsistent'],
    ['low too high by more than 0.01', bar(5000.25, 5000.25, 5000.25, 5000.23), 'ohlc_inconsistent'],
    ['high below low', bar(5000, 4999, 5001, 5000), 'ohlc_inconsistent'],
  ] as const)('%s: dropped', (_, row, rule) => {
    const { clean, quarantine, report } = cleanRows([row]);
    expect(clean.rowCount).toBe(0);
    expect(clean.sessions).toEqual([]);
    expect(report).toMatchObject({ rowsIn: 1, rowsOut: 0, rowsDropped: 1, emptiedSessions: ['2024-03-12'] });
    expect(report.rules[rule]).toBe(1);
    expect(quarantined(quarantine)).toEqual([
      [rule, 'dropped', [row.open, row.high, row.low, row.close, row.volume], null],
    ]);
  });

  it('keeps both bounds', () => {
    const { clean, quarantine } = cleanRows([bar(500, 10_000, 500, 10_000)]);
    expect([clean.lowTicks[0], clean.highTicks[0], quarantine.rowCount]).toEqual([2000, 40_000, 0]);
  });

  it('mends a high or low that is short by exactly 0.01', () => {
    const { quarantine, report } = cleanRows([bar(5000.25, 5000.24, 5000, 5000)]);
    expect(report.rules).toMatchObject({ ohlc_inconsistent_small: 1, ohlc_inconsistent: 0, off_tick: 0 });
    expect(quarantined(quarantine)).toEqual([
      [
        'ohlc_inconsistent_small',
        'changed',
        [5000.25, 5000.24, 5000, 5000, 1],
        [5000.25, 5000.25, 5000, 5000, 1],
      ],
    ]);
  });

  it('rounds to the nearest tick, halves up', () => {
    const { clean, quarantine } = cleanRows([bar(5000.125, 5000.3, 5000, 5000.124)]);
    expect([clean.openTicks[0], clean.highTicks[0], clean.lowTicks[0], clean.closeTicks[0]]).toEqual([
      20_001, 20_001, 20_000, 20_000,
    ]);
    expect(quarantined(quarantine)).toEqual([
      ['off_tick', 'changed', [5000.125, 5000.3, 5000, 5000.124, 1], [5000.25, 5000.25, 5000, 5000, 1]],
    ]);
  });

  it('takes decimals that no float holds for what they say', () => {
    const rty = findInstrument('RTY');
    const prices = Array.from({ length: 20_000 }, (_, k) => 1000 + k / 10);
    const { clean, report } = cleanRows(
      prices.map((price, k) => flat(at(k), price)),
      { ...rty, maxPrice: 1e6 },
    );
    expect(report.rules.off_tick).toBe(0);
    expect(clean.closeTicks.every((ticks, k) => ticks === 10_000 + k)).toBe(true);
  });

  it('sets a negative volume, and one that is no number, to 0', () => {
    const { clean, quarantine, report } = cleanRows([
      { ...flat(at(0), 5000), volume: -3 },
      { ...flat(at(1), 5000), volume: Number.NaN },
      { ...flat(at(2), 5000), volume: 0 },
    ]);
    expect([...clean.volume]).toEqual([0, 0, 0]);
    expect(report.rules.negative_volume).toBe(2);
    expect(quarantined(quarantine)[0]).toEqual([
      'negative_volume',
      'changed',
      [5000, 5000, 5000, 5000, -3],
      [5000, 5000, 5000, 5000, 0],
    ]);
  });

  it('writes a row per rule, each with the values before and after it', () => {
    const { quarantine, report } = cleanRows([bar(5000.3, 5000.29, 5000, 5000, -1)]);
    expect(quarantined(quarantine)).toEqual([
      [
        'ohlc_inconsistent_small',
        'changed',
        [5000.3, 5000.29, 5000, 5000, -1],
        [5000.3, 5000.3, 5000, 5000, -1],
      ],
      ['negative_volume', 'changed', [5000.3, 5000.3, 5000, 5000, -1], [5000.3, 5000.3, 5000, 5000, 0]],
      ['off_tick', 'changed', [5000.3, 5000.3, 5000, 5000, 0], [5000.25, 5000.25, 5000, 5000, 0]],
    ]);
    expect(report.rowsChanged).toBe(1);
  });
});

describe('lone spikes', () => {
  /** Closes in ticks, one bar a second, on one session. */
  const closes = (ticks: readonly number[]) =>
    cleanRows(ticks.map((tick, k) => flat(at(k), pointsOfTicks(tick, unitsOf(0.25)))));
  const calm = Array.from({ length: 30 }, (_, k) => 20_000 + (k % 2));

  it.each([
    ['just over 20 ticks up', [...calm, 20_022, ...calm], 1],
    // the bar before stands at 20,001: 20 ticks away from it are not more than 20
    ['exactly 20 ticks from one neighbour', [...calm, 20_021, ...calm], 0],
    ['down', [...calm, 19_979, ...calm], 1],
    ['down by exactly 20 ticks', [...calm, 19_980, ...calm], 0],
    ['a move that stays', [...calm, ...calm.map((tick) => tick + 100)], 0],
    ['two bars away and back', [...calm, 20_100, 20_100, ...calm], 0],
    ['neighbours exactly 20 ticks apart', [20_000, 20_000, 20_300, 20_020, 20_020], 1],
    ['neighbours 21 ticks apart', [20_000, 20_000, 20_300, 20_021, 20_021], 0],
    ['first bar', [20_100, ...calm], 0],
    ['last bar', [...calm, 20_100], 0],
    ['the only one with one neighbour each side', [20_000, 20_100, 20_000], 1],
  ])('%s', (_, ticks, expected) => {
    const { clean, quarantine, report } = closes(ticks);
    expect(report.rules.spike).toBe(expected);
    expect(clean.rowCount).toBe(ticks.length - expected);
    expect([...quarantine.rule]).toEqual(expected ? ['spike'] : []);
  });

  it('asks for more than ten deviations of the 30 closes on either side', () => {
    // closes swing by 6 around their median 20,000: deviation 6, so 60 ticks from m are not enough, 61 are
    const swing = Array.from({ length: 30 }, (_, k) => 20_000 + (k % 2 === 0 ? 6 : -6));
    const after = [...swing].reverse();
    expect(closes([...swing, 20_054, ...after]).report.rules.spike).toBe(0);
    expect(closes([...swing, 20_055, ...after]).report.rules.spike).toBe(1);
    // only 30 bars either side count: wild ones beyond them change nothing
    const wild = Array.from({ length: 60 }, (_, k) => 20_000 + (k % 4 < 2 ? 500 : -500));
    expect(closes([...wild, ...swing, 20_055, ...after, ...wild]).report.rules.spike).toBe(1);
  });

  it('judges within one session', () => {
    const days = ['2024-03-12T19:59:59Z', '2024-03-13T12:30:00Z', '2024-03-13T12:30:01Z'];
    expect(cleanRows(days.map((day, k) => flat(day, k === 1 ? 5100 : 5000))).report.rules.spike).toBe(0);
  });

  it('quarantines the bar with its values and closes the gap', () => {
    const { clean, quarantine } = closes([...calm, 20_100, ...calm]);
    expect(quarantined(quarantine)).toEqual([['spike', 'dropped', [5025, 5025, 5025, 5025, 1], null]]);
    expect([clean.tsUs[29], clean.tsUs[30]]).toEqual([at(29), at(31)]);
    expect(clean.closeTicks[30]).toBe(20_000);
  });
});

/** The rules one after another over a list of bars, as the table has them. */
function naiveClean(rows: readonly Row[]): { kept: Row[]; counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  const count = (rule: string): void => {
    counts[rule] = (counts[rule] ?? 0) + 1;
  };
  const cents = (points: number): bigint => BigInt(Math.round(points * 1e4));
  let kept = rows.map((row, k) => ({ ...row, k })).sort((a, b) => us(a.ts) - us(b.ts) || a.k - b.k);
  rows.forEach((row, k) => {
    if (k > 0 && us(row.ts) < us(rows[k - 1].ts)) count('out_of_order');
  });
  const drop = (rule: string, bad: (row: Row, k: number, all: Row[]) => boolean): void => {
    kept = kept.filter((row, k, all) => {
      const isBad = bad(row, k, all);
      if (isBad) count(rule);
      return !isBad;
    });
  };
  const prices = (row: Row): number[] => [row.open, row.high, row.low, row.close];
  drop('duplicate', (row, k, all) => k + 1 < all.length && us(all[k + 1].ts) === us(row.ts));
  drop('not_positive', (row) => prices(row).some((price) => !(price > 0)));
  drop('out_of_bounds', (row) => prices(row).some((price) => price < 500 || price > 10_000));
  kept = kept.map((row) => {
    const [high, low] = [Math.max(...prices(row)), Math.min(...prices(row))];
    const excess = [cents(high) - cents(row.high), cents(row.low) - cents(low)];
    if (excess.every((e) => e === 0n) || excess.some((e) => e > 100n)) return row;
    count('ohlc_inconsistent_small');
    return { ...row, high, low };
  });
  drop(
    'ohlc_inconsistent',
    (row) => Math.max(...prices(row)) > row.high || Math.min(...prices(row)) < row.low,
  );
  kept = kept.map((row) => {
    if (row.volume >= 0) return row;
    count('negative_volume');
    return { ...row, volume: 0 };
  });
  kept = kept.map((row) => {
    const round = (points: number): number => {
      const [whole, rest] = [cents(points) / 2500n, cents(points) % 2500n];
      return Number(rest >= 1250n ? whole + 1n : whole) / 4;
    };
    const rounded = {
      ...row,
      open: round(row.open),
      high: round(row.high),
      low: round(row.low),
      close: round(row.close),
    };
    if (prices(row).some((price, k) => price !== prices(rounded)[k])) count('off_tick');
    return rounded;
  });
  const median = (values: number[]): number => {
    const sorted = [...values].sort((a, b) => a - b);
    const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2)];
    return (sorted[low] + sorted[high]) / 2;
  };
  drop('spike', (row, k, all) => {
    if (k === 0 || k === all.length - 1) return false;
    const [a, b, c] = [all[k - 1].close * 4, row.close * 4, all[k + 1].close * 4];
    const near = all.slice(Math.max(0, k - 30), k + 31).filter((other) => other !== row);
    const centre = median(near.map((other) => other.close * 4));
    const deviation = median(near.map((other) => Math.abs(other.close * 4 - centre)));
    const distance = Math.abs(b - median([a, c]));
    const aside = Math.min(b - a, b - c) > 20 || Math.max(b - a, b - c) < -20;
    return distance > 20 && distance > 10 * deviation && aside && Math.abs(a - c) <= 20;
  });
  return { kept, counts };
}

/** Mostly sound bars, with every kind of fault among them. */
const faultyRow = fc
  .record({
    second: fc.nat({ max: 60 }),
    ticks: fc.integer({ min: 19_995, max: 20_005 }),
    volume: fc.integer({ min: -1, max: 5 }),
    fault: fc.constantFrom(
      'none',
      'none',
      'none',
      'none',
      'spike',
      'spike',
      'zero',
      'nan',
      'wild',
      'short',
      'broken',
      'off',
    ),
    cents: fc.integer({ min: 0, max: 25 }),
  })
  .map(({ second, ticks, volume, fault, cents }): Row => {
    const price = ticks / 4 + (fault === 'spike' ? 6 : 0);
    const row = { ...flat(at(second), price, volume), high: price + 0.25, low: price - 0.25 };
    if (fault === 'zero') return { ...row, low: 0 };
    if (fault === 'nan') return { ...row, open: Number.NaN };
    if (fault === 'wild') return { ...row, high: 10_000.25 };
    if (fault === 'short') return { ...row, open: row.high, high: (row.high * 1e4 - 100) / 1e4 };
    if (fault === 'broken') return { ...row, open: row.high, high: (row.high * 1e4 - 101) / 1e4 };
    if (fault === 'off') return { ...row, close: row.low + cents / 50 };
    return row;
  });

describe('against a naive twin', () => {
  it('keeps the same bars, counts the same, and loses none', () => {
    fc.assert(
      fc.property(fc.array(faultyRow, { minLength: 1, maxLength: 60 }), (rows) => {
        const { clean, quarantine, report } = cleanRows(rows);
        const { kept, counts } = naiveClean(rows);
        const found = Array.from({ length: clean.rowCount }, (_, k) => [
          clean.tsUs[k],
          clean.openTicks[k] / 4,
          clean.highTicks[k] / 4,
          clean.lowTicks[k] / 4,
          clean.closeTicks[k] / 4,
          clean.volume[k],
        ]);
        expect(found).toEqual(
          kept.map((row) => [row.ts, row.open, row.high, row.low, row.close, row.volume]),
        );
        const rules = Object.fromEntries(Object.entries(report.rules).filter(([, n]) => n > 0));
        expect(rules).toEqual(counts);
        const dropped = quarantine.action.filter((action) => action === 'dropped').length;
        expect(report.rowsIn).toBe(report.rowsOut + dropped);
        expect(quarantine.rowCount).toBe(
          Object.values(counts).reduce((sum, n) => sum + n, 0) - (counts.out_of_order ?? 0),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('does not touch its input', () => {
    fc.assert(
      fc.property(fc.array(faultyRow, { minLength: 1, maxLength: 30 }), (rows) => {
        const bars: Bars = barsOf(rows);
        const before = structuredClone(bars);
        const { inside } = inSession(bars, allRows(bars.rowCount), { hours });
        const sessionBefore = structuredClone(inside);
        cleanBars(bars, inside, { instrument: es });
        expect(bars).toEqual(before);
        expect(inside).toEqual(sessionBefore);
      }),
    );
  });
});
