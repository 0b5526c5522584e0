import { hostname } from 'node:os';
import { startTokenOf, systemCode } from '../base/index.ts';
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
