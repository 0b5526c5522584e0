/** Rolls on a grid: where they are, and which rows they make unfit. */
import type { Grid, GridSession } from './columns.ts';
import { type InstrumentDefinition, pointsOfTicks, unitsOf } from './instruments.ts';
import type { RollCandidate } from './roll-gap.ts';

/** - `contracts`: the front contract changes between two sessions. - `gaps`: the price jumps between two rows. */
export type RollMode = 'contracts' | 'gaps';

export interface RollEvent {
  /** First row of the new contract, or the row after the jump. */
  readonly row: number;
  readonly timestampUs: number;
  readonly date: string;
  readonly rule: RollMode;
  /**
   * In points. `contracts`: new minus old close at the last bar both contracts have before the roll, null when
   * they have none. `gaps`: close minus previous close.
   */
  readonly priceGap: number | null;
  /** When that last common bar was; null under `gaps`. */
  readonly gapUs: number | null;
  /** Sign of the gap or, where it is null, of the step from the last close to the new open; null when unknown. */
  readonly direction: 'up' | 'down' | null;
  /** Rows in the event's window. */
  readonly barsAffected: number;
  readonly fromContract: string | null;
  readonly toContract: string | null;
}

export interface RollWindow {
  /** Rows before the roll that it affects, default 1. */
  readonly affectedBefore?: number;
  /** Rows after it, default 5. */
  readonly affectedAfter?: number;
  /** `respect` (default): the window stays inside the roll's own session. */
  readonly sessions?: 'respect' | 'ignore';
}

export interface RollOptions extends RollWindow {
  readonly mode: RollMode;
  readonly instrument: InstrumentDefinition;
  /** Changes found while all contracts were still there, for their gaps. */
  readonly candidates?: readonly RollCandidate[];
  /** Front contract of the last session before the grid; null or absent when it is not known. */
  readonly previousFront?: string | null;
}

export interface RollReport {
  readonly mode: RollMode;
  /** False under `contracts` when no front contract before the grid is known: its first session is then no roll. */
  readonly previousFrontKnown: boolean;
  readonly events: readonly RollEvent[];
}

/**
 * The rolls of a grid. Under `contracts` sessions without a contract end and start none, and an overnight gap
 * within one contract is no roll however large. Under `gaps` a roll is |close − previous close| above the
 * instrument's threshold, exactly, over all rows. `gaps` costs about 1 ns per row, `contracts` nothing per row.
 */
export function findRolls(grid: Grid, options: RollOptions): RollReport {
  const events = options.mode === 'contracts' ? contractRolls(grid, options) : gapRolls(grid, options);
  return { mode: options.mode, previousFrontKnown: options.previousFront != null, events };
}

function contractRolls(grid: Grid, options: RollOptions): RollEvent[] {
  const events: RollEvent[] = [];
  const tickUnits = unitsOf(options.instrument.tickSize);
  let from = options.previousFront ?? null;
  for (const { date, start, end, contract: to } of grid.sessions) {
    if (from !== null && to !== null && from !== to && end > start) {
      const candidate = candidateFor(options.candidates ?? [], date, from, to);
      const priceGap = candidate?.priceGap ?? null;
      const step = start > 0 ? grid.openTicks[start] - grid.closeTicks[start - 1] : null;
      const gap = priceGap ?? (step === null ? null : pointsOfTicks(step, tickUnits));
      events.push({
        row: start,
        timestampUs: grid.tsUs[start],
        date,
        rule: 'contracts',
        priceGap,
        gapUs: candidate?.gapUs ?? null,
        direction: directionOf(gap),
        barsAffected: windowSize(grid, start, options),
        fromContract: from,
        toContract: to,
      });
    }
    if (to !== null) from = to;
  }
  return events;
}

/** The latest change between the two contracts up to a date: the grid may lack the session it first showed in. */
function candidateFor(
  candidates: readonly RollCandidate[],
  date: string,
  fromContract: string,
  toContract: string,
): RollCandidate | undefined {
  return candidates.findLast(
    (candidate) =>
      candidate.fromContract === fromContract &&
      candidate.toContract === toContract &&
      candidate.date <= date,
  );
}

function directionOf(gap: number | null): 'up' | 'down' | null {
  if (gap === null) return null;
  return gap < 0 ? 'down' : 'up';
}

function gapRolls(grid: Grid, options: RollOptions): RollEvent[] {
  const { closeTicks } = grid;
  const tickUnits = unitsOf(options.instrument.tickSize);
  // a whole number of ticks exceeds the threshold exactly when it exceeds the threshold's whole ticks
  const limitTicks = Math.floor(unitsOf(options.instrument.rollThreshold) / tickUnits);
  const events: RollEvent[] = [];
  for (let row = 1; row < grid.rowCount; row++) {
    const step = closeTicks[row] - closeTicks[row - 1];
    if (step <= limitTicks && step >= -limitTicks) continue;
    const session = sessionOf(grid.sessions, row);
    events.push({
      row,
      timestampUs: grid.tsUs[row],
      date: session?.date ?? '',
      rule: 'gaps',
      priceGap: pointsOfTicks(step, tickUnits),
      gapUs: null,
      direction: step < 0 ? 'down' : 'up',
      barsAffected: windowSize(grid, row, options),
      fromContract: null,
      toContract: session?.contract ?? null,
    });
  }
  return events;
}

function sessionOf(sessions: readonly GridSession[], row: number): GridSession | undefined {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sessions[middle].end <= row) low = middle + 1;
    else high = middle;
  }
  return sessions[low];
}

function windowOf(grid: Grid, row: number, window: RollWindow): readonly [from: number, to: number] {
  const session = window.sessions === 'ignore' ? undefined : sessionOf(grid.sessions, row);
  const from = Math.max(session?.start ?? 0, row - (window.affectedBefore ?? 1));
  const to = Math.min(session?.end ?? grid.rowCount, row + (window.affectedAfter ?? 5) + 1);
  return [from, to];
}

function windowSize(grid: Grid, row: number, window: RollWindow): number {
  const [from, to] = windowOf(grid, row, window);
  return to - from;
}

/**
 * 1 for every row within a roll's window (row − `affectedBefore` … row + `affectedAfter`), 0 elsewhere; one
 * element per grid row, on a SharedArrayBuffer. Windows may overlap.
 */
export function affectedRows(
  grid: Grid,
  events: readonly { readonly row: number }[],
  window: RollWindow = {},
): Uint8Array {
  const mask = new Uint8Array(new SharedArrayBuffer(grid.rowCount));
  for (const { row } of events) {
    const [from, to] = windowOf(grid, row, window);
    mask.fill(1, from, to);
  }
  return mask;
}
