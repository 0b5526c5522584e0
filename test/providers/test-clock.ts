import type { Clock } from '../../src/providers/index.ts';

/** A clock that stands still but for sleeps, which are over at once. */
export class TestClock implements Clock {
  nowMs: number;
  readonly slept: number[] = [];

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  now(): number {
    return this.nowMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const wakeMs = this.nowMs + ms;
    this.slept.push(ms);
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    this.nowMs = Math.max(this.nowMs, wakeMs);
  }
}
