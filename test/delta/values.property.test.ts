import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DeltaType,
  decodePartitionValue,
  encodePartitionValue,
  encodeStats,
  field,
  parseStats,
  struct,
  type ValueInput,
} from '../../src/delta/index.ts';
import { decodePath, encodePath, partitionFolder, pathKey } from '../../src/delta/paths.ts';
import { compileWhere, matches } from '../../src/delta/predicate.ts';
import { mayContain } from '../../src/delta/stats.ts';
import { compareValues, toComparable } from '../../src/delta/values.ts';

const DAY_US = 86_400_000_000n;
const FIRST_US = -62_135_596_800_000_000n;
const LAST_US = 253_402_300_799_999_999n;

const timeUs = fc.bigInt({ min: FIRST_US, max: LAST_US });
const arbitraries: Readonly<Record<string, fc.Arbitrary<ValueInput>>> = {
  string: fc.string({ unit: 'grapheme', minLength: 1 }),
  byte: fc.integer({ min: -128, max: 127 }),
  short: fc.integer({ min: -32768, max: 32767 }),
  integer: fc.integer(),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float: fc.float(),
  double: fc.double(),
  boolean: fc.boolean(),
  date: fc.integer({ min: Number(FIRST_US / DAY_US), max: Number(LAST_US / DAY_US) }),
  timestamp: timeUs,
  timestamp_ntz: timeUs,
};
const types: readonly DeltaType[] = [
  'string',
  'byte',
  'short',
  'integer',
  'long',
  'float',
  'double',
  'boolean',
  'date',
  'timestamp',
  'timestamp_ntz',
];
const typed = fc
  .constantFrom(...types)
  .chain((type) => fc.tuple(fc.constant(type), arbitraries[String(type)] ?? fc.constant(null)));

describe('partition values', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(typed, ([type, value]) => {
        const text = encodePartitionValue(type, value, 'c');
        expect(decodePartitionValue(type, text, 'c')).toEqual(toComparable(type, value, 'c'));
      }),
      { numRuns: 500 },
    );
  });

  it('hold null, and the empty string as null', () => {
    for (const type of types) {
      expect(encodePartitionValue(type, null, 'c')).toBeNull();
      expect(decodePartitionValue(type, null, 'c')).toBeNull();
      expect(decodePartitionValue(type, '', 'c')).toBeNull();
    }
    expect(encodePartitionValue('string', '', 'c')).toBeNull();
  });

  it.each([
    ['date', new Date(Date.UTC(2024, 9, 1)), '2024-10-01'],
    ['date', '2024-10-01', '2024-10-01'],
    ['timestamp', new Date(Date.UTC(2024, 9, 1, 13, 30)), '2024-10-01T13:30:00.000000Z'],
    ['timestamp', '2024-10-01T15:30:00+02:00', '2024-10-01T13:30:00.000000Z'],
    ['timestamp_ntz', '2024-10-01 13:30:00.5', '2024-10-01 13:30:00.500000'],
    ['decimal(10,2)', '0012.50', '12.5'],
    ['long', 7, '7'],
    ['boolean', true, 'true'],
    ['double', Number.POSITIVE_INFINITY, 'Infinity'],
  ] as const)('of %s: %s is written %s', (type, value, text) => {
    expect(encodePartitionValue(type, value, 'c')).toBe(text);
  });

  it('of times are read in each of the forms engines write', () => {
    const us = 1_727_789_400_000_000n;
    for (const text of [
      '2024-10-01 13:30:00',
      '2024-10-01 13:30:00.000000',
      '2024-10-01T13:30:00Z',
      '2024-10-01T13:30:00.000Z',
    ]) {
      expect(decodePartitionValue('timestamp', text, 'c')).toBe(us);
    }
  });

  it.each([
    ['integer', 1.5],
    ['byte', 128],
    ['date', '2024-02-30'],
    ['timestamp', 'soon'],
    ['boolean', 'true'],
    ['string', 7],
    ['decimal(4,2)', '1e5'],
  ] as const)('refuse for %s the value %s', (type, value) => {
    expect(() => encodePartitionValue(type, value, 'c')).toThrow(/column c: expected a/);
  });
});

describe('paths in the log', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (path) => {
        const encoded = encodePath(path);
        expect(decodePath(encoded)).toBe(path);
        expect(encoded).toMatch(/^[\x21-\x7e]*$/);
      }),
    );
  });

  it('name partitions as Hive does', () => {
    expect(partitionFolder(['month', 'venue'], { month: '2024-10', venue: 'a/b:c%d e' })).toBe(
      'month=2024-10/venue=a%2Fb%3Ac%25d e/',
    );
    expect(partitionFolder(['month'], { month: null })).toBe('month=__HIVE_DEFAULT_PARTITION__/');
    expect(encodePath('v=a%2Fb e/x')).toBe('v=a%252Fb%20e/x');
  });

  it('are one key however an absolute one is written', () => {
    expect(new Set(['/a/b%20c', 'file:/a/b%20c', 'file:///a/b%20c'].map(pathKey)).size).toBe(1);
    expect(pathKey('a/b')).not.toBe(pathKey('/a/b'));
  });
});

