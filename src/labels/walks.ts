import type { GridSession } from '../bars/index.ts';
import { BLOCK_ROWS, BLOCK_SHIFT, type Extremes, STRIDE_LEVEL } from './extremes.ts';
import type { Barriers } from './modes.ts';

/** What a walk may cross: `session` ends it with the bar's own session, `all` takes the rows as one sequence. */
export type WalkScope = 'session' | 'all';

/**
 * Where the walk of each row ends. Row `start + i` walks bars [start + i + 1, start + ends[i]), `ends` counted
 * from `start`: up to `timeoutBars` bars, not beyond the scope, and not into a roll-affected bar. A row without
 * a walk (roll-affected itself, or the last of its scope) has ends[i] = i + 1. Ends never fall from one row that
 * walks to the next. Cost per row: one pass.
 */
export function walkEnds(
  sessions: readonly GridSession[],
  affected: Uint8Array,
  scope: WalkScope,
  timeoutBars: number,
  start: number,
  end: number,
): Int32Array {
  const ends = new Int32Array(end - start);
  if (scope === 'all') {
    endsInScope(affected, affected.length, timeoutBars, start, end, start, ends);
    return ends;
  }
  for (const session of sessions) {
    const from = Math.max(start, session.start);
    const to = Math.min(end, session.end);
    if (from < to) endsInScope(affected, session.end, timeoutBars, from, to, start, ends);
  }
  return ends;
}

function endsInScope(
  affected: Uint8Array,
  scopeEnd: number,
  timeoutBars: number,
  from: number,
  to: number,
  start: number,
  ends: Int32Array,
): void {
  let limit = scopeEnd;
  for (let row = Math.min(scopeEnd, to + timeoutBars) - 1; row >= to; row--) {
    if (affected[row] !== 0) limit = row;
  }
  for (let row = to - 1; row >= from; row--) {
    const timeout = row + 1 + timeoutBars;
    let end = Math.min(timeout, limit);
    if (affected[row] !== 0) {
      end = row + 1;
      limit = row;
    }
    ends[row - start] = end - start;
  }
}

/** Entry prices whose walks are remembered: those within ±512 ticks of each other never displace one another. */
const LEVEL_SLOTS = 1024;

/** Rows a walk is known to have covered, by entry price. */
export interface WalkMemory {
  readonly price: Int32Array;
  readonly covered: Int32Array;
}

export function walkMemory(): WalkMemory {
  return { price: new Int32Array(LEVEL_SLOTS), covered: new Int32Array(LEVEL_SLOTS) };
}

/** The first bar each row could leave at: its entry bar. */
export function beginWalks(exits: Int32Array): void {
  for (let i = 0; i < exits.length; i++) exits[i] = i + 1;
}

/**
 * First bar of each row's walk that touches a barrier, or the walk's end when none does. `exits` holds on entry a
 * bar up to which the walk is known to be free (the entry bar, or the exit from narrower barriers) and on return
 * the exit; all rows count from the first of `opens`.
 *
 * Rows that enter at the same price have the same barriers, so a walk goes on where the last one from that price
 * stopped. While walks from a price are alive the market stays between its barriers, hence a bar is looked at
 * for at most `aboveTicks + belowTicks` prices: the cost per row is bounded whatever the timeout, some 4 bars
 * and half a block on a random walk, and 1 bar on dead-flat prices.
 */
export function walkToExits(
  opens: Int32Array,
  highs: Int32Array,
  lows: Int32Array,
  extremes: Extremes,
  ends: Int32Array,
  barriers: Barriers,
  memory: WalkMemory,
  exits: Int32Array,
): void {
  const { blockCount, highTable, lowTable } = extremes;
  const { price, covered } = memory;
  const { aboveTicks, belowTicks } = barriers;
  const strideBase = STRIDE_LEVEL * blockCount;
  const strideBlocks = 1 << STRIDE_LEVEL;
  covered.fill(0);
  for (let i = 0; i < exits.length; i++) {
    const end = ends[i];
    let j = exits[i];
    if (j >= end) continue;
    const entry = opens[i + 1];
    const slot = entry & (LEVEL_SLOTS - 1);
    if (price[slot] !== entry) price[slot] = entry;
    else if (covered[slot] > j) j = covered[slot];
    const above = entry + aboveTicks;
    const below = entry - belowTicks;
    while (j < end && highs[j] < above && lows[j] > below) {
      j++;
      if ((j & (BLOCK_ROWS - 1)) !== 0) continue;
      for (let block = j >> BLOCK_SHIFT; j < end; j = block << BLOCK_SHIFT) {
        if (highTable[strideBase + block] < above && lowTable[strideBase + block] > below)
          block += strideBlocks;
        else if (highTable[block] < above && lowTable[block] > below) block++;
        else break;
      }
    }
    if (j > end) j = end;
    covered[slot] = j;
    exits[i] = j;
  }
}
