export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Of an even number of values the median is the mean of the middle two. Throws on none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[(sorted.length - 1) >> 1];
  const high = sorted[sorted.length >> 1];
  const least = sorted[0];
  const most = sorted.at(-1);
  if (low === undefined || high === undefined || least === undefined || most === undefined) {
    throw new RangeError('no values');
  }
  return { median: (low + high) / 2, least, most };
}

export function mapSpread(spread: Spread, change: (value: number) => number): Spread {
  return { median: change(spread.median), least: change(spread.least), most: change(spread.most) };
}
