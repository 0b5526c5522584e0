import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { jsonLines, startCli } from '../cli/run-cli.ts';
import { monthHashes, strayFiles } from '../months/lake-contents.ts';
import { SMALL_MONTHS, writeSmallMonths } from '../months/small-months.ts';
import { SHORT_SESSION } from './month-runs.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-kill-'));
const lake = join(root, 'lake');
const TABLES = ['quarantine', 'rolls', 'monthly_statistics', 'training_bars'];
/** Tables whose files hold no clock time, so that the same rows are the same bytes. */
const TIMELESS = ['quarantine', 'rolls', 'training_bars'];

type Hashes = Record<string, string[]>;

/** A state the lake is brought to: its raw months, its settings, and what its tables then hold. */
interface Target {
  readonly source: string;
  readonly config: string;
  contents: Record<string, Hashes>;
}

const target = (name: string): Target => ({
  source: join(root, `source-${name}`),
  config: join(root, `${name}.yaml`),
  contents: {},
});
/** Each run replaces what the one before it made, so every kill meets a lake that is full. */
const [first, second] = [target('first'), target('second')];
let [current, next] = [first, second];

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(to: Target, ...more: string[]): { child: ChildProcess; exit: Promise<Exit> } {
  const places = ['--source', to.source, '--lake', lake, '--config', to.config];
  const child = startCli(['months', 'run', ...places, '--workers', '2', ...more]);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes;
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes;
  });
  const exit = new Promise<Exit>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, exit };
}

async function contents(): Promise<Record<string, Hashes>> {
  const tables = TIMELESS.map(async (name) => [name, await monthHashes(lake, name)] as const);
  return Object.fromEntries(await Promise.all(tables));
}

beforeAll(async () => {
  await writeSmallMonths(first.source, { seed: 1 });
  await writeSmallMonths(second.source, { seed: 2 });
  writeFileSync(first.config, SHORT_SESSION);
  writeFileSync(second.config, `${SHORT_SESSION}labels: { timeout_seconds: 600 }\n`);
  for (const each of [second, first]) {
    const { code, stderr } = await start(each, '--force').exit;
    expect(code, stderr).toBe(0);
    each.contents = await contents();
  }
  for (const month of SMALL_MONTHS) {
    expect(first.contents.training_bars?.[month]).not.toEqual(second.contents.training_bars?.[month]);
  }
}, 300_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Every file that any version of any table names is there, those of the newest with their size. */
async function expectFiles(): Promise<void> {
  for (const name of TABLES) {
    const table = await DeltaTable.open(join(lake, name));
    for (const file of (await table.scan()).files) {
      expect(statSync(table.localPath(file) ?? '').size, file.path).toBe(file.size);
    }
    for (const path of await table.allReferencedPaths()) {
      expect(existsSync(join(lake, name, path)), `${name}/${path}`).toBe(true);
    }
  }
}

/**
 * The lake reads whole; every month of every table is the old or the new one, and has its statistics. Returns the
 * months of `training_bars` that are new.
 */
async function expectWhole(): Promise<string[]> {
  await expectFiles();
  const found = await contents();
  for (const name of TIMELESS) {
    for (const month of SMALL_MONTHS) {
      expect([current.contents[name]?.[month], next.contents[name]?.[month]]).toContainEqual(
        found[name]?.[month],
      );
    }
  }
  expect(Object.keys(found.training_bars ?? {}).sort()).toEqual(SMALL_MONTHS);
  expect(Object.keys(await monthHashes(lake, 'monthly_statistics')).sort()).toEqual(SMALL_MONTHS);
  return SMALL_MONTHS.filter(
    (month) => found.training_bars?.[month]?.join() === next.contents.training_bars?.[month]?.join(),
  );
}

/** Nothing but tables: no file without a version that names it, no journal, no temporary file, nothing odd in a log. */
async function expectNoStrays(): Promise<void> {
  expect(await strayFiles(lake)).toEqual([]);
  for (const folder of ['runs', 'claims']) expect(readdirSync(join(lake, '_barline', folder))).toEqual([]);
  expect(readdirSync(lake).sort()).toEqual(['_barline', 'processed-data', ...TABLES].sort());
  for (const name of TABLES) {
    const log = readdirSync(join(lake, name, '_delta_log'));
    const known = log.filter((file) => {
      if (/^\d{20}\.json$|^\d{20}\.\d{20}\.compacted\.json$|^_last_checkpoint$/.test(file)) return true;
      // a checksum or a checkpoint belongs to a commit
      const version = /^(\d{20})\.(?:crc|checkpoint\.parquet)$/.exec(file)?.[1];
      return version !== undefined && log.includes(`${version}.json`);
    });
    expect(log).toEqual(known);
  }
}

/** The run after: takes what is missing or stale without being told which, and ends with the new months alone. */
async function finishJob(newMonths: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await start(next, '--json').exit;
  expect(code, stderr).toBe(0);
  const taken = jsonLines(stdout).flatMap((line) =>
    typeof line === 'object' &&
    line !== null &&
    'status' in line &&
    line.status === 'succeeded' &&
    'month' in line
      ? [line.month]
      : [],
  );
  expect(taken.filter((month) => newMonths.includes(String(month)))).toEqual([]);
  [current, next] = [next, current];
  expect(await contents()).toEqual(current.contents);
  await expectFiles();
  await expectNoStrays();
}

/** Resolves when a name that fits appears in a folder; at once when the process is gone. */
function appears(folder: string, name: RegExp, exit: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, (_event, file) => {
      if (file !== null && name.test(file)) done();
    });
    const done = () => {
      watcher.close();
      resolve();
    };
    void exit.then(done);
  });
}

