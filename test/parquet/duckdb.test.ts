import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EncodeOptions, encodeParquet, type ParquetType } from '../../src/parquet/index.ts';
import {
  type CaseColumn,
  caseColumn,
  type Expected,
  encodingsOf,
  fileCases,
  NULL_PATTERNS,
  numberText,
  SHAPES,
  TYPES,
} from './cases.ts';

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-parquet-'));
});
afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

// DuckDB has no time with a zone and nanoseconds; it reads such a column in microseconds.
const types = TYPES.filter((type) => type !== 'timestamp_nanos');

/** A column as the text of cases.ts, in SQL where DuckDB's own text differs. */
function sqlText(name: string, type: ParquetType): string {
  if (type === 'float' || type === 'double') return `"${name}"::DOUBLE`;
  if (type === 'timestamp' || type === 'timestamp_ntz') return `epoch_us("${name}")::VARCHAR`;
  if (type === 'date') return `("${name}" - DATE '1970-01-01')::VARCHAR`;
  if (type === 'binary') return `lower(hex("${name}"))`;
  return `"${name}"::VARCHAR`;
}

function decimalText(text: string | null, type: ParquetType): string | null {
  if (text === null || typeof type === 'string') return text;
  const digits = text.replace('-', '').padStart(type.scale + 1, '0');
  const whole = digits.slice(0, digits.length - type.scale);
  return `${text.startsWith('-') ? '-' : ''}${whole}.${digits.slice(digits.length - type.scale)}`;
}

/** Writes columns as a file, reads it with DuckDB and expects every value as written. */
async function expectReadBack(name: string, columns: readonly CaseColumn[], options: EncodeOptions) {
  const path = join(folder, `${name}.parquet`);
  const schema = { fields: columns.map((column) => column.field) };
  const data = columns.map((column) => column.data);
  await writeFile(path, encodeParquet(schema, data, options));
  const select = columns.map(({ field }) => sqlText(field.name, field.type));
  const reader = await connection.runAndReadAll(`SELECT ${select.join(', ')} FROM '${path}'`);
  const read = reader.getColumnsJS();
  for (const [index, { field, expected }] of columns.entries()) {
    const found = (read[index] ?? []).map((value) =>
      value === null ? null : typeof value === 'number' ? numberText(value) : String(value),
    );
    const wanted: Expected = expected.map((text) => decimalText(text, field.type));
    expect(found, field.name).toEqual(wanted);
  }
}

describe('DuckDB reads every type, encoding, null pattern, page and row group', () => {
  for (const { name, columns, options } of fileCases(types)) {
    it(name, () => expectReadBack(name, columns, options));
  }

  it('and any columns, decimals too, however they are cut', async () => {
    const column = fc.record({
      type: fc.constantFrom(...types),
      pattern: fc.constantFrom(...NULL_PATTERNS),
      shape: fc.constantFrom(...SHAPES),
      compression: fc.constantFrom('auto' as const, 'zstd' as const, 'uncompressed' as const),
      encodingIndex: fc.nat(3),
      seed: fc.nat(10_000),
    });
    const files = fc.record({
      columns: fc.array(column, { minLength: 1, maxLength: 8 }),
      rowCount: fc.integer({ min: 1, max: 3000 }),
      rowGroupRows: fc.integer({ min: 100, max: 3000 }),
      pageRows: fc.integer({ min: 1, max: 1000 }),
    });
    await fc.assert(
      fc.asyncProperty(files, async ({ columns, rowCount, ...options }) => {
        const made = columns.map(({ encodingIndex, type, ...rest }, index) => {
          const encodings = encodingsOf(type);
          const encoding = encodings[encodingIndex % encodings.length] ?? 'auto';
          return caseColumn(type, { ...rest, rowCount, encoding, name: `c${index}` });
        });
        await expectReadBack('any', made, options);
      }),
      { numRuns: 100 },
    );
  });
});

describe('DuckDB trusts the statistics', () => {
  it('and finds every row by every value', async () => {
    const path = join(folder, 'filters.parquet');
    const values = Float64Array.from({ length: 3000 }, (_, row) => ((row * 37) % 101) - 50);
    const fields = [
      { name: 'whole', type: 'int64' as const },
      { name: 'price', type: 'double' as const },
      { name: 'text', type: 'string' as const },
    ];
    const text = Array.from(values, (value) => `${'k'.repeat(70)}${value}`);
    const columns = [
      { values },
      { values: values.map((value) => (value === 0 ? -0 : value)) },
      { values: text },
    ];
    await writeFile(path, encodeParquet({ fields }, columns, { rowGroupRows: 400, pageRows: 50 }));
    for (const value of [-50, -1, 0, 49, 50, 51]) {
      const count = values.filter((other) => other === value).length;
      for (const where of [
        `whole = ${value}`,
        `price = ${value}`,
        `price >= ${value} AND price <= ${value}`,
        `text = '${'k'.repeat(70)}${value}'`,
      ]) {
        const reader = await connection.runAndReadAll(`SELECT count(*)::INT FROM '${path}' WHERE ${where}`);
        expect(reader.getRowsJS(), where).toEqual([[count]]);
      }
    }
  });
});
