/**
 * Holidays and early closes of CME equity-index futures, from the exchange's published rules. Checked day by day
 * for 2010 to 2030; in other years the same rules apply, without the one-offs of those years. Years not yet
 * published may still be changed by the exchange.
 */
import type { Calendar, SpecialDay } from './calendar.ts';
import { dayOf, easterSunday, lastWeekday, nthWeekday, weekdayOf, yearOf } from './dates.ts';

const SUNDAY = 0;
const MONDAY = 1;
const THURSDAY = 4;
const FRIDAY = 5;
const SATURDAY = 6;

const clock = (hours: number, minutes: number): number => hours * 3600 + minutes * 60;

/** Last trade on a Good Friday whose morning brings the jobs report. */
const JOBS_REPORT_CLOSE = clock(8, 15);
/** Close of the half days before and after holidays. */
const HALF_DAY_CLOSE = clock(12, 15);
/** Holiday halt, and the one before Memorial Day 2014. */
const HALT = clock(12, 0);
const OLD_HALT = clock(10, 30);
const HALT_SINCE = dayOf(2014, 5, 26);
const JUNETEENTH_SINCE = 2022;

const ONE_OFFS: readonly (readonly [day: number, closeSecond: number, name: string])[] = [
  [dayOf(2012, 10, 29), clock(8, 15), 'Hurricane Sandy'],
  [dayOf(2012, 10, 30), clock(8, 15), 'Hurricane Sandy'],
  [dayOf(2018, 12, 5), clock(8, 30), 'National Day of Mourning (G. H. W. Bush)'],
  [dayOf(2025, 1, 9), clock(8, 30), 'National Day of Mourning (J. Carter)'],
];

/** Whether the US jobs report, due on a month's first Friday, comes out on this Good Friday. */
function isJobsReportDay(goodFriday: number): boolean {
  return goodFriday === nthWeekday(yearOf(goodFriday), 4, FRIDAY, 1);
}

/** The weekday on which a fixed date is observed: Friday for a Saturday, Monday for a Sunday. */
function observed(day: number): number {
  const weekday = weekdayOf(day);
  if (weekday === SATURDAY) return day - 1;
  return weekday === SUNDAY ? day + 1 : day;
}

function specialDaysOf(year: number): ReadonlyMap<number, SpecialDay> {
  const days = new Map<number, SpecialDay>();
  const closed = (day: number, name: string): void => {
    days.set(day, { kind: 'holiday', closeSecond: null, name });
  };
  const early = (day: number, closeSecond: number, name: string): void => {
    days.set(day, { kind: 'early_close', closeSecond, name });
  };
  const halt = (day: number, name: string): void => early(day, day < HALT_SINCE ? OLD_HALT : HALT, name);
  const haltObserved = (day: number, name: string): void => {
    halt(observed(day), observed(day) === day ? name : `${name} (observed)`);
  };

  const newYear = dayOf(year, 1, 1);
  if (weekdayOf(newYear) === SUNDAY) closed(newYear + 1, "New Year's Day (observed)");
  else if (weekdayOf(newYear) !== SATURDAY) closed(newYear, "New Year's Day");

  halt(nthWeekday(year, 1, MONDAY, 3), 'Martin Luther King Jr. Day');
  halt(nthWeekday(year, 2, MONDAY, 3), "Presidents' Day");
  const goodFriday = easterSunday(year) - 2;
  if (isJobsReportDay(goodFriday)) early(goodFriday, JOBS_REPORT_CLOSE, 'Good Friday (jobs report day)');
  else closed(goodFriday, 'Good Friday');
  halt(lastWeekday(year, 5, MONDAY), 'Memorial Day');
  if (year >= JUNETEENTH_SINCE) haltObserved(dayOf(year, 6, 19), 'Juneteenth');

  const independence = dayOf(year, 7, 4);
  haltObserved(independence, 'Independence Day');
  if (weekdayOf(independence) > MONDAY && weekdayOf(independence) < SATURDAY) {
    early(independence - 1, HALF_DAY_CLOSE, 'Day before Independence Day');
  }

  halt(nthWeekday(year, 9, MONDAY, 1), 'Labor Day');
  const thanksgiving = nthWeekday(year, 11, THURSDAY, 4);
  halt(thanksgiving, 'Thanksgiving Day');
  early(thanksgiving + 1, HALF_DAY_CLOSE, 'Day after Thanksgiving');

  const christmas = dayOf(year, 12, 25);
  closed(
    observed(christmas),
    observed(christmas) === christmas ? 'Christmas Day' : 'Christmas Day (observed)',
  );
  const eve = weekdayOf(christmas - 1);
  if (eve >= MONDAY && eve <= THURSDAY) early(christmas - 1, HALF_DAY_CLOSE, 'Christmas Eve');

  for (const [day, closeSecond, name] of ONE_OFFS) if (yearOf(day) === year) early(day, closeSecond, name);
  return days;
}

const years = new Map<number, ReadonlyMap<number, SpecialDay>>();

/** The calendar `cme-equity`; about 12 entries a year, computed once per year asked for. */
export const CME_EQUITY_CALENDAR: Calendar = {
  name: 'cme-equity',
  specialDay(day) {
    const year = yearOf(day);
    let special = years.get(year);
    if (!special) {
      special = specialDaysOf(year);
      years.set(year, special);
    }
    return special.get(day);
  },
};
