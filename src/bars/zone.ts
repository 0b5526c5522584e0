/**
 * An exchange's clock: UTC times to local dates and seconds of the day and back, right across changes of daylight
 * saving time. Offsets come from the time-zone data of Intl, found once per stretch of time and kept.
 */
import { usageError } from '../base/index.ts';
import { SECONDS_PER_DAY, US_PER_SECOND } from './dates.ts';

export interface ExchangeClock {
  readonly zone: string;
  /** Local time minus UTC, in seconds, at a moment in microseconds since the epoch. */
  readonly offsetSecondsAt: (tsUs: number) => number;
  /** Local day number (days since 1970-01-01) at a moment. */
  readonly dayAt: (tsUs: number) => number;
  /** Seconds since local midnight at a moment, fractions cut off. */
  readonly secondOfDayAt: (tsUs: number) => number;
  /**
   * The moment, in microseconds since the epoch, of a second of a local day. The second may lie outside
   * 0 … 86,399 and then counts on from midnight by the clock on the wall. A time that occurs twice is the first
   * of the two; one that is skipped is moved on by what the clock jumps.
   */
  readonly momentOf: (day: number, secondOfDay: number) => number;
}

/** A stretch of time [startSecond, next stretch) with one offset. */
interface OffsetStretch {
  readonly startSecond: number;
  readonly offsetSeconds: number;
}

const QUARTER_SECONDS = 900;

/** Stretches are looked for in chunks of this many days, a probe a day, then by bisection to the second. */
const CHUNK_DAYS = 256;
const CHUNK_SECONDS = CHUNK_DAYS * SECONDS_PER_DAY;

const clocks = new Map<string, ExchangeClock>();

/** The clock of an IANA time zone. Throws a usage error for a zone Intl does not know. */
export function exchangeClock(zone: string): ExchangeClock {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = makeClock(zone);
    clocks.set(zone, clock);
  }
  return clock;
}

function makeClock(zone: string): ExchangeClock {
  const probe = offsetProbe(zone);
  const chunks = new Map<number, readonly OffsetStretch[]>();

  function offsetAtSecond(second: number): number {
    const index = Math.floor(second / CHUNK_SECONDS);
    let stretches = chunks.get(index);
    if (!stretches) {
      stretches = stretchesOf(probe, index * CHUNK_SECONDS);
      chunks.set(index, stretches);
    }
    let offsetSeconds = 0;
    for (const stretch of stretches) {
      if (stretch.startSecond > second) break;
      offsetSeconds = stretch.offsetSeconds;
    }
    return offsetSeconds;
  }

  const offsetSecondsAt = (tsUs: number): number => offsetAtSecond(Math.floor(tsUs / US_PER_SECOND));
  const localSecond = (tsUs: number): number => Math.floor(tsUs / US_PER_SECOND) + offsetSecondsAt(tsUs);
  return {
    zone,
    offsetSecondsAt,
    dayAt: (tsUs) => Math.floor(localSecond(tsUs) / SECONDS_PER_DAY),
    secondOfDayAt: (tsUs) => {
      const second = localSecond(tsUs);
      return second - Math.floor(second / SECONDS_PER_DAY) * SECONDS_PER_DAY;
    },
    momentOf: (day, secondOfDay) => {
      const local = day * SECONDS_PER_DAY + secondOfDay;
      const before = offsetAtSecond(local - SECONDS_PER_DAY);
      const after = offsetAtSecond(local + SECONDS_PER_DAY);
      const early = local - before;
      if (before === after || offsetAtSecond(early) === before) return early * US_PER_SECOND;
      const late = local - after;
      return (offsetAtSecond(late) === after ? late : early) * US_PER_SECOND;
    },
  };
}

function offsetProbe(zone: string): (second: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw usageError(
      `Time zone ${JSON.stringify(zone)} is unknown; expected an IANA name such as America/Chicago.`,
    );
  }
  return (second) => {
    const parts = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(format.format(second * 1000));
    if (!parts) throw new Error(`no UTC offset for ${zone} at second ${second}`);
    const seconds = Number(parts[2] ?? 0) * 3600 + Number(parts[3] ?? 0) * 60 + Number(parts[4] ?? 0);
    return parts[1] === '-' ? -seconds : seconds;
  };
}

function stretchesOf(probe: (second: number) => number, startSecond: number): OffsetStretch[] {
  const stretches: OffsetStretch[] = [{ startSecond, offsetSeconds: probe(startSecond) }];
  let known = probe(startSecond);
  for (let day = 1; day <= CHUNK_DAYS; day++) {
    const to = startSecond + day * SECONDS_PER_DAY;
    const offsetSeconds = probe(to);
    if (offsetSeconds === known) continue;
    let unchanged = to - SECONDS_PER_DAY;
    let changed = to;
    while (changed - unchanged > 1) {
      const middle = Math.floor((unchanged + changed) / 2);
      if (probe(middle) === known) unchanged = middle;
      else changed = middle;
    }
    stretches.push({ startSecond: changed, offsetSeconds });
    known = offsetSeconds;
  }
  return stretches;
}

/**
 * Local day number and second of the day of every row. One look-up of the offset per quarter of an hour the rows
 * cross, so about 2 ns a row on rows in time order.
 */
export function localTimes(
  clock: ExchangeClock,
  tsUs: Float64Array,
): { readonly day: Int32Array; readonly secondOfDay: Int32Array } {
  const day = new Int32Array(tsUs.length);
  const secondOfDay = new Int32Array(tsUs.length);
  const quarterUs = QUARTER_SECONDS * US_PER_SECOND;
  let fromUs = 0;
  let toUs = 0;
  let midnightUs = 0;
  let localDay = 0;
  for (let row = 0; row < tsUs.length; row++) {
    const ts = tsUs[row];
    if (ts < fromUs || ts >= toUs) {
      fromUs = Math.floor(ts / quarterUs) * quarterUs;
      toUs = fromUs + quarterUs;
      if (clock.secondOfDayAt(toUs - 1) - clock.secondOfDayAt(fromUs) !== QUARTER_SECONDS - 1) {
        // the clock is changed, or midnight passes, inside this quarter
        fromUs = Math.floor(ts / US_PER_SECOND) * US_PER_SECOND;
        toUs = fromUs + US_PER_SECOND;
      }
      localDay = clock.dayAt(fromUs);
      midnightUs = fromUs - clock.secondOfDayAt(fromUs) * US_PER_SECOND;
    }
    day[row] = localDay;
    secondOfDay[row] = Math.floor((ts - midnightUs) / US_PER_SECOND);
  }
  return { day, secondOfDay };
}
