import { dayOf, isoDate, weekdayOf, yearOf } from '../bars/index.ts';

/** Dates are day numbers, days since 1970-01-01; months are counted from January of year 0. */

export function isWeekday(day: number): boolean {
  const weekday = weekdayOf(day);
  return weekday >= 1 && weekday <= 5;
}

export function monthIndexOf(day: number): number {
  return yearOf(day) * 12 + Number(isoDate(day).slice(5, 7)) - 1;
}

/** First day of a month; of `monthIndex + 1`, the day after its last. */
export function firstDayOf(monthIndex: number): number {
  return dayOf(Math.floor(monthIndex / 12), (monthIndex % 12) + 1, 1);
}

/** `YYYY-MM`. */
export function monthText(monthIndex: number): string {
  return isoDate(firstDayOf(monthIndex)).slice(0, 7);
}

/** The month named `YYYY-MM`, or undefined. */
export function parseMonth(text: string): number | undefined {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
  return match ? Number(match[1]) * 12 + Number(match[2]) - 1 : undefined;
}
