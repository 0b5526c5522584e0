import { randomBytes } from 'node:crypto';
import { processMark } from '../base/index.ts';

const RUN_ID = /run[0-9a-z]+-([0-9a-f]{8}-\d+-[0-9a-f]{12})/;

/** A run's id stands in the names of all files it writes, and says which process it is. */
export function newRunId(nowMs: number): string {
  return `run${nowMs.toString(36)}${randomBytes(4).toString('hex')}-${processMark()}`;
}

/** The id of the run that a file's name bears. */
export function runIdIn(name: string): string | undefined {
  return RUN_ID.exec(name)?.[0];
}

/** The process that an id names, as `livenessOf` takes it; empty when it names none. */
export function markOfRun(runId: string): string {
  return RUN_ID.exec(runId)?.[1] ?? '';
}
