/** Calendar dates as whole days since 1970-01-01, so that arithmetic on them is exact and needs no time zone. */

const DAY_MS = 86_400_000;

export function dayOf(year: number, month: number, dayOfMonth: number): number {
  return Date.UTC(year, month - 1, dayOfMonth) / DAY_MS;
}

/** `YYYY-MM-DD`. */
export function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** 0 Sunday … 6 Saturday. */
export function weekdayOf(day: number): number {
  return (day + 4) % 7;
}

export function isWeekday(day: number): boolean {
  const weekday = weekdayOf(day);
  return weekday >= 1 && weekday <= 5;
}

/** Months are counted from January of year 0. */
export function monthIndexOf(day: number): number {
  const date = new Date(day * DAY_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** First day of a month; `monthIndex + 1` gives the day after its last. */
export function firstDayOf(monthIndex: number): number {
  return dayOf(Math.floor(monthIndex / 12), (monthIndex % 12) + 1, 1);
}

/** `YYYY-MM`. */
export function monthText(monthIndex: number): string {
  return dateText(firstDayOf(monthIndex)).slice(0, 7);
}

/** The month named `YYYY-MM`, or undefined. */
export function parseMonth(text: string): number | undefined {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
  return match ? Number(match[1]) * 12 + Number(match[2]) - 1 : undefined;
}
