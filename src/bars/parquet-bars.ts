/** Bars from Parquet, read by DuckDB. */
import { open } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { BarlineError } from '../base/index.ts';
import { BarColumns } from './bar-columns.ts';
import { type BarColumn, type ColumnPlaces, placeColumns } from './column-names.ts';
import type { Bars } from './columns.ts';
import { emptyInput } from './csv-bars.ts';
import { InstrumentDirectory } from './instrument-directory.ts';
import { epochUs, timestampUs } from './timestamps.ts';

export interface ParquetLimits {
  /** Threads of DuckDB, default 1. */
  readonly threads?: number;
  /** Its memory limit in bytes, default 1 GB. */
  readonly memoryBytes?: number;
}

interface ColumnType {
  readonly name: string;
  readonly type: string;
}

const NUMERIC = /^(?:DOUBLE|FLOAT|DECIMAL\(.*\)|U?(?:TINY|SMALL|BIG|HUGE)?INT|U?INTEGER)$/;
const INTEGER = /^U?(?:(?:TINY|SMALL|BIG|HUGE)?INT|INTEGER)$/;
const NUMBERS = ['open', 'high', 'low', 'close', 'volume'] as const;

/**
 * Reads a Parquet file with the columns of bars (as `csvBars`), rows in file order. Times may be timestamps of any
 * unit (without a zone: UTC), dates, whole numbers since the epoch or ISO text; numbers any numeric type; null is
 * "undefined". Throws COLUMN_MISSING, COLUMN_TYPE for text in a number's place, BAD_FIELD for a time that is null
 * or none, EMPTY_INPUT, and PARQUET_UNREADABLE for what is no whole Parquet file. About 0.3 µs per row.
 */
export async function parquetBars(
  file: string,
  limits: ParquetLimits = {},
): Promise<{ readonly bars: Bars; readonly ignoredColumns: readonly string[] }> {
  await requireMagic(file);
  // loaded only where Parquet is read: 40 MB of native code
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: String(limits.threads ?? 1) });
  const connection = await instance.connect();
  try {
    await connection.run(`SET memory_limit = '${limits.memoryBytes ?? 1e9}B'`);
    await connection.run(`SET TimeZone = 'UTC'`);
    return await readTable(connection, file);
  } catch (cause) {
    if (cause instanceof BarlineError) throw cause;
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw unreadable(file, reason, cause);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const MAGIC = 'PAR1';

/** A Parquet file starts and ends with the same four bytes. */
async function requireMagic(file: string): Promise<void> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  if (size === 0) throw emptyInput(file, 'a Parquet file', 'no bytes');
  for (const offset of [0, Math.max(0, size - MAGIC.length)]) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, offset);
    const found = buffer.toString('latin1', 0, bytesRead);
    if (found !== MAGIC) {
      const where = offset === 0 ? 'the start' : 'the end; it may be cut off';
      throw unreadable(file, `expected ${MAGIC} at byte ${offset}, ${where}, found ${JSON.stringify(found)}`);
    }
  }
}

function unreadable(file: string, reason: string, cause?: unknown): BarlineError {
  return new BarlineError({
    code: 'PARQUET_UNREADABLE',
    message: `${file}: is no readable Parquet file: ${reason}.`,
    hint: 'Check that the file was written to its end.',
    facts: { file },
    cause,
  });
}

async function readTable(
  connection: DuckDBConnection,
  file: string,
): Promise<{ readonly bars: Bars; readonly ignoredColumns: readonly string[] }> {
  const table = `read_parquet(${textLiteral(withoutGlob(file))})`;
  const types = await columnTypes(connection, table);
  const names = types.map(({ name }) => name);
  const { place, ignored } = placeColumns(names, file);
  requireNumbers(types, place, file);
  const nameOf = (column: BarColumn): string => identifier(names[place[column]]);
  const time = { name: nameOf('timestamp'), type: types[place.timestamp].type };
  const select = [
    await timeExpression(connection, table, time),
    ...NUMBERS.map((column) => `coalesce(CAST(${nameOf(column)} AS DOUBLE), 'nan'::DOUBLE)`),
    place.instrument_id < 0 ? '0::DOUBLE' : `coalesce(CAST(${nameOf('instrument_id')} AS DOUBLE), 0)`,
    place.symbol < 0 ? `''` : `coalesce(CAST(${nameOf('symbol')} AS VARCHAR), '')`,
  ];
  const stream = await connection.stream(`SELECT ${select.join(', ')} FROM ${table}`);
  const columns = new BarColumns();
  const directory = place.symbol < 0 && place.instrument_id < 0 ? null : new InstrumentDirectory();
  for (;;) {
    const chunk = await stream.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    appendChunk(columns, directory, chunk, file);
  }
  if (columns.rowCount === 0) throw emptyInput(file, 'rows', 'none');
  return { bars: columns.toBars(directory?.instruments ?? []), ignoredColumns: ignored };
}

