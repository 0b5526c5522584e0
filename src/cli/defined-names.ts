/** Relations between settings: every name that one of them uses is built in or defined by another. */
import type { z } from 'zod';
import {
  BUILT_IN_INSTRUMENTS,
  BUILT_IN_SESSIONS,
  type CalendarDefinition,
  calendarsOf,
  type InstrumentDefinition,
  type SessionDefinition,
} from '../bars/index.ts';

interface Named {
  readonly instrument: string;
  readonly session: string | null;
  readonly instruments: Readonly<Record<string, Omit<InstrumentDefinition, 'name'>>>;
  readonly sessions: Readonly<Record<string, Omit<SessionDefinition, 'name'>>>;
  readonly calendars: Readonly<Record<string, CalendarDefinition>>;
}

/** Reports each name that nothing defines, with the names there are. */
export function checkNames(settings: Named, context: z.RefinementCtx<Named>): void {
  const builtIn = (defined: readonly { readonly name: string }[]) => defined.map(({ name }) => name);
  const instruments = [...builtIn(BUILT_IN_INSTRUMENTS), ...Object.keys(settings.instruments)];
  const sessions = [...builtIn(BUILT_IN_SESSIONS), ...Object.keys(settings.sessions)];
  const earlier = [...calendarsOf().keys()];
  const check = (
    path: string[],
    name: string | null | undefined,
    known: readonly string[],
    section: string,
  ) => {
    if (name === null || name === undefined || known.includes(name)) return;
    const message = `not defined; known are ${known.join(', ')}, others can be defined under ${section}`;
    context.addIssue({ code: 'custom', path, message, params: { known: [...known] } });
  };
  for (const [name, calendar] of Object.entries(settings.calendars)) {
    check(['calendars', name, 'extends'], calendar.extends, earlier, 'calendars, before this one');
    earlier.push(name);
  }
  for (const [name, session] of Object.entries(settings.sessions)) {
    check(['sessions', name, 'calendar'], session.calendar, earlier, 'calendars');
  }
  for (const [name, instrument] of Object.entries(settings.instruments)) {
    check(['instruments', name, 'session'], instrument.session, sessions, 'sessions');
    check(['instruments', name, 'calendar'], instrument.calendar, earlier, 'calendars');
  }
  check(['instrument'], settings.instrument, instruments, 'instruments');
  check(['session'], settings.session, sessions, 'sessions');
}
