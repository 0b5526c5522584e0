import { describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { type ColumnData, encodeParquet, type ParquetField } from '../../src/parquet/index.ts';

function failure(fields: readonly ParquetField[], columns: readonly ColumnData[]): string {
  try {
    encodeParquet({ fields }, columns);
  } catch (error) {
    if (error instanceof BarlineError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

const one = (field: Omit<ParquetField, 'name'>, data: ColumnData) =>
  failure([{ name: 'x', ...field }], [data]);

describe('bad requests are refused by column', () => {
  it('a schema without columns, or with one twice', () => {
    expect(failure([], [])).toMatch(/^PARQUET_SCHEMA: /);
    const field = { name: 'x', type: 'int8' as const };
    expect(failure([field, field], [])).toBe('PARQUET_SCHEMA: Column "x" is in the schema twice.');
  });

  it('a decimal out of range', () => {
    const type = { kind: 'decimal', precision: 39, scale: 0 } as const;
    expect(one({ type }, { values: [1n] })).toMatch(/PARQUET_SCHEMA: Column "x": .*found decimal\(39,0\)\./);
  });

  it('an encoding that does not suit the type', () => {
    const data = { values: ['a'] };
    expect(one({ type: 'string', encoding: 'delta' }, data)).toBe(
      'PARQUET_SCHEMA: Column "x": the encoding delta does not apply to the type string.',
    );
  });

  it('an array that does not suit the type', () => {
    expect(one({ type: 'float' }, { values: Float64Array.of(1) })).toBe(
      'PARQUET_COLUMN_TYPE: Column "x": cannot store Float64Array as float.',
    );
    expect(one({ type: 'timestamp_nanos' }, { values: Float64Array.of(1) })).toMatch(/PARQUET_COLUMN_TYPE/);
    expect(one({ type: 'int8' }, { values: Uint8Array.of(128) })).toMatch(/PARQUET_COLUMN_TYPE/);
    expect(one({ type: 'string' }, { values: [1n] })).toBe(
      'PARQUET_COLUMN_TYPE: Column "x": cannot store bigint[] as string.',
    );
    expect(one({ type: 'string' }, { values: { codes: Int32Array.of(2), values: ['a', 'b'] } })).toMatch(
      /PARQUET_COLUMN_TYPE/,
    );
    expect(one({ type: 'int8' }, { values: Int8Array.of(1), nanIsNull: true })).toMatch(/nanIsNull/);
  });

  it('columns of different lengths', () => {
    const fields = ['a', 'b'].map((name) => ({ name, type: 'int8' as const }));
    expect(failure(fields, [{ values: new Int8Array(3) }, { values: new Int8Array(4) }])).toBe(
      'PARQUET_COLUMN_LENGTH: Column "b": expected 3 rows, found 4.',
    );
    expect(failure(fields, [{ values: new Int8Array(3) }])).toMatch(
      /Expected 2 columns as in the schema, found 1/,
    );
    expect(one({ type: 'int8' }, { values: new Int8Array(3), validity: new Uint8Array(2) })).toMatch(
      /expected 3 validity bytes, found 2/,
    );
  });

  it('a null in a required column, by its row', () => {
    const values = Float32Array.of(1, Number.NaN, 3, Number.NaN);
    expect(one({ type: 'float', nullable: false }, { values, nanIsNull: true })).toBe(
      'PARQUET_NULL: Column "x": expected no nulls, found 2, the first in row 1.',
    );
  });

  it('fractions, NaN and numbers beyond 2^53 as int64, in any encoding', () => {
    for (const bad of [0.5, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY]) {
      for (const encoding of ['auto', 'plain', 'delta', 'dictionary'] as const) {
        expect(one({ type: 'int64', encoding }, { values: Float64Array.of(1, bad) })).toMatch(
          /^PARQUET_VALUE_RANGE: Column "x": expected whole numbers/,
        );
      }
    }
  });

  it('decimals with more digits than the type has', () => {
    for (const [precision, values] of [
      [4, Int32Array.of(10_000)],
      [12, Float64Array.of(-1e12)],
      [17, BigInt64Array.of(10n ** 17n)],
      [30, [10n ** 30n]],
    ] as const) {
      const type = { kind: 'decimal', precision, scale: 0 } as const;
      expect(one({ type }, { values })).toMatch(/^PARQUET_VALUE_RANGE: /);
    }
  });

  it('but not a NaN that marks null in int64', () => {
    expect(one({ type: 'int64' }, { values: Float64Array.of(1, Number.NaN), nanIsNull: true })).toBe('none');
  });
});
