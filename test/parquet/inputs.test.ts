// The array types a column may come in, and columns longer than what a hot loop takes at a call.
import { describe, expect, it } from 'vitest';
import {
  type ColumnData,
  encodeParquet,
  encodeRowGroup,
  type ParquetField,
} from '../../src/parquet/index.ts';
import { seededRandom } from './cases.ts';
import { readColumns } from './read-back.ts';

async function readOne(field: Omit<ParquetField, 'name'>, data: ColumnData, pageRows?: number) {
  const pieces = encodeParquet({ fields: [{ name: 'x', ...field }] }, [data], pageRows ? { pageRows } : {});
  return (await readColumns(pieces)).get('x');
}

function encodingOf(field: Omit<ParquetField, 'name'>, data: ColumnData) {
  const { columns } = encodeRowGroup({ fields: [{ name: 'x', ...field }] }, [data]);
  return {
    encoding: columns[0].encoding,
    codec: columns[0].codec,
    byteLength: columns[0].compressedByteLength,
  };
}

describe('input arrays', () => {
  it('takes int64 as bigint, small and beyond 2^53', async () => {
    for (const bigints of [
      [5n, -7n, 2n ** 53n - 1n],
      [2n ** 63n - 1n, -(2n ** 63n), 0n, 2n ** 53n, -(2n ** 53n) - 1n],
    ]) {
      for (const encoding of ['auto', 'plain', 'dictionary', 'delta'] as const) {
        const found = await readOne({ type: 'int64', encoding }, { values: BigInt64Array.from(bigints) });
        expect(found, encoding).toEqual(bigints.map(String));
      }
    }
  });

  it('takes bigints with nulls, the safe and the unsafe alike', async () => {
    const values = BigInt64Array.of(2n ** 62n, 1n, -3n, 2n ** 62n + 1n, 9n);
    const validity = Uint8Array.of(1, 0, 1, 1, 0);
    expect(await readOne({ type: 'int64' }, { values, validity })).toEqual([
      String(2n ** 62n),
      null,
      '-3',
      String(2n ** 62n + 1n),
      null,
    ]);
  });

  it('takes labels as Uint8Array', async () => {
    expect(await readOne({ type: 'int8' }, { values: Uint8Array.of(0, 1, 127) })).toEqual(['0', '1', '127']);
  });

  it('takes text as codes, drops what no row uses, and reads a negative code as null', async () => {
    const values = ['unused', 'ESH4', 'ESM4', 'ESH4'];
    const found = await readOne(
      { type: 'string' },
      { values: { codes: Int32Array.of(1, 2, -1, 3, 1), values } },
    );
    expect(found).toEqual(['ESH4', 'ESM4', null, 'ESH4', 'ESH4']);
    const rowGroup = encodeRowGroup({ fields: [{ name: 'x', type: 'string' }] }, [
      { values: { codes: Uint16Array.of(1, 2, 3, 1), values } },
    ]);
    expect(rowGroup.columns[0].statistics).toMatchObject({ min: 'ESH4', max: 'ESM4', nullCount: 0 });
    expect(Buffer.concat(rowGroup.pieces).includes('unused')).toBe(false);
  });

  it('writes text as codes and as strings alike', () => {
    const schema = { fields: [{ name: 'x', type: 'string' as const }] };
    const strings = ['b', 'a', 'b', 'c'];
    const codes = { codes: Uint16Array.of(2, 0, 2, 1), values: ['a', 'c', 'b'] };
    expect(Buffer.concat(encodeParquet(schema, [{ values: codes }]))).toEqual(
      Buffer.concat(encodeParquet(schema, [{ values: strings }])),
    );
  });

  it('takes decimals as their unscaled numbers in typed arrays', async () => {
    const small = { kind: 'decimal', precision: 9, scale: 2 } as const;
    const large = { kind: 'decimal', precision: 18, scale: 2 } as const;
    expect(await readOne({ type: small }, { values: Int32Array.of(150, -25) })).toEqual(['1.5', '-0.25']);
    expect(await readOne({ type: large }, { values: Float64Array.of(150, -25) })).toEqual(['1.5', '-0.25']);
    expect(await readOne({ type: large }, { values: BigInt64Array.of(150n, -25n) })).toEqual([
      '1.5',
      '-0.25',
    ]);
  });

  it('takes arrays on shared memory and in the middle of a buffer', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(400), 40, 50).map((_, i) => i / 4);
    expect(await readOne({ type: 'float' }, { values: shared.subarray(3, 6) })).toEqual([
      '0.75',
      '1',
      '1.25',
    ]);
  });
});

