/** Grids without the grid stage: rows as they are, for inputs that come on a grid or need none. */
import { BarlineError } from '../base/index.ts';
import type { CleanBars } from './cleaning.ts';
import type { Bars, Grid, GridSession } from './columns.ts';
import { isoDate } from './dates.ts';
import { contractName } from './day-volumes.ts';
import { type InstrumentDefinition, unitsOf } from './instruments.ts';
import { exchangeDay, type TradingHours } from './sessions.ts';
import { localTimes } from './zone.ts';

/** Clean bars as they are, a row each, without filling. About 5 ns per row. */
export function unfilledGrid(clean: CleanBars, hours: TradingHours): Grid {
  return {
    rowCount: clean.rowCount,
    tsUs: shared(clean.tsUs),
    openTicks: sharedTicks(clean.openTicks),
    highTicks: sharedTicks(clean.highTicks),
    lowTicks: sharedTicks(clean.lowTicks),
    closeTicks: sharedTicks(clean.closeTicks),
    volume: shared(clean.volume),
    secondOfDay: sharedTicks(localTimes(hours.clock, clean.tsUs).secondOfDay),
    sessions: clean.sessions.map(({ span, contract, start, end }) => ({
      date: span.date,
      contract,
      start,
      end,
    })),
  };
}

/**
 * Raw bars taken as they are: every row is a row of the grid and every exchange date a session. Throws
 * BAR_OFF_TICK for a price that is undefined or no whole number of ticks, and BARS_OUT_OF_ORDER for a row that
 * does not start after the one before it: such input wants cleaning first. `source` names the input in errors.
 * About 20 ns per row.
 */
export function gridOfBars(
  bars: Bars,
  instrument: InstrumentDefinition,
  hours: TradingHours,
  source: string,
): Grid {
  requireOrder(bars, source);
  const tickUnits = unitsOf(instrument.tickSize);
  const ticks = (column: 'open' | 'high' | 'low' | 'close'): Int32Array => {
    const values = bars[column];
    const whole = new Int32Array(new SharedArrayBuffer(values.length * 4));
    for (let row = 0; row < values.length; row++) {
      const count = unitsOf(values[row]) / tickUnits;
      whole[row] = count;
      if (whole[row] !== count) throw offTick(source, column, row, values[row], instrument);
    }
    return whole;
  };
  return {
    rowCount: bars.rowCount,
    tsUs: shared(bars.tsUs),
    openTicks: ticks('open'),
    highTicks: ticks('high'),
    lowTicks: ticks('low'),
    closeTicks: ticks('close'),
    volume: shared(bars.volume),
    secondOfDay: sharedTicks(localTimes(hours.clock, bars.tsUs).secondOfDay),
    sessions: dateSessions(bars, hours),
  };
}

function dateSessions(bars: Bars, hours: TradingHours): GridSession[] {
  const sessions: GridSession[] = [];
  let start = 0;
  while (start < bars.rowCount) {
    const day = exchangeDay(hours, bars.tsUs[start]);
    const nextUs = hours.clock.momentOf(day + 1, hours.dayStartSecond);
    let end = start + 1;
    while (end < bars.rowCount && bars.tsUs[end] < nextUs) end++;
    const instrument = bars.instruments[bars.instrument?.[start] ?? -1];
    const contract = instrument ? contractName(instrument) : null;
    sessions.push({ date: isoDate(day), start, end, contract });
    start = end;
  }
  return sessions;
}

function requireOrder(bars: Bars, source: string): void {
  for (let row = 1; row < bars.rowCount; row++) {
    if (bars.tsUs[row] > bars.tsUs[row - 1]) continue;
    const [found, before] = [bars.tsUs[row], bars.tsUs[row - 1]].map((ts) =>
      new Date(ts / 1000).toISOString(),
    );
    throw new BarlineError({
      code: 'BARS_OUT_OF_ORDER',
      message: `${source}: row ${row + 1} starts at ${found}, not after the row before it (${before}).`,
      hint: 'Run the clean stage, which sorts bars and removes duplicates.',
      facts: { source, row: row + 1 },
    });
  }
}

function offTick(
  source: string,
  column: string,
  row: number,
  found: number,
  instrument: InstrumentDefinition,
): BarlineError {
  return new BarlineError({
    code: 'BAR_OFF_TICK',
    message: `${source}: column ${column}, row ${row + 1}: expected a multiple of ${instrument.name}'s tick of ${instrument.tickSize}, found ${found}.`,
    hint: 'Run the clean stage, which rounds prices to ticks, or name the right --instrument.',
    facts: { source, column, row: row + 1, expected: instrument.tickSize, found },
  });
}

function shared(values: Float64Array): Float64Array {
  const copy = new Float64Array(new SharedArrayBuffer(values.length * 8));
  copy.set(values);
  return copy;
}

function sharedTicks(values: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(values.length * 4));
  copy.set(values);
  return copy;
}
