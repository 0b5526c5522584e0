import fc from 'fast-check';
import { readColumnIndex, readOffsetIndex } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import {
  type ColumnData,
  columnStatistics,
  encodeParquet,
  encodeRowGroup,
  mergeStatistics,
  type ParquetField,
} from '../../src/parquet/index.ts';
import { join, metadataOf } from './read-back.ts';

function statisticsOf(field: Omit<ParquetField, 'name'>, data: ColumnData) {
  return encodeRowGroup({ fields: [{ name: 'x', ...field }] }, [data]).columns[0].statistics;
}

const EXACT = { minExact: true, maxExact: true };

describe('statistics of numbers equal naive ones', () => {
  const float = fc.oneof(fc.float(), fc.constantFrom(Number.NaN, 0, -0, 1.5));

  it('for floats, whatever the encoding and however NaN is meant', () => {
    const encoding = fc.constantFrom('auto' as const, 'plain' as const, 'dictionary' as const);
    fc.assert(
      fc.property(fc.array(float, { minLength: 1 }), encoding, fc.boolean(), (numbers, choice, nanIsNull) => {
        const values = Float32Array.from(numbers);
        const known = [...values].filter((value) => !Number.isNaN(value));
        const nans = values.length - known.length;
        expect(statisticsOf({ type: 'float', encoding: choice }, { values, nanIsNull })).toEqual({
          min: known.length === 0 ? null : Math.min(...known) + 0,
          max: known.length === 0 ? null : Math.max(...known) + 0,
          nullCount: nanIsNull ? nans : 0,
          nanCount: nanIsNull ? 0 : nans,
          ...EXACT,
        });
      }),
    );
  });

  it('for whole numbers and bigints with nulls', () => {
    const row = fc.record({
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      valid: fc.boolean(),
    });
    const small = fc.record({ value: fc.bigInt({ min: -99n, max: 99n }), valid: fc.boolean() });
    const rows = fc.oneof(fc.array(row, { minLength: 1 }), fc.array(small, { minLength: 1 }));
    fc.assert(
      fc.property(rows, (list) => {
        const known = list.filter(({ valid }) => valid).map(({ value }) => value);
        const [least = 0n, most = least] = [BigInt64Array.from(known).sort()].flatMap((s) => [
          ...s.slice(0, 1),
          ...s.slice(-1),
        ]);
        const plain = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
        const data = {
          values: BigInt64Array.from(list.map(({ value }) => value)),
          validity: Uint8Array.from(list, ({ valid }) => (valid ? 1 : 0)),
        };
        expect(statisticsOf({ type: 'int64' }, data)).toEqual({
          min: known.length === 0 ? null : plain(least),
          max: known.length === 0 ? null : plain(most),
          nullCount: list.length - known.length,
          nanCount: 0,
          ...EXACT,
        });
      }),
    );
  });

  it('for columns longer than a block, whose bounds lie at the ends', () => {
    const values = new Float64Array(20_001).fill(1);
    values[0] = -5;
    values[20_000] = 9;
    for (const encoding of ['plain', 'dictionary', 'byte_stream_split'] as const) {
      expect(statisticsOf({ type: 'double', encoding }, { values })).toMatchObject({ min: -5, max: 9 });
    }
  });

  it('for booleans, dates and decimals', () => {
    expect(statisticsOf({ type: 'boolean' }, { values: Uint8Array.of(0, 1, 0) })).toMatchObject({
      min: false,
      max: true,
    });
    expect(statisticsOf({ type: 'boolean' }, { values: Uint8Array.of(1) })).toMatchObject({
      min: true,
      max: true,
    });
    expect(statisticsOf({ type: 'date' }, { values: Int32Array.of(5, -7) })).toMatchObject({
      min: -7,
      max: 5,
    });
    const type = { kind: 'decimal', precision: 30, scale: 2 } as const;
    const values = [10n ** 29n, null, -(10n ** 28n), -1n];
    expect(statisticsOf({ type }, { values })).toMatchObject({
      min: -(10n ** 28n),
      max: 10n ** 29n,
      nullCount: 1,
    });
  });
});

describe('statistics of text', () => {
  it('bound every string, in the order of UTF-8, shortened above 64 bytes', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.constantFrom('a'.repeat(80), '\u{10ffff}'.repeat(20), '\ud7ff'.repeat(30), '\uffff', '\u{10000}'),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (values) => {
        const { min, max, minExact, maxExact } = statisticsOf({ type: 'string' }, { values });
        const sorted = values.map((value) => Buffer.from(value)).sort(Buffer.compare);
        const least = sorted[0];
        const most = sorted[sorted.length - 1];
        expect(minExact).toBe(least.length <= 64);
        // Nothing sorts after 16 of the last character but a longer text: such a bound is kept whole.
        expect(maxExact).toBe(most.length <= 64 || /^\u{10ffff}{16}/u.test(String(most)));
        const lower = Buffer.from(String(min));
        expect(Buffer.compare(lower, least)).toBe(minExact ? 0 : -1);
        expect(lower.length).toBeLessThanOrEqual(64);
        expect(Buffer.compare(Buffer.from(String(max)), most)).toBe(maxExact ? 0 : 1);
      }),
    );
  });

  it('raise the last byte of long byte strings that can be', () => {
    const long = new Uint8Array(70).fill(7);
    expect(statisticsOf({ type: 'binary' }, { values: [long] })).toEqual({
      min: new Uint8Array(64).fill(7),
      max: new Uint8Array(64).fill(7).with(63, 8),
      nullCount: 0,
      nanCount: 0,
      minExact: false,
      maxExact: false,
    });
    const highest = new Uint8Array(70).fill(255);
    expect(statisticsOf({ type: 'binary' }, { values: [highest] })).toMatchObject({
      max: highest,
      maxExact: true,
    });
  });
});

