import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Grid } from '../../src/bars/index.ts';
import {
  computeFeatures,
  type FeatureArrays,
  type FeatureName,
  featureArraysFrom,
  featureColumns,
} from '../../src/features/index.ts';
import { firstRows, randomGrid, randomRanges } from '../labels/random-grid.ts';
import { naiveFeatures } from './naive-features.ts';

const scopes = fc.constantFrom('session', 'all');
const tickSizes = fc.constantFrom(0.25, 0.01, 1, 0.005);
const grids = randomGrid(8, 700);

/** Absolute allowance where a value passes through zero by cancellation, relative to a quarter-point tick. */
const floors: Partial<Record<FeatureName, number>> = {
  vwap_slope: 1e-9,
  volatility_breakout: 1e-9,
  momentum_consistency: 1e-13,
  volume_slope_30s: 1e-9,
};

function naiveOf(grid: Grid, tickSize: number, scope: 'session' | 'all'): Record<string, number[]> {
  const scopes = scope === 'all' ? [{ start: 0, end: grid.rowCount }] : grid.sessions;
  const parts = scopes.map(({ start, end }) => naiveFeatures(grid, tickSize, start, end));
  return Object.fromEntries(featureColumns.map(({ name }) => [name, parts.flatMap((part) => part[name])]));
}

function isSame(expected: number, actual: number, floor: number): boolean {
  const e = Math.fround(expected);
  if (Number.isNaN(e) || Number.isNaN(actual)) return Number.isNaN(e) && Number.isNaN(actual);
  return Math.abs(actual - e) <= 2.5e-7 * Math.abs(e) + floor;
}

function sharedArrays(rowCount: number): FeatureArrays {
  return featureArraysFrom(
    () => new Float32Array(new SharedArrayBuffer(4 * rowCount)).fill(-1),
    () => new Int8Array(new SharedArrayBuffer(rowCount)).fill(-1),
  );
}

function expectSame(expected: FeatureArrays, actual: FeatureArrays, rowCount: number): void {
  for (const { name } of featureColumns) {
    for (let row = 0; row < rowCount; row++) {
      if (!Object.is(expected[name][row], actual[name][row])) {
        expect({ name, row, value: actual[name][row] }).toEqual({ name, row, value: expected[name][row] });
      }
    }
  }
}

describe('features', () => {
  test('equal their definitions, nulls in the same places', () => {
    const known = new Map<string, number>();
    fc.assert(
      fc.property(grids, tickSizes, scopes, (grid, tickSize, scope) => {
        const { columns, failures } = computeFeatures(grid, { tickSize, scope });
        expect(failures).toEqual([]);
        const naive = naiveOf(grid, tickSize, scope);
        for (const { name } of featureColumns) {
          for (let row = 0; row < grid.rowCount; row++) {
            const expected = naive[name][row];
            const actual = columns[name][row];
            if (!isSame(expected, actual, floors[name] ?? 0)) {
              expect({ name, row, actual }).toEqual({ name, row, actual: expected });
            }
            if (!Number.isNaN(actual)) known.set(name, (known.get(name) ?? 0) + 1);
          }
        }
      }),
      { numRuns: 15 },
    );
    expect(featureColumns.filter(({ name }) => (known.get(name) ?? 0) < 1000)).toEqual([]);
  });

  test('do not change when the bars after a row are cut off', () => {
    fc.assert(
      fc.property(grids, scopes, fc.double({ min: 0, max: 1, noNaN: true }), (grid, scope, share) => {
        const rowCount = Math.ceil(share * grid.rowCount);
        const whole = computeFeatures(grid, { tickSize: 0.25, scope });
        const cut = computeFeatures(firstRows(grid, rowCount), { tickSize: 0.25, scope });
        expectSame(whole.columns, cut.columns, rowCount);
      }),
      { numRuns: 40 },
    );
  });

  test('are the same however the rows are cut into ranges', () => {
    const cutGrids = grids.chain((grid) => fc.tuple(fc.constant(grid), randomRanges(grid.rowCount)));
    fc.assert(
      fc.property(cutGrids, scopes, ([grid, ranges], scope) => {
        const options = { tickSize: 0.25, scope };
        const parts = sharedArrays(grid.rowCount);
        for (const range of ranges) computeFeatures(grid, options, range, parts);
        expectSame(computeFeatures(grid, options).columns, parts, grid.rowCount);
      }),
      { numRuns: 40 },
    );
  });

  test('are the same in tiny and in price-sized ticks where they have no unit', () => {
    const unitless = featureColumns.filter(({ category }) => category === 'returns' || category === 'volume');
    fc.assert(
      fc.property(grids, scopes, (grid, scope) => {
        const coarse = computeFeatures(grid, { tickSize: 1, scope }).columns;
        const fine = computeFeatures(grid, { tickSize: 0.001, scope }).columns;
        for (const { name } of unitless) expect(fine[name]).toEqual(coarse[name]);
        expect(fine.position_in_short_range).toEqual(coarse.position_in_short_range);
        expect(fine.atr_percentile).toEqual(coarse.atr_percentile);
      }),
      { numRuns: 10 },
    );
  });

  test('in points double when every price does, and ratios stay', () => {
    const doubling = ['vwap', 'vwap_slope', 'short_range_size', 'atr_30s', 'distance_from_rth_low'] as const;
    const staying = ['return_30s', 'momentum_consistency', 'volatility_breakout', 'atr_percentile'] as const;
    fc.assert(
      fc.property(grids, scopes, (grid, scope) => {
        const twice = (ticks: Int32Array) => ticks.map((value) => 2 * value);
        const doubled = {
          ...grid,
          highTicks: twice(grid.highTicks),
          lowTicks: twice(grid.lowTicks),
          closeTicks: twice(grid.closeTicks),
        };
        const single = computeFeatures(grid, { tickSize: 0.25, scope }).columns;
        const double = computeFeatures(doubled, { tickSize: 0.25, scope }).columns;
        for (const name of doubling) expect(double[name]).toEqual(single[name].map((value) => 2 * value));
        for (const name of staying) expect(double[name]).toEqual(single[name]);
      }),
      { numRuns: 10 },
    );
  });
});
