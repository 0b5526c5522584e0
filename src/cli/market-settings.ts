/** Instruments, sessions and calendars as they stand in `barline.yaml`, checked at the edge. */
import { z } from 'zod';
import {
  type CalendarDefinition,
  type InstrumentDefinition,
  MONTH_CODES,
  parseIsoDate,
  type SessionDefinition,
  unitsOf,
} from '../bars/index.ts';

const DATE = z.string().refine((text) => parseIsoDate(text) !== undefined, 'expected a date, YYYY-MM-DD');

/** `HH:MM` or `HH:MM:SS` as seconds since midnight; 24:00 is the end of the day. */
const CLOCK_TIME = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00)$/, 'expected a time of day, HH:MM')
  .transform((text) => {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
    return hours * 3600 + minutes * 60 + seconds;
  });

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const DAY = z.enum(DAYS).transform((day) => DAYS.indexOf(day));

const ZONE = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}, 'expected an IANA time zone such as America/Chicago');

/** One entry under `calendars`. */
export const calendarSchema = z
  .strictObject({
    extends: z
      .string()
      .optional()
      .describe('A calendar whose dates hold too: `cme-equity`, or one defined before this.'),
    holidays: z.record(DATE, z.string()).default({}).describe('Dates without a session, each with its name.'),
    early_closes: z
      .record(DATE, z.strictObject({ close: CLOCK_TIME, name: z.string() }))
      .default({})
      .describe('Dates that close early, each `{ close: HH:MM, name }` on the session’s clock.'),
    full_days: z
      .array(DATE)
      .default([])
      .describe('Dates of the extended calendar that are full days after all.'),
  })
  .transform(
    (config): CalendarDefinition => ({
      extends: config.extends,
      holidays: config.holidays,
      earlyCloses: Object.fromEntries(
        Object.entries(config.early_closes).map(([date, { close, name }]) => [
          date,
          { closeSecond: close, name },
        ]),
      ),
      fullDays: config.full_days,
    }),
  );

/** One entry under `sessions`; its key is the name. A session that opens at or after its close opens the day before. */
export const sessionSchema = z
  .strictObject({
    zone: ZONE.describe('The exchange clock, an IANA time zone.'),
    open: CLOCK_TIME.refine((second) => second < 86_400, 'expected a time before 24:00').describe(
      'HH:MM; at or after `close`: on the day before.',
    ),
    close: CLOCK_TIME.refine((second) => second > 0, 'expected a time after 00:00').describe(
      'HH:MM, exclusive; 24:00 is the end of the day.',
    ),
    days: z
      .array(DAY)
      .min(1)
      .prefault(['mon', 'tue', 'wed', 'thu', 'fri'])
      .describe('Days with a session, by the date it closes on.'),
    calendar: z.string().default('none').describe('`none`, `cme-equity`, or a name under `calendars`.'),
  })
  .transform(
    (config): Omit<SessionDefinition, 'name'> => ({
      zone: config.zone,
      openSecond: config.open,
      closeSecond: config.close,
      days: config.days,
      calendar: config.calendar,
    }),
  );

const MAX_TICKS = 2 ** 30;
const MAX_POINTS = 2_000_000;

/** One entry under `instruments`; its key is the name. */
export const instrumentSchema = z
  .strictObject({
    tick_size: z.number().positive().describe('The smallest price step, in points.'),
    tick_value: z.number().positive().describe('What a tick of one contract is worth, in dollars.'),
    min_price: z.number().nonnegative().describe('The least plausible price, in points.'),
    max_price: z.number().positive().describe('The greatest plausible price, in points.'),
    roll_threshold: z
      .number()
      .positive()
      .describe('With `rolls: gaps` a move between two bars by more points than this is a roll.'),
    segment_jump: z
      .number()
      .positive()
      .optional()
      .describe(
        'Where no contract is named, a larger jump between two bars of a day, in points, starts another segment; a quarter of `roll_threshold` unless told.',
      ),
    session: z.string().describe('Its trading hours: a built-in session or a name under `sessions`.'),
    calendar: z.string().optional().describe('Instead of the session’s own calendar.'),
    contract_months: z
      .string()
      .regex(new RegExp(`^[${MONTH_CODES}]*$`), `expected month codes out of ${MONTH_CODES}`)
      .default('')
      .describe('Month codes of its contracts; empty for what has no contracts.'),
  })
  .refine((config) => config.min_price < config.max_price, {
    path: ['max_price'],
    message: 'expected more than min_price',
  })
  .refine((config) => unitsOf(config.tick_size) >= 1, {
    path: ['tick_size'],
    message: 'expected at least 1e-9, the resolution of prices',
  })
  .refine((config) => config.max_price <= MAX_TICKS * config.tick_size && config.max_price <= MAX_POINTS, {
    path: ['max_price'],
    message: `expected at most ${MAX_POINTS} points and 2^30 ticks, so that prices stay exact`,
  })
  .transform(
    (config): Omit<InstrumentDefinition, 'name'> => ({
      tickSize: config.tick_size,
      tickValue: config.tick_value,
      minPrice: config.min_price,
      maxPrice: config.max_price,
      rollThreshold: config.roll_threshold,
      segmentJump: config.segment_jump ?? config.roll_threshold / 4,
      session: config.session,
      calendar: config.calendar ?? null,
      contractMonths: config.contract_months,
    }),
  );