const tally = { untouched: 0, between: 0, replaced: 0 };

async function killed(child: ChildProcess, exit: Promise<Exit>): Promise<string[]> {
  child.kill('SIGKILL');
  await exit;
  const newMonths = await expectWhole();
  if (newMonths.length === 0) tally.untouched++;
  else if (newMonths.length < SMALL_MONTHS.length) tally.between++;
  else tally.replaced++;
  return newMonths;
}

// kills at random moments are in months-kill.test.ts
describe('kill -9 of a run that replaces existing months', () => {
  it.each([
    ['as it writes its journal', '_barline/runs', /^\.barline-tmp-/],
    ['when its journal lies there', '_barline/runs', /\.json$/],
    ['as it lays claim to a month', '_barline/claims', /^\.barline-tmp-/],
    ['when it has claimed a month', '_barline/claims', /\.json$/],
    ['as it writes the data of a month', 'training_bars/month=2024-03', /^\.barline-tmp-/],
    ['when the data of a month is written', 'training_bars/month=2024-03', /\.parquet$/],
    ['at the commit of the first table of a month', 'rolls/_delta_log', /\.json$/],
    ['between the statistics and the rows of a month', 'monthly_statistics/_delta_log', /\.json$/],
    ['as it commits the rows of a month', 'training_bars/_delta_log', /^\.barline-tmp-/],
    ['when a month is committed', 'training_bars/_delta_log', /\.json$/],
  ])('%s', async (_moment, folder, name) => {
    const { child, exit } = start(next, '--force');
    await appears(join(lake, folder), name, exit);
    await finishJob(await killed(child, exit));
  });

  it('hit runs before, between and after the commits of their months', () => {
    process.stderr.write(`kills: ${JSON.stringify(tally)}\n`);
    expect(tally.untouched).toBeGreaterThan(0);
    expect(tally.between).toBeGreaterThan(0);
    expect(tally.untouched + tally.between + tally.replaced).toBe(10);
  });
});

describe('a run that is told to stop', () => {
  const places = [
    ['when its journal lies there', '_barline/runs', /\.json$/],
    ['when the data of a month is written', 'training_bars/month=2024-03', /\.parquet$/],
    ['when a month is committed', 'training_bars/_delta_log', /\.json$/],
  ] as const;
  const cases = places.flatMap(([moment, folder, name]) =>
    (
      [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const
    ).map(([signal, code]) => [signal, moment, folder, name, code] as const),
  );

  it.each(cases)('%s %s: clears up at once and says so', async (signal, _moment, folder, name, code) => {
    const { child, exit } = start(next, '--force');
    await appears(join(lake, folder), name, exit);
    child.kill(signal);
    const ended = await exit;
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code, signal: null });
    expect(ended.stderr).toContain('interrupted: finishing what is being committed');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    const newMonths = await expectWhole();
    await expectNoStrays();
    await finishJob(newMonths);
  });
});
