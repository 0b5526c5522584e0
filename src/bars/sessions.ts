/** Trading sessions as data, and where each lies in UTC. */
import { usageError } from '../base/index.ts';
import { type Calendar, calendarsOf } from './calendar.ts';
import { isoDate, SECONDS_PER_DAY, weekdayOf } from './dates.ts';
import { type ExchangeClock, exchangeClock } from './zone.ts';

export interface SessionDefinition {
  readonly name: string;
  /** IANA time zone of the exchange clock. */
  readonly zone: string;
  /**
   * Seconds since midnight on the exchange clock. A session that opens at or after its close opens on the day
   * before the one it is dated by.
   */
  readonly openSecond: number;
  /** Exclusive; 86,400 is midnight at the end of the day. */
  readonly closeSecond: number;
  /** Weekdays of the session's date, 0 is Sunday. */
  readonly days: readonly number[];
  /** Calendar of holidays and early closes, by name. */
  readonly calendar: string;
}

/** The day session of CME equity-index futures, the clock round for coins, and the week of currencies. */
export const BUILT_IN_SESSIONS: readonly SessionDefinition[] = [
  {
    name: 'cme-rth',
    zone: 'America/Chicago',
    openSecond: 27_000,
    closeSecond: 54_000,
    days: [1, 2, 3, 4, 5],
    calendar: 'cme-equity',
  },
  {
    name: '24x7',
    zone: 'UTC',
    openSecond: 0,
    closeSecond: SECONDS_PER_DAY,
    days: [0, 1, 2, 3, 4, 5, 6],
    calendar: 'none',
  },
  {
    // Sunday 17:00 to Friday 17:00 as five trading days, each dated by the day it ends on
    name: 'fx',
    zone: 'America/New_York',
    openSecond: 61_200,
    closeSecond: 61_200,
    days: [1, 2, 3, 4, 5],
    calendar: 'none',
  },
];

/** One session of one date: bars that start in [openUs, closeUs). */
export interface SessionSpan {
  /** Exchange-calendar date it is named by, `YYYY-MM-DD`, and its day number. */
  readonly date: string;
  readonly day: number;
  /** Microseconds since the epoch. */
  readonly openUs: number;
  readonly closeUs: number;
}

/** A session with its calendar and clock, ready for the kernels. */
export interface TradingHours {
  readonly session: SessionDefinition;
  readonly calendar: Calendar;
  readonly clock: ExchangeClock;
  /**
   * Second at which an exchange date starts: 0 (midnight), or, for a session that opens the day before, the
   * (negative) second it opens, so that a session never holds two dates.
   */
  readonly dayStartSecond: number;
}

/**
 * The trading hours of a session by name, among the built-in and the configured ones (which win). `calendar`
 * overrides the session's own. Throws a usage error for a name or zone that is not known.
 */
export function tradingHours(
  name: string,
  options: {
    readonly sessions?: readonly SessionDefinition[];
    readonly calendars?: ReadonlyMap<string, Calendar>;
    readonly calendar?: string | null;
  } = {},
): TradingHours {
  const known = [...(options.sessions ?? []), ...BUILT_IN_SESSIONS];
  const session = known.find((candidate) => candidate.name === name);
  if (!session) {
    const names = [...new Set(known.map((candidate) => candidate.name))];
    throw usageError(
      `Session ${JSON.stringify(name)} is not defined; known are ${names.join(', ')}.`,
      'Define it under `sessions` in barline.yaml.',
    );
  }
  const calendars = options.calendars ?? calendarsOf();
  const calendarName = options.calendar ?? session.calendar;
  const calendar = calendars.get(calendarName);
  if (!calendar) {
    throw usageError(
      `Calendar ${JSON.stringify(calendarName)} of session ${name} is not defined; known are ${[...calendars.keys()].join(', ')}.`,
      'Define it under `calendars` in barline.yaml.',
    );
  }
  const overnight = session.openSecond >= session.closeSecond;
  const dayStartSecond = overnight ? session.openSecond - SECONDS_PER_DAY : 0;
  return { session, calendar, clock: exchangeClock(session.zone), dayStartSecond };
}

/** The session of a day (days since 1970-01-01), or undefined on a day without one. */
export function sessionOn(hours: TradingHours, day: number): SessionSpan | undefined {
  const { session, calendar, clock } = hours;
  if (!session.days.includes(weekdayOf(day))) return undefined;
  const special = calendar.specialDay(day);
  if (special?.kind === 'holiday') return undefined;
  const overnight = session.openSecond >= session.closeSecond;
  const openSecond = overnight ? session.openSecond - SECONDS_PER_DAY : session.openSecond;
  const closeSecond = Math.min(session.closeSecond, special?.closeSecond ?? session.closeSecond);
  if (closeSecond <= openSecond) return undefined;
  const openUs = clock.momentOf(day, openSecond);
  return { date: isoDate(day), day, openUs, closeUs: clock.momentOf(day, closeSecond) };
}

/** Every session dated from one day to another, both inclusive, in order. */
export function sessionSpans(hours: TradingHours, fromDay: number, toDay: number): SessionSpan[] {
  const spans: SessionSpan[] = [];
  for (let day = fromDay; day <= toDay; day++) {
    const span = sessionOn(hours, day);
    if (span) spans.push(span);
  }
  return spans;
}

/**
 * The exchange date of a moment: its local day, counted from `dayStartSecond`. A day number.
 */
export function exchangeDay(hours: TradingHours, tsUs: number): number {
  const day = hours.clock.dayAt(tsUs);
  return hours.clock.momentOf(day + 1, hours.dayStartSecond) <= tsUs ? day + 1 : day;
}

/**
 * Moments at which the exchange dates `fromDay` … `toDay` start, and, as the last element, at which the last one
 * ends.
 */
export function dayStartsUs(hours: TradingHours, fromDay: number, toDay: number): Float64Array {
  const starts = new Float64Array(toDay - fromDay + 2);
  for (let k = 0; k < starts.length; k++) starts[k] = hours.clock.momentOf(fromDay + k, hours.dayStartSecond);
  return starts;
}
