/** 24 months of some sessions each, the processes that make them, and what the lake then holds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeDbn } from '../../src/dbn/index.ts';
import { DeltaTable, openStorage, type S3Settings } from '../../src/delta/index.ts';
import { shiftMonth } from '../../src/months/index.ts';
import { generateMonth } from '../../src/sample/index.ts';
import { fileNameOf } from '../months/small-months.ts';

const FIRST_MONTH = '2023-01';
export const MONTHS = Array.from({ length: 24 }, (_, index) => shiftMonth(FIRST_MONTH, index));
/** Tables whose files hold no clock time, so that the same rows are the same bytes. */
export const TIMELESS = ['quarantine', 'rolls', 'training_bars'] as const;
/** Half an hour a day: what is tried here is how runs begin, commit and end, not how fast rows are made. */
export const SHORT_SESSION = `session: opening
sessions:
  opening: { zone: America/Chicago, open: '08:30', close: '09:00', calendar: cme-equity }
alerts: { sinks: [] }
`;
const TABLES = [...TIMELESS, 'monthly_statistics'] as const;

/** Writes the months with three days each, of which one at least has a session. */
export async function writeMonths(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const month of MONTHS) {
    const { metadata, batches } = generateMonth({
      instrument: 'ES',
      month,
      seed: 5,
      scale: 0.03,
      defects: false,
    });
    const kept = [...batches].filter(({ tsEvent, rowCount }) => {
      const middle = Number(tsEvent[Math.floor(rowCount / 2)] / 1_000_000n);
      const day = new Date(middle - 6 * 3_600_000).getUTCDate();
      return day >= 6 && day <= 8;
    });
    await writeDbn(join(folder, fileNameOf(month)), metadata, kept, { level: 1 });
  }
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Process {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Resolves when stderr has said this so often, or the process is gone. */
  says(text: RegExp, times: number): Promise<void>;
}

const BIN = join(import.meta.dirname, '../../src/cli/bin.ts');

/** `barline …` as the leader of a process group of its own, so that a kill meets all of it. */
export function startProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  wrapper: readonly string[] = [],
): Process {
  const { BARLINE_LAKE: _lake, BARLINE_SOURCE: _source, FORCE_COLOR: _color, ...inherited } = process.env;
  const [program = process.execPath, ...rest] = [...wrapper, process.execPath, BIN, ...args];
  const child = spawn(program, rest, {
    detached: true,
    env: { ...inherited, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const listeners = new Set<() => void>();
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes;
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes;
    for (const listen of listeners) listen();
  });
  const exit = new Promise<Exit>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    exit,
    says: (text, times) =>
      new Promise((resolve) => {
        const listen = () => {
          if ((stderr.match(new RegExp(text, 'gm')) ?? []).length >= times) resolve();
        };
        listeners.add(listen);
        listen();
        void exit.then(() => resolve());
      }),
  };
}

/** Sends a signal to a process and all it has started. */
export function signalTree({ child }: Process, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, signal);
}

/** Where a lake lies and how it is reached. */
export interface LakePlace {
  readonly uri: string;
  readonly s3?: S3Settings;
}

const open = ({ uri, s3 }: LakePlace, path: string) =>
  openStorage(`${uri}/${path}`, s3 === undefined ? {} : { s3 });

/** By table and month: what its data files hold. Of the statistics without times, memory and transaction numbers. */
export type LakeContents = Readonly<Record<string, Readonly<Record<string, string>>>>;

export async function lakeContents(place: LakePlace): Promise<LakeContents> {
  const tables = await Promise.all(
    TABLES.map(async (name): Promise<[string, Record<string, string>]> => {
      const storage = open(place, name);
      const table = await DeltaTable.open(storage);
      return [name, name === 'monthly_statistics' ? await documents(table) : await fileHashes(table)];
    }),
  );
  return Object.fromEntries(tables);
}

async function fileHashes(table: DeltaTable): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const file of (await table.scan()).files) {
    const bytes = await table.storage.read(decodeURIComponent(file.path));
    const month = String(file.partitionValues.month);
    hashes[month] = `${hashes[month] ?? ''}${createHash('sha256').update(bytes).digest('hex')}`;
  }
  return hashes;
}

async function documents(table: DeltaTable): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { month, document } of (await table.scan({ columns: ['month', 'document'] })).rows()) {
    const { processing_date, processing_time_minutes, performance, txn_version, ...timeless } = JSON.parse(
      String(document),
    );
    found[String(month)] = JSON.stringify(timeless);
  }
  return found;
}

/** Every data file that a table's newest version names is there with its size. */
export async function expectFiles(place: LakePlace): Promise<void> {
  for (const name of TABLES) {
    const table = await DeltaTable.open(open(place, name));
    for (const file of (await table.scan()).files) {
      const found = await table.storage.stat(decodeURIComponent(file.path));
      if (found?.byteLength !== file.size) throw new Error(`${name}: ${file.path} is not whole`);
    }
  }
}

/** Paths of all that is neither log nor named by a version: nothing, once a run has ended. */
export async function strayPaths(place: LakePlace): Promise<string[]> {
  const referenced = new Map<string, ReadonlySet<string>>();
  for (const name of TABLES) {
    referenced.set(name, await (await DeltaTable.open(open(place, name))).allReferencedPaths());
  }
  const stray: string[] = [];
  for await (const { path } of open(place, '').list('')) {
    const [table = '', ...rest] = path.split('/');
    const isLog = rest[0] === '_delta_log' && !path.includes('.barline-tmp');
    const isDocument = /^processed-data\/.*\/monthly_[^/]+\.json$/.test(path);
    if (!isLog && !isDocument && referenced.get(table)?.has(rest.join('/')) !== true) stray.push(path);
  }
  return stray;
}

/** How often the rows of each month were committed, by the log. */
export async function commitsByMonth(place: LakePlace): Promise<Record<string, number>> {
  const storage = open(place, 'training_bars');
  const counts: Record<string, number> = {};
  for await (const { path } of storage.list('_delta_log/')) {
    if (!/\/\d{20}\.json$/.test(path)) continue;
    const text = new TextDecoder().decode(await storage.read(path));
    const month = /"appId":"barline-month-(\d{4}-\d\d)"/.exec(text)?.[1];
    if (month !== undefined) counts[month] = (counts[month] ?? 0) + 1;
  }
  return counts;
}

/** The months of a run's `--json` output with this status. */
export function monthsOf(stdout: string, status: string): string[] {
  return stdout
    .split('\n')
    .filter((line) => line.includes(`"status":"${status}"`))
    .map((line) => String(JSON.parse(line).month));
}
