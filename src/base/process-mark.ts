/** Names of temporary folders that say whose they are, so that what a killed process left can be told and removed. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemCode } from './errors.ts';

/** Linux: the start time of a process in clock ticks since boot, with the boot's id; `zombie` for one that ended. Null elsewhere. */
export function startTokenOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the command in parentheses and may hold spaces; a zombie (Z) no longer writes
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : `${boot}-${fields[19]}`;
  } catch {
    return null;
  }
}

/** What such a folder is for. */
export type TemporaryKind = 'check' | 'checkpoint' | 'fetched' | 'query' | 'rows' | 'write';

const NAME = /^barline-(?:check|checkpoint|fetched|query|rows|write)-([0-9a-f]{8}-\d+-[0-9a-f]{12})-\d+$/;

/** What stands for an unknown start: such a process is gone only when its number is nobody's. */
const UNKNOWN_START = '0'.repeat(12);

let nextFolder = 1;

/** A fresh name for a folder of this process: machine, process, its start, and a number. */
export function temporaryFolderName(kind: TemporaryKind): string {
  return `barline-${kind}-${processMark()}-${nextFolder++}`;
}

/** This process in a name: machine, number, start. */
export function processMark(): string {
  return `${machineMark()}-${process.pid}-${startMark(process.pid)}`;
}

/** Whether a process lives of which only its mark is known; `unknown` on another machine. */
export function livenessOf(mark: string): 'alive' | 'dead' | 'unknown' {
  const [machine, pid, start = UNKNOWN_START] = mark.split('-');
  if (machine !== machineMark()) return 'unknown';
  return isGone(Number(pid), start) ? 'dead' : 'alive';
}

/** Makes a folder that only this user sees. Whoever does removes it; what a kill leaves goes with `removeLeftFolders`. */
export function makeTemporaryFolder(parent: string, kind: TemporaryKind): string {
  const folder = join(parent, temporaryFolderName(kind));
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

const swept = new Set<string>();

/**
 * Removes folders of such names that processes of this machine left when they were killed; once for each folder in
 * the life of a process. What cannot be removed stays: it may be another user's.
 */
export function removeLeftFolders(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of namesIn(folder)) {
    const mark = NAME.exec(name)?.[1];
    if (mark === undefined || livenessOf(mark) !== 'dead') continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isGone(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's
    return systemCode(error) !== 'EPERM';
  }
  return start !== UNKNOWN_START && startMark(pid) !== start;
}

function startMark(pid: number): string {
  const token = startTokenOf(pid);
  return token === null ? UNKNOWN_START : digest(token).slice(0, 12);
}

/** Processes of another host or container have numbers of their own. */
function machineMark(): string {
  let space = '';
  try {
    space = readlinkSync('/proc/self/ns/pid');
  } catch {
    // not Linux
  }
  return digest(`${hostname()}\n${space}`).slice(0, 8);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
