import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type DeltaTable, field, struct, DeltaTable as Table } from '../../src/delta/index.ts';

/** A table of every flat type with values at the edges, written in a few versions, and the rows each must hold. */
export const SCHEMA = struct([
  field('ts', 'timestamp', { nullable: false }),
  field('close', 'double'),
  field('weight', 'float'),
  field('volume', 'long'),
  field('n', 'integer'),
  field('small', 'short'),
  field('label', 'byte'),
  field('flag', 'boolean'),
  field('symbol', 'string'),
  field('day', 'date'),
  field('price', 'decimal(10,2)'),
  field('month', 'string'),
  field('venue', 'string'),
]);
export const PARTITIONS = ['month', 'venue'];
export const COLUMNS = SCHEMA.fields.map((f) => f.name);

/** In the canonical form of canonical.py. */
export type Row = readonly (string | number | boolean | null)[];

const ODD_VENUE = 'a/b:c%d é#?&=+';
const DAY = 86_400;

interface Partition {
  readonly month: string;
  readonly venue: string | null;
}

/** `count` rows from a second of the month on; the values follow from the row number alone. */
function makeRows({ month, venue }: Partition, count: number, salt: number): Row[] {
  const startUs = Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1, 1) * 1000;
  return Array.from({ length: count }, (_, i) => {
    const us = startUs + i * 1_000_000 + (i % 7 === 3 ? 123_457 : 0) + salt * 1_000_000_000;
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, null, -0.5, 1e-300][i % 50];
    const close = odd === undefined ? 4000 + i * 0.25 + salt : odd;
    return [
      us,
      close === null || Number.isFinite(close) ? close : Number.isNaN(close) ? 'NaN' : 'Infinity',
      i % 11 === 0 ? null : Math.fround(i / 3),
      i % 13 === 0 ? null : i * 1000 + salt,
      i - 2 ** 31 + salt,
      (i % 60_000) - 30_000,
      i % 3,
      i % 5 === 0 ? null : i % 2 === 0,
      i % 17 === 0 ? null : i % 4 === 0 ? `symbol-${'x'.repeat(40)}-${i}` : `ES${'HMUZ'[i % 4]}é`,
      new Date(us / 1000).toISOString().slice(0, 10),
      (i - 500).toFixed(2),
      month,
      venue,
    ];
  });
}

const at = (rows: readonly Row[], column: string) => rows.map((row) => row[COLUMNS.indexOf(column)] ?? null);
const numbers = (rows: readonly Row[], column: string) =>
  at(rows, column).map((x) => (x === null ? 0 : Number(x)));
const validity = (rows: readonly Row[], column: string) =>
  Uint8Array.from(at(rows, column), (x) => (x === null ? 0 : 1));

export function writeRows(table: DeltaTable, { month, venue }: Partition, rows: readonly Row[]) {
  const columns = {
    ts: { values: Float64Array.from(numbers(rows, 'ts')) },
    close: { values: Float64Array.from(numbers(rows, 'close')), validity: validity(rows, 'close') },
    weight: { values: Float32Array.from(numbers(rows, 'weight')), validity: validity(rows, 'weight') },
    volume: { values: Float64Array.from(numbers(rows, 'volume')), validity: validity(rows, 'volume') },
    n: { values: Int32Array.from(numbers(rows, 'n')) },
    small: { values: Int16Array.from(numbers(rows, 'small')) },
    label: { values: Int8Array.from(numbers(rows, 'label')) },
    flag: { values: Uint8Array.from(numbers(rows, 'flag')), validity: validity(rows, 'flag') },
    symbol: { values: at(rows, 'symbol').map((x) => (x === null ? null : String(x))) },
    day: { values: Int32Array.from(at(rows, 'day'), (x) => Date.parse(String(x)) / 1000 / DAY) },
    price: { values: Float64Array.from(numbers(rows, 'price'), (x) => Math.round(x * 100)) },
  };
  return table.writeDataFile(columns, { partitionValues: { month, venue }, nameToken: 'sample' });
}

export interface Sample {
  readonly table: DeltaTable;
  /** By version, sorted canonical text. */
  readonly expected: readonly (readonly string[])[];
}

const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort(byCodePoint);

/** The order Python sorts text in. */
export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export async function writeSample(folder: string): Promise<Sample> {
  const table = await Table.create(folder, { schema: SCHEMA, partitionBy: PARTITIONS, name: 'sample' });
  const october = { month: '2024-10', venue: 'CME' };
  const november = { month: '2024-11', venue: 'CME' };
  const odd = { month: '2024-12', venue: ODD_VENUE };
  const none = { month: '2024-12', venue: null };
  const first = makeRows(october, 1200, 0);
  const second = makeRows(november, 900, 0);
  const third = makeRows(odd, 300, 0);
  const fourth = makeRows(none, 3, 0);
  const october2 = makeRows(october, 1000, 1);
  await table.append([await writeRows(table, october, first), await writeRows(table, november, second)]);
  await table.append([await writeRows(table, odd, third), await writeRows(table, none, fourth)]);
  await table.replaceWhere({ month: '2024-10' }, [await writeRows(table, october, october2)]);
  return {
    table,
    expected: [
      [],
      sorted([...first, ...second]),
      sorted([...first, ...second, ...third, ...fourth]),
      sorted([...october2, ...second, ...third, ...fourth]),
    ],
  };
}

/** Opens DuckDB for the time of `use`. */
export async function withDuckDb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '1GB' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Our own reading: the files Delta names, read by DuckDB, with the partition values of the log. */
export async function readByDuckDb(table: DeltaTable, version?: number): Promise<string[]> {
  const { files } = await table.scan(version === undefined ? {} : { version });
  return withDuckDb(async (connection) => {
    const texts: string[] = [];
    for (const file of files) {
      const path = (table.localPath(file) ?? '').replaceAll("'", "''");
      const result = await connection.runAndReadAll(
        `SELECT epoch_us(ts), close, weight, volume, n, small, label, flag, symbol, day::VARCHAR, price::VARCHAR
         FROM read_parquet('${path}', hive_partitioning = false)`,
      );
      for (const row of result.getRows()) {
        const values = [...row, file.partitionValues.month, file.partitionValues.venue];
        texts.push(JSON.stringify(values.map(canonical)));
      }
    }
    return texts.sort(byCodePoint);
  });
}

function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}
