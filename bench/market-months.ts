/** Simulated grids for benchmarks: 23 sessions of 27,000 seconds in whole ticks. */
import type { Grid, GridSession } from '../src/bars/index.ts';

const SESSIONS = 23;
const SESSION_ROWS = 27_000;

function emptyMonth(): Grid {
  const rowCount = SESSIONS * SESSION_ROWS;
  const sessions: GridSession[] = [];
  const tsUs = new Float64Array(rowCount);
  const secondOfDay = new Int32Array(rowCount);
  for (let day = 0; day < SESSIONS; day++) {
    const start = day * SESSION_ROWS;
    sessions.push({ date: `day ${day + 1}`, start, end: start + SESSION_ROWS, contract: null });
    for (let i = 0; i < SESSION_ROWS; i++) {
      secondOfDay[start + i] = 27_000 + i;
      tsUs[start + i] = (1_759_276_800 + day * 86_400 + 45_000 + i) * 1e6;
    }
  }
  const prices = () => new Int32Array(rowCount);
  return {
    rowCount,
    tsUs,
    openTicks: prices(),
    highTicks: prices(),
    lowTicks: prices(),
    closeTicks: prices(),
    volume: new Float64Array(rowCount),
    secondOfDay,
    sessions,
  };
}

/** A price that never moves, without volume. */
export function flatMonth(): Grid {
  const grid = emptyMonth();
  for (const column of [grid.openTicks, grid.highTicks, grid.lowTicks, grid.closeTicks]) column.fill(24_000);
  return grid;
}

/** A random walk of some 1.4 ticks a second, a fifth of the seconds without a trade. */
export function walkMonth(seed: number): Grid {
  const grid = emptyMonth();
  const random = mulberry32(seed);
  let price = 24_000;
  for (let i = 0; i < grid.rowCount; i++) {
    const isQuiet = random() < 0.2;
    const step = () => (isQuiet ? 0 : Math.floor(random() * 3) - 1);
    const open = price + step();
    const close = open + step() + step();
    grid.openTicks[i] = isQuiet ? price : open;
    grid.closeTicks[i] = close;
    grid.highTicks[i] = Math.max(open, close) + Math.abs(step());
    grid.lowTicks[i] = Math.min(open, close) - Math.abs(step());
    grid.volume[i] = isQuiet ? 0 : Math.ceil(random() ** 4 * 400);
    price = close;
  }
  return grid;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
