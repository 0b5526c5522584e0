import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countOf,
  countOutside,
  mergeTallies,
  quantiles,
  tallyOfMarks,
  ValueCounter,
  type ValueTally,
} from '../../src/months/value-tally.ts';

/** To 12 significant bits, halves away from zero: the rounding by arithmetic instead of by bits. */
function rounded(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const step = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(value)))) - 11);
  return Math.sign(value) * Math.floor(Math.abs(value) / step + 0.5) * step;
}

/** As `numpy.percentile` defines it, over sorted values. */
function naiveQuantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)];
  const upper = sorted[Math.min(sorted.length - 1, Math.floor(rank) + 1)];
  return lower + (rank - Math.floor(rank)) * (upper - lower);
}

const value = fc.oneof(
  fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) }),
  fc.integer({ min: -40, max: 40 }).map((ticks) => ticks / 4),
  fc.constant(Number.NaN),
  fc.constantFrom(0, -0),
);
const column = fc.array(value, { maxLength: 200 }).map((values) => Float32Array.from(values));
const numbers = (values: Float32Array) => [...values].filter((each) => !Number.isNaN(each));

function tallyOf(values: Float32Array, counter = new ValueCounter()): ValueTally {
  counter.add(values);
  return counter.take();
}

describe('a tally of values', () => {
  it('holds every value but NaN, rounded to 12 bits, in rising order', () => {
    fc.assert(
      fc.property(column, (values) => {
        const { values: found, counts } = tallyOf(values);
        const expanded = [...found].flatMap((each, at) => Array(counts[at]).fill(each + 0));
        expect(expanded).toEqual(
          numbers(values)
            .map((each) => rounded(each) + 0)
            .sort((a, b) => a - b),
        );
      }),
    );
  });

  it('rounds to within 2^-12 of a value, and keeps ticks up to 512 points', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: 1, max: Math.fround(1e9) }), (each) => {
        const [found = 0] = tallyOf(Float32Array.of(each)).values;
        expect(Math.abs(found - each)).toBeLessThanOrEqual(Math.abs(each) * 2 ** -12);
      }),
    );
    const ticks = Float32Array.from({ length: 2048 }, (_, tick) => tick / 4);
    expect(tallyOf(ticks).values).toEqual(ticks);
  });

  it('is the same however the rows are cut, and of a counter used before', () => {
    const used = new ValueCounter();
    fc.assert(
      fc.property(column, fc.array(fc.nat(200), { maxLength: 4 }), (values, cuts) => {
        const edges = [0, ...cuts.map((cut) => Math.min(cut, values.length)), values.length].sort(
          (a, b) => a - b,
        );
        const parts = edges.slice(1).map((end, at) => tallyOf(values.subarray(edges[at], end), used));
        const whole = tallyOf(values);
        expect(mergeTallies(used, parts)).toEqual(whole);
        expect(countOf(whole)).toBe(numbers(values).length);
      }),
    );
  });

  it('counts from an origin, so that prices keep their ticks', () => {
    const counter = new ValueCounter();
    const prices = Float32Array.of(5000.25, 5000.5, 5000.75, 4990.25);
    counter.add(prices, 5000);
    expect([...counter.take().values]).toEqual([-9.75, 0.25, 0.5, 0.75]);
    // without, 12 bits of the price itself tell two points apart at the best
    counter.add(prices);
    expect(counter.take().values).toHaveLength(2);
  });

  it('keeps the infinities', () => {
    const values = Float32Array.of(1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect([...tallyOf(values).values]).toEqual([Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY]);
  });

  it('has both marks of a binary column, seen or not', () => {
    expect(quantiles(tallyOfMarks(3, 4), [0, 0.25, 1])).toEqual([0, 0.75, 1]);
    expect(countOf(tallyOfMarks(0, 4))).toBe(4);
  });
});

describe('of a tally', () => {
  it('quantiles are those of the rounded values', () => {
    const shares = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 1];
    fc.assert(
      fc.property(column, (values) => {
        const plain = numbers(values).map(rounded);
        const found = quantiles(tallyOf(values), shares);
        for (const [at, share] of shares.entries()) {
          const expected = naiveQuantile(plain, share);
          if (expected === null) expect(found[at]).toBeNull();
          else expect(found[at]).toBeCloseTo(expected, 6);
        }
      }),
    );
  });

  it('values outside are counted, those on a bound are inside', () => {
    fc.assert(
      fc.property(
        column,
        fc.integer({ min: -40, max: 0 }),
        fc.integer({ min: 0, max: 40 }),
        (values, a, b) => {
          const plain = numbers(values).map(rounded);
          const outside = plain.filter((each) => each < a / 4 || each > b / 4).length;
          expect(countOutside(tallyOf(values), a / 4, b / 4)).toBe(outside);
        },
      ),
    );
  });
});