describe('long columns', () => {
  const rowCount = 70_001;
  const random = seededRandom(5);
  const prices = Float64Array.from({ length: rowCount }, () => 4000 + Math.floor(random() * 900) * 0.25);
  const noise = Float32Array.from({ length: rowCount }, (_, row) =>
    row % 27_000 < 300 ? Number.NaN : random(),
  );
  const labels = Int8Array.from({ length: rowCount }, (_, row) => (row % 1000 < 400 ? 1 : 0));
  const times = Float64Array.from({ length: rowCount }, (_, row) => 1_714_000_000_000_000 + row * 1e6);
  const counts = Float64Array.from({ length: rowCount }, () => Math.floor(random() ** 4 * 500));
  const noisyDoubles = Float64Array.from(noise);
  const texts = (values: Iterable<number>) =>
    Array.from(values, (value) => (Number.isNaN(value) ? null : String(value)));

  it.each([
    ['prices', { type: 'double' } as const, { values: prices }, 'RLE_DICTIONARY'],
    ['noise', { type: 'float' } as const, { values: noise, nanIsNull: true }, 'PLAIN'],
    ['noise in doubles', { type: 'double' } as const, { values: noisyDoubles, nanIsNull: true }, 'PLAIN'],
    ['labels', { type: 'int8' } as const, { values: labels }, 'RLE_DICTIONARY'],
    ['times', { type: 'timestamp' } as const, { values: times }, 'DELTA_BINARY_PACKED'],
    ['counts', { type: 'int64' } as const, { values: counts }, 'RLE_DICTIONARY'],
  ])('%s come back, in the encoding that suits them', async (_, field, data, encoding) => {
    expect(encodingOf(field, data).encoding).toBe(encoding);
    for (const pageRows of [131_072, 10_007]) {
      expect(await readOne(field, data, pageRows)).toEqual(texts(data.values));
    }
  });

  it('writes a constant or steadily rising column in a few bytes', () => {
    const zeros = { values: new Int8Array(rowCount) };
    expect(encodingOf({ type: 'int8' }, zeros).byteLength).toBeLessThan(120);
    expect(encodingOf({ type: 'timestamp' }, { values: times }).byteLength).toBeLessThan(500);
    expect(encodingOf({ type: 'int8' }, { values: labels }).byteLength).toBeLessThan(1000);
  });

  it('gives up a dictionary that grows too large, and one asked for at 65,536 values', async () => {
    const distinct = Int32Array.from({ length: rowCount }, (_, row) => (row * 7919) % 65_537);
    expect(encodingOf({ type: 'int32', encoding: 'dictionary' }, { values: distinct }).encoding).toBe(
      'PLAIN',
    );
    const fits = distinct.map((value) => Math.min(value, 65_535));
    expect(encodingOf({ type: 'int32', encoding: 'dictionary' }, { values: fits }).encoding).toBe(
      'RLE_DICTIONARY',
    );
    expect(await readOne({ type: 'int32', encoding: 'dictionary' }, { values: fits })).toEqual(texts(fits));
  });

  it('does not compress what zstd does not shrink', () => {
    const bits = Int32Array.from({ length: rowCount }, () => Math.floor(random() * 2 ** 32) | 0);
    expect(encodingOf({ type: 'int32' }, { values: bits }).codec).toBe('uncompressed');
  });
});
