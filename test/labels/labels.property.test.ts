import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Grid } from '../../src/bars/index.ts';
import {
  computeLabels,
  type LabelMode,
  type ModeColumns,
  monthlyDecay,
  newLabelColumns,
} from '../../src/labels/index.ts';
import { naiveLabel } from './naive-labels.ts';
import { randomGrid, randomRanges } from './random-grid.ts';

const scopes = fc.constantFrom('session', 'all');
const timeouts = fc.constantFrom(1, 2, 15, 16, 17, 40, 300, 900);

/** Any modes, whether or not one's barriers enclose the one's before it. */
const someModes: fc.Arbitrary<LabelMode[]> = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    direction: fc.constantFrom('long', 'short'),
    stopTicks: fc.integer({ min: 1, max: 40 }),
    targetTicks: fc.integer({ min: 1, max: 60 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function affectedIn(grid: Grid): fc.Arbitrary<Uint8Array> {
  return fc.array(fc.integer({ min: 0, max: grid.rowCount - 1 }), { maxLength: 4 }).map((rolls) => {
    const marks = new Uint8Array(grid.rowCount);
    for (const roll of rolls) marks.fill(1, Math.max(0, roll - 1), roll + 6);
    return marks;
  });
}

const request = randomGrid(6, 400).chain((grid) =>
  fc.record({
    grid: fc.constant(grid),
    affected: affectedIn(grid),
    scope: scopes,
    timeoutBars: timeouts,
    modes: someModes,
    ranges: randomRanges(grid.rowCount),
  }),
);

describe('labels', () => {
  test('equal a walk bar by bar, exactly', () => {
    let winners = 0;
    fc.assert(
      fc.property(request, ({ grid, affected, scope, timeoutBars, modes }) => {
        const decay = monthlyDecay(grid.tsUs);
        const columns = computeLabels(grid, { modes, affected, scope, timeoutBars, decay });
        const last = new Date(grid.tsUs[grid.rowCount - 1] / 1000).getUTCMonth();
        modes.forEach((mode, at) => {
          for (let row = 0; row < grid.rowCount; row++) {
            const monthsAgo = last - new Date(grid.tsUs[row] / 1000).getUTCMonth();
            const naive = naiveLabel(grid, affected, scope, timeoutBars, mode, monthsAgo, row);
            const found = { label: columns[at].label[row], weight: columns[at].weight[row] };
            if (found.label !== naive.label || found.weight !== naive.weight) {
              expect({ row, mode, ...found }).toEqual({ row, mode, ...naive });
            }
            winners += found.label;
          }
        });
      }),
      { numRuns: 60 },
    );
    expect(winners).toBeGreaterThan(1000);
  });

  test('are the same however the rows are cut into ranges', () => {
    fc.assert(
      fc.property(request, ({ grid, affected, scope, timeoutBars, modes, ranges }) => {
        const options = { modes, affected, scope, timeoutBars, decay: monthlyDecay(grid.tsUs) };
        const whole = computeLabels(grid, options);
        const parts = sharedColumns(modes, grid.rowCount);
        for (const range of ranges) computeLabels(grid, options, range, parts);
        expect(parts.map(plain)).toEqual(whole.map(plain));
      }),
      { numRuns: 60 },
    );
  });

  test('do not look beyond the timeout', () => {
    fc.assert(
      fc.property(request, fc.nat(), ({ grid, affected, scope, modes }, at) => {
        const timeoutBars = 20;
        const cut = at % grid.rowCount;
        const options = { modes, affected, scope, timeoutBars };
        const before = computeLabels(grid, options).map(plain);
        const later = {
          ...grid,
          openTicks: grid.openTicks.map((ticks, i) => (i > cut + timeoutBars ? ticks + 99 : ticks)),
          highTicks: grid.highTicks.map((ticks, i) => (i > cut + timeoutBars ? ticks + 199 : ticks)),
          lowTicks: grid.lowTicks.map((ticks, i) => (i > cut + timeoutBars ? ticks - 199 : ticks)),
        };
        const after = computeLabels(later, options).map(plain);
        const upToCut = ({ label, weight }: { label: number[]; weight: number[] }) => ({
          label: label.slice(0, cut + 1),
          weight: weight.slice(0, cut + 1),
        });
        expect(after.map(upToCut)).toEqual(before.map(upToCut));
      }),
      { numRuns: 40 },
    );
  });

  test('long and short change places when the market is turned upside down', () => {
    fc.assert(
      fc.property(request, ({ grid, affected, scope, timeoutBars, modes }) => {
        const mirror = {
          ...grid,
          openTicks: grid.openTicks.map((ticks) => -ticks),
          highTicks: grid.lowTicks.map((ticks) => -ticks),
          lowTicks: grid.highTicks.map((ticks) => -ticks),
        };
        const turned = modes.map(
          (mode): LabelMode => ({ ...mode, direction: mode.direction === 'long' ? 'short' : 'long' }),
        );
        const options = { affected, scope, timeoutBars };
        const upright = computeLabels(grid, { ...options, modes });
        expect(computeLabels(mirror, { ...options, modes: turned }).map(plain)).toEqual(upright.map(plain));
      }),
      { numRuns: 30 },
    );
  });
});

function sharedColumns(modes: readonly LabelMode[], rowCount: number): ModeColumns[] {
  return newLabelColumns(modes, rowCount).map(() => ({
    label: new Int8Array(new SharedArrayBuffer(rowCount)).fill(9),
    weight: new Float32Array(new SharedArrayBuffer(4 * rowCount)).fill(9),
  }));
}

function plain({ label, weight }: ModeColumns): { label: number[]; weight: number[] } {
  return { label: [...label], weight: [...weight] };
}
