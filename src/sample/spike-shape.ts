import type { SessionPlan } from './session-plan.ts';

/** Both neighbours further than this on the same side, and within it of each other. */
export const SPIKE_TICKS = 20;
/** Bars to each side whose closes give the usual deviation. */
export const SPIKE_REACH = 30;

/** Whether the middle one of three closes in ticks stands out the way a lone spike does, its size aside. */
export function standsOut(before: number, close: number, after: number): boolean {
  const above = close - before > SPIKE_TICKS && close - after > SPIKE_TICKS;
  const below = before - close > SPIKE_TICKS && after - close > SPIKE_TICKS;
  return (above || below) && Math.abs(after - before) <= SPIKE_TICKS;
}

/** How many closes of a row of them stand out. */
export function outstanding(closes: ArrayLike<number>): number {
  let count = 0;
  for (let i = 1; i + 1 < closes.length; i++) {
    if (standsOut(closes[i - 1], closes[i], closes[i + 1])) count++;
  }
  return count;
}

/** Closes of the bars up to three away from `i`, with other closes, or none, in place of `i` and what follows. */
function closesAround(
  plan: SessionPlan,
  i: number,
  replaced: readonly number[],
  replacedCount: number,
): number[] {
  const before = plan.close.subarray(Math.max(0, i - 3), i);
  const after = plan.close.subarray(i + replacedCount, i + replacedCount + 3);
  return [...before, ...replaced, ...after];
}

/** Whether no close stands out, near `i`, once `replaced` stands in place of the bars from `i`. */
export function staysCalm(
  plan: SessionPlan,
  i: number,
  replaced: readonly number[],
  replacedCount = 1,
): boolean {
  return outstanding(closesAround(plan, i, replaced, replacedCount)) === 0;
}

/** Whether `close` at bar `i` is the only one to stand out, and none does without it. */
export function isAlone(plan: SessionPlan, i: number, close: number): boolean {
  const stands = standsOut(plan.close[i - 1], close, plan.close[i + 1]);
  return stands && outstanding(closesAround(plan, i, [close], 1)) === 1 && staysCalm(plan, i, []);
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  return sorted.length % 2 === 1 ? upper : (upper + sorted[middle - 1]) / 2;
}

/** Median absolute deviation, in ticks, of the 30 closes before and 30 after bar `i`. */
export function deviationAround(plan: SessionPlan, i: number): number {
  const near = [
    ...plan.close.subarray(Math.max(0, i - SPIKE_REACH), i),
    ...plan.close.subarray(i + 1, i + 1 + SPIKE_REACH),
  ];
  const closes = Float64Array.from(near).sort();
  const median = medianOf(closes);
  return medianOf(closes.map((close) => Math.abs(close - median)).sort());
}
