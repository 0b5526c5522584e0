import type { Condition, Thresholds } from './condition.ts';
import { isSeenIn, type LakeSight, standingConditions } from './lake-sight.ts';
import type { AlertLedger } from './ledger.ts';
import type { StoredNotice } from './notice.ts';

export interface Look {
  readonly standing: readonly Condition[];
  /** What came up or went away since anybody looked last, if it was this look that found it. */
  readonly changes: readonly StoredNotice[];
}

/**
 * Looks at the lake once and records what has changed. The states are read first: what changes while the lake is
 * looked at was then recorded by somebody who saw it later, and this look's numbers are taken.
 */
export async function lookAtLake(
  ledger: AlertLedger,
  see: () => Promise<LakeSight>,
  thresholds: Thresholds,
  now: () => number,
): Promise<Look> {
  const states = await ledger.states();
  const sight = await see();
  const standing = standingConditions(sight, thresholds, now());
  return { standing, changes: await ledger.record(states, standing, isSeenIn(sight)) };
}