async function columnTypes(connection: DuckDBConnection, table: string): Promise<ColumnType[]> {
  const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table}`);
  return reader.getRows().map((row) => ({ name: String(row[0]), type: String(row[1]) }));
}

function requireNumbers(types: readonly ColumnType[], place: ColumnPlaces['place'], file: string): void {
  for (const column of [...NUMBERS, 'instrument_id'] as const) {
    if (place[column] < 0) continue;
    const { type } = types[place[column]];
    const expected = column === 'instrument_id' ? 'whole numbers' : 'numbers';
    if ((column === 'instrument_id' ? INTEGER : NUMERIC).test(type)) continue;
    throw new BarlineError({
      code: 'COLUMN_TYPE',
      message: `${file}: column ${column}: expected ${expected}, found ${type}.`,
      hint: 'Write the column with a numeric type.',
      facts: { file, column, expected, found: type },
    });
  }
}

/** SQL for microseconds since the epoch, or for the text of a time. */
async function timeExpression(
  connection: DuckDBConnection,
  table: string,
  { name, type }: ColumnType,
): Promise<string> {
  if (type === 'TIMESTAMP_NS') return `CAST(epoch_ns(${name}) // 1000 AS DOUBLE)`;
  if (type.startsWith('TIMESTAMP')) return `CAST(epoch_us(${name}) AS DOUBLE)`;
  if (type === 'DATE') return `CAST(epoch_us(CAST(${name} AS TIMESTAMP)) AS DOUBLE)`;
  if (!INTEGER.test(type)) return `CAST(${name} AS VARCHAR)`;
  const reader = await connection.runAndReadAll(`SELECT CAST(max(abs(${name})) AS DOUBLE) FROM ${table}`);
  const largest = Number(reader.getRows()[0]?.[0] ?? 0);
  // digits below microseconds are cut before the double, which does not hold nanoseconds
  return largest >= 1e17
    ? `CAST(${name} // 1000 AS DOUBLE)`
    : `CAST(${name} AS DOUBLE) * ${largest === 0 ? 1 : epochUs(largest) / largest}`;
}

function appendChunk(
  columns: BarColumns,
  directory: InstrumentDirectory | null,
  chunk: DuckDBDataChunk,
  file: string,
): void {
  const from = columns.rowCount;
  const { rowCount } = chunk;
  columns.reserve(from + rowCount);
  const times = chunk.getColumnVector(0);
  for (let k = 0; k < rowCount; k++) {
    const value = times.getItem(k);
    const ts = typeof value === 'string' ? timestampUs(value.trim()) : value;
    if (typeof ts !== 'number') throw badTime(file, from + k + 1, value);
    columns.tsUs[from + k] = ts;
  }
  for (const [n, column] of NUMBERS.entries()) {
    const values = chunk.getColumnVector(n + 1);
    const target = columns[column];
    for (let k = 0; k < rowCount; k++) target[from + k] = Number(values.getItem(k));
  }
  if (directory) {
    const ids = chunk.getColumnVector(NUMBERS.length + 1);
    const symbols = chunk.getColumnVector(NUMBERS.length + 2);
    for (let k = 0; k < rowCount; k++) {
      const symbol = String(symbols.getItem(k));
      columns.instrument[from + k] = directory.indexOf(Number(ids.getItem(k)), symbol === '' ? null : symbol);
    }
  }
  columns.rowCount = from + rowCount;
}

function badTime(file: string, row: number, value: unknown): BarlineError {
  const found = value === null ? 'nothing' : JSON.stringify(String(value));
  const expected = 'a time such as 2024-03-01T13:30:00Z';
  return new BarlineError({
    code: 'BAD_FIELD',
    message: `${file}: row ${row}, column timestamp: expected ${expected}, found ${found}.`,
    facts: { file, row, column: 'timestamp', expected, found: value },
  });
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A path that DuckDB takes for itself, not for a pattern. */
function withoutGlob(file: string): string {
  return file.replaceAll(/[[*?]/g, '[$&]');
}
