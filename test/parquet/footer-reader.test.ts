import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { columnBounds } from '../../src/parquet/footer-bounds.ts';
import {
  metadataByteLength,
  type ParquetFooter,
  readFooter,
  TRAILER_BYTES,
} from '../../src/parquet/footer-reader.ts';
import { withRowGroups } from '../../src/parquet/footer-rewrite.ts';
import { encodeParquet, type ParquetType, type StatisticValue } from '../../src/parquet/index.ts';
import { goldenDelta, goldenIsThere } from '../delta/golden-tables.ts';
import { fileCases } from './cases.ts';

function footerOf(file: Uint8Array, name = 'file'): ParquetFooter {
  const length = metadataByteLength(file.subarray(-TRAILER_BYTES), file.length, name);
  return readFooter(file.subarray(file.length - TRAILER_BYTES - length, file.length - TRAILER_BYTES), name);
}

function arrayBuffer(file: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(file.length);
  new Uint8Array(copy).set(file);
  return copy;
}

/** What hyparquet and this reader are to agree on. */
function byHyparquet(file: Uint8Array) {
  const { num_rows, row_groups, key_value_metadata = [], created_by } = parquetMetadata(arrayBuffer(file));
  return {
    rowCount: Number(num_rows),
    createdBy: created_by ?? '',
    keyValues: Object.fromEntries(key_value_metadata.map(({ key, value }) => [key, value])),
    rowGroups: row_groups.map(({ num_rows: rows, columns }) => ({
      rowCount: Number(rows),
      chunks: columns.map(({ meta_data: chunk }) => {
        const dictionary = Number(chunk?.dictionary_page_offset ?? 0);
        const data = Number(chunk?.data_page_offset);
        const start = Math.min(...[dictionary, data].filter((at) => at > 0));
        return {
          path: chunk?.path_in_schema.join('/'),
          storedType: chunk?.type,
          start,
          end: start + Number(chunk?.total_compressed_size),
          valueCount: Number(chunk?.num_values),
          nullCount:
            chunk?.statistics?.null_count === undefined ? undefined : Number(chunk.statistics.null_count),
          bloomStart: Number(chunk?.bloom_filter_offset ?? 0) || undefined,
        };
      }),
    })),
  };
}

function byThisReader(footer: ParquetFooter): ReturnType<typeof byHyparquet> {
  return {
    rowCount: footer.rowCount,
    createdBy: footer.createdBy,
    keyValues: Object.fromEntries(footer.keyValues),
    rowGroups: footer.rowGroups.map(({ rowCount, chunks }) => ({
      rowCount,
      chunks: chunks.map((chunk) => ({
        path: footer.columns[chunk.columnIndex]?.path.join('/'),
        storedType: footer.columns[chunk.columnIndex]?.storedType,
        start: chunk.range.start,
        end: chunk.range.end,
        valueCount: chunk.valueCount,
        nullCount: chunk.statistics?.nullCount,
        bloomStart: chunk.bloomFilter?.start,
      })),
    })),
  };
}

/** One file for each pattern of nulls, of some hundred rows in several row groups. */
const ours = fileCases()
  .filter(({ rowCount }) => rowCount > 10 && rowCount < 2_000)
  .filter(
    ({ name }, index, all) =>
      all.findIndex((other) => other.name.split('-')[0] === name.split('-')[0]) === index,
  )
  .map(({ name, columns, options }) => ({
    name,
    columns,
    bytes: Buffer.concat(
      encodeParquet(
        { fields: columns.map(({ field }) => field) },
        columns.map(({ data }) => data),
        options,
      ),
    ),
  }));

/** Below zero when a bound lies below a value of cases.ts. */
function compare(bound: StatisticValue, type: ParquetType, text: string): number {
  if (type === 'string' || type === 'binary') {
    const bytes =
      typeof bound === 'string' ? Buffer.from(bound) : bound instanceof Uint8Array ? bound : undefined;
    if (bytes === undefined) throw new Error(`${String(bound)} bounds no text`);
    return Buffer.compare(bytes, Buffer.from(text, type === 'binary' ? 'hex' : 'utf8'));
  }
  if (type === 'float' || type === 'double') return Number(bound) - Number(text);
  const value = type === 'boolean' ? BigInt(text === 'true') : BigInt(text);
  // bounds of times are in microseconds
  const whole = typeof bound === 'bigint' ? bound : BigInt(Number(bound));
  const scaled = type === 'timestamp_nanos' ? whole * 1000n : whole;
  return scaled < value ? -1 : scaled > value ? 1 : 0;
}

