import fc from 'fast-check';
import type { Grid, GridSession } from '../../src/bars/index.ts';

/** How a stretch of generated bars moves. */
interface Passage {
  readonly rows: number;
  readonly kind: 'walk' | 'flat' | 'silent' | 'wild';
  readonly seed: number;
}

const passage = (longest: number): fc.Arbitrary<Passage> =>
  fc.record({
    rows: fc.integer({ min: 1, max: longest }),
    kind: fc.constantFrom('walk', 'walk', 'flat', 'silent', 'wild'),
    seed: fc.integer(),
  });

/**
 * Bars in whole ticks: random walks, dead-flat stretches, stretches without volume and wild ones with jumps, in
 * sessions cut at random, starting late in a month so that some cross into the next.
 */
export function randomGrid(passages: number, longest: number, startTicks = 24_000): fc.Arbitrary<Grid> {
  return fc
    .record({
      passages: fc.array(passage(longest), { minLength: 1, maxLength: passages }),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    })
    .map(({ passages, cuts }) => gridOf(passages, cuts, startTicks));
}

function gridOf(passages: readonly Passage[], cuts: readonly number[], startTicks: number): Grid {
  const rowCount = passages.reduce((sum, { rows }) => sum + rows, 0);
  const open = new Int32Array(rowCount);
  const high = new Int32Array(rowCount);
  const low = new Int32Array(rowCount);
  const close = new Int32Array(rowCount);
  const volume = new Float64Array(rowCount);
  let row = 0;
  let price = startTicks;
  for (const { rows, kind, seed } of passages) {
    const random = generator(seed);
    const reach = kind === 'wild' ? 40 : kind === 'walk' ? 3 : 0;
    const step = () => Math.floor(random() * (2 * reach + 1)) - reach;
    for (const end = row + rows; row < end; row++) {
      open[row] = price + (kind === 'wild' && random() < 0.02 ? 5 * step() : step());
      close[row] = open[row] + step();
      high[row] = Math.max(open[row], close[row]) + Math.abs(step());
      low[row] = Math.min(open[row], close[row]) - Math.abs(step());
      volume[row] = kind === 'silent' ? 0 : kind === 'flat' ? 7 : Math.floor(random() ** 6 * 1e6);
      price = close[row];
    }
  }
  const edges = [0, ...cuts.map((cut) => Math.floor(cut * rowCount)), rowCount].sort((a, b) => a - b);
  const sessions: GridSession[] = [];
  const tsUs = new Float64Array(rowCount);
  const secondOfDay = new Int32Array(rowCount);
  for (let k = 1; k < edges.length; k++) {
    const start = edges[k - 1];
    const end = edges[k];
    if (start === end) continue;
    sessions.push({ date: `2025-10-${30 + sessions.length}`, start, end, contract: null });
    for (let i = start; i < end; i++) {
      secondOfDay[i] = 26_000 + 17 * (i - start);
      tsUs[i] = Date.UTC(2025, 9, 30 + sessions.length) * 1000 + (45_000 + i - start) * 1e6;
    }
  }
  return {
    rowCount,
    tsUs,
    openTicks: open,
    highTicks: high,
    lowTicks: low,
    closeTicks: close,
    volume,
    secondOfDay,
    sessions,
  };
}

/** Numbers in [0, 1) from a seed (a linear congruential step, then a mix of its bits). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 4_294_967_296;
  };
}

/** The grid's first rows, its sessions cut with it. */
export function firstRows(grid: Grid, rowCount: number): Grid {
  return {
    rowCount,
    tsUs: grid.tsUs.slice(0, rowCount),
    openTicks: grid.openTicks.slice(0, rowCount),
    highTicks: grid.highTicks.slice(0, rowCount),
    lowTicks: grid.lowTicks.slice(0, rowCount),
    closeTicks: grid.closeTicks.slice(0, rowCount),
    volume: grid.volume.slice(0, rowCount),
    secondOfDay: grid.secondOfDay.slice(0, rowCount),
    sessions: grid.sessions
      .filter((session) => session.start < rowCount)
      .map((session) => ({ ...session, end: Math.min(session.end, rowCount) })),
  };
}

/** Random cuts of the rows into ranges, in shuffled order. */
export function randomRanges(rowCount: number): fc.Arbitrary<{ startRow: number; endRow: number }[]> {
  return fc
    .array(fc.integer({ min: 0, max: rowCount }), { maxLength: 4 })
    .map((cuts) => [0, ...cuts.sort((a, b) => a - b), rowCount])
    .map((edges) => edges.slice(1).map((endRow, k) => ({ startRow: edges[k], endRow })))
    .chain((ranges) => fc.shuffledSubarray(ranges, { minLength: ranges.length, maxLength: ranges.length }));
}
