import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers, lengthOf, type Span, unionOf, within, without } from '../../src/ingest/spans.ts';

const spans = fc
  .array(fc.tuple(fc.nat(60), fc.nat(12)), { maxLength: 12 })
  .map((list) => list.map(([from, length]): Span => [from, from + length]));

/** Spans as the moments they hold. */
const moments = (list: readonly Span[]) =>
  Array.from({ length: 80 }, (_, at) => list.some(([from, to]) => from <= at && at < to));

test('spans behave as the sets of moments they hold', () => {
  fc.assert(
    fc.property(spans, spans, fc.nat(60), fc.nat(60), (some, others, from, to) => {
      const [a, b] = [unionOf(some), unionOf(others)];
      const [inA, inB] = [moments(some), moments(others)];
      expect(moments(a)).toEqual(inA);
      expect(moments(without(a, b))).toEqual(inA.map((held, at) => held && !inB[at]));
      expect(moments(within(a, from, to))).toEqual(inA.map((held, at) => held && from <= at && at < to));
      expect(inA.map((_, at) => covers(a, at))).toEqual(inA);
      expect(lengthOf(a)).toBe(inA.filter(Boolean).length);
    }),
  );
});

test('unions are sorted, and no two of their spans touch', () => {
  fc.assert(
    fc.property(spans, (some) => {
      const union = unionOf(some);
      for (const [k, [from, to]] of union.entries()) {
        expect(from).toBeLessThan(to);
        expect(union[k + 1]?.[0] ?? Infinity).toBeGreaterThan(to);
      }
    }),
  );
});
