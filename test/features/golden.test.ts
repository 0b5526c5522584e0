import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { computeFeatures, featureColumns } from '../../src/features/index.ts';
import {
  differingRows,
  documented,
  floors,
  goldenBars,
  goldenCases,
  goldenGrid,
  hasGoldenBars,
  numbersOf,
  readTable,
} from '../labels/golden-bars.ts';

describe.skipIf(!hasGoldenBars())(
  'features equal the reference, and its documented values where masked',
  () => {
    test.each(goldenCases)('%s', async (name) => {
      const grid = await goldenGrid(join(goldenBars, `${name}.input.parquet`));
      const expected = await readTable(join(goldenBars, `${name}.expected.parquet`));
      const mask = await readTable(join(goldenBars, `${name}.mask.parquet`));
      const floor = floors();
      const { columns, failures } = computeFeatures(grid, { tickSize: 0.25, scope: 'all' });
      expect(failures).toEqual([]);
      const differing = featureColumns.map((column) => ({
        column: column.name,
        rows: differingRows({
          name: column.name,
          expected: documented(numbersOf(expected, column.name), column.name, mask),
          actual: columns[column.name],
          isWhole: column.storage === 'int8',
          floor: floor.get(column.name) ?? 0,
        }).length,
      }));
      expect(differing.filter(({ rows }) => rows > 0)).toEqual([]);
      expect(differing).toHaveLength(43);
    });
  },
);