describe('merging', () => {
  it('of row groups gives what the whole has', () => {
    const schema = {
      fields: [
        { name: 'a', type: 'double' as const },
        { name: 's', type: 'string' as const },
      ],
    };
    const groups = [[1, 2], [], [Number.NaN], [-4, 7]].map((numbers) =>
      encodeRowGroup(schema, [
        { values: Float64Array.from(numbers), nanIsNull: true },
        { values: numbers.map((number) => (number === 7 ? null : `v${number}`)) },
      ]),
    );
    expect(columnStatistics(schema, groups)).toEqual([
      { min: -4, max: 7, nullCount: 1, nanCount: 0, ...EXACT },
      { min: 'v-4', max: 'vNaN', nullCount: 1, nanCount: 0, ...EXACT },
    ]);
  });

  it('of nothing has no bounds', () => {
    expect(mergeStatistics([])).toEqual({ min: null, max: null, nullCount: 0, nanCount: 0, ...EXACT });
  });
});

describe('the footer', () => {
  const schema = { fields: [{ name: 'x', type: 'float' as const }] };

  it('says -0 below and +0 above, since readers tell them apart', () => {
    for (const zeros of [
      [0, 0],
      [-0, -0],
      [0, -0],
    ]) {
      const pieces = encodeParquet(schema, [{ values: Float32Array.from(zeros) }]);
      const statistics = metadataOf(pieces).row_groups[0].columns[0].meta_data?.statistics;
      expect(statistics?.min_value).toBe(-0);
      expect(statistics?.max_value).toBe(0);
    }
  });

  it('says who wrote the file, and keeps keys and field ids', () => {
    const fields = [{ name: 'x', type: 'int8' as const, fieldId: 40 }];
    const metadata = metadataOf(
      encodeParquet({ fields }, [{ values: Int8Array.of(1) }], { metadata: new Map([['k', 'v']]) }),
    );
    expect(metadata.created_by).toMatch(/^barline version \d+\.\d+\.\d+ \(build \d+\)$/);
    expect(metadata.key_value_metadata).toEqual([{ key: 'k', value: 'v' }]);
    expect(metadata.schema[1]).toMatchObject({ field_id: 40, converted_type: 'INT_8' });
    expect(metadata.schema[1].logical_type).toEqual({ type: 'INTEGER', bitWidth: 8, isSigned: true });
  });
});

describe('page indexes', () => {
  const rowCount = 1000;
  const schema = {
    fields: [
      { name: 'ts', type: 'timestamp' as const },
      { name: 'price', type: 'double' as const },
    ],
  };
  const columns = [
    { values: Float64Array.from({ length: rowCount }, (_, row) => row * 1e6) },
    {
      values: Float64Array.from({ length: rowCount }, (_, row) => (row < 200 ? Number.NaN : Math.sin(row))),
      nanIsNull: true,
    },
  ];
  const pieces = encodeParquet(schema, columns, { pageRows: 100, rowGroupRows: 600 });
  const file = join(pieces);
  const metadata = metadataOf(pieces);

  function reader(offset: bigint | undefined, length: number | undefined) {
    const start = Number(offset);
    return { view: new DataView(file, start, length), offset: 0 };
  }

  it('say where each page lies and which rows it starts with', () => {
    for (const group of metadata.row_groups) {
      for (const column of group.columns) {
        const { page_locations: pages } = readOffsetIndex(
          reader(column.offset_index_offset, column.offset_index_length),
        );
        expect(pages.map((page) => Number(page.first_row_index))).toEqual(
          Array.from({ length: Number(group.num_rows) / 100 }, (_, page) => page * 100),
        );
        expect(pages[0].offset).toBe(column.meta_data?.data_page_offset);
        pages.slice(1).forEach((page, before) => {
          expect(Number(page.offset)).toBe(Number(pages[before].offset) + pages[before].compressed_page_size);
        });
      }
    }
  });

  it('say the bounds and nulls of each page, and their order', () => {
    const [ts, price] = metadata.row_groups[0].columns;
    const times = readColumnIndex(reader(ts.column_index_offset, ts.column_index_length), metadata.schema[1]);
    expect(times.boundary_order).toBe('ASCENDING');
    expect(times.min_values.map(Number)).toEqual(
      [0, 1, 2, 3, 4, 5].map((page) => Number(new Date(page * 100_000))),
    );
    const prices = readColumnIndex(
      reader(price.column_index_offset, price.column_index_length),
      metadata.schema[2],
    );
    expect(prices.null_pages).toEqual([true, true, false, false, false, false]);
    expect(prices.null_counts?.map(Number)).toEqual([100, 100, 0, 0, 0, 0]);
    expect(prices.boundary_order).toBe('UNORDERED');
    expect(prices.max_values[2]).toBe(Math.max(...columns[1].values.subarray(200, 300)));
  });
});
