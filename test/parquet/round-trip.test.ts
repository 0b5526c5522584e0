import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeParquet } from '../../src/parquet/index.ts';
import { caseColumn, encodingsOf, fileCases, NULL_PATTERNS, SHAPES, TYPES } from './cases.ts';
import { metadataOf, readColumns } from './read-back.ts';

describe('hyparquet reads every type, encoding, null pattern, page and row group', () => {
  for (const { name, rowCount, columns, options } of fileCases()) {
    it(name, async () => {
      const schema = { fields: columns.map((column) => column.field) };
      const pieces = encodeParquet(
        schema,
        columns.map((column) => column.data),
        options,
      );
      expect(Number(metadataOf(pieces).num_rows)).toBe(rowCount);
      const read = await readColumns(pieces);
      for (const { field, expected } of columns) {
        const found = read.get(field.name);
        if (typeof field.type === 'string') expect(found, field.name).toEqual(expected);
        else expect(found?.map(nearly), field.name).toEqual(expected.map((text) => scaled(text, field.type)));
      }
    });
  }
});

// hyparquet turns decimals into doubles.
function scaled(text: string | null, type: unknown): string | null {
  const scale = typeof type === 'object' && type !== null && 'scale' in type ? Number(type.scale) : 0;
  return text === null ? null : nearly(String(Number(text) * 10 ** -scale));
}

function nearly(text: string | null): string | null {
  return text === null ? null : Number(text).toPrecision(12);
}

describe('any column', () => {
  const columns = fc.record({
    type: fc.constantFrom(...TYPES.filter((type) => typeof type === 'string')),
    pattern: fc.constantFrom(...NULL_PATTERNS),
    shape: fc.constantFrom(...SHAPES),
    compression: fc.constantFrom('auto' as const, 'zstd' as const, 'uncompressed' as const),
    encodingIndex: fc.nat(3),
    seed: fc.nat(10_000),
    rowCount: fc.integer({ min: 1, max: 400 }),
    rowGroupRows: fc.integer({ min: 1, max: 400 }),
    pageRows: fc.integer({ min: 1, max: 200 }),
  });

  it('comes back as it was, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(columns, async ({ type, encodingIndex, rowGroupRows, pageRows, ...options }) => {
        const encodings = encodingsOf(type);
        const encoding = encodings[encodingIndex % encodings.length];
        const { field, data, expected } = caseColumn(type, { ...options, encoding, name: 'x' });
        const pieces = encodeParquet({ fields: [field] }, [data], {
          rowGroupRows: Math.max(rowGroupRows, Math.ceil(options.rowCount / 20)),
          pageRows,
        });
        expect((await readColumns(pieces)).get('x')).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('comes back as it was when NaN marks null', async () => {
    const values = fc.array(
      fc.oneof(
        fc.constant(Number.NaN),
        fc.constantFrom(0, -0, 0.25, Number.POSITIVE_INFINITY),
        fc.float({ noNaN: true }),
      ),
      { minLength: 1, maxLength: 300 },
    );
    await fc.assert(
      fc.asyncProperty(
        values,
        fc.constantFrom('float' as const, 'double' as const),
        async (numbers, type) => {
          const data = type === 'float' ? Float32Array.from(numbers) : Float64Array.from(numbers);
          const pieces = encodeParquet(
            { fields: [{ name: 'x', type }] },
            [{ values: data, nanIsNull: true }],
            { pageRows: 50 },
          );
          const expected = [...data].map((value) =>
            Number.isNaN(value) ? null : Object.is(value, -0) ? '-0' : String(value),
          );
          expect((await readColumns(pieces)).get('x')).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});
