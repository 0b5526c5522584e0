import { describe, expect, test } from 'vitest';
import { errorRateConditions, memoryConditions, monthConditions, slow } from '../../src/monitor/condition.ts';
import { THRESHOLDS } from './conditions.ts';

const GOOD = { month: '2024-10', minutes: 45, score: 0.8, winRates: { a: 0.05, b: 0.5, c: 0.2, d: null } };

describe('a month', () => {
  test('on every line is fine; a figure that nobody recorded is, too', () => {
    expect(monthConditions(GOOD, THRESHOLDS)).toEqual([]);
    expect(monthConditions({ ...GOOD, minutes: null, score: null, winRates: {} }, THRESHOLDS)).toEqual([]);
  });

  test('beyond any line is named with what was found and what was expected', () => {
    const bad = { ...GOOD, minutes: 45.01, score: 0.7999, winRates: { a: 0.0499, b: 0.501 } };
    expect(monthConditions(bad, THRESHOLDS)).toEqual([
      {
        id: '2024-10/slow',
        kind: 'slow',
        month: '2024-10',
        mode: null,
        message: '2024-10 takes 45.1 minutes, expected at most 45',
        value: 45.01,
        threshold: 45,
      },
      expect.objectContaining({
        id: '2024-10/score',
        message: '2024-10 has a quality score of 0.799, expected at least 0.8',
      }),
      expect.objectContaining({
        id: '2024-10/win-rate.a',
        mode: 'a',
        message: '2024-10: 4.99 % of a win, expected 5 % to 50 %',
        threshold: [0.05, 0.5],
      }),
      expect.objectContaining({ id: '2024-10/win-rate.b', value: 0.501 }),
    ]);
  });

  test('still at work counts as slow', () => {
    expect(slow('2024-10', 60, THRESHOLDS)).toMatchObject({ id: '2024-10/slow', value: 60 });
  });
});

test('memory is held against its limit', () => {
  expect(memoryConditions(2e9, THRESHOLDS)).toEqual([]);
  expect(memoryConditions(null, THRESHOLDS)).toEqual([]);
  expect(memoryConditions(2.5e9, THRESHOLDS)).toMatchObject([{ id: 'lake/memory', month: null }]);
});

test('the error rate counts the failed among all months', () => {
  expect(errorRateConditions(0, 0, THRESHOLDS)).toEqual([]);
  expect(errorRateConditions(1, 50, THRESHOLDS)).toEqual([]);
  expect(errorRateConditions(2, 50, THRESHOLDS)).toMatchObject([
    { id: 'lake/error-rate', value: 0.04, message: '2 of 50 months failed, 4 %, expected at most 2 %' },
  ]);
});
