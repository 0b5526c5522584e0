import type { Grid } from '../../src/bars/index.ts';
import type { LabelMode } from '../../src/labels/index.ts';

/** One label as the definition reads, bar by bar. */
export function naiveLabel(
  grid: Grid,
  affected: Uint8Array,
  scope: 'session' | 'all',
  timeoutBars: number,
  mode: LabelMode,
  monthsAgo: number,
  row: number,
): { label: number; weight: number } {
  const decay = Math.exp(-0.05 * monthsAgo);
  const lost = { label: 0, weight: Math.fround(decay) };
  const session = grid.sessions.find(({ start, end }) => row >= start && row < end);
  const end = scope === 'session' && session ? session.end : grid.rowCount;
  const entry = row + 1;
  if (entry >= end || affected[row]) return lost;
  const price = grid.openTicks[entry];
  const sign = mode.direction === 'long' ? 1 : -1;
  let mae = 0;
  for (let j = entry; j < end && j <= row + timeoutBars; j++) {
    if (affected[j]) return lost;
    const best = sign * ((sign > 0 ? grid.highTicks[j] : grid.lowTicks[j]) - price);
    const worst = sign * ((sign > 0 ? grid.lowTicks[j] : grid.highTicks[j]) - price);
    mae = Math.max(mae, -worst);
    if (worst <= -mode.stopTicks) return lost;
    if (best < mode.targetTicks) continue;
    const seconds = (grid.tsUs[j] - grid.tsUs[entry]) / 1e6;
    const clip = (value: number) => Math.min(Math.max(value, 0.5), 2);
    const quality = clip(2.0 - (1.5 * mae) / mode.stopTicks);
    const velocity = clip(2.0 - (1.5 * (seconds - 300)) / 600);
    return { label: 1, weight: Math.fround(quality * velocity * decay) };
  }
  return lost;
}
