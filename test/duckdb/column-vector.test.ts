import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DuckDbSession, numbersOf, quoteText, TextReader } from '../../src/duckdb/index.ts';

let session: DuckDbSession;
beforeAll(async () => {
  session = await DuckDbSession.open({ memoryByteLength: 2e8, threads: 1, temporaryFolder: tmpdir() });
});
afterAll(() => session[Symbol.dispose]());

async function vectorsOf(type: string, literals: readonly string[]) {
  const rows = literals.map((literal, row) => `(${row}, ${literal})`).join(', ');
  const query = `SELECT v::${type} AS v FROM (VALUES ${rows}) AS t(row, v) ORDER BY row`;
  const vectors = [];
  for await (const chunk of session.chunks(query)) {
    vectors.push({ values: chunk.values(0), vector: chunk.vector(0) });
  }
  return vectors;
}

const nullable = (arbitrary: fc.Arbitrary<string>) =>
  fc.array(fc.option(arbitrary, { nil: 'NULL', freq: 4 }), { minLength: 1, maxLength: 3_000 });
const whole = (bits: bigint) =>
  fc.bigInt({ min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }).map(String);

describe('numbers of a vector', () => {
  it.each([
    ['TINYINT', whole(8n), Int8Array],
    ['SMALLINT', whole(16n), Int16Array],
    ['INTEGER', whole(32n), Int32Array],
    ['BIGINT', whole(64n), BigInt64Array],
    ['FLOAT', fc.float({ noNaN: true }).map((x) => `'${x}'`), Float32Array],
    ['DOUBLE', fc.double().map((x) => `'${x}'`), Float64Array],
  ])('of type %s are those that DuckDB gives one by one', async (type, arbitrary, ArrayOfType) => {
    await fc.assert(
      fc.asyncProperty(nullable(arbitrary), async (literals) => {
        for (const { values, vector } of await vectorsOf(type, literals)) {
          const numbers = numbersOf(vector);
          expect(numbers?.values).toBeInstanceOf(ArrayOfType);
          const zero = type === 'BIGINT' ? 0n : 0;
          expect([...(numbers?.values ?? [])]).toEqual(values.map((value) => value ?? zero));
          const validity = values.map((value) => (value === null ? 0 : 1));
          expect([...(numbers?.validity ?? validity.fill(1))]).toEqual(validity);
          expect(numbers?.validity !== undefined).toBe(values.includes(null));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('of dates and times are days and microseconds', async () => {
    const days = await vectorsOf('DATE', ["'1969-12-31'", 'NULL', "'2024-02-29'"]);
    expect(numbersOf(days[0].vector)).toEqual({
      values: Int32Array.of(-1, 0, 19_782),
      validity: Uint8Array.of(1, 0, 1),
    });
    for (const type of ['TIMESTAMP', 'TIMESTAMPTZ']) {
      const times = await vectorsOf(type, ["'1970-01-01 00:00:00.000001'", "'1969-12-31 23:59:59'"]);
      expect(numbersOf(times[0].vector)).toEqual({ values: BigInt64Array.of(1n, -1_000_000n) });
    }
  });

  it('are the caller’s: the next rows do not change them', async () => {
    const kept: Float64Array[] = [];
    for await (const chunk of session.chunks('SELECT range::DOUBLE AS v FROM range(20000)')) {
      const numbers = numbersOf(chunk.vector(0));
      if (numbers?.values instanceof Float64Array) kept.push(numbers.values);
    }
    expect(kept.flatMap((values) => [...values])).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  });

  it('are not there for texts, nor for decimals', async () => {
    expect(numbersOf((await vectorsOf('VARCHAR', ["'a'"]))[0].vector)).toBeUndefined();
    expect(numbersOf((await vectorsOf('HUGEINT', ['1']))[0].vector)).toBeUndefined();
  });
});

describe('texts of a vector', () => {
  it('are those that DuckDB gives one by one, read again or not', async () => {
    const reader = new TextReader();
    const text = fc.oneof(
      fc.constantFrom(
        '',
        'a',
        'A07/USDT',
        'A07/USDU',
        'twelve bytes',
        'thirteen byte',
        'ü',
        '\u0000',
        'a\u0000',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    const literal = text.map((each) =>
      each.includes('\u0000') ? `chr(0) || ${quoteText(each.replaceAll('\u0000', ''))}` : quoteText(each),
    );
    await fc.assert(
      fc.asyncProperty(nullable(literal), async (literals) => {
        for (const { values, vector } of await vectorsOf('VARCHAR', literals)) {
          expect(reader.read(vector)).toEqual(values);
          expect(reader.read(vector)).toEqual(values);
        }
      }),
      { numRuns: 30 },
    );
  });
});
