import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Bars, isoTimestamp, readBarFile, readBarStream, timestampUs } from '../../src/bars/index.ts';
import { BarlineError } from '../../src/base/index.ts';
import { goldenFolder, us } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-read-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function errorOf(path: string): Promise<BarlineError> {
  const error: unknown = await readBarFile(path).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof BarlineError)) throw error ?? new Error('expected an error');
  expect(error.exitCode).toBe(1);
  return error;
}

function rowsOf(bars: Bars): unknown[] {
  return Array.from({ length: bars.rowCount }, (_, k) => {
    const instrument = bars.instrument ? bars.instruments[bars.instrument[k]] : null;
    return [bars.tsUs[k], bars.open[k], bars.high[k], bars.low[k], bars.close[k], bars.volume[k], instrument];
  });
}

const HEADER = 'timestamp,open,high,low,close,volume';
const T = '2024-03-12T12:30:00Z';

describe('timestamps', () => {
  it.each([
    ['2024-03-12T12:30:00Z', us(T)],
    ['2024-03-12 12:30:00', us(T)],
    ['2024-03-12 12:30', us(T)],
    ['2024-03-12', us('2024-03-12T00:00:00Z')],
    ['2024-03-12T12:30:00.123456789Z', us(T) + 123_456],
    ['2024-03-12 12:30:00.5', us(T) + 500_000],
    ['2024-03-12 07:30:00-05:00', us(T)],
    ['2024-03-12T18:00:00+0530', us(T)],
    ['2024-03-12 12:30:00 UTC', us(T)],
    ['1710246600', us(T)],
    ['1710246600000', us(T)],
    ['1710246600000000', us(T)],
    ['1710246600123456789', us(T) + 123_456],
  ])('%s', (text, expected) => {
    expect(timestampUs(text)).toBe(expected);
  });

  it.each([
    '',
    'yesterday',
    '2024-13-01',
    '2024-02-30 00:00:00',
    '2024-03-12 25:00:00',
    '2024-03-12 12:61:00',
    '12.3.2024',
    '2024-03-12T12:30:00Q',
    '2024-03-12 24:00:00',
  ])('refuses %j', (text) => {
    expect(timestampUs(text)).toBeUndefined();
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 14), max: 4 * 10 ** 15 }), (ts) => {
        expect(timestampUs(isoTimestamp(ts))).toBe(ts);
      }),
    );
  });
});

