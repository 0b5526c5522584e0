/**
 * The golden bars, labels, weights and features: where they lie, how they are read, and the comparison of
 * `compare.py` beside them, cell for cell.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Grid, GridSession } from '../../src/bars/index.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export const goldenBars = join(
  process.env.BARLINE_GOLDEN ?? join(repository, '..', 'shared', 'golden'),
  'bars',
);

/** False where the golden data is absent, which is an error in CI. */
export function hasGoldenBars(): boolean {
  if (existsSync(goldenBars)) return true;
  if (process.env.CI === 'true') throw new Error(`no golden bars at ${goldenBars}`);
  process.stderr.write(`skipped: no golden bars at ${goldenBars}\n`);
  return false;
}

export const goldenCases = ['walk', 'flat', 'rolls', 'ties', 'sessions', 'year_end', 'zero_volume'] as const;

/** Columns of a Parquet file as numbers (null is NaN) or strings, timestamps in microseconds. */
export type Table = Map<string, { numbers: Float64Array; texts: string[] }>;

export async function readTable(path: string): Promise<Table> {
  const table: Table = new Map();
  const chunks: { columnName: string; columnData: ArrayLike<unknown>; rowStart: number }[] = [];
  await parquetRead({
    file: await asyncBufferFromFile(path),
    compressors,
    parsers: {
      timestampFromMilliseconds: (value: bigint) => Number(value) * 1000,
      timestampFromMicroseconds: (value: bigint) => Number(value),
      timestampFromNanoseconds: (value: bigint) => Number(value / 1000n),
    },
    onChunk: (chunk) => {
      chunks.push(chunk);
    },
  });
  const rowCount = Math.max(0, ...chunks.map((chunk) => chunk.rowStart + chunk.columnData.length));
  for (const { columnName, columnData, rowStart } of chunks) {
    const column = table.get(columnName) ?? { numbers: new Float64Array(rowCount), texts: [] };
    for (let i = 0; i < columnData.length; i++) {
      const value = columnData[i];
      if (typeof value === 'string') column.texts[rowStart + i] = value;
      column.numbers[rowStart + i] =
        typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
    }
    table.set(columnName, column);
  }
  return table;
}

export function numbersOf(table: Table, name: string): Float64Array {
  const column = table.get(name);
  if (column === undefined) throw new Error(`no column ${name}`);
  return column.numbers;
}

const chicago = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/Chicago',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  hourCycle: 'h23',
});

/** A golden input as a grid on the quarter-point tick, a session per Chicago date. */
export async function goldenGrid(path: string): Promise<Grid> {
  const table = await readTable(path);
  const tsUs = numbersOf(table, 'timestamp');
  const rowCount = tsUs.length;
  const ticks = (name: string) => Int32Array.from(numbersOf(table, name), (price) => price * 4);
  const secondOfDay = new Int32Array(rowCount);
  const sessions: GridSession[] = [];
  const hours = new Map<number, { date: string; hour: number }>();
  for (let i = 0; i < rowCount; i++) {
    const second = Math.floor(tsUs[i] / 1e6);
    const utcHour = Math.floor(second / 3600);
    let local = hours.get(utcHour);
    if (local === undefined) {
      const text = chicago.format(utcHour * 3_600_000);
      local = { date: text.slice(0, 10), hour: Number(text.slice(-2)) };
      hours.set(utcHour, local);
    }
    secondOfDay[i] = local.hour * 3600 + (second % 3600);
    const last = sessions.at(-1);
    if (last?.date === local.date) sessions[sessions.length - 1] = { ...last, end: i + 1 };
    else sessions.push({ date: local.date, start: i, end: i + 1, contract: null });
  }
  return {
    rowCount,
    tsUs,
    openTicks: ticks('open'),
    highTicks: ticks('high'),
    lowTicks: ticks('low'),
    closeTicks: ticks('close'),
    volume: numbersOf(table, 'volume'),
    secondOfDay,
    sessions,
  };
}

/** Marks of roll-affected bars by the gap rule: more than 80 ticks between closes, bars r − 1 … r + 5. */
export function gapMarks(grid: Grid, scope: 'session' | 'all'): Uint8Array {
  const marks = new Uint8Array(grid.rowCount);
  for (let roll = 1; roll < grid.rowCount; roll++) {
    if (Math.abs(grid.closeTicks[roll] - grid.closeTicks[roll - 1]) <= 80) continue;
    const session = grid.sessions.find((one) => roll >= one.start && roll < one.end);
    const from = scope === 'session' && session ? session.start : 0;
    const to = scope === 'session' && session ? session.end : grid.rowCount;
    marks.fill(1, Math.max(from, roll - 1), Math.min(to, roll + 6));
  }
  return marks;
}

/** The absolute allowances of compare.py, read from its own table. */
export function floors(): Map<string, number> {
  const source = readFileSync(join(goldenBars, 'compare.py'), 'utf8');
  const table = source.slice(source.indexOf('FLOOR = {'), source.indexOf('}', source.indexOf('FLOOR = {')));
  const found = new Map<string, number>();
  for (const [, name, value] of table.matchAll(/'(\w+)': ([\d.e-]+)/g)) found.set(name, Number(value));
  if (found.size < 10) throw new Error('compare.py: no table of floors found');
  return found;
}

export interface Cells {
  readonly name: string;
  readonly expected: ArrayLike<number>;
  readonly actual: ArrayLike<number>;
  readonly isWhole: boolean;
  readonly floor: number;
}

/** Rows that differ by the rules of compare.py. */
export function differingRows({ name, expected, actual, isWhole, floor }: Cells): number[] {
  const rows: number[] = [];
  if (expected.length !== actual.length) return [-1];
  for (let i = 0; i < expected.length; i++) {
    if (!isSame(name, expected[i], actual[i], isWhole ? 0 : 1e-6, floor)) rows.push(i);
  }
  return rows;
}

function isSame(name: string, expected: number, actual: number, relative: number, floor: number): boolean {
  if (name.startsWith('label_')) return actual === expected;
  if (name.startsWith('weight_')) return Math.abs(actual - expected) <= 1e-6;
  const e = Math.fround(expected);
  const a = Math.fround(actual);
  if (Number.isNaN(e) || Number.isNaN(a)) return Number.isNaN(e) && Number.isNaN(a);
  return Number.isFinite(a) && Number.isFinite(e) && Math.abs(a - e) <= relative * Math.abs(e) + floor;
}

/** The expected column with the documented value in every masked cell. */
export function documented(expected: Float64Array, name: string, mask: Table): Float64Array {
  const column = mask.get('column');
  if (column === undefined) return expected;
  const rows = numbersOf(mask, 'row');
  const values = numbersOf(mask, 'documented');
  const result = expected.slice();
  for (let k = 0; k < rows.length; k++) if (column.texts[k] === name) result[rows[k]] = values[k];
  return result;
}
