/** The complete grid: a row for every second (or other bar span) of every session. */
import type { CleanBars, CleanSession } from './cleaning.ts';
import type { Grid, GridSession } from './columns.ts';
import { US_PER_SECOND } from './dates.ts';
import type { ExchangeClock } from './zone.ts';

export interface GridOptions {
  readonly clock: ExchangeClock;
  /** Seconds a bar spans; slots lie at its multiples on the exchange clock. Default 1. */
  readonly barSeconds?: number;
}

/** Real and filled rows of the slots in one half hour of the exchange clock, over all sessions. */
export interface HalfHourFill {
  /** `HH:MM`, the start of the half hour. */
  readonly from: string;
  readonly rowCount: number;
  readonly filledRows: number;
}

export interface SessionFill {
  readonly date: string;
  readonly contract: string | null;
  readonly rowCount: number;
  readonly realRows: number;
  readonly filledRows: number;
  /** Slots before the first bar, filled with its open: the only place a later price is used. */
  readonly leadingFill: number;
  readonly longestFill: number;
}

export interface GridReport {
  readonly barSeconds: number;
  readonly rowCount: number;
  readonly realRows: number;
  readonly filledRows: number;
  /** Filled over all rows, 0 for an empty grid. */
  readonly fillShare: number;
  /** Longest run of filled slots within a session. */
  readonly longestFill: number;
  /** Bars merged into a slot that another bar has opened. */
  readonly mergedRows: number;
  /** Bars that do not start where a slot starts. */
  readonly offGridRows: number;
  readonly sessions: readonly SessionFill[];
  readonly halfHours: readonly HalfHourFill[];
}

const HALF_HOUR = 1800;

/** Where a session's slots lie. */
interface SlotLayout {
  readonly session: CleanSession;
  readonly firstUs: number;
  readonly slotUs: number;
  readonly slotCount: number;
  /** Row of the first slot. */
  readonly start: number;
}

interface FillCounts {
  realRows: number;
  leadingFill: number;
  longestFill: number;
  offGridRows: number;
}

/**
 * Lays clean bars on the grid. A slot without a bar repeats the close before it as open, high, low and close,
 * with volume 0; slots before the session's first bar repeat that bar's open, with volume 0. Bars that share a
 * slot (times finer than the span) are merged: first open, highest high, lowest low, last close, summed volume.
 * A session has one slot per `barSeconds` from open to close, fewer after an early close; slots lie at multiples
 * of `barSeconds` on the exchange clock, so an hourly grid of a session from 07:30 starts at 08:00. Columns lie on
 * SharedArrayBuffers. About 8 ns per grid row.
 */
