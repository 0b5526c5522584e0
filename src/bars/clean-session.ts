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
    readonly leftOut: ReadonlySet<CleaningRule>;
  };
  readonly counts: Record<CleaningRule, number>;
  readonly log: QuarantineLog;
}

/**
 * Writes the clean bars of `rows` (in time order, one session) to `out` from `start` on; returns where they end.
 * A sound bar (alone at its time, on ticks, in bounds, consistent) is told by comparisons of ticks alone.
 */
export function cleanSession(
  bars: Bars,
  rows: Int32Array,
  out: CleanColumns,
  start: number,
  pass: CleaningPass,
): number {
  const { tickSize, minPrice, maxPrice } = pass.ruleSet.instrument;
  const tickUnits = unitsOf(tickSize);
  const ticksPerPoint = 1 / tickSize;
  const minTicks = Math.max(1, Math.ceil(unitsOf(minPrice) / tickUnits));
  const maxTicks = Math.floor(unitsOf(maxPrice) / tickUnits);
  const { tsUs, volume, open: opens, high: highs, low: lows, close: closes } = bars;
  let end = start;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    const ts = tsUs[row];
    const isDuplicate = k + 1 < rows.length && tsUs[rows[k + 1]] === ts;
    let open = Math.floor(opens[row] * ticksPerPoint + 0.5);
    let high = Math.floor(highs[row] * ticksPerPoint + 0.5);
    let low = Math.floor(lows[row] * ticksPerPoint + 0.5);
    let close = Math.floor(closes[row] * ticksPerPoint + 0.5);
    let contracts = volume[row];
    const isSound =
      !isDuplicate &&
      contracts >= 0 &&
      low >= minTicks &&
      high <= maxTicks &&
      low <= open &&
      low <= close &&
      high >= open &&
      high >= close &&
      (open * tickUnits) / UNITS_PER_POINT === opens[row] &&
      (high * tickUnits) / UNITS_PER_POINT === highs[row] &&
      (low * tickUnits) / UNITS_PER_POINT === lows[row] &&
      (close * tickUnits) / UNITS_PER_POINT === closes[row];
    if (!isSound) {
      const judged = judgeBar(bars, row, isDuplicate, tickUnits, pass);
      if (judged === null) continue;
      [open, high, low, close] = judged.ticks;
      contracts = judged.volume;
      out.changed[end] = judged.isChanged ? 1 : 0;
    }
    out.tsUs[end] = ts;
    out.openTicks[end] = open;
    out.highTicks[end] = high;
    out.lowTicks[end] = low;
    out.closeTicks[end] = close;
    out.volume[end] = contracts;
    out.row[end++] = row;
  }
  return dropSpikes(out, start, end, tickUnits, pass);
}

/** A bar that stays: its ticks (open, high, low, close) and volume, and whether a rule changed it. */
interface JudgedBar {
  readonly ticks: readonly number[];
  readonly volume: number;
  readonly isChanged: boolean;
}

/** The rules before the spikes, one after another, on one bar; null when one drops it. */
function judgeBar(
  bars: Bars,
  row: number,
  isDuplicate: boolean,
  tickUnits: number,
  pass: CleaningPass,
): JudgedBar | null {
  const { instrument, ohlcTolerance, leftOut } = pass.ruleSet;
  const tolerance = unitsOf(ohlcTolerance);
  const units = [bars.open[row], bars.high[row], bars.low[row], bars.close[row]].map(unitsOf);
  const [open, high, low, close] = units;
  const max = Math.max(...units);
  const min = Math.min(...units);
  const dropping: readonly (readonly [CleaningRule, boolean])[] = [
    ['duplicate', isDuplicate],
    ['not_positive', !(min > 0)],
    ['out_of_bounds', min < unitsOf(instrument.minPrice) || max > unitsOf(instrument.maxPrice)],
    ['ohlc_inconsistent', max - high > tolerance || low - min > tolerance],
  ];
  const rule = dropping.find(([name, isBroken]) => isBroken && !leftOut.has(name))?.[0];
  if (rule !== undefined) {
    pass.counts[rule]++;
    pass.log.dropped(rule, row, valuesOf(bars, row));
    return null;
  }
  const isShort = (max !== high || min !== low) && !leftOut.has('ohlc_inconsistent_small');
  const mended = isShort ? { max, min } : null;
  const final = [open, mended?.max ?? high, mended?.min ?? low, close];
  const ticks = final.map((price) => nearestTick(price, tickUnits));
  const offTick = final.some((price, k) => ticks[k] * tickUnits !== price) && !leftOut.has('off_tick');
  const volume = bars.volume[row];
  const badVolume = !(volume >= 0) && !leftOut.has('negative_volume');
  const isChanged = mended !== null || offTick || badVolume;
  if (isChanged) logChanges(bars, row, mended, offTick ? ticks : null, tickUnits, pass);
  return { ticks, volume: badVolume ? 0 : volume, isChanged };
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
  const spikes = ruleSet.leftOut.has('spike') ? [] : findSpikes(out.closeTicks, start, end, ruleSet.spike);
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