describe('CSV', () => {
  it('reads columns in any order and case, quoted fields, symbols, and ignores the rest', async () => {
    const path = fileOf(
      'any.csv',
      `\ufeffVolume,symbol,Timestamp,open,high,low,close,note\r\n5,ESH4,${T},5000.25,5001,4999.5,5000,"a, ""b"""\r\n\r\n-1,,2024-03-12 12:30:01,.5,1e3,nan,,x\r\n`,
    );
    const { bars, source } = await readBarFile(path);
    expect(rowsOf(bars)).toEqual([
      [us(T), 5000.25, 5001, 4999.5, 5000, 5, { id: 0, symbol: 'ESH4' }],
      [us(T) + 1e6, 0.5, 1000, Number.NaN, Number.NaN, -1, { id: 0, symbol: null }],
    ]);
    expect(source).toMatchObject({ kind: 'csv', rowCount: 2, ignoredColumns: ['note'], barSeconds: null });
  });

  it('reads ids, and names no instruments without either', async () => {
    const ids = await readBarFile(fileOf('ids.csv', `${HEADER},instrument_id\n${T},1,1,1,1,1,4294967295`));
    expect(ids.bars.instruments).toEqual([{ id: 4_294_967_295, symbol: null }]);
    const plain = await readBarFile(fileOf('plain.csv', `${HEADER.replaceAll(',', ';')}\n${T};1;1;1;1;1\n`));
    expect(plain.bars.instruments).toEqual([]);
    expect(plain.bars.instrument).toBeUndefined();
  });

  it.each([
    ['empty', '', 'EMPTY_INPUT', 'expected a header line and rows, found nothing.'],
    ['header only', `${HEADER}\n`, 'EMPTY_INPUT', 'expected rows after the header, found none.'],
    [
      'text for a number',
      `${HEADER}\n${T},1,1,1,1,1\n${T},1,1,abc,1,1\n`,
      'BAD_FIELD',
      'line 3, column low: expected a number, found "abc".',
    ],
    [
      'hexadecimal',
      `${HEADER}\n${T},0x10,1,1,1,1\n`,
      'BAD_FIELD',
      'line 2, column open: expected a number, found "0x10".',
    ],
    [
      'no time',
      `${HEADER}\n,1,1,1,1,1\n`,
      'BAD_FIELD',
      'line 2, column timestamp: expected a time such as 2024-03-01T13:30:00Z, found nothing.',
    ],
    [
      'line number after a quoted line end',
      `${HEADER},n\n${T},1,1,1,1,1,"a\nb"\n${T},1,1,1,1,x,c\n`,
      'BAD_FIELD',
      'line 4, column volume: expected a number, found "x".',
    ],
    ['short row', `${HEADER}\n${T},1,1\n`, 'BAD_ROW', 'line 2: expected 6 fields as in the header, found 3.'],
    ['open quote', `${HEADER}\n${T},1,1,1,1,"1\n`, 'BAD_ROW', 'line 2: a quote is opened and not closed.'],
    [
      'id too large',
      `${HEADER},instrument_id\n${T},1,1,1,1,1,4294967296\n`,
      'BAD_FIELD',
      'line 2, column instrument_id: expected a whole number up to 4294967295, found "4294967296".',
    ],
    [
      'column twice',
      `${HEADER},close\n${T},1,1,1,1,1,1\n`,
      'COLUMN_TWICE',
      'column close is there twice, as number 5 and 7.',
    ],
    [
      'missing column',
      'timestamp,open,high,low,close\n',
      'COLUMN_MISSING',
      'column volume is missing; found timestamp, open, high, low, close.',
    ],
  ])('refuses %s', async (name, content, code, message) => {
    const path = fileOf(`${name}.csv`, content);
    const error = await errorOf(path);
    expect(error.code).toBe(code);
    expect(error.message).toBe(`${path}: ${message}`);
  });

  it.each([
    ['clsoe', 'close'],
    ['volum', 'volume'],
    ['time_stamp', 'timestamp'],
  ])('suggests %s for a missing %s', async (misspelt, column) => {
    const error = await errorOf(fileOf('misspelt.csv', `${HEADER.replace(column, misspelt)}\n`));
    expect(error.hint).toBe(`Did you mean "${misspelt}"? Rename it to ${column}.`);
  });

  it('refuses bytes that are no text', async () => {
    const error = await errorOf(fileOf('binary.csv', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xfe)));
    expect(error.code).toBe('NOT_TEXT');
  });

  it('gives the same bars however the bytes are cut', async () => {
    const lines = Array.from(
      { length: 40 },
      (_, k) => `2024-03-12T12:30:${String(k).padStart(2, '0')}Z,${k},1,1,1,1,"ä${k % 3}"`,
    );
    const bytes = Buffer.from(`${HEADER},symbol\r\n${lines.join('\r\n')}`);
    async function* cut(sizes: number[]) {
      let from = 0;
      for (const size of [...sizes, bytes.length]) {
        yield bytes.subarray(from, from + size);
        from += size;
      }
    }
    const whole = await readBarStream(cut([]), 'whole');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 300 })), async (sizes) => {
        const { bars } = await readBarStream(cut(sizes), 'cut');
        expect(rowsOf(bars)).toEqual(rowsOf(whole.bars));
      }),
      { numRuns: 50 },
    );
  });
});