export function fillGrid(
  clean: CleanBars,
  options: GridOptions,
): { readonly grid: Grid; readonly report: GridReport } {
  const barSeconds = options.barSeconds ?? 1;
  const layouts = slotLayouts(clean.sessions, options.clock, barSeconds);
  const last = layouts.at(-1);
  const rowCount = last ? last.start + last.slotCount : 0;
  const grid = emptyGrid(rowCount, layouts.map(gridSession));
  const rowsInHalfHour = new Int32Array(48);
  const realInHalfHour = new Int32Array(48);
  const sessions: SessionFill[] = [];
  let offGridRows = 0;
  for (const layout of layouts) {
    fillTimes(layout, grid, options.clock, rowsInHalfHour);
    const counts = fillSession(clean, layout, grid, realInHalfHour);
    offGridRows += counts.offGridRows;
    sessions.push(sessionFill(layout, counts));
  }
  const realRows = sum(sessions, (session) => session.realRows);
  const filledRows = rowCount - realRows;
  return {
    grid,
    report: {
      barSeconds,
      rowCount,
      realRows,
      filledRows,
      fillShare: rowCount === 0 ? 0 : filledRows / rowCount,
      longestFill: sessions.reduce((longest, session) => Math.max(longest, session.longestFill), 0),
      mergedRows: clean.rowCount - realRows,
      offGridRows,
      sessions,
      halfHours: halfHourFills(rowsInHalfHour, realInHalfHour),
    },
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function slotLayouts(
  sessions: readonly CleanSession[],
  clock: ExchangeClock,
  barSeconds: number,
): SlotLayout[] {
  const slotUs = barSeconds * US_PER_SECOND;
  let start = 0;
  return sessions.map((session) => {
    const { openUs, closeUs } = session.span;
    const pastSlot = clock.secondOfDayAt(openUs) % barSeconds;
    const firstUs = openUs + (pastSlot === 0 ? 0 : (barSeconds - pastSlot) * US_PER_SECOND);
    const slotCount = Math.max(1, Math.ceil((closeUs - firstUs) / slotUs));
    const layout = { session, firstUs, slotUs, slotCount, start };
    start += slotCount;
    return layout;
  });
}

function gridSession({ session, start, slotCount }: SlotLayout): GridSession {
  return { date: session.span.date, start, end: start + slotCount, contract: session.contract };
}

function sessionFill({ session, slotCount }: SlotLayout, counts: FillCounts): SessionFill {
  return {
    date: session.span.date,
    contract: session.contract,
    rowCount: slotCount,
    realRows: counts.realRows,
    filledRows: slotCount - counts.realRows,
    leadingFill: counts.leadingFill,
    longestFill: counts.longestFill,
  };
}

/** A grid of `rowCount` zeros on SharedArrayBuffers. */
function emptyGrid(rowCount: number, sessions: readonly GridSession[]): Grid {
  const ticks = (): Int32Array => new Int32Array(new SharedArrayBuffer(rowCount * 4));
  const doubles = (): Float64Array => new Float64Array(new SharedArrayBuffer(rowCount * 8));
  return {
    rowCount,
    tsUs: doubles(),
    openTicks: ticks(),
    highTicks: ticks(),
    lowTicks: ticks(),
    closeTicks: ticks(),
    volume: doubles(),
    secondOfDay: ticks(),
    sessions,
  };
}

function fillTimes(
  { firstUs, slotUs, slotCount, start }: SlotLayout,
  { tsUs, secondOfDay }: Grid,
  clock: ExchangeClock,
  rowsInHalfHour: Int32Array,
): void {
  const lastUs = firstUs + (slotCount - 1) * slotUs;
  const slotSeconds = slotUs / US_PER_SECOND;
  const first = clock.secondOfDayAt(firstUs);
  const sameDay = clock.secondOfDayAt(lastUs) === first + (slotCount - 1) * slotSeconds;
  let half = 0;
  let halfEnd = 0;
  for (let slot = 0; slot < slotCount; slot++) {
    const ts = firstUs + slot * slotUs;
    const second = sameDay ? first + slot * slotSeconds : clock.secondOfDayAt(ts);
    tsUs[start + slot] = ts;
    secondOfDay[start + slot] = second;
    if (second >= halfEnd || second < halfEnd - HALF_HOUR) {
      half = Math.floor(second / HALF_HOUR);
      halfEnd = (half + 1) * HALF_HOUR;
    }
    rowsInHalfHour[half]++;
  }
}

function fillSession(
  clean: CleanBars,
  { session, firstUs, slotUs, slotCount, start }: SlotLayout,
  grid: Grid,
  realInHalfHour: Int32Array,
): FillCounts {
  const { tsUs, openTicks, highTicks, lowTicks, closeTicks, volume } = clean;
  const { openTicks: opens, highTicks: highs, lowTicks: lows, closeTicks: closes, volume: volumes } = grid;
  const counts: FillCounts = { realRows: 0, leadingFill: 0, longestFill: 0, offGridRows: 0 };
  let next = start;
  let price = openTicks[session.start];
  for (let bar = session.start; bar < session.end; bar++) {
    const position = (tsUs[bar] - firstUs) / slotUs;
    const slot = Math.max(0, Math.floor(position));
    if (slot !== position) counts.offGridRows++;
    const row = start + slot;
    if (row < next) {
      highs[row] = Math.max(highs[row], highTicks[bar]);
      lows[row] = Math.min(lows[row], lowTicks[bar]);
      volumes[row] += volume[bar];
    } else {
      if (row - next > counts.longestFill) counts.longestFill = row - next;
      if (counts.realRows === 0) counts.leadingFill = slot;
      repeatPrice(grid, next, row, price);
      opens[row] = openTicks[bar];
      highs[row] = highTicks[bar];
      lows[row] = lowTicks[bar];
      volumes[row] = volume[bar];
      realInHalfHour[Math.floor(grid.secondOfDay[row] / HALF_HOUR)]++;
      counts.realRows++;
      next = row + 1;
    }
    price = closeTicks[bar];
    closes[row] = price;
  }
  const end = start + slotCount;
  if (end - next > counts.longestFill) counts.longestFill = end - next;
  repeatPrice(grid, next, end, price);
  return counts;
}

/** Rows [from, to) at one price; their volume stays 0. */
function repeatPrice(grid: Grid, from: number, to: number, price: number): void {
  const { openTicks, highTicks, lowTicks, closeTicks } = grid;
  for (let row = from; row < to; row++) {
    openTicks[row] = price;
    highTicks[row] = price;
    lowTicks[row] = price;
    closeTicks[row] = price;
  }
}

function halfHourFills(rowsInHalfHour: Int32Array, realInHalfHour: Int32Array): HalfHourFill[] {
  const fills: HalfHourFill[] = [];
  for (const [half, rowCount] of rowsInHalfHour.entries()) {
    if (rowCount === 0) continue;
    const from = `${String(half >> 1).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}`;
    fills.push({ from, rowCount, filledRows: rowCount - realInHalfHour[half] });
  }
  return fills;
}
