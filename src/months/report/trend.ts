import { mean } from './figures.ts';

export type Verdict = 'improving' | 'stable' | 'declining';

export interface Trend {
  /** Mean of the first third of the months. */
  readonly first: number;
  /** Mean of the last third. */
  readonly last: number;
  /** (last − first) / |first|; null when the first is 0. */
  readonly change: number | null;
  readonly verdict: Verdict;
}

/** A change within this share of the first third is no change. */
export const STABLE_SHARE = 0.05;

/**
 * The first third of values in time order against the last third, each ⌊n / 3⌋ of them; `better` says which way is
 * good. Null below three values.
 */
export function trendOf(values: readonly number[], better: 'higher' | 'lower'): Trend | null {
  const third = Math.floor(values.length / 3);
  const [first, last] = [mean(values.slice(0, third)), mean(values.slice(values.length - third))];
  if (third === 0 || first === null || last === null) return null;
  const difference = last - first;
  // from nothing to anything is a change
  const isStable = Math.abs(difference) <= STABLE_SHARE * Math.abs(first);
  const isBetter = difference > 0 === (better === 'higher');
  return {
    first,
    last,
    change: first === 0 ? null : difference / Math.abs(first),
    verdict: isStable ? 'stable' : isBetter ? 'improving' : 'declining',
  };
}