describe('the footer of files written here', () => {
  it.each(ours)('is what hyparquet reads: $name', ({ bytes }) => {
    expect(byThisReader(footerOf(bytes))).toEqual(byHyparquet(bytes));
  });

  it.each(ours)('bounds every value of a row group: $name', ({ bytes, columns }) => {
    const footer = footerOf(bytes);
    const wrong: string[] = [];
    let known = 0;
    for (const rowGroup of footer.rowGroups) {
      for (const { field, expected } of columns) {
        const bounds = columnBounds(footer, rowGroup, field.name);
        const rows = expected.slice(rowGroup.firstRow, rowGroup.firstRow + rowGroup.rowCount);
        if (bounds?.nullCount !== rows.filter((row) => row === null).length)
          wrong.push(`nulls of ${field.name}`);
        for (const text of rows) {
          if (text === null || text === 'NaN' || bounds === undefined) continue;
          const { min, max } = bounds;
          if (min !== undefined && compare(min, field.type, text) > 0)
            wrong.push(`${field.name}: ${text} < ${min}`);
          if (max !== undefined && compare(max, field.type, text) < 0)
            wrong.push(`${field.name}: ${text} > ${max}`);
          if (min !== undefined) known += 1;
        }
      }
    }
    expect(wrong).toEqual([]);
    const valueCount = columns.flatMap(({ expected }) => expected).filter((text) => text !== null).length;
    expect(known).toBeGreaterThanOrEqual(valueCount * 0.9);
  });

  it('knows no upper bound of floats, for NaN lies above', () => {
    const values = Float64Array.of(1, Number.NaN, 3);
    const footer = footerOf(
      Buffer.concat(encodeParquet({ fields: [{ name: 'x', type: 'double' }] }, [{ values }])),
    );
    const [rowGroup] = footer.rowGroups;
    expect(rowGroup && columnBounds(footer, rowGroup, 'x')).toMatchObject({ min: 1, max: undefined });
  });

  it('keeps some row groups, and all else as it was', () => {
    const values = Int32Array.from({ length: 1000 }, (_, row) => row);
    const options = { rowGroupRows: 50, metadata: new Map([['key', 'value']]) };
    const schema = { fields: [{ name: 'x', type: 'int32' as const }] };
    const footer = footerOf(Buffer.concat(encodeParquet(schema, [{ values }], options)));
    expect(footer.rowGroups).toHaveLength(20);
    const indexes = footer.rowGroups.map((_, index) => index);
    fc.assert(
      fc.property(fc.subarray(indexes), (kept) => {
        const rewritten = readFooter(withRowGroups(footer, kept), 'rewritten');
        const before = byThisReader(footer);
        const rowGroups = kept.map((index) => before.rowGroups[index]);
        const rowCount = rowGroups.reduce((rows, group) => rows + (group?.rowCount ?? 0), 0);
        expect(byThisReader(rewritten)).toEqual({ ...before, rowGroups, rowCount });
      }),
    );
  });
});

describe('the footer of files written by others', () => {
  it.skipIf(!goldenIsThere)('is what hyparquet reads, of every file of the golden tables', () => {
    const files = readdirSync(goldenDelta, { recursive: true })
      .map(String)
      .filter((path) => path.endsWith('.parquet'));
    let read = 0;
    let damaged = 0;
    for (const path of files) {
      const bytes = readFileSync(join(goldenDelta, path));
      let expected: ReturnType<typeof byHyparquet>;
      try {
        expected = byHyparquet(bytes);
      } catch {
        damaged += 1;
        expect(() => footerOf(bytes, path), path).toThrow(BarlineError);
        continue;
      }
      expect(byThisReader(footerOf(bytes, path)), path).toEqual(expected);
      read += 1;
    }
    expect(read).toBeGreaterThan(500);
    expect(damaged).toBeLessThan(10);
  });
});

describe('a damaged footer', () => {
  const { bytes } = ours[3] ?? { bytes: new Uint8Array() };

  it('is refused with the file named', () => {
    expect(() => footerOf(Buffer.from('no parquet here'), 'x.parquet')).toThrow(
      /^x\.parquet is no whole Parquet file: expected PAR1 .* found "here"/,
    );
    expect(() => footerOf(bytes.subarray(0, 100), 'x.parquet')).toThrow(/no whole Parquet file/);
    expect(() => footerOf(bytes.subarray(-50), 'x.parquet')).toThrow(/x\.parquet has 50 bytes, but says/);
    const encrypted = Buffer.from(bytes);
    encrypted.write('PARE', encrypted.length - 4);
    expect(() => footerOf(encrypted, 'x.parquet')).toThrow(/encrypted footer/);
  });

  it('never hangs nor fails otherwise, whichever bytes are wrong', () => {
    const length = metadataByteLength(bytes.subarray(-TRAILER_BYTES), bytes.length, 'x');
    const metadata = bytes.subarray(bytes.length - TRAILER_BYTES - length, bytes.length - TRAILER_BYTES);
    const change = fc.record({ at: fc.nat(length - 1), byte: fc.nat(255) });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(length), (changes, cut) => {
        const broken = Uint8Array.from(metadata);
        for (const { at, byte } of changes) broken[at] = byte;
        for (const candidate of [broken, broken.subarray(0, cut)]) {
          try {
            readFooter(candidate, 'x');
          } catch (error) {
            expect(error).toMatchObject({ code: 'PARQUET_BAD_FOOTER' });
            refused += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(200);
  });
});
