import { describe, expect, test } from 'vitest';
import type { Grid } from '../../src/bars/index.ts';
import {
  clearCategory,
  computeFeatures,
  type FeatureArrays,
  featureColumns,
  newFeatureArrays,
} from '../../src/features/index.ts';
import { naiveFeatures } from './naive-features.ts';

/** One session; the close and volume of a row from its number. */
function gridOf(rowCount: number, close: (row: number) => number, volume: (row: number) => number): Grid {
  const closeTicks = Int32Array.from({ length: rowCount }, (_, i) => close(i));
  return {
    rowCount,
    tsUs: Float64Array.from({ length: rowCount }, (_, i) => i * 1e6),
    openTicks: closeTicks,
    highTicks: closeTicks,
    lowTicks: closeTicks,
    closeTicks,
    volume: Float64Array.from({ length: rowCount }, (_, i) => volume(i)),
    secondOfDay: Int32Array.from({ length: rowCount }, (_, i) => 27_000 + (i % 27_000)),
    sessions: [{ date: '2025-10-01', start: 0, end: rowCount, contract: null }],
  };
}

const options = { tickSize: 0.25, scope: 'session' } as const;

function bitsOf(columns: FeatureArrays, row: number): (number | string)[] {
  return featureColumns.map(({ name }) => (Number.isNaN(columns[name][row]) ? 'null' : columns[name][row]));
}

describe('the table', () => {
  test('has 43 columns of which nine are binary', () => {
    expect(featureColumns).toHaveLength(43);
    expect(new Set(featureColumns.map(({ name }) => name)).size).toBe(43);
    expect(featureColumns.filter(({ storage }) => storage === 'int8')).toHaveLength(9);
  });

  test('says how many rows of a scope are null, and how far back a value reaches', () => {
    const random = (row: number) => 24_000 + ((row * 7919) % 13) - ((row * 104_729) % 7);
    const grid = gridOf(2500, random, (row) => 1 + ((row * 31) % 17));
    const { columns } = computeFeatures(grid, options);
    for (const { name, warmupRows, lookbackBars } of featureColumns) {
      expect([name, columns[name].findIndex((value) => !Number.isNaN(value))]).toEqual([name, warmupRows]);
      const last = grid.rowCount - 1;
      const outside = last - lookbackBars;
      const changed = gridOf(
        grid.rowCount,
        (row) => (row === outside ? 1 : random(row)),
        (row) => grid.volume[row] * (row === outside ? 9 : 1),
      );
      expect([name, computeFeatures(changed, options).columns[name][last]]).toEqual([
        name,
        columns[name][last],
      ]);
    }
  });
});

describe('a flat market', () => {
  const { columns } = computeFeatures(
    gridOf(
      3000,
      () => 24_001,
      (row) => row % 3,
    ),
    options,
  );

  test.each([
    ['vwap', 6000.25],
    ['distance_from_vwap_pct', 0],
    ['vwap_slope', 0],
    ['momentum_consistency', 0],
    ['short_range_retouches', 1],
    ['position_in_short_range', Number.NaN],
    ['volatility_regime', Number.NaN],
    ['volatility_breakout', Number.NaN],
    ['relative_bar_size', Number.NaN],
    ['atr_percentile', 50 + 50 / 300],
  ] as const)('%s is exactly %d', (name, value) => {
    expect(columns[name].subarray(2000)).toEqual(columns[name].subarray(2000).map(() => value));
  });
});

describe('large numbers', () => {
  test('a billion contracts a second keep the average price exact', () => {
    const close = (row: number) => 32_000 + (row % 2 === 0 ? 1500 : -1500);
    const { columns, failures } = computeFeatures(
      gridOf(40_000, close, () => 1e9),
      options,
    );
    expect(failures).toEqual([]);
    expect(columns.vwap[39_999]).toBe(8000);
    expect(columns.volume_ratio_30s[39_999]).toBe(1);
    expect(columns.volume_slope_30s[39_999]).toBe(0);
  });

  test('true ranges beyond the counted ones take the plain way with the same result', () => {
    const close = (row: number) => 1_000_000 + (row % 1009 === 500 ? 400_000 : 0) + ((row * 31) % 11);
    const grid = gridOf(3000, close, () => 1);
    const { columns } = computeFeatures(grid, options);
    const naive = naiveFeatures(grid, 0.25, 0, grid.rowCount);
    for (let row = 328; row < grid.rowCount; row++) {
      expect(columns.volatility_breakout[row]).toBeCloseTo(naive.volatility_breakout[row], 5);
      expect(columns.atr_percentile[row]).toBe(Math.fround(naive.atr_percentile[row]));
    }
  });

  test('leaps of the average range are ranked right', () => {
    const close = (row: number) => 100_000 + (row % 97 < 3 ? 5000 * (row % 2) : row % 5);
    const grid = gridOf(2000, close, () => 1);
    const { columns } = computeFeatures(grid, options);
    const naive = naiveFeatures(grid, 0.25, 0, grid.rowCount);
    expect(columns.atr_percentile).toEqual(Float32Array.from(naive.atr_percentile));
  });
});

