import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { VERSION } from '../base/index.ts';

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
  engineInfo: `barline/${VERSION}`,
};
