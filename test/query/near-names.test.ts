import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearNames } from '../../src/query/near-names.ts';

test('a slip of the hand is found, the nearest first', () => {
  const names = ['training_bars', 'quarantine', 'rolls', 'monthly_statistics'];
  expect(nearNames('trainig_bars', names)).toEqual(['training_bars']);
  expect(nearNames('rols', names)).toEqual(['rolls']);
  expect(nearNames('BARS', names)).toEqual(['training_bars']);
  expect(nearNames('zzz', names)).toEqual([]);
});

test('edit distance is a distance', () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(editDistance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
  expect(editDistance('abc', 'acb')).toBe(1);
});