const byType = (type: DeltaType) => (a: ValueInput, b: ValueInput) => {
  const x = toComparable(type, a, 'c');
  const y = toComparable(type, b, 'c');
  return x === null || y === null ? 0 : compareValues(type, x, y);
};

const column = fc.constantFrom(...types).chain((type) => {
  const value = arbitraries[String(type)] ?? fc.constant(null);
  const long =
    type === 'string' ? fc.oneof(value, fc.string({ unit: 'binary', minLength: 28, maxLength: 40 })) : value;
  return fc.record({
    type: fc.constant(type),
    values: fc.array(fc.oneof({ weight: 8, arbitrary: long }, fc.constant(null)), {
      minLength: 1,
      maxLength: 12,
    }),
    wanted: fc.oneof(long, fc.constant(null)),
    sign: fc.constantFrom('eq' as const, 'ge' as const, 'gt' as const, 'le' as const, 'lt' as const),
  });
});

describe('file statistics', () => {
  it('never leave out a file that holds a row asked for, whatever the values', () => {
    fc.assert(
      fc.property(column, ({ type, values, wanted, sign }) => {
        const schema = struct([field('c', type), field('d', 'long')]);
        const present = values.filter((v) => v !== null && !Number.isNaN(v)).sort(byType(type));
        const statistics = {
          rowCount: values.length,
          columns: {
            c: {
              nullCount: values.filter((v) => v === null).length,
              hasNaN: values.some((v) => Number.isNaN(v)),
              ...(present.length > 0 && { min: present[0] ?? null, max: present.at(-1) ?? null }),
            },
          },
        };
        const stats = parseStats({ stats: encodeStats(schema, [], {}, statistics) });
        if (stats === undefined) throw new Error('the statistics are not JSON');
        const [term] = compileWhere(schema, {
          c: sign === 'eq' || wanted === null ? wanted : { [sign]: wanted },
        });
        if (term === undefined) throw new Error('no term');
        const holds = values.some((v) => matches(term, toComparable(type, v, 'c')));
        if (holds) expect(mayContain(stats, term)).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  const encode = (type: DeltaType, min: ValueInput, max: ValueInput, hasNaN = false) =>
    JSON.parse(
      encodeStats(
        struct([field('c', type)]),
        [],
        {},
        { rowCount: 2, columns: { c: { nullCount: 0, min, max, hasNaN } } },
      ),
    );

  it('are written as the engines read them', () => {
    expect(encode('timestamp', 1_727_789_400_000_001n, 1_727_789_400_000_001n)).toEqual({
      numRecords: 2,
      minValues: { c: '2024-10-01T13:30:00.000Z' },
      maxValues: { c: '2024-10-01T13:30:00.001Z' },
      nullCount: { c: 0 },
    });
    expect(encode('date', '2024-10-01', '2024-10-31')).toMatchObject({ minValues: { c: '2024-10-01' } });
    expect(encode('string', 'a'.repeat(40), 'b'.repeat(40))).toMatchObject({
      minValues: { c: 'a'.repeat(32) },
      maxValues: { c: `${'b'.repeat(32)}\u007f` },
    });
    expect(encode('string', 'a', 'é'.repeat(40))).toMatchObject({
      maxValues: { c: `${'é'.repeat(32)}\u{10ffff}` },
    });
  });

  it('leave out what JSON cannot hold', () => {
    expect(encode('double', Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toMatchObject({
      minValues: {},
      maxValues: {},
    });
    expect(encode('double', 1, 2, true)).toMatchObject({ minValues: { c: 1 }, maxValues: {} });
    expect(encode('boolean', false, true)).toMatchObject({ minValues: {}, nullCount: { c: 0 } });
  });

  it('keep every digit of a long', () => {
    const stats = encodeStats(
      struct([field('c', 'long')]),
      [],
      {},
      {
        rowCount: 1,
        columns: { c: { nullCount: 0, min: -(2n ** 63n), max: 2n ** 63n - 1n } },
      },
    );
    expect(stats).toContain('"minValues":{"c":-9223372036854775808},"maxValues":{"c":9223372036854775807}');
  });

  it('cover the first 32 columns, or those the table says', () => {
    const schema = struct([
      field('p', 'string'),
      ...Array.from({ length: 40 }, (_, i) => field(`c${i}`, 'long')),
    ]);
    const columns = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`c${i}`, { nullCount: 0, min: i, max: i }]),
    );
    const count = (properties: Record<string, string>) =>
      Object.keys(
        parseStats({ stats: encodeStats(schema, ['p'], properties, { rowCount: 1, columns }) })?.minValues ??
          {},
      );
    expect(count({})).toHaveLength(32);
    expect(count({ 'delta.dataSkippingNumIndexedCols': '-1' })).toHaveLength(40);
    expect(count({ 'delta.dataSkippingStatsColumns': 'c3, `c39`' })).toEqual(['c3', 'c39']);
  });
});
