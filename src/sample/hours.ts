import { calendarsOf, dayOf, exchangeClock, weekdayOf } from '../bars/index.ts';
import { isWeekday } from './dates.ts';

/** Seconds since midnight on the Chicago clock, [start, end). */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

const time = (hours: number, minutes: number): number => hours * 3600 + minutes * 60;

export const MIDNIGHT = time(24, 0);
export const SESSION_OPEN = time(7, 30);
export const SESSION_CLOSE = time(15, 0);
/** Trading starts again after the break that ends a trading day. */
export const REOPEN = time(17, 0);
/** An expiring contract's last second, exclusive. */
export const EXPIRY_CLOSE = time(8, 30);

const PAUSE: Segment = { start: time(15, 15), end: time(15, 30) };
const CLOSE_AT_1600_SINCE = dayOf(2012, 11, 19);
const NO_PAUSE_SINCE = dayOf(2021, 6, 28);

const chicago = exchangeClock('America/Chicago');
const calendar = calendarsOf().get('cme-equity');

/** UTC second of a second of a Chicago date. Clocks change on Sunday mornings, when nothing trades. */
export function utcSecond(day: number, secondOfDay: number): number {
  return chicago.momentOf(day, secondOfDay) / 1e6;
}

function isHoliday(day: number): boolean {
  return calendar?.specialDay(day)?.kind === 'holiday';
}

/** A date with a day session: a weekday that is no holiday. */
export function isTradingDay(day: number): boolean {
  return isWeekday(day) && !isHoliday(day);
}

/** Trading days from `start` to `end`, the end exclusive. */
export function tradingDays(start: number, end: number): number[] {
  const days: number[] = [];
  for (let day = start; day < end; day++) if (isTradingDay(day)) days.push(day);
  return days;
}

/** When a trading day's last trade can happen, exclusive. */
function closeOf(day: number): number {
  const early = calendar?.specialDay(day)?.closeSecond;
  if (early !== undefined && early !== null) return early;
  return day < CLOSE_AT_1600_SINCE ? PAUSE.start : time(16, 0);
}

/** From midnight to the close, without the pause of those years; empty on a date without a day session. */
export function daySegments(day: number): Segment[] {
  if (!isTradingDay(day)) return [];
  const end = closeOf(day);
  if (end <= PAUSE.start || day >= NO_PAUSE_SINCE) return [{ start: 0, end }];
  return [
    { start: 0, end: PAUSE.start },
    { start: PAUSE.end, end },
  ];
}

/** The evening, which opens the next date's trading day: Sunday to Thursday, unless that is a holiday. */
export function eveningSegments(day: number): Segment[] {
  return weekdayOf(day) <= 4 && isTradingDay(day + 1) ? [{ start: REOPEN, end: MIDNIGHT }] : [];
}

/** The part of a trading day in [07:30, 15:00), or null on a date without one. */
export function sessionOf(day: number): Segment | null {
  if (!isTradingDay(day)) return null;
  const end = Math.min(SESSION_CLOSE, closeOf(day));
  return end > SESSION_OPEN ? { start: SESSION_OPEN, end } : null;
}
