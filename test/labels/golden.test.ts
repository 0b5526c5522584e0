import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { computeLabels, labelModes, monthlyDecay } from '../../src/labels/index.ts';
import {
  differingRows,
  gapMarks,
  goldenBars,
  goldenCases,
  goldenGrid,
  hasGoldenBars,
  numbersOf,
  readTable,
} from './golden-bars.ts';

describe.skipIf(!hasGoldenBars())('labels and weights equal the reference', () => {
  test.each(goldenCases)('%s', async (name) => {
    const grid = await goldenGrid(join(goldenBars, `${name}.input.parquet`));
    const expected = await readTable(join(goldenBars, `${name}.expected.parquet`));
    const columns = computeLabels(grid, {
      affected: gapMarks(grid, 'all'),
      scope: 'all',
      decay: monthlyDecay(grid.tsUs),
    });
    const differing = labelModes.flatMap((mode, at) =>
      (['label', 'weight'] as const).map((kind) => {
        const column = `${kind}_${mode.name}`;
        const cells = { name: column, actual: columns[at][kind], expected: numbersOf(expected, column) };
        return { column, rows: differingRows({ ...cells, isWhole: kind === 'label', floor: 0 }).length };
      }),
    );
    expect(differing.filter(({ rows }) => rows > 0)).toEqual([]);
    expect(differing).toHaveLength(12);
  });
});
