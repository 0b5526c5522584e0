import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { decayingColumns, rebaseWeights } from '../../src/labels/index.ts';
import { jsonLines, runCli } from './run-cli.ts';

const lake = mkdtempSync(join(tmpdir(), 'barline-decay-'));
const MONTHS = ['2024-01', '2024-02', '2024-03'];
const WEIGHTS = [0.25, 1, 4];

beforeAll(async () => {
  const table = await DeltaTable.create(join(lake, 'training_bars'), {
    schema: struct([
      field('timestamp', 'timestamp'),
      field('label_up', 'byte'),
      field('weight_up', 'float'),
      field('weight_uniqueness_up', 'float'),
      field('month', 'string'),
    ]),
    partitionBy: ['month'],
  });
  const day = (month: string, at: number) =>
    Date.parse(`${month}-${at === 0 ? '01T00:00:00' : '28T23:59:59'}Z`) * 1000;
  for (const month of MONTHS) {
    const columns = {
      timestamp: { values: Float64Array.of(day(month, 0), day(month, 1)) },
      label_up: { values: Int8Array.of(0, 1) },
      weight_up: { values: Float32Array.of(1, WEIGHTS[MONTHS.indexOf(month)] ?? 1) },
      weight_uniqueness_up: { values: Float32Array.of(0.5, 0.5) },
    };
    await table.append([await table.writeDataFile(columns, { partitionValues: { month } })]);
  }
});
afterAll(() => rmSync(lake, { recursive: true, force: true }));

async function read(...args: string[]): Promise<unknown[]> {
  const { code, stdout, stderr } = await runCli([
    'table',
    'read',
    'training_bars',
    '--lake',
    lake,
    '--json',
    ...args,
  ]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout);
}

/** The formula of the weights: what was stored, times exp(−0.05 × months before the reference). */
const expected = (reference: string, months = MONTHS) =>
  months.flatMap((month) => {
    const ago =
      Number(reference.slice(5)) - Number(month.slice(5)) + (Number(reference.slice(0, 4)) - 2024) * 12;
    return [1, WEIGHTS[MONTHS.indexOf(month)] ?? 1].map((weight) => [
      month,
      weight * Math.exp(-0.05 * ago),
      0.5,
    ]);
  });

const triples = (rows: readonly unknown[]) =>
  rows.map((row) => {
    const { month, weight_up, weight_uniqueness_up } = Object(row);
    return [String(month), Number(weight_up), Number(weight_uniqueness_up)] as const;
  });

function near(rows: readonly unknown[], wanted: ReturnType<typeof expected>): void {
  const found = triples(rows).sort();
  expect(found.map(([month]) => month)).toEqual(wanted.map(([month]) => month));
  found.forEach(([, weight, other], at) => {
    expect(Math.abs(weight / Number([...wanted].sort()[at]?.[1]) - 1)).toBeLessThan(1e-6);
    expect(other).toBe(0.5);
  });
}

describe('table read --decay-reference', () => {
  it('counts the decay of weights from the month given, or from the newest of the rows asked for', async () => {
    near(await read('--decay-reference', '2025-10'), expected('2025-10'));
    near(await read('--decay-reference'), expected('2024-03'));
    const where = ['--where', "month < '2024-03'", '--order-by', 'timestamp'];
    near(await read('--decay-reference', ...where), expected('2024-02', MONTHS.slice(0, 2)));
    // and leaves them as they are stored without it
    expect(
      triples(await read())
        .map(([, weight]) => weight)
        .sort(),
    ).toEqual([0.25, 1, 1, 1, 1, 4]);
  });

  it('names what it cannot do', async () => {
    const bad = await runCli([
      'table',
      'read',
      'training_bars',
      '--lake',
      lake,
      '--decay-reference',
      '2024-13',
    ]);
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('--decay-reference "2024-13"')]);
    await DeltaTable.create(join(lake, 'plain'), { schema: struct([field('timestamp', 'timestamp')]) });
    const none = await runCli(['table', 'read', 'plain', '--lake', lake, '--decay-reference', '2024-03']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('table plain has no weights')]);
  });
});

describe('rebaseWeights', () => {
  it('multiplies each row by the factor of its UTC month', () => {
    const month = fc.integer({ min: 480, max: 720 });
    fc.assert(
      fc.property(
        fc.array(month, { maxLength: 40 }),
        month,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (months, reference, rate) => {
          const sorted = months.sort((a, b) => a - b);
          const tsUs = Float64Array.from(sorted, (each, row) => (Date.UTC(1970, each, 1) + row) * 1000);
          const weights = Float32Array.from(sorted, (_, row) => 0.25 + (row % 7) / 2);
          const rebased = rebaseWeights(tsUs, weights, rate, reference);
          expect([...rebased]).toEqual(
            sorted.map((each, row) =>
              Math.fround((weights[row] ?? 0) * Math.exp(-rate * (reference - each))),
            ),
          );
        },
      ),
    );
  });

  it('concerns the weights that stand beside a label', () => {
    expect(decayingColumns(['weight_a', 'label_a', 'weight_uniqueness_a', 'weight_b'])).toEqual(['weight_a']);
  });
});
