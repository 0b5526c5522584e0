/** Volume of every contract on every exchange date: what the choice of the front contract rests on. */
import { BarlineError } from '../base/index.ts';
import type { Bars, Instrument } from './columns.ts';
import type { InstrumentDefinition } from './instruments.ts';
import { extent, intervalOf } from './intervals.ts';
import { dayStartsUs, exchangeDay, type TradingHours } from './sessions.ts';
import { isSpread, qualifies } from './symbols.ts';

/** The contracts among a file's instruments. Ids that carry one symbol are one contract. */
export interface ContractTable {
  /** Symbols, or `id:<number>` where the source names ids only. */
  readonly contracts: readonly string[];
  /** Contract of every instrument, -1 where it cannot be a front contract. */
  readonly contractOf: Int32Array;
  /** The source gives ids but no symbol at all, so every id counts as an outright. */
  readonly idsOnly: boolean;
}

export interface DayVolumes {
  readonly table: ContractTable;
  /** Day number of the first date. */
  readonly firstDay: number;
  readonly dayCount: number;
  /** Starts of the dates in microseconds, and the end of the last. */
  readonly startsUs: Float64Array;
  /** Per date and contract (row-major); negative volumes count as 0. */
  readonly volume: Float64Array;
  readonly barCount: Int32Array;
  /** Rows of every instrument that cannot be a front contract. */
  readonly otherRows: Int32Array;
}

/** Contract name of an instrument, as reports and tables write it. */
export function contractName(instrument: Instrument): string {
  return instrument.symbol ?? `id:${instrument.id}`;
}

/** Which instruments are outrights of the product. Throws NO_OUTRIGHT if there are symbols but none is one. */
export function contractTable(
  instruments: readonly Instrument[],
  definition: InstrumentDefinition,
): ContractTable {
  const idsOnly = instruments.length > 0 && instruments.every((instrument) => instrument.symbol === null);
  const contracts: string[] = [];
  const contractOf = new Int32Array(instruments.length).fill(-1);
  const indexOf = new Map<string, number>();
  for (const [k, instrument] of instruments.entries()) {
    const outright = instrument.symbol === null ? idsOnly : qualifies(instrument.symbol, definition);
    if (!outright) continue;
    const name = contractName(instrument);
    let index = indexOf.get(name);
    if (index === undefined) {
      index = contracts.push(name) - 1;
      indexOf.set(name, index);
    }
    contractOf[k] = index;
  }
  if (contracts.length === 0 && instruments.length > 0) {
    const found = [...new Set(instruments.map((instrument) => instrument.symbol ?? 'unmapped ids'))];
    const shown = found.slice(0, 5).join(', ') + (found.length > 5 ? ` and ${found.length - 5} more` : '');
    throw new BarlineError({
      code: 'NO_OUTRIGHT',
      message: `The input holds no outright contract of ${definition.name}; found ${shown}.`,
      hint: 'Choose the instrument the file is of with --instrument.',
      facts: { instrument: definition.name, found },
    });
  }
  return { contracts, contractOf, idsOnly };
}

/** Rows by what becomes of their instrument. */
export interface InstrumentRowCounts {
  readonly outrightRows: number;
  readonly spreadRows: number;
  /** Symbols that are neither spreads nor outrights of the product. */
  readonly otherRows: number;
  readonly unmappedRows: number;
}

export function instrumentRowCounts(
  instruments: readonly Instrument[],
  { table, barCount, otherRows: rowsOfInstrument }: DayVolumes,
): InstrumentRowCounts {
  const outrightRows = barCount.reduce((sum, count) => sum + count, 0);
  let spreadRows = 0;
  let otherRows = 0;
  let unmappedRows = 0;
  for (const [k, { symbol }] of instruments.entries()) {
    if (table.contractOf[k] >= 0) continue;
    if (symbol === null) unmappedRows += rowsOfInstrument[k];
    else if (isSpread(symbol)) spreadRows += rowsOfInstrument[k];
    else otherRows += rowsOfInstrument[k];
  }
  return { outrightRows, spreadRows, otherRows, unmappedRows };
}

/** The exchange dates that rows lie on: day number of the first, how many, and where each starts. */
export function datesOf(
  tsUs: Float64Array,
  hours: TradingHours,
): { readonly firstDay: number; readonly dayCount: number; readonly startsUs: Float64Array } {
  if (tsUs.length === 0) return { firstDay: 0, dayCount: 0, startsUs: new Float64Array(1) };
  const [firstUs, lastUs] = extent(tsUs);
  const firstDay = exchangeDay(hours, firstUs);
  const lastDay = exchangeDay(hours, lastUs);
  return { firstDay, dayCount: lastDay - firstDay + 1, startsUs: dayStartsUs(hours, firstDay, lastDay) };
}

/** Sums volume per date and contract. `instrument` as in `Bars`, one index a row. About 5 ns per row. */
export function dayVolumes(
  bars: Bars,
  instrument: Uint16Array,
  definition: InstrumentDefinition,
  hours: TradingHours,
): DayVolumes {
  const table = contractTable(bars.instruments, definition);
  const { contractOf } = table;
  const contractCount = table.contracts.length;
  const { firstDay, dayCount, startsUs } = datesOf(bars.tsUs, hours);
  const volume = new Float64Array(dayCount * contractCount);
  const barCount = new Int32Array(dayCount * contractCount);
  const otherRows = new Int32Array(bars.instruments.length);
  const { tsUs, volume: rowVolume } = bars;
  let date = 1;
  let fromUs = 0;
  let toUs = 0;
  for (let row = 0; row < bars.rowCount; row++) {
    const ts = tsUs[row];
    if (ts < fromUs || ts >= toUs) {
      date = intervalOf(startsUs, ts, date);
      fromUs = startsUs[date - 1];
      toUs = startsUs[date];
    }
    const contract = contractOf[instrument[row]];
    if (contract < 0) {
      otherRows[instrument[row]]++;
      continue;
    }
    const cell = (date - 1) * contractCount + contract;
    const contracts = rowVolume[row];
    if (contracts > 0) volume[cell] += contracts;
    barCount[cell]++;
  }
  return { table, firstDay, dayCount, startsUs, volume, barCount, otherRows };
}
