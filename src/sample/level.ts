import { firstDayOf, monthIndexOf } from './dates.ts';
import { RandomStream } from './random.ts';

const STREAM_MONTH_LEVEL = 21;
const STREAM_MONTH_PATH = 22;

/** About where the index stood as each year from 2010 began, in points; the last ones only carry on. */
const YEAR_LEVELS = [
  1120, 1270, 1290, 1480, 1800, 2020, 1950, 2270, 2750, 2600, 3260, 3750, 4650, 3950, 4850, 5950, 6750, 7000,
  7250, 7500, 7750, 8000, 8200,
] as const;

/** Index level in points as a year begins; years outside the list take the nearest. */
export function levelOfYear(year: number): number {
  const index = Math.min(Math.max(year - 2010, 0), YEAR_LEVELS.length - 1);
  return YEAR_LEVELS[index] ?? YEAR_LEVELS[0];
}

/** Index level in points as a month begins: between its year's levels, a few per cent off by seed. */
export function levelOfMonth(seed: number, monthIndex: number): number {
  const year = Math.floor(monthIndex / 12);
  const part = (monthIndex % 12) / 12;
  const between = Math.log(levelOfYear(year)) * (1 - part) + Math.log(levelOfYear(year + 1)) * part;
  const noise = RandomStream.of(seed, STREAM_MONTH_LEVEL, monthIndex).normal();
  return Math.exp(between + 0.022 * Math.min(2.5, Math.max(-2.5, noise)));
}

export interface MonthPath {
  /** Standard deviation of a day's logarithmic return. */
  readonly dailyDeviation: number;
  /** Index level in points at the close of each trading day, which is the next one's start. */
  readonly closeOfDay: ReadonlyMap<number, number>;
}

/**
 * The index over a month's trading days: a Brownian bridge from the level at which the month begins to the one at
 * which the next begins, so that every month can be generated alone and all of them join.
 */
export function monthPath(seed: number, tradingDays: readonly number[]): MonthPath {
  const closeOfDay = new Map<number, number>();
  const first = tradingDays[0];
  if (first === undefined) return { dailyDeviation: 0.01, closeOfDay };
  const monthIndex = monthIndexOf(first);
  const random = RandomStream.of(seed, STREAM_MONTH_PATH, monthIndex);
  const dailyDeviation = 0.0085 * Math.exp(0.3 * random.normal());
  let level = Math.log(levelOfMonth(seed, monthIndex));
  const end = Math.log(levelOfMonth(seed, monthIndex + 1));
  tradingDays.forEach((day, k) => {
    const left = tradingDays.length - k;
    level += (end - level) / left + dailyDeviation * Math.sqrt(1 - 1 / left) * random.normal();
    closeOfDay.set(day, Math.exp(level));
  });
  return { dailyDeviation, closeOfDay };
}

/** First and last day of the month `day` lies in; the end is exclusive. */
export function monthSpan(day: number): { readonly start: number; readonly end: number } {
  const monthIndex = monthIndexOf(day);
  return { start: firstDayOf(monthIndex), end: firstDayOf(monthIndex + 1) };
}
