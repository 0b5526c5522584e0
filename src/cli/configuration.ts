import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CONTRACT_RULES, calendarsOf, findInstrument, tradingHours } from '../bars/index.ts';
import {
  BarlineError,
  type Configuration,
  findConfigFile,
  loadConfiguration,
  parseByteLength,
  parseDurationSeconds,
} from '../base/index.ts';
import { labelModes } from '../labels/index.ts';
import type { Processing } from '../months/index.ts';
import { alertsSchema } from './alert-settings.ts';
import type { Invocation } from './command.ts';
import { checkNames } from './defined-names.ts';
import { calendarSchema, instrumentSchema, sessionSchema } from './market-settings.ts';
import { ingestSchema, providersSchema } from './provider-settings.ts';
import { streamSchema } from './stream-settings.ts';

const modeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'expected lower-case letters, digits and underscores')
    .describe('Part of the columns `label_NAME` and `weight_NAME`.'),
  direction: z.enum(['long', 'short']).describe('Which way the trade goes.'),
  stop_ticks: z.int().positive().describe('Ticks against the trade at which it has lost.'),
  target_ticks: z.int().positive().describe('Ticks for the trade at which it has won.'),
});

const defaultModes = labelModes.map((mode) => ({
  name: mode.name,
  direction: mode.direction,
  stop_ticks: mode.stopTicks,
  target_ticks: mode.targetTicks,
}));

const durationSchema = z
  .string()
  .refine((text) => parseDurationSeconds(text) !== undefined, 'expected a duration such as 30s or 5m');

const fields = z.strictObject({
  lake: z
    .string()
    .min(1)
    .default('./lake')
    .describe(
      'The folder in which each table is a Delta table. A relative path counts from the file it stands in.',
    ),
  source: z.string().min(1).default('./data').describe('The folder with the raw months, at any depth.'),
  instrument: z.string().default('ES').describe('ES, MES, NQ, MNQ, RTY, YM, or a name under `instruments`.'),
  session: z
    .string()
    .nullable()
    .default(null)
    .describe('`cme-rth`, `24x7`, `fx`, or a name under `sessions`; null: the instrument’s own.'),
  contract: z
    .strictObject({
      rule: z
        .enum(CONTRACT_RULES)
        .default('day_volume')
        .describe(
          'How a date’s front contract is chosen: by that day’s volume (known only at its end), or by the volume of the day before (known before the session opens).',
        ),
      no_flip_back: z
        .boolean()
        .default(false)
        .describe('Once rolled to a later contract, never back to an earlier one.'),
    })
    .prefault({})
    .describe('The front contract.'),
  labels: z
    .strictObject({
      timeout_seconds: z
        .int()
        .positive()
        .max(86_400)
        .default(900)
        .describe('How long a trade may take to reach its target or its stop.'),
      decay_per_month: z
        .number()
        .nonnegative()
        .default(0.05)
        .describe('How fast a month’s weights fade with its age.'),
      rolls: z
        .enum(['contracts', 'gaps'])
        .default('contracts')
        .describe(
          'What a roll is: a change of the front contract, or a price gap wider than `roll_threshold`.',
        ),
      affected_before: z.int().nonnegative().default(1).describe('Bars before a roll that get label 0.'),
      affected_after: z
        .int()
        .nonnegative()
        .default(5)
        .describe('Bars after the first one of a roll that get label 0.'),
      modes: z
        .array(modeSchema)
        .min(1)
        .refine(
          (modes) => new Set(modes.map((mode) => mode.name)).size === modes.length,
          'two modes of one name',
        )
        .default(defaultModes)
        .describe('The trades that are labelled; giving any replaces all six.'),
    })
    .prefault({})
    .describe('Labels and weights.'),
  run: z
    .strictObject({
      workers: z
        .int()
        .positive()
        .max(256)
        .default(availableParallelism())
        .meta({ description: 'Threads, of the monthly run and of queries.', defaultText: 'one per core' }),
      memory: z
        .string()
        .refine((text) => parseByteLength(text) !== undefined, 'expected a size such as 2GB or 700MB')
        .default('2GB')
        .describe(
          'What a query may take, and what a monthly run may keep resident; `GB` is 10⁹ bytes, `GiB` 2³⁰.',
        ),
      compression_level: z
        .int()
        .min(1)
        .max(19)
        .default(1)
        .describe('Zstandard level of the Parquet files written.'),
      lease: durationSchema
        .refine((text) => (parseDurationSeconds(text) ?? 0) >= 1, 'expected at least 1s')
        .default('30s')
        .describe(
          'How long a run on the same lake may give no sign of life before others take over its months.',
        ),
      retry: z
        .strictObject({
          tries: z
            .int()
            .positive()
            .max(100)
            .default(3)
            .describe(
              'How often a month is tried in all when what failed may heal, such as a lost connection.',
            ),
          first_delay: durationSchema
            .default('30s')
            .describe(
              'About how long after the first try the second one comes; each delay is twice the last.',
            ),
        })
        .prefault({})
        .describe('Months that failed of what may heal.'),
    })
    .prefault({})
    .describe('How work is done; none of it changes a result.'),
  alerts: alertsSchema,
  instruments: z
    .record(z.string(), instrumentSchema)
    .default({})
    .describe('Your own instruments, by name; a name that is built in is replaced.'),
  sessions: z.record(z.string(), sessionSchema).default({}).describe('Your own trading hours, by name.'),
  calendars: z
    .record(z.string(), calendarSchema)
    .default({})
    .describe('Your own holidays and early closes, by name.'),
  providers: providersSchema,
  ingest: ingestSchema,
  stream: streamSchema,
});

/** Everything `barline.yaml` may hold, with its defaults; every name in it is defined. */
export const settingsSchema = fields.superRefine(checkNames);

/** Keys that an environment variable may set. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  lake: 'BARLINE_LAKE',
  source: 'BARLINE_SOURCE',
};

export type Settings = z.infer<typeof settingsSchema>;

/** The configuration in force: defaults, then `barline.yaml`, then the environment, then flags. */
export async function loadSettings(
  invocation: Pick<Invocation, 'directory' | 'environment' | 'globals'>,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<Configuration<Settings>> {
  const { directory, environment, globals } = invocation;
  const file = globals.config === undefined ? findConfigFile(directory) : resolve(directory, globals.config);
  try {
    return await loadConfiguration(settingsSchema, {
      file,
      environment: Object.fromEntries(
        Object.entries(ENVIRONMENT).map(([key, variable]) => [key, environment[variable]]),
      ),
      flags: { lake: globals.lake, ...flags },
    });
  } catch (error) {
    throw await withNearNames(error);
  }
}

/** A key or name that is nearly one of those allowed gets them as its hint. */
async function withNearNames(error: unknown): Promise<unknown> {
  if (!(error instanceof BarlineError)) return error;
  const { key, found, allowed } = error.facts;
  if (typeof key !== 'string' || !Array.isArray(allowed)) return error;
  const { nearNames } = await import('../query/index.ts');
  const name = typeof found === 'string' ? found : (key.split('.').at(-1) ?? '');
  const near = nearNames(name, allowed.map(String));
  if (near.length === 0) return error;
  const { code, message, exitCode, facts } = error;
  return new BarlineError({ code, message, exitCode, facts, hint: `did you mean ${near.join(' or ')}?` });
}

/** What decides a month's rows, from the settings. */
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
