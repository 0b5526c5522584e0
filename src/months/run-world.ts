import { setTimeout as delay } from 'node:timers/promises';
import { livenessOf } from '../base/index.ts';

/** What a run needs of the world besides its places; tests hand in their own. */
export interface RunWorld {
  /** Milliseconds that only ever grow, from any start: what time-outs are measured by. */
  monotonicMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Rejects when the signal is aborted. */
  sleepMs(durationMs: number, signal: AbortSignal): Promise<void>;
  /** Of a process of which its mark is known. */
  livenessOf(mark: string): 'alive' | 'dead' | 'unknown';
}

export const systemWorld: RunWorld = {
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
  sleepMs: async (durationMs, signal) => {
    await delay(durationMs, undefined, { signal });
  },
  livenessOf,
};
