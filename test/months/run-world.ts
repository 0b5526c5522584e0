import { setTimeout as delay } from 'node:timers/promises';
import type { RunWorld } from '../../src/months/run-world.ts';

/** A world whose time a test moves, and in which it says who lives. */
export class TestWorld implements RunWorld {
  nowMs = 0;
  /** By a run's mark; what is not here is elsewhere. */
  readonly processes = new Map<string, 'alive' | 'dead'>();
  /** What was slept for, in order. */
  readonly sleptMs: number[] = [];
  readonly #wakers: { readonly atMs: number; readonly wake: () => void }[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  random(): number {
    return 0.5;
  }

  async sleepMs(durationMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.sleptMs.push(durationMs);
    await new Promise<void>((resolve, reject) => {
      this.#wakers.push({ atMs: this.nowMs + durationMs, wake: resolve });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  livenessOf(mark: string): 'alive' | 'dead' | 'unknown' {
    return this.processes.get(mark) ?? 'unknown';
  }

  /** Time passes, and those who slept so long go on. */
  async pass(durationMs: number): Promise<void> {
    this.nowMs += durationMs;
    for (const sleeper of this.#wakers.filter(({ atMs }) => atMs <= this.nowMs)) {
      this.#wakers.splice(this.#wakers.indexOf(sleeper), 1);
      sleeper.wake();
    }
    await delay(1);
  }
}