describe('a long scope', () => {
  test('gives across the edges of its stretches what a session that ends there gives', () => {
    const close = (row: number) => 24_000 + Math.round(40 * Math.sin(row / 90)) + ((row * 7919) % 5);
    const volume = (row: number) => (row % 400 < 350 ? (row * 31) % 90 : 0);
    const grid = gridOf(70_000, close, volume);
    const { columns } = computeFeatures(grid, options);
    for (const row of [32_767, 32_768, 34_566, 65_536, 69_999]) {
      const alone = newFeatureArrays(grid.rowCount);
      computeFeatures(grid, options, { startRow: row, endRow: row + 1 }, alone);
      expect([row, ...bitsOf(alone, row)]).toEqual([row, ...bitsOf(columns, row)]);
      const naive = naiveFeatures(grid, 0.25, row - 2400, row + 1);
      for (const { name } of featureColumns) {
        const expected = Math.fround(naive[name][2400]);
        const actual = columns[name][row];
        const isSame = Number.isNaN(expected)
          ? Number.isNaN(actual)
          : Math.abs(actual - expected) <= 1e-6 * Math.abs(expected) + 1e-9;
        expect([name, row, isSame]).toEqual([name, row, true]);
      }
    }
  });
});

describe('a category that fails', () => {
  const huge = gridOf(
    66_000,
    (row) => 24_000 + (row % 7),
    (row) => (row === 36_000 || row === 65_990 ? 1e17 : 5),
  );

  test('is reported and null over the whole range, and the others are as without it', () => {
    const { columns, failures } = computeFeatures(huge, options);
    expect(failures.map(({ category, row }) => [category, row])).toEqual([
      ['volume', 32_768],
      ['price_context', 32_768],
    ]);
    expect(failures[0].columns).toEqual([
      'volume_ratio_30s',
      'volume_slope_30s',
      'volume_slope_5s',
      'volume_exhaustion',
    ]);
    expect(String(failures[1].error)).toContain('100000000000000000');
    const usual = computeFeatures({ ...huge, volume: huge.volume.map(() => 5) }, options).columns;
    for (const { name, category } of featureColumns) {
      if (category === 'volume' || category === 'price_context') expect(columns[name]).toSatisfy(allNull);
      else expect(columns[name]).toEqual(usual[name]);
    }
  });

  test('can be cleared in a range that did not fail', () => {
    const { columns } = computeFeatures(
      gridOf(
        100,
        () => 1,
        () => 1,
      ),
      options,
    );
    clearCategory(columns, 'time', { startRow: 10, endRow: 20 });
    clearCategory(columns, 'volume', { startRow: 90, endRow: 100 });
    expect([columns.is_pre_open[9], columns.is_pre_open[10], columns.is_pre_open[20]]).toEqual([1, 0, 1]);
    expect([columns.volume_slope_5s[89], columns.volume_slope_5s[90]]).toEqual([0, Number.NaN]);
  });
});

describe('edges', () => {
  test('a close of 0 gives nulls, never infinity', () => {
    const { columns } = computeFeatures(
      gridOf(
        400,
        (row) => (row % 40 === 0 ? 0 : 5),
        () => 0,
      ),
      options,
    );
    for (const { name } of featureColumns) {
      expect([name, columns[name].some((value) => Math.abs(value) === Number.POSITIVE_INFINITY)]).toEqual([
        name,
        false,
      ]);
    }
    expect([columns.return_30s[80], columns.return_30s[70]]).toEqual([-1, Number.NaN]);
    expect([columns.momentum_consistency[70], columns.distance_from_vwap_pct[80]]).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
  });

  test('no rows, one row', () => {
    const none = gridOf(
      0,
      () => 1,
      () => 1,
    );
    expect(computeFeatures(none, options).columns.vwap).toHaveLength(0);
    const one = gridOf(
      1,
      () => 8,
      () => 1,
    );
    const { columns } = computeFeatures(one, options);
    expect([columns.vwap[0], columns.bar_range[0], columns.atr_30s[0]]).toEqual([2, 0, Number.NaN]);
  });

  test('a range outside the grid and columns of another length are refused', () => {
    const grid = gridOf(
      10,
      () => 1,
      () => 1,
    );
    expect(() => computeFeatures(grid, options, { startRow: 5, endRow: 11 })).toThrow(RangeError);
    expect(() => computeFeatures(grid, options, undefined, newFeatureArrays(9))).toThrow(RangeError);
  });
});

function allNull(values: Float32Array | Int8Array): boolean {
  return values.every((value) => Number.isNaN(value));
}
