/** DBN batches as `Bars`: exact 64-bit integers to microseconds and points, ids to symbols. */
import { type BarBatch, int32Words, type SymbolResolver } from '../dbn/index.ts';
import { BarColumns } from './bar-columns.ts';
import type { Bars } from './columns.ts';
import { US_PER_DAY } from './dates.ts';
import { DatedInstruments, type DayInstruments } from './instrument-directory.ts';
import { UNITS_PER_POINT } from './instruments.ts';

const TWO_32 = 4_294_967_296;
const UNDEFINED_HIGH_WORD = 0x7fffffff;
const ALL_ONES = -1;

/** Collects batches; `finish` gives the bars and ends its use. */
export interface DbnBarBuilder {
  readonly add: (batch: BarBatch) => void;
  readonly finish: () => { readonly bars: Bars; readonly undefinedTimes: number };
}

/**
 * Builds bars from DBN batches. A price is its whole units of 1e-9 divided once, so the float64 nearest to the
 * exact decimal below 2^53 units; "undefined" is NaN. Nanoseconds are cut to microseconds. A bar without a time
 * cannot be placed: it is left out and counted in `undefinedTimes`. An instrument is an id with its symbol on the
 * bar's UTC date. `expectedRows` spares growing. About 20 ns per row, no BigInt.
 */
export function dbnBarBuilder(symbols: SymbolResolver, expectedRows = 0): DbnBarBuilder {
  const columns = new BarColumns(expectedRows);
  const instruments = new DatedInstruments(symbols);
  let undefinedTimes = 0;
  return {
    add(batch) {
      const from = columns.rowCount;
      columns.reserve(from + batch.rowCount);
      const placed = readTimes(int32Words(batch.tsEvent), columns.tsUs, from);
      const rows = placed.length === batch.rowCount ? null : placed;
      undefinedTimes += batch.rowCount - placed.length;
      readPrices(int32Words(batch.open), rows, columns.open, from);
      readPrices(int32Words(batch.high), rows, columns.high, from);
      readPrices(int32Words(batch.low), rows, columns.low, from);
      readPrices(int32Words(batch.close), rows, columns.close, from);
      readVolumes(int32Words(batch.volume), rows, columns.volume, from);
      columns.rowCount = from + placed.length;
      readInstruments(batch.instrumentId, rows, columns, from, instruments);
    },
    finish: () => ({ bars: columns.toBars(instruments.instruments), undefinedTimes }),
  };
}

/**
 * Writes microseconds from row `from` on; returns which rows of the batch have a time. With ns = high × 2^32 + low
 * and 2^32 = 4,294,967 × 1,000 + 296, the division by 1,000 is exact below 2^53 microseconds.
 */
function readTimes(words: Int32Array, tsUs: Float64Array, from: number): Int32Array {
  const rowCount = words.length / 2;
  const placed = new Int32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    const low = words[2 * row];
    const high = words[2 * row + 1];
    if (high === ALL_ONES && low === ALL_ONES) continue;
    const unsignedHigh = high >>> 0;
    tsUs[from + count] = unsignedHigh * 4_294_967 + Math.floor((unsignedHigh * 296 + (low >>> 0)) / 1000);
    placed[count++] = row;
  }
  return placed.subarray(0, count);
}

function readPrices(words: Int32Array, rows: Int32Array | null, points: Float64Array, from: number): void {
  const rowCount = rows ? rows.length : words.length / 2;
  for (let k = 0; k < rowCount; k++) {
    const row = rows ? rows[k] : k;
    const low = words[2 * row];
    const high = words[2 * row + 1];
    points[from + k] =
      high === UNDEFINED_HIGH_WORD && low === ALL_ONES
        ? Number.NaN
        : (high * TWO_32 + (low >>> 0)) / UNITS_PER_POINT;
  }
}

function readVolumes(words: Int32Array, rows: Int32Array | null, volume: Float64Array, from: number): void {
  const rowCount = rows ? rows.length : words.length / 2;
  for (let k = 0; k < rowCount; k++) {
    const row = rows ? rows[k] : k;
    volume[from + k] = (words[2 * row + 1] >>> 0) * TWO_32 + (words[2 * row] >>> 0);
  }
}

/** Indexes of the rows from `from` on, a run of rows of one UTC date at a time. */
function readInstruments(
  ids: Uint32Array,
  rows: Int32Array | null,
  { tsUs, instrument, rowCount }: BarColumns,
  from: number,
  instruments: DatedInstruments,
): void {
  for (let start = from; start < rowCount; ) {
    const utcDay = Math.floor(tsUs[start] / US_PER_DAY);
    const end = endOfDay(tsUs, start, rowCount, utcDay * US_PER_DAY);
    const day = instruments.on(utcDay);
    // a new id is looked up out here: the symbols of one file, in the hot loop's code, would void it with the next file
    for (let row = start; row < end; ) {
      row = readKnownInstruments(day, ids, rows, instrument, from, row, end);
      if (row < end) day.add(ids[rows ? rows[row - from] : row - from]);
    }
    start = end;
  }
}

function endOfDay(tsUs: Float64Array, start: number, rowCount: number, dayUs: number): number {
  const nextUs = dayUs + US_PER_DAY;
  let end = start + 1;
  while (end < rowCount && tsUs[end] >= dayUs && tsUs[end] < nextUs) end++;
  return end;
}

/** Rows from `start` up to `end`, or to the first with an id new to the day: where it stopped. */
function readKnownInstruments(
  day: DayInstruments,
  ids: Uint32Array,
  rows: Int32Array | null,
  instrument: Uint16Array,
  from: number,
  start: number,
  end: number,
): number {
  for (let target = start; target < end; target++) {
    const index = day.indexOf(ids[rows ? rows[target - from] : target - from]);
    if (index < 0) return target;
    instrument[target] = index;
  }
  return end;
}
