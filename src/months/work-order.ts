import { type Month, shiftMonth } from './month.ts';

/**
 * Which of the months that are ready to take next, as an index. Alone: the first. Beside other runs: the month after
 * the last one taken, whose file has told the front contract that the next month begins with; where that is not free,
 * the middle of the longest stretch of free months, as far from the others as can be.
 */
export function nextMonth(
  ready: readonly Month[],
  last: Month | undefined,
  heldElsewhere: ReadonlySet<Month>,
): number {
  if (heldElsewhere.size === 0) return 0;
  const free = ready.filter((month) => !heldElsewhere.has(month)).sort();
  const following = last === undefined ? undefined : shiftMonth(last, 1);
  if (following !== undefined && free.includes(following)) return ready.indexOf(following);
  const longest = stretches(free).reduce((best, each) => (each.length > best.length ? each : best), []);
  return Math.max(0, ready.indexOf(longest[longest.length >> 1] ?? ''));
}

/** Runs of months that follow one another. */
function stretches(months: readonly Month[]): Month[][] {
  const found: Month[][] = [];
  for (const month of months) {
    const current = found.at(-1);
    if (current?.at(-1) === shiftMonth(month, -1)) current.push(month);
    else found.push([month]);
  }
  return found;
}
