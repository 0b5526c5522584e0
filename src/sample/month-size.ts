import { ACTIVITY, isSessionMinute } from './activity.ts';
import { expiryDay, nearestContract } from './contracts.ts';
import { firstDayOf } from './dates.ts';
import { daySegments, eveningSegments, sessionOf } from './hours.ts';

/** Records of a month of 21 sessions at scale 1, and what a session more or less adds. */
const MONTH_RECORDS = 1_005_000;
const SESSION_RECORDS = 8_500;
/** Measured: share of session seconds in which the front contract trades, and what the other contracts add. */
const SESSION_COVERAGE = 0.886;
const OTHERS_PER_DAY = 1_900;
const OTHERS_IN_ROLL_MONTH = 125_000;
/** Measured: a night rate of f brings f to this power as many records. */
const NIGHT_EXPONENT = 0.82;

/**
 * The factor on night activity that brings a month to about a million records at scale 1, with 21 to 23 sessions
 * within 0.98 to 1.04 million, whether it holds a roll or not. A pure function of the calendar.
 */
export function nightRateOf(monthIndex: number): number {
  let sessions = 0;
  let sessionRecords = 0;
  let nightRecords = 0;
  const end = firstDayOf(monthIndex + 1);
  for (let day = firstDayOf(monthIndex); day < end; day++) {
    const session = sessionOf(day);
    if (session) {
      sessions++;
      sessionRecords += (session.end - session.start) * SESSION_COVERAGE + OTHERS_PER_DAY;
    }
    for (const segment of [...daySegments(day), ...eveningSegments(day)]) {
      for (let minute = segment.start / 60; minute < segment.end / 60; minute++) {
        if (!isSessionMinute(minute)) nightRecords += 60 * (1 - Math.exp(-ACTIVITY.rate[minute]));
      }
    }
  }
  const expiry = expiryDay(nearestContract(firstDayOf(monthIndex)));
  if (expiry < end) sessionRecords += OTHERS_IN_ROLL_MONTH;
  const wanted = MONTH_RECORDS + SESSION_RECORDS * (sessions - 21) - sessionRecords;
  const factor = Math.max(wanted, 0) / nightRecords;
  return Math.min(1.7, Math.max(0.6, factor ** (1 / NIGHT_EXPONENT)));
}
