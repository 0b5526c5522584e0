import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { loadSettings, processingOf, settingsSchema } from '../../src/cli/configuration.ts';
import { temporaryFolder } from './run-cli.ts';

/** The settings of a folder with this `barline.yaml`. */
async function settingsOf(yaml: string, flags: Readonly<Record<string, unknown>> = {}) {
  const directory = temporaryFolder();
  writeFileSync(join(directory, 'barline.yaml'), yaml);
  return (await loadSettings({ directory, environment: {}, globals: {} }, flags)).value;
}

async function errorOf(yaml: string): Promise<BarlineError> {
  const error = await settingsOf(yaml).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BarlineError) return error;
  throw new Error(`no BarlineError: ${String(error)}`);
}

const CRUDE = `
instrument: CL
instruments:
  CL:
    { tick_size: 0.01, tick_value: 10, min_price: 5, max_price: 300, roll_threshold: 1, session: crude,
      contract_months: FGHJKMNQUVXZ }
sessions:
  crude: { zone: America/New_York, open: '09:00', close: '14:30:30', days: [mon, fri], calendar: mine }
calendars:
  mine:
    extends: cme-equity
    holidays: { 2027-01-04: A day of mourning }
    early_closes: { 2027-01-05: { close: '12:00', name: A short day } }
    full_days: [2027-01-18]
`;

describe('own instruments, sessions and calendars', () => {
  test('are what a month is made with', async () => {
    const processing = processingOf(await settingsOf(CRUDE));
    expect(processing.instrument).toEqual({
      name: 'CL',
      tickSize: 0.01,
      tickValue: 10,
      minPrice: 5,
      maxPrice: 300,
      rollThreshold: 1,
      segmentJump: 0.25,
      session: 'crude',
      calendar: null,
      contractMonths: 'FGHJKMNQUVXZ',
    });
    expect(processing.session).toEqual({
      name: 'crude',
      zone: 'America/New_York',
      openSecond: 9 * 3600,
      closeSecond: 14.5 * 3600 + 30,
      days: [1, 5],
      calendar: 'mine',
    });
    expect(processing.calendars).toEqual({
      mine: {
        extends: 'cme-equity',
        holidays: { '2027-01-04': 'A day of mourning' },
        earlyCloses: { '2027-01-05': { closeSecond: 12 * 3600, name: 'A short day' } },
        fullDays: ['2027-01-18'],
      },
    });
  });

  test('replace built-in ones of their name', async () => {
    const es =
      '{ tick_size: 0.5, tick_value: 1, min_price: 1, max_price: 2, roll_threshold: 1, session: fx }';
    const { instrument, session } = processingOf(await settingsOf(`instruments: { ES: ${es} }`));
    expect({ tick: instrument.tickSize, session: session.name }).toEqual({ tick: 0.5, session: 'fx' });
  });

  test('a session may open the day before it closes, and runs Monday to Friday unless told', async () => {
    const night = "sessions: { night: { zone: UTC, open: '22:00', close: '24:00' } }\nsession: night";
    const { session } = processingOf(await settingsOf(night));
    expect(session).toMatchObject({ closeSecond: 86_400, days: [1, 2, 3, 4, 5], calendar: 'none' });
  });
});

test('without a file all is default; a section of comments is as good as absent', async () => {
  expect(await settingsOf('labels:\n  # timeout_seconds: 60\nrun:\n')).toEqual(settingsSchema.parse({}));
});

test('flags win over the file', async () => {
  expect((await settingsOf('instrument: NQ', { instrument: 'YM' })).instrument).toBe('YM');
});

const entry = (fields: string) => `instruments: { X: { ${fields} } }`;
const SOUND = 'tick_size: 1, tick_value: 1, min_price: 1, max_price: 9, roll_threshold: 1, session: fx';
const session = (fields: string) => `sessions: { s: { zone: UTC, ${fields} } }`;
const GENERAL = /barline config show.*barline init/;

