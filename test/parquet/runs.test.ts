import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ColumnData, encodeParquet, type ParquetField } from '../../src/parquet/index.ts';
import { findRunStarts, runAt, seldomChanges, wordsAt } from '../../src/parquet/runs.ts';
import { seededRandom } from './cases.ts';
import { metadataOf, readColumns } from './read-back.ts';

/** Runs as a list of [value, length]; lengths reach over the blocks in which kernels work. */
const runs = fc.array(
  fc.tuple(
    fc.constantFrom(0, 1, -1, 7, 300_000),
    fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(9000)),
  ),
  { minLength: 1, maxLength: 12 },
);

function valuesOf(list: readonly (readonly [number, number])[]): number[] {
  return list.flatMap(([value, length]) => new Array<number>(length).fill(value));
}

describe('runs', () => {
  it('start where a value differs from the one before, in words and in pairs of words', () => {
    fc.assert(
      fc.property(runs, fc.constantFrom(1 as const, 2 as const), (list, wordsPerValue) => {
        const values = valuesOf(list);
        const words =
          wordsPerValue === 1
            ? Int32Array.from(values)
            : new Int32Array(Float64Array.from(values, (value) => value * 0.1).buffer);
        const naive = values.flatMap((value, i) => (i === 0 || value !== values[i - 1] ? [i] : []));
        const starts = findRunStarts(words, wordsPerValue);
        expect([...starts]).toEqual(naive);
        expect([...wordsAt(words, wordsPerValue, starts)]).toEqual(
          naive.flatMap((i) => [...words.subarray(wordsPerValue * i, wordsPerValue * (i + 1))]),
        );
        for (const index of [0, 1, values.length >> 1, values.length - 1]) {
          if (index < values.length)
            expect(naive[runAt(starts, index)]).toBe(naive.findLast((i) => i <= index));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are told from columns that change often', () => {
    const every = (length: number) => Int32Array.from({ length: 20_000 }, (_, i) => Math.floor(i / length));
    expect(seldomChanges(every(20), 1)).toBe(true);
    expect(seldomChanges(every(3), 1)).toBe(false);
    expect(seldomChanges(new Int32Array(0), 1)).toBe(false);
  });
});

describe('columns that seldom change', () => {
  const random = seededRandom(11);
  const rowCount = 40_000;
  const steps: number[] = [];
  while (steps.length < rowCount) {
    const value = Math.floor(random() * 90) - 40;
    const length = Math.ceil(random() ** 3 * 200);
    for (let k = 0; k < length && steps.length < rowCount; k++) steps.push(value);
  }
  const scarce = steps.map((value) => (value < -30 ? Number.NaN : value / 8));
  const text = (value: number) => (Number.isNaN(value) ? null : String(value));
  const columns: [ParquetField, ColumnData, (string | null)[]][] = [
    [{ name: 'int8', type: 'int8' }, { values: Int8Array.from(steps) }, steps.map(text)],
    [{ name: 'int64', type: 'int64' }, { values: Float64Array.from(steps) }, steps.map(text)],
    [
      { name: 'float', type: 'float' },
      { values: Float32Array.from(scarce), nanIsNull: true },
      scarce.map(text),
    ],
    [
      { name: 'double', type: 'double' },
      { values: Float64Array.from(scarce), nanIsNull: true },
      scarce.map(text),
    ],
    [{ name: 'string', type: 'string' }, { values: scarce.map(text) }, scarce.map(text)],
  ];

  it('come back, however pages and row groups cut the runs', async () => {
    const schema = { fields: columns.map(([field]) => field) };
    const data = columns.map(([, values]) => values);
    for (const options of [{}, { pageRows: 777 }, { pageRows: 9001, rowGroupRows: 17_003 }]) {
      const pieces = encodeParquet(schema, data, options);
      const read = await readColumns(pieces);
      for (const [{ name }, , expected] of columns) expect(read.get(name), name).toEqual(expected);
      for (const { meta_data } of metadataOf(pieces).row_groups[0]?.columns ?? []) {
        expect(meta_data?.encodings).toContain('RLE_DICTIONARY');
      }
    }
  });
});