describe('NDJSON', () => {
  it('reads numbers as numbers or text', async () => {
    const { bars, source } = await readBarFile(
      fileOf(
        'a.ndjson',
        `{"timestamp":"${T}","open":1.5,"high":"2.5","low":1,"close":null,"volume":3,"symbol":"ESH4","x":1}\n{"timestamp":1710246601,"open":1,"high":1,"low":1,"close":1,"volume":1}\n`,
      ),
    );
    expect(rowsOf(bars)).toEqual([
      [us(T), 1.5, 2.5, 1, Number.NaN, 3, { id: 0, symbol: 'ESH4' }],
      [us(T) + 1e6, 1, 1, 1, 1, 1, { id: 0, symbol: null }],
    ]);
    expect(source.ignoredColumns).toEqual(['x']);
  });

  it.each([
    ['no rows', '\n', 'EMPTY_INPUT', 'expected a JSON object a line, found nothing.'],
    ['no object', '[1]\n', 'BAD_ROW', 'line 1: expected a JSON object, found "[1]".'],
    ['broken', '{"a":\n', 'BAD_ROW', String.raw`line 1: expected a JSON object, found "{\"a\":".`],
    [
      'a list in a number',
      `{"timestamp":"${T}","open":[1],"high":1,"low":1,"close":1,"volume":1}`,
      'BAD_FIELD',
      'line 1, column open: expected a number, found "[1]".',
    ],
  ])('refuses %s', async (name, content, code, message) => {
    const path = fileOf(`${name}.ndjson`, content);
    const error = await errorOf(path);
    expect([error.code, error.message]).toEqual([code, `${path}: ${message}`]);
  });
});

async function writeParquet(name: string, select: string): Promise<string> {
  const path = join(folder, name);
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

describe('Parquet', () => {
  const prices =
    '1.25::DOUBLE AS open, 2 AS high, 1::DECIMAL(9,2) AS low, NULL::DOUBLE AS close, 7::BIGINT AS volume';

  it.each([
    ['timestamp', `TIMESTAMP '2024-03-12 12:30:00.123456'`],
    ['timestamp with zone', `TIMESTAMPTZ '2024-03-12 07:30:00.123456-05'`],
    ['nanoseconds', `TIMESTAMP_NS '2024-03-12 12:30:00.123456789'`],
    ['epoch ns', '1710246600123456789::BIGINT'],
    ['epoch us', '1710246600123456::BIGINT'],
    ['text', `'2024-03-12T12:30:00.123456789Z'`],
  ])('reads a time as %s', async (name, expression) => {
    const path = await writeParquet(
      `${name} [a]'s?.parquet`.replaceAll("'", ''),
      `SELECT ${expression} AS timestamp, ${prices}`,
    );
    const { bars } = await readBarFile(path);
    expect(rowsOf(bars)).toEqual([[us(T) + 123_456, 1.25, 2, 1, Number.NaN, 7, null]]);
  });

  it('keeps the order of rows, symbols and ids', async () => {
    const select = `SELECT to_timestamp(1710246600 + (i * 7919) % 5000) AS timestamp, i::DOUBLE AS open, 1 AS high, 1 AS low, 1 AS close, i AS volume,
      CASE WHEN i % 3 = 0 THEN NULL ELSE 'ES' || (i % 3) END AS symbol, (i % 2)::UINTEGER AS instrument_id, 0 AS extra FROM range(5000) t(i)`;
    const { bars, source } = await readBarFile(await writeParquet('order.parquet', select));
    expect(Array.from(bars.volume)).toEqual(Array.from({ length: 5000 }, (_, k) => k));
    expect(bars.tsUs.every((ts, k) => ts === (1_710_246_600 + ((k * 7919) % 5000)) * 1e6)).toBe(true);
    const found = Array.from(bars.instrument ?? [], (k) => bars.instruments[k]);
    expect(
      found.every(({ id, symbol }, k) => id === k % 2 && symbol === (k % 3 === 0 ? null : `ES${k % 3}`)),
    ).toBe(true);
    expect(bars.instruments).toHaveLength(6);
    expect(source).toMatchObject({ kind: 'parquet', rowCount: 5000, ignoredColumns: ['extra'] });
  });

  it('refuses text in a number column, a missing column, a null time, and no rows', async () => {
    const text = await errorOf(
      await writeParquet(
        'text.parquet',
        `SELECT now() AS timestamp, ${prices.replace('2 AS high', "'2' AS high")}`,
      ),
    );
    expect(text.message).toMatch(/text\.parquet: column high: expected numbers, found VARCHAR\.$/);
    const missing = await errorOf(
      await writeParquet(
        'missing.parquet',
        `SELECT now() AS timestamp, ${prices.replace('AS volume', 'AS volumes')}`,
      ),
    );
    expect(missing).toMatchObject({
      code: 'COLUMN_MISSING',
      hint: 'Did you mean "volumes"? Rename it to volume.',
    });
    const noTime = await errorOf(
      await writeParquet('null.parquet', `SELECT NULL::TIMESTAMP AS timestamp, ${prices}`),
    );
    expect(noTime.message).toMatch(/row 1, column timestamp: expected a time .*, found nothing\.$/);
    const none = await errorOf(
      await writeParquet('none.parquet', `SELECT now() AS timestamp, ${prices} WHERE false`),
    );
    expect(none.code).toBe('EMPTY_INPUT');
  });

  it('refuses a file that is cut, empty or something else', async () => {
    const whole = readFileSync(await writeParquet('whole.parquet', `SELECT now() AS timestamp, ${prices}`));
    const cut = await errorOf(fileOf('cut.parquet', whole.subarray(0, whole.length - 9)));
    expect(cut.message).toContain(
      `expected PAR1 at byte ${whole.length - 13}, the end; it may be cut off, found`,
    );
    expect((await errorOf(fileOf('empty.parquet', ''))).code).toBe('EMPTY_INPUT');
    expect((await errorOf(fileOf('csv.parquet', HEADER))).message).toContain('expected PAR1 at byte 0');
    const middle = Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64, 7), Buffer.from('PAR1')]);
    expect((await errorOf(fileOf('garbage.parquet', middle))).code).toBe('PARQUET_UNREADABLE');
  });
});

