/** Exchange calendars: on which dates a session does not take place, or stops before its usual close. */
import { usageError } from '../base/index.ts';
import { CME_EQUITY_CALENDAR } from './calendar-cme-equity.ts';
import { isoDate, requiredDay } from './dates.ts';

/** A date that is not an ordinary trading day. */
export interface SpecialDay {
  readonly kind: 'holiday' | 'early_close';
  /** Seconds since midnight on the exchange clock, exclusive; null on a holiday. */
  readonly closeSecond: number | null;
  readonly name: string;
}

export interface Calendar {
  readonly name: string;
  /** What is special about a day (days since 1970-01-01), or undefined on an ordinary one. */
  readonly specialDay: (day: number) => SpecialDay | undefined;
}

/** No holidays and no early closes. */
export const EMPTY_CALENDAR: Calendar = { name: 'none', specialDay: () => undefined };

/** A calendar's special days as data, on top of another calendar if `extends` names one. */
export interface CalendarDefinition {
  readonly extends?: string | undefined;
  /** Names of holidays by date. */
  readonly holidays: Readonly<Record<string, string>>;
  /** `closeSecond`: seconds since midnight on the exchange clock. */
  readonly earlyCloses: Readonly<Record<string, { readonly closeSecond: number; readonly name: string }>>;
  /** Dates on which the calendar it extends is wrong: ordinary days after all. */
  readonly fullDays: readonly string[];
}

const BUILT_IN: readonly Calendar[] = [EMPTY_CALENDAR, CME_EQUITY_CALENDAR];

/**
 * The calendars by name: the built-in `none` and `cme-equity`, and those of the configuration, which may extend
 * a built-in or an earlier one. A configured name replaces a built-in one. Throws a usage error for an unknown
 * name in `extends`.
 */
export function calendarsOf(
  configured: Readonly<Record<string, CalendarDefinition>> = {},
): ReadonlyMap<string, Calendar> {
  const calendars = new Map(BUILT_IN.map((calendar) => [calendar.name, calendar]));
  for (const [name, definition] of Object.entries(configured)) {
    const base = definition.extends === undefined ? EMPTY_CALENDAR : calendars.get(definition.extends);
    if (!base) {
      throw usageError(
        `Calendar ${name} extends ${definition.extends}, which is not defined; known are ${[...calendars.keys()].join(', ')}.`,
      );
    }
    calendars.set(name, calendarOver(name, base, definition));
  }
  return calendars;
}

function calendarOver(name: string, base: Calendar, definition: CalendarDefinition): Calendar {
  const own = new Map<number, SpecialDay | undefined>();
  for (const date of definition.fullDays) own.set(requiredDay(date), undefined);
  for (const [date, title] of Object.entries(definition.holidays)) {
    own.set(requiredDay(date), { kind: 'holiday', closeSecond: null, name: title });
  }
  for (const [date, early] of Object.entries(definition.earlyCloses)) {
    own.set(requiredDay(date), {
      kind: 'early_close',
      closeSecond: early.closeSecond,
      name: early.name,
    });
  }
  return { name, specialDay: (day) => (own.has(day) ? own.get(day) : base.specialDay(day)) };
}

/** Every special day from one day to another, both inclusive, in order. */
export function specialDays(
  calendar: Calendar,
  fromDay: number,
  toDay: number,
): { readonly date: string; readonly special: SpecialDay }[] {
  const found: { date: string; special: SpecialDay }[] = [];
  for (let day = fromDay; day <= toDay; day++) {
    const special = calendar.specialDay(day);
    if (special) found.push({ date: isoDate(day), special });
  }
  return found;
}
