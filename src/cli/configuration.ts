import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CONTRACT_RULES, calendarsOf, findInstrument, tradingHours } from '../bars/index.ts';
import { type Configuration, findConfigFile, loadConfiguration, parseByteLength } from '../base/index.ts';
import { labelModes } from '../labels/index.ts';
import type { Processing } from '../months/index.ts';
import type { Invocation } from './command.ts';
import { calendarSchema, instrumentSchema, sessionSchema } from './market-settings.ts';

const ruleNames = CONTRACT_RULES;

const modeSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected lower-case letters, digits and underscores'),
  direction: z.enum(['long', 'short']),
  stop_ticks: z.int().positive(),
  target_ticks: z.int().positive(),
});

const defaultModes = labelModes.map((mode) => ({
  name: mode.name,
  direction: mode.direction,
  stop_ticks: mode.stopTicks,
  target_ticks: mode.targetTicks,
}));

/** Everything `barline.yaml` may hold, with its defaults. */
export const settingsSchema = z.strictObject({
  lake: z.string().min(1).default('./lake'),
  source: z.string().min(1).default('./data'),
  instrument: z.string().default('ES'),
  /** Null: the instrument's own. */
  session: z.string().nullable().default(null),
  contract: z
    .strictObject({ rule: z.enum(ruleNames).default('day_volume'), no_flip_back: z.boolean().default(false) })
    .prefault({}),
  labels: z
    .strictObject({
      timeout_seconds: z.int().positive().max(86_400).default(900),
      decay_per_month: z.number().nonnegative().default(0.05),
      rolls: z.enum(['contracts', 'gaps']).default('contracts'),
      affected_before: z.int().nonnegative().default(1),
      affected_after: z.int().nonnegative().default(5),
      modes: z
        .array(modeSchema)
        .min(1)
        .refine(
          (modes) => new Set(modes.map((mode) => mode.name)).size === modes.length,
          'two modes of one name',
        )
        .default(defaultModes),
    })
    .prefault({}),
  run: z
    .strictObject({
      workers: z.int().positive().max(256).default(availableParallelism()),
      memory: z
        .string()
        .refine((text) => parseByteLength(text) !== undefined, 'expected a size such as 2GB or 700MB')
        .default('2GB'),
      compression_level: z.int().min(1).max(19).default(1),
    })
    .prefault({}),
  instruments: z.record(z.string(), instrumentSchema).default({}),
  sessions: z.record(z.string(), sessionSchema).default({}),
  calendars: z.record(z.string(), calendarSchema).default({}),
});

export type Settings = z.infer<typeof settingsSchema>;

/** The configuration in force: defaults, then `barline.yaml`, then the environment, then flags. */
export function loadSettings(
  invocation: Pick<Invocation, 'directory' | 'environment' | 'globals'>,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<Configuration<Settings>> {
  const { directory, environment, globals } = invocation;
  const file = globals.config === undefined ? findConfigFile(directory) : resolve(directory, globals.config);
  return loadConfiguration(settingsSchema, {
    file,
    environment: { lake: environment.BARLINE_LAKE, source: environment.BARLINE_SOURCE },
    flags: { lake: globals.lake, ...flags },
  });
}

/** What decides a month's rows, from the settings. Throws a usage error for a name that is not defined. */
export function processingOf(settings: Settings, sessions: 'respect' | 'ignore' = 'respect'): Processing {
  const instruments = Object.entries(settings.instruments).map(([name, rest]) => ({ name, ...rest }));
  const instrument = findInstrument(settings.instrument, instruments);
  const named = Object.entries(settings.sessions).map(([name, rest]) => ({ name, ...rest }));
  const { session } = tradingHours(settings.session ?? instrument.session, {
    sessions: named,
    calendars: calendarsOf(settings.calendars),
    ...(instrument.calendar !== null && { calendar: instrument.calendar }),
  });
  return {
    instrument,
    session,
    calendars: settings.calendars,
    contract: { rule: settings.contract.rule, noFlipBack: settings.contract.no_flip_back },
    labels: {
      modes: settings.labels.modes.map((mode) => ({
        name: mode.name,
        direction: mode.direction,
        stopTicks: mode.stop_ticks,
        targetTicks: mode.target_ticks,
      })),
      timeoutSeconds: settings.labels.timeout_seconds,
      decayPerMonth: settings.labels.decay_per_month,
      sessions,
      rolls: settings.labels.rolls,
      affectedBefore: settings.labels.affected_before,
      affectedAfter: settings.labels.affected_after,
    },
  };
}

/** A path or URI as given, made absolute unless it has a scheme. Paths in a file count from that file's folder. */
export function locate(
  text: string,
  configuration: Configuration<Settings>,
  key: string,
  directory: string,
): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return text;
  const fromFile = configuration.origins[key] === 'file' && configuration.file !== null;
  return resolve(fromFile ? resolve(configuration.file ?? '', '..') : directory, text);
}
