import { affectedRows, findRolls, type Grid, type RollCandidate, type RollReport } from '../bars/index.ts';
import type { Processing } from './processing.ts';

/**
 * The rolls of a grid as the configuration has them, and 1 for every row one affects. Where no session names a
 * contract there is nothing but gaps to tell a roll by.
 */
export function markRolls(
  grid: Grid,
  { instrument, labels }: Processing,
  known: { readonly candidates: readonly RollCandidate[]; readonly previousFront: string | null },
): { readonly rolls: RollReport; readonly affected: Uint8Array } {
  const { sessions, affectedBefore, affectedAfter } = labels;
  const window = { sessions, affectedBefore, affectedAfter };
  const named = grid.sessions.some(({ contract }) => contract !== null);
  const mode = named ? labels.rolls : 'gaps';
  const rolls = findRolls(grid, { ...window, ...known, mode, instrument });
  return { rolls, affected: affectedRows(grid, rolls.events, window) };
}
