import { createHash } from 'node:crypto';
import type { Day } from './day.ts';
import { TICK_UNITS } from './day-bars.ts';
import type { Segment } from './hours.ts';

/**
 * What a session's front-contract bars must be once clean, in time order. It starts as the bars generated; whoever
 * plants a fault says here what comes of it. Nothing here looks at the faulty records.
 */
export interface SessionPlan {
  readonly session: Segment;
  readonly barCount: number;
  /** Row of the date's bars, an element per bar; the same below. */
  readonly row: Int32Array;
  readonly second: Int32Array;
  /** Ticks. */
  readonly open: Int32Array;
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly close: Int32Array;
  readonly volume: Int32Array;
  /** 1: the bar stays. */
  readonly keep: Uint8Array;
}

export function sessionPlan({ bars, front }: Day, session: Segment): SessionPlan {
  const rows: number[] = [];
  for (let row = 0; row < bars.rowCount; row++) {
    const second = bars.second[row];
    if (bars.listing[row] === front && second >= session.start && second < session.end) rows.push(row);
  }
  const row = Int32Array.from(rows);
  const ticks = (column: Float64Array): Int32Array => row.map((r) => column[r] / TICK_UNITS);
  return {
    session,
    barCount: row.length,
    row,
    second: row.map((r) => bars.second[r]),
    open: ticks(bars.open),
    high: ticks(bars.high),
    low: ticks(bars.low),
    close: ticks(bars.close),
    volume: row.map((r) => bars.volume[r]),
    keep: new Uint8Array(row.length).fill(1),
  };
}

export interface PlannedGrid {
  readonly rowCount: number;
  readonly realRows: number;
  /** Filled seconds before the first bar. */
  readonly leadingFill: number;
  /** SHA-256 of the rows open, high, low, close (ticks) and volume, one after the other, as little-endian int32. */
  readonly sha256: string;
}

/** The grid a plan comes to: a row per second, missing ones repeating the close before. */
export function plannedGrid(plan: SessionPlan): PlannedGrid {
  const { session, barCount, keep, second } = plan;
  const rowCount = session.end - session.start;
  const grid = new Int32Array(rowCount * 5);
  let realRows = 0;
  let filled = 0;
  let leadingFill = 0;
  let price = 0;
  const fill = (end: number): void => {
    for (let column = 0; column < 4; column++)
      grid.fill(price, column * rowCount + filled, column * rowCount + end);
    filled = end;
  };
  for (let i = 0; i < barCount; i++) {
    if (keep[i] !== 1) continue;
    const slot = second[i] - session.start;
    if (realRows === 0) {
      price = plan.open[i];
      leadingFill = slot;
    }
    fill(slot);
    grid[slot] = plan.open[i];
    grid[rowCount + slot] = plan.high[i];
    grid[2 * rowCount + slot] = plan.low[i];
    grid[3 * rowCount + slot] = plan.close[i];
    grid[4 * rowCount + slot] = plan.volume[i];
    price = plan.close[i];
    filled = slot + 1;
    realRows++;
  }
  fill(rowCount);
  return { rowCount, realRows, leadingFill, sha256: createHash('sha256').update(grid).digest('hex') };
}
