import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What a table needs of the world besides its storage; tests hand in their own. */
export interface DeltaEnvironment {
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  sleepMs(durationMs: number): Promise<void>;
  uuid(): string;
  /** Who writes, as it stands in each commit. */
  readonly engineInfo: string;
}

export const systemEnvironment: DeltaEnvironment = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  sleepMs: async (durationMs) => {
    await delay(durationMs);
  },
  uuid: () => randomUUID(),
  engineInfo: `barline/${packageVersion()}`,
};

function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
  return 'unknown';
}
