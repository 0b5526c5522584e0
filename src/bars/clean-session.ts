/** The cleaning rules on one session's bars. */
import type { Bars } from './columns.ts';
import { type InstrumentDefinition, pointsOfTicks, UNITS_PER_POINT, unitsOf } from './instruments.ts';
import type { BarValues, CleaningRule, QuarantineLog } from './quarantine.ts';
import { findSpikes, type SpikeRule } from './spike.ts';

/** Growing end of the clean columns; the first rows are filled. */
export interface CleanColumns {
  readonly tsUs: Float64Array;
  readonly openTicks: Int32Array;
  readonly highTicks: Int32Array;
  readonly lowTicks: Int32Array;
  readonly closeTicks: Int32Array;
  readonly volume: Float64Array;
  /** 1 where a rule changed the bar. */
  readonly changed: Uint8Array;
  /** Row in the source. */
  readonly row: Int32Array;
}

export function emptyColumns(capacity: number): CleanColumns {
  return {
    tsUs: new Float64Array(capacity),
    openTicks: new Int32Array(capacity),
    highTicks: new Int32Array(capacity),
    lowTicks: new Int32Array(capacity),
    closeTicks: new Int32Array(capacity),
    volume: new Float64Array(capacity),
    changed: new Uint8Array(capacity),
    row: new Int32Array(capacity),
  };
}

/** The first `rowCount` rows, on the same memory. */
export function cutColumns(columns: CleanColumns, rowCount: number) {
  return {
    rowCount,
    tsUs: columns.tsUs.subarray(0, rowCount),
    openTicks: columns.openTicks.subarray(0, rowCount),
    highTicks: columns.highTicks.subarray(0, rowCount),
    lowTicks: columns.lowTicks.subarray(0, rowCount),
    closeTicks: columns.closeTicks.subarray(0, rowCount),
    volume: columns.volume.subarray(0, rowCount),
  };
}

export interface CleaningPass {
  readonly ruleSet: {
    readonly instrument: InstrumentDefinition;
    readonly ohlcTolerance: number;
    readonly spike: SpikeRule;
  };
  readonly counts: Record<CleaningRule, number>;
  readonly log: QuarantineLog;
}

/**
 * Writes the clean bars of `rows` (in time order, one session) to `out` from `start` on; returns where they end.
 */
export function cleanSession(
  bars: Bars,
  rows: Int32Array,
  out: CleanColumns,
  start: number,
  pass: CleaningPass,
): number {
  const { instrument, ohlcTolerance } = pass.ruleSet;
  const tickUnits = unitsOf(instrument.tickSize);
  const ticksPerUnit = 1 / tickUnits;
  const minUnits = unitsOf(instrument.minPrice);
  const maxUnits = unitsOf(instrument.maxPrice);
  const tolerance = unitsOf(ohlcTolerance);
  const { tsUs, volume } = bars;
  const { open: opens, high: highs, low: lows, close: closes } = bars;
  let end = start;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    const open = unitsOf(opens[row]);
    const high = unitsOf(highs[row]);
    const low = unitsOf(lows[row]);
    const close = unitsOf(closes[row]);
    const max = Math.max(open, high, low, close);
    const min = Math.min(open, high, low, close);
    let rule: CleaningRule | null = null;
    if (k + 1 < rows.length && tsUs[rows[k + 1]] === tsUs[row]) rule = 'duplicate';
    else if (!(min > 0)) rule = 'not_positive';
    else if (min < minUnits || max > maxUnits) rule = 'out_of_bounds';
    else if (max - high > tolerance || low - min > tolerance) rule = 'ohlc_inconsistent';
    if (rule !== null) {
      pass.counts[rule]++;
      pass.log.dropped(rule, row, valuesOf(bars, row));
      continue;
    }
    const contracts = volume[row];
    let openTicks = Math.round(open * ticksPerUnit);
    let highTicks = Math.round(max * ticksPerUnit);
    let lowTicks = Math.round(min * ticksPerUnit);
    let closeTicks = Math.round(close * ticksPerUnit);
    const mended = max !== high || min !== low;
    const offTick =
      openTicks * tickUnits !== open ||
      highTicks * tickUnits !== max ||
      lowTicks * tickUnits !== min ||
      closeTicks * tickUnits !== close;
    const badVolume = !(contracts >= 0);
    if (offTick) {
      openTicks = nearestTick(open, tickUnits);
      highTicks = nearestTick(max, tickUnits);
      lowTicks = nearestTick(min, tickUnits);
      closeTicks = nearestTick(close, tickUnits);
    }
    if (mended || offTick || badVolume) {
      const ticks = offTick ? [openTicks, highTicks, lowTicks, closeTicks] : null;
      logChanges(bars, row, mended ? { max, min } : null, ticks, tickUnits, pass);
      out.changed[end] = 1;
    }
    out.tsUs[end] = tsUs[row];
    out.openTicks[end] = openTicks;
    out.highTicks[end] = highTicks;
    out.lowTicks[end] = lowTicks;
    out.closeTicks[end] = closeTicks;
    out.volume[end] = badVolume ? 0 : contracts;
    out.row[end++] = row;
  }
  return dropSpikes(out, start, end, tickUnits, pass);
}

