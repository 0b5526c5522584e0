import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from '../base/index.ts';
import type { LivenessProbe, ProcessIdentity } from './run-journal.ts';

/** This process, as other runs will judge it. */
export function currentProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, startToken: startTokenOf(process.pid) };
}

/** Alive or dead on this machine; unknown on any other. */
export const probeProcess: LivenessProbe = (identity) => {
  if (identity.host !== hostname()) return 'unknown';
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's
    if (systemCode(error) !== 'EPERM') return 'dead';
  }
  const token = startTokenOf(identity.pid);
  if (token === null || identity.startToken === null) return 'alive';
  return token === identity.startToken ? 'alive' : 'dead';
};

/** Linux: the start time of a process in clock ticks since boot, with the boot's id. Null elsewhere. */
function startTokenOf(pid: number): string | null {
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