describe('a bad setting is named with its key, its value, what is allowed, and what to do', () => {
  test.each<[yaml: string, key: string, found: unknown, reason: RegExp, hint: RegExp]>([
    ['lke: x', 'lke', undefined, /unknown key; allowed here: lake, source/, /did you mean lake\?/],
    ['labels: { timeot: 3 }', 'labels.timeot', undefined, /timeout_seconds/, GENERAL],
    ['labels: { timeout_second: 3 }', 'labels.timeout_second', undefined, /unknown key/, /timeout_seconds\?/],
    ['labels: { timeout_seconds: 0 }', 'labels.timeout_seconds', 0, /more than 0/, GENERAL],
    ['labels: { timeout_seconds: 86401 }', 'labels.timeout_seconds', 86401, /at most 86400/, GENERAL],
    ['labels: { decay_per_month: -1 }', 'labels.decay_per_month', -1, /at least 0/, GENERAL],
    ['labels: { rolls: gap }', 'labels.rolls', 'gap', /one of contracts, gaps/, /did you mean gaps\?/],
    ['labels: { modes: [] }', 'labels.modes', [], /not to be empty/, GENERAL],
    ['labels: { modes: [{ name: A b }] }', 'labels.modes.0.name', 'A b', /lower-case letters/, GENERAL],
    ['contract: { rule: volume }', 'contract.rule', 'volume', /day_volume, previous/, /did you mean/],
    ['contract: { no_flip_back: 1 }', 'contract.no_flip_back', 1, /true or false/, GENERAL],
    ['run: { workers: 1.5 }', 'run.workers', 1.5, /a whole number/, GENERAL],
    ['run: { memory: lots }', 'run.memory', 'lots', /a size such as 2GB/, GENERAL],
    ['run: 3', 'run', 3, /keys and values/, GENERAL],
    ["lake: ''", 'lake', '', /not to be empty/, GENERAL],
    ['instrument: ESS', 'instrument', 'ESS', /not defined; known are ES, MES/, /did you mean ES/],
    ['session: cme_rth', 'session', 'cme_rth', /known are cme-rth, 24x7, fx/, /did you mean cme-rth\?/],
    [entry('tick_sise: 1'), 'instruments.X.tick_sise', undefined, /tick_size/, /did you mean tick_size\?/],
    [
      entry('tick_size: 1'),
      'instruments.X.tick_value',
      undefined,
      /must be given; expected a number/,
      GENERAL,
    ],
    [entry(`${SOUND}, calendar: moon`), 'instruments.X.calendar', 'moon', /none, cme-equity/, GENERAL],
    [entry(SOUND.replace('fx', 'cmerth')), 'instruments.X.session', 'cmerth', /known are/, /cme-rth\?/],
    [
      entry(SOUND.replace('max_price: 9', 'max_price: 1')),
      'instruments.X.max_price',
      1,
      /than min_price/,
      GENERAL,
    ],
    [
      entry(SOUND.replace('max_price: 9', 'max_price: 3e6')),
      'instruments.X.max_price',
      3e6,
      /at most/,
      GENERAL,
    ],
    [
      entry(SOUND.replace('tick_size: 1', 'tick_size: 1e-10')),
      'instruments.X.tick_size',
      1e-10,
      /1e-9/,
      GENERAL,
    ],
    [
      entry(`${SOUND}, contract_months: ABC`),
      'instruments.X.contract_months',
      'ABC',
      /FGHJKMNQUVXZ/,
      GENERAL,
    ],
    [session('open: "9:00", close: "10:00"'), 'sessions.s.open', '9:00', /HH:MM/, GENERAL],
    [session('open: "24:00", close: "10:00"'), 'sessions.s.open', '24:00', /before 24:00/, GENERAL],
    [session('open: "09:00", close: "00:00"'), 'sessions.s.close', '00:00', /after 00:00/, GENERAL],
    [session('open: "09:00", close: "25:00"'), 'sessions.s.close', '25:00', /HH:MM/, GENERAL],
    [session('open: "09:00", close: "10:00", days: [mo]'), 'sessions.s.days.0', 'mo', /sun, mon/, /mon\?/],
    [
      session('open: "09:00", close: "10:00", calendar: moon'),
      'sessions.s.calendar',
      'moon',
      /none/,
      GENERAL,
    ],
    [
      'sessions: { s: { zone: Mars, open: "09:00", close: "10:00" } }',
      'sessions.s.zone',
      'Mars',
      /IANA/,
      GENERAL,
    ],
    ['calendars: { c: { extends: cme } }', 'calendars.c.extends', 'cme', /before this one/, /cme-equity\?/],
    [
      'calendars: { c: { full_days: [2024-02-30] } }',
      'calendars.c.full_days.0',
      '2024-02-30',
      /YYYY-MM-DD/,
      GENERAL,
    ],
    [
      'calendars: { c: { holidays: { 2024-02-31: x } } }',
      'calendars.c.holidays.2024-02-31',
      'x',
      /the key 2024-02-31: expected a date/,
      GENERAL,
    ],
  ])('%s', async (yaml, key, found, reason, hint) => {
    const error = await errorOf(yaml);
    expect(error).toMatchObject({ code: 'CONFIG', exitCode: 2, facts: { key, found } });
    const value = found === undefined ? '' : ` = ${JSON.stringify(found)}`;
    expect(error.message).toContain(`barline.yaml: ${key}${value}: `);
    expect(error.message).toMatch(reason);
    expect(error.hint).toMatch(hint);
  });

  test('two modes of one name', async () => {
    const mode = '{ name: a, direction: long, stop_ticks: 1, target_ticks: 2 }';
    const error = await errorOf(`labels: { modes: [${mode}, ${mode}] }`);
    expect(error.message).toMatch(/: labels\.modes = .*: two modes of one name$/);
  });

  test.each([
    ['a: [', /is not valid YAML/],
    ['[1]', /must hold keys and values, found a list/],
    ['text', /must hold keys and values, found a string/],
  ])('%s', async (yaml, message) => {
    const error = await errorOf(yaml);
    expect(error).toMatchObject({ code: 'CONFIG', exitCode: 2 });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/barline init/);
  });

  test('a value of the environment or a flag is named as such', async () => {
    const options = { directory: temporaryFolder(), environment: { BARLINE_LAKE: '' }, globals: {} };
    await expect(loadSettings(options)).rejects.toThrow('the environment: lake = "": ');
    const flags = { instrument: 'EX' };
    await expect(loadSettings({ ...options, environment: {} }, flags)).rejects.toThrow(
      'the flag: instrument = "EX": ',
    );
  });
});
