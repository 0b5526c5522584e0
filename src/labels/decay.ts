/** Default loss of weight per month of age. */
export const defaultDecayPerMonth = 0.05;

/** Rows from `startRow` to the next run's (or the end) have this factor. */
export interface DecayRun {
  readonly startRow: number;
  readonly factor: number;
}

/** A monthly run: its own month is the reference, so nothing decays. */
export const noDecay: readonly DecayRun[] = [{ startRow: 0, factor: 1 }];

/** UTC months since January 1970. */
export function utcMonthOf(tsUs: number): number {
  const date = new Date(Math.floor(tsUs / 1000));
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

/** Microseconds since the epoch at which the UTC month after `month` begins. */
function monthEndUs(month: number): number {
  return Date.UTC(1970, month + 1) * 1000;
}

/**
 * exp(−decayPerMonth × months before the reference month) for rows in time order, as one run per month. The
 * reference is the month of the last row unless given (months since January 1970). A month after the reference
 * weighs more than 1. Cost: a binary search per month.
 */
export function monthlyDecay(
  tsUs: Float64Array,
  decayPerMonth: number = defaultDecayPerMonth,
  referenceMonth?: number,
): DecayRun[] {
  const runs: DecayRun[] = [];
  const rowCount = tsUs.length;
  if (rowCount === 0) return [...noDecay];
  const reference = referenceMonth ?? utcMonthOf(tsUs[rowCount - 1]);
  for (let row = 0; row < rowCount; ) {
    const month = utcMonthOf(tsUs[row]);
    runs.push({ startRow: row, factor: Math.exp(-decayPerMonth * (reference - month)) });
    row = firstRowFrom(tsUs, monthEndUs(month), row + 1);
  }
  return runs;
}

function firstRowFrom(tsUs: Float64Array, boundUs: number, from: number): number {
  let low = from;
  let high = tsUs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tsUs[middle] < boundUs) low = middle + 1;
    else high = middle;
  }
  return low;
}
