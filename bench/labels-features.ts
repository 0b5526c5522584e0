/**
 * Labels and features of one month (621,000 bars), in one thread. Run in a fresh process: the first round is cold,
 * the later ones warm. Prints CPU milliseconds of each whole computation and of each kernel.
 */

import type { Grid } from '../src/bars/index.ts';
import { viewOf } from '../src/features/arrays.ts';
import { kernels } from '../src/features/features.ts';
import { frameOf, newScratch } from '../src/features/frame.ts';
import { computeFeatures, newFeatureArrays } from '../src/features/index.ts';
import { stretchesOf } from '../src/features/stretches.ts';
import { computeLabels } from '../src/labels/index.ts';
import { flatMonth, walkMonth } from './market-months.ts';

const ROUNDS = 6;
const TICK_SIZE = 0.25;

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function measure(grid: Grid): Map<string, number> {
  const affected = new Uint8Array(grid.rowCount);
  const times = new Map<string, number>();
  const scope = 'session';
  times.set(
    'labels, six modes',
    cpuMs(() => computeLabels(grid, { affected, scope })),
  );
  times.set(
    'features, all 43',
    cpuMs(() => computeFeatures(grid, { tickSize: TICK_SIZE, scope })),
  );
  return times;
}

/** Wall time of every kernel by itself: CPU times are too coarse for a session's part of one. */
function measureKernels(grid: Grid): Map<string, number> {
  const times = new Map<string, number>();
  const add = (name: string, start: number) =>
    times.set(name, (times.get(name) ?? 0) + performance.now() - start);
  const columns = newFeatureArrays(grid.rowCount);
  const range = { startRow: 0, endRow: grid.rowCount };
  const scratch = newScratch(grid.rowCount);
  for (const stretch of stretchesOf(grid.sessions, grid.rowCount, 'session', range)) {
    let start = performance.now();
    const frame = frameOf(grid, TICK_SIZE, stretch, scratch);
    add('  shared columns', start);
    const out = viewOf(columns, stretch);
    for (const [category, kernel] of kernels) {
      start = performance.now();
      kernel(frame, out);
      add(`  ${category}`, start);
    }
  }
  return times;
}

function show(title: string, rounds: Map<string, number>[]): void {
  console.log(`\n${title.padEnd(22)}${'cold'.padStart(8)}${'median'.padStart(8)}${'least'.padStart(8)}  ms`);
  for (const name of rounds[0].keys()) {
    const all = rounds.map((round) => round.get(name) ?? Number.NaN);
    const warm = all.slice(1).sort((a, b) => a - b);
    const cells = [all[0], warm[warm.length >> 1], warm[0]];
    console.log(name.padEnd(22) + cells.map((ms) => ms.toFixed(1).padStart(8)).join(''));
  }
}

const months: [string, Grid][] = [
  ['random walk', walkMonth(1)],
  ['dead flat', flatMonth()],
];
for (const [name, grid] of months) {
  show(
    `${name}, CPU`,
    Array.from({ length: ROUNDS }, () => measure(grid)),
  );
  show(
    `${name}, wall`,
    Array.from({ length: ROUNDS }, () => measureKernels(grid)),
  );
}
