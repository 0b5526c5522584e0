/** What the machine itself offers: runtime, memory, cores, clock data, temporary files, DuckDB. */
import { randomUUID } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { BarlineError, formatByteLength, systemCode } from '../base/index.ts';
import { DuckDbSession } from '../duckdb/index.ts';
import { type Finding, fail, failed, ok, warn } from './finding.ts';

const LEAST_NODE = [22, 22];
/** One month at a time fits into this. */
const LEAST_MEMORY = 1e9;
const LEAST_TEMPORARY = 1e9;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isFit = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  if (isFit) return ok('node', `Node ${version}`);
  return fail('node', `Node ${version}; expected ${LEAST_NODE.join('.')} or newer`, 'install Node 24');
}

/** The limit is a container's, where there is one below what the machine has. */
export function checkMemory(budgetByteLength: number, constrained = process.constrainedMemory()): Finding {
  const machine = totalmem();
  const limit = constrained > 0 && constrained < machine ? constrained : machine;
  const where =
    limit < machine ? ` (the limit of this container; the machine has ${formatByteLength(machine)})` : '';
  const detail = `${formatByteLength(limit)}${where}; a run may take ${formatByteLength(budgetByteLength)}`;
  if (limit < LEAST_MEMORY) {
    return fail(
      'memory',
      detail,
      `give it at least ${formatByteLength(LEAST_MEMORY)}: a month needs that much`,
    );
  }
  if (budgetByteLength <= limit) return ok('memory', detail);
  return warn('memory', detail, `set run.memory in barline.yaml below ${formatByteLength(limit)}`);
}

export function checkCores(workers: number): Finding {
  const cores = availableParallelism();
  const detail = `${cores} ${cores === 1 ? 'core' : 'cores'}; a run takes ${workers} worker ${workers === 1 ? 'thread' : 'threads'}`;
  if (workers <= cores) return ok('cores', detail);
  return warn(
    'cores',
    detail,
    `set run.workers to ${cores}: more threads than cores cost memory and gain nothing`,
  );
}

/** UTC instant and its hour in Chicago: just before and after both changes of the clock in 2024. */
const CHICAGO_HOURS: readonly (readonly [string, number])[] = [
  ['2024-03-10T07:59:59Z', 1],
  ['2024-03-10T08:00:00Z', 3],
  ['2024-11-03T06:59:59Z', 1],
  ['2024-11-03T07:00:00Z', 1],
  ['2024-11-03T08:00:00Z', 2],
];

export function checkTimeZones(): Finding {
  const action =
    'install a Node with full time zone data (the official builds have it), or unset NODE_ICU_DATA';
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/Chicago',
      hour: 'numeric',
      hourCycle: 'h23',
    });
  } catch {
    return fail('time zones', 'America/Chicago is not known', action);
  }
  const wrong = CHICAGO_HOURS.find(([instant, hour]) => Number(clock.format(new Date(instant))) !== hour);
  const data = `ICU ${process.versions.icu ?? 'none'}, time zones ${process.versions.tz ?? 'unknown'}`;
  if (wrong === undefined) return ok('time zones', `${data}; both changes of the clock in Chicago are right`);
  return fail('time zones', `${data}; ${wrong[0]} is not ${wrong[1]} o’clock in Chicago`, action);
}

export async function checkTemporaryFolder(folder: string): Promise<Finding> {
  const action = 'set TMPDIR to a folder you may write to, with a few GB free';
  const path = join(folder, `barline-doctor-${randomUUID()}`);
  try {
    const file = await open(path, 'wx');
    await file.close();
    await rm(path);
    const { bavail, bsize } = await statfs(folder);
    const detail = `${folder}: ${formatByteLength(bavail * bsize)} free`;
    return bavail * bsize < LEAST_TEMPORARY
      ? warn('temporary folder', detail, action)
      : ok('temporary folder', detail);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return fail('temporary folder', `${folder} cannot be written (${code})`, action);
  }
}

export async function checkDuckDb(temporaryFolder: string): Promise<Finding> {
  const action = 'install Barline anew on this machine: DuckDB has a build for each kind (npm ci)';
  try {
    using session = await DuckDbSession.open({ memoryByteLength: 256e6, threads: 1, temporaryFolder });
    const version = await session.value('SELECT version()', 'doctor');
    return ok('duckdb', `DuckDB ${String(version)} loads and answers`);
  } catch (error) {
    if (error instanceof BarlineError) return failed('duckdb', error, action);
    // a native library that cannot be loaded throws what it likes
    return fail(
      'duckdb',
      error instanceof Error ? error.message.split('\n', 1).join('') : String(error),
      action,
    );
  }
}
