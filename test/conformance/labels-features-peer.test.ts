/**
 * Labels, weights and features of every golden input against the Python peer, sessions respected: what the golden
 * files themselves, made with sessions ignored, do not cover.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { computeFeatures, featureColumns } from '../../src/features/index.ts';
import { computeLabels, labelModes, monthlyDecay } from '../../src/labels/index.ts';
import {
  differingRows,
  floors,
  gapMarks,
  goldenBars,
  goldenCases,
  goldenGrid,
  numbersOf,
  readTable,
} from '../labels/golden-bars.ts';

const peer = join(goldenBars, '..', '..', 'peers', 'peer_month.py');
const folder = mkdtempSync(join(tmpdir(), 'barline-peer-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('labels and features equal the peer, sessions respected', () => {
  test('the peer is there', () => {
    expect(existsSync(peer), peer).toBe(true);
  });

  test.each(goldenCases)('%s', async (name) => {
    const input = join(goldenBars, `${name}.input.parquet`);
    const output = join(folder, `${name}.parquet`);
    const wanted = ['--process', input, '--output', output, '--sessions', 'respect', '--rolls', 'gaps'];
    execFileSync('python3', [peer, ...wanted]);
    const expected = await readTable(output);
    const grid = await goldenGrid(input);
    const labels = computeLabels(grid, {
      // The peer's windows run over session edges.
      affected: gapMarks(grid, 'all'),
      scope: 'session',
      decay: monthlyDecay(grid.tsUs),
    });
    const features = computeFeatures(grid, { tickSize: 0.25, scope: 'session' });
    const floor = floors();
    const cells = [
      ...labelModes.flatMap((mode, at) => [
        { name: `label_${mode.name}`, actual: labels[at].label, isWhole: true },
        { name: `weight_${mode.name}`, actual: labels[at].weight, isWhole: false },
      ]),
      ...featureColumns.map((column) => ({
        name: column.name,
        actual: features.columns[column.name],
        isWhole: column.storage === 'int8',
      })),
    ];
    const differing = cells.map((cell) => {
      const rows = differingRows({
        ...cell,
        expected: numbersOf(expected, cell.name),
        floor: floor.get(cell.name) ?? 0,
      });
      return { column: cell.name, count: rows.length, first: rows[0] };
    });
    expect(differing.filter(({ count }) => count > 0)).toEqual([]);
    expect(differing).toHaveLength(55);
  });
});
