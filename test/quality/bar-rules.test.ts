import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BarRules, checkBars, type RawBar } from '../../src/quality/index.ts';

const RULES: BarRules = { barUs: 60e6, nowUs: 6000e6 + 30e6, lowestPrice: 0.0001, highestPrice: 1_000_000 };

/** A number, said in one of the ways vendors say them, or something that is none. */
const value = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(1, 2, 3, 0.5, '1', ' 2.5 ', '1e0', '+3') },
  fc.constantFrom(
    0,
    -1,
    0.0001,
    0.00009,
    1e6,
    1000000.1,
    Number.NaN,
    Infinity,
    '',
    'x',
    '0x10',
    null,
    undefined,
    {},
  ),
);
const tsUs = fc.oneof(
  { weight: 12, arbitrary: fc.nat(98).map((minute) => minute * 60e6) },
  fc.constantFrom(undefined, Number.NaN, 61e6, 6000e6, 6060e6, 5940e6, -60e6, 0.5),
);
const bar: fc.Arbitrary<RawBar> = fc.record({
  tsUs,
  open: value,
  high: value,
  low: value,
  close: value,
  volume: value,
  original: fc.constant(null),
});

/** The rules as the page lists them, one after the other. */
function naive(each: RawBar): 'stored' | 'forming' | 'failed' {
  const number = (field: unknown) => {
    if (typeof field === 'number') return Number.isFinite(field) ? field : undefined;
    if (typeof field !== 'string' || !/^\s*[-+]?[0-9.]+(e[-+]?[0-9]+)?\s*$/i.test(field)) return undefined;
    return Number.isNaN(Number(field)) ? undefined : Number(field);
  };
  const [open, high, low, close, volume] = [each.open, each.high, each.low, each.close, each.volume].map(
    number,
  );
  if (open === undefined || high === undefined || low === undefined || close === undefined) return 'failed';
  if (volume === undefined || volume < 0) return 'failed';
  if (high < low || open < low || open > high || close < low || close > high) return 'failed';
  if ([open, high, low, close].some((price) => price <= 0 || price < 0.0001 || price > 1_000_000))
    return 'failed';
  if (each.tsUs === undefined || !Number.isInteger(each.tsUs / 60e6)) return 'failed';
  if (each.tsUs > RULES.nowUs) return 'failed';
  return each.tsUs + 60e6 > RULES.nowUs ? 'forming' : 'stored';
}

test('the fast check is the plain one', () => {
  fc.assert(
    fc.property(fc.array(bar, { maxLength: 20 }), (bars) => {
      const { columns, indexes, failed, formingCount } = checkBars(bars, RULES);
      const verdicts = bars.map(naive);
      const expected = bars.flatMap((_, index) => (verdicts[index] === 'stored' ? [index] : []));
      expect([...indexes]).toEqual(expected);
      expect(failed.map(({ index }) => index)).toEqual(
        bars.flatMap((_, index) => (verdicts[index] === 'failed' ? [index] : [])),
      );
      for (const { reason } of failed) expect(reason).not.toBe('');
      expect(formingCount).toBe(verdicts.filter((verdict) => verdict === 'forming').length);
      expect([...columns.open]).toEqual(expected.map((index) => Number(bars[index]?.open)));
      expect([...columns.tsUs]).toEqual(expected.map((index) => bars[index]?.tsUs));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  [{ open: undefined }, 'open is missing'],
  [{ volume: '' }, 'volume is missing'],
  [{ close: 'n/a' }, 'close is no number'],
  [
    { high: 1, low: 2 },
    'high is below low; open is above high; open is below low; close is above high; close is below low',
  ],
  [{ low: -1 }, 'low is not above 0'],
  [{ low: 0.00001 }, 'low is below 0.0001'],
  [{ high: 1e7 }, 'high is above 1000000'],
  [{ volume: -0.1 }, 'volume is negative'],
  [{ tsUs: 30e6 }, 'timestamp is not on the grid of 1 min'],
  [{ tsUs: 6060e6 }, 'timestamp is in the future'],
  [{ tsUs: Number.NaN }, 'timestamp cannot be read'],
  [{ tsUs: undefined, close: 9 }, 'timestamp is missing; close is above high'],
])('%j fails: %s', (change, reason) => {
  const sound = { tsUs: 60e6, open: 1.5, high: 3, low: 1, close: 1.5, volume: 0, original: null };
  expect(checkBars([sound, { ...sound, ...change }], RULES).failed).toEqual([{ index: 1, reason }]);
});