/** The nearest whole tick, halves up. Exact: the sum and the quotient's distance from a whole number are. */
function nearestTick(units: number, tickUnits: number): number {
  return Math.floor((units + tickUnits / 2) / tickUnits);
}

function valuesOf(bars: Bars, row: number): BarValues {
  return [bars.open[row], bars.high[row], bars.low[row], bars.close[row], bars.volume[row]];
}

/** Quarantines a changed bar, once per rule, with its values before and after that rule. */
function logChanges(
  bars: Bars,
  row: number,
  mended: { readonly max: number; readonly min: number } | null,
  ticks: readonly number[] | null,
  tickUnits: number,
  { counts, log }: CleaningPass,
): void {
  let values = valuesOf(bars, row);
  const change = (rule: CleaningRule, after: BarValues): void => {
    counts[rule]++;
    log.changed(rule, row, values, after);
    values = after;
  };
  const [open, , , close, volume] = values;
  if (mended) {
    const [high, low] = [mended.max / UNITS_PER_POINT, mended.min / UNITS_PER_POINT];
    change('ohlc_inconsistent_small', [open, high, low, close, volume]);
  }
  if (!(volume >= 0)) change('negative_volume', [values[0], values[1], values[2], values[3], 0]);
  if (ticks) {
    const [o, h, l, c] = ticks.map((count) => pointsOfTicks(count, tickUnits));
    change('off_tick', [o, h, l, c, values[4]]);
  }
}

/** Drops the lone spikes of rows [start, end) and closes the gaps; returns the new end. */
function dropSpikes(
  out: CleanColumns,
  start: number,
  end: number,
  tickUnits: number,
  { ruleSet, counts, log }: CleaningPass,
): number {
  const spikes = findSpikes(out.closeTicks, start, end, ruleSet.spike);
  const points = (ticks: number): number => pointsOfTicks(ticks, tickUnits);
  let write = start;
  let from = start;
  for (const spike of [...spikes, end]) {
    if (write !== from) moveRows(out, from, spike, write);
    write += spike - from;
    from = spike + 1;
    if (spike === end) break;
    counts.spike++;
    log.dropped('spike', out.row[spike], [
      points(out.openTicks[spike]),
      points(out.highTicks[spike]),
      points(out.lowTicks[spike]),
      points(out.closeTicks[spike]),
      out.volume[spike],
    ]);
  }
  out.changed.fill(0, write, end);
  return write;
}

function moveRows(out: CleanColumns, from: number, to: number, target: number): void {
  out.tsUs.copyWithin(target, from, to);
  out.openTicks.copyWithin(target, from, to);
  out.highTicks.copyWithin(target, from, to);
  out.lowTicks.copyWithin(target, from, to);
  out.closeTicks.copyWithin(target, from, to);
  out.volume.copyWithin(target, from, to);
  out.changed.copyWithin(target, from, to);
  out.row.copyWithin(target, from, to);
}