describe('files', () => {
  it('that are missing, a directory or of no known kind are refused', async () => {
    const missing = join(folder, 'missing.csv');
    expect((await errorOf(missing)).message).toBe(`${missing}: there is no such file.`);
    expect((await errorOf(folder)).message).toBe(`${folder}: expected a file, found a directory.`);
    expect((await errorOf(fileOf('notes.txt', 'hello'))).code).toBe('UNKNOWN_FORMAT');
  });

  it('without an ending are known by their first bytes', async () => {
    const path = await writeParquet(
      'sniffed.parquet',
      `SELECT now() AS timestamp, 1 AS open, 1 AS high, 1 AS low, 1 AS close, 1 AS volume`,
    );
    const { source } = await readBarFile(fileOf('sniffed', readFileSync(path)));
    expect(source.kind).toBe('parquet');
  });
});

const golden = goldenFolder('dbn');

interface ExpectedBar {
  readonly ts_event: string;
  readonly instrument_id: number;
  readonly open: string;
  readonly close: string;
  readonly volume: string;
}

describe.skipIf(golden === null)('DBN', () => {
  const expectedFiles = [
    'made/extremes.v3.ohlcv-1s',
    'made/mappings.v2.ohlcv-1s',
    'made/plain-1000.v3.ohlcv-1s',
  ];

  it.each(expectedFiles)('%s: times, prices and volumes are those of the file', async (name) => {
    const { bars } = await readBarFile(join(golden ?? '', `${name}.dbn`));
    const lines = readFileSync(
      join(golden ?? '', 'expected', `${name.replace('/', '__')}.dbn.jsonl`),
      'utf8',
    );
    const expected: ExpectedBar[] = lines
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line));
    const timed = expected.filter((bar) => BigInt(bar.ts_event) !== 2n ** 64n - 1n);
    const points = (units: string): number =>
      BigInt(units) === 2n ** 63n - 1n ? Number.NaN : Number(units) / 1e9;
    expect(bars.rowCount).toBe(timed.length);
    expect(Array.from(bars.tsUs)).toEqual(timed.map((bar) => Number(BigInt(bar.ts_event) / 1000n)));
    expect(Array.from(bars.open)).toEqual(timed.map((bar) => points(bar.open)));
    expect(Array.from(bars.close)).toEqual(timed.map((bar) => points(bar.close)));
    expect(Array.from(bars.volume)).toEqual(timed.map((bar) => Number(bar.volume)));
    expect(Array.from(bars.instrument ?? [], (k) => bars.instruments[k].id)).toEqual(
      timed.map((bar) => bar.instrument_id),
    );
  });

  it('a broken file gives no bars', async () => {
    await expect(readBarFile(join(golden ?? '', 'broken/cut-record-30.ohlcv-1s.dbn.zst'))).rejects.toThrow(
      /cut-record-30/,
    );
  });
});
