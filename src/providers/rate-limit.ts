/** One vendor's rate limit, shared by everything that asks it. */
import type { Clock } from './clock.ts';

export interface RateLimitOptions {
  readonly requestsPerMinute: number;
  /** Requests that may go out at once after a rest; 1 keeps them evenly spaced. */
  readonly burst: number;
}

/**
 * A token bucket (as the generic cell rate algorithm of ITU-T I.371): `burst` tokens at most, refilled evenly.
 * Requests go out in the order they asked, each at the earliest moment the bucket allows, so the limit stays
 * saturated however many assets wait. In any t minutes at most `burst + requestsPerMinute × t` go out.
 */
export class RateLimit {
  /** Wall time during which a request could have gone out but for the limit, or for a pause the vendor asked for. */
  waitedMs = 0;
  readonly #clock: Clock;
  readonly #spacingMs: number;
  readonly #toleranceMs: number;
  /** When the bucket is full again if nothing more is taken. */
  #fullAtMs = Number.NEGATIVE_INFINITY;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #last: Promise<void> = Promise.resolve();

  constructor(options: RateLimitOptions, clock: Clock) {
    this.#clock = clock;
    this.#spacingMs = 60_000 / options.requestsPerMinute;
    this.#toleranceMs = this.#spacingMs * (Math.max(1, options.burst) - 1);
  }

  /** Resolves when a request may go out. Throws the signal's reason when aborted; no token is spent then. */
  take(signal: AbortSignal): Promise<void> {
    const turn = this.#last.then(() => this.#wait(signal));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Lets nothing out before `untilMs`, and no burst after it: the vendor said so. */
  pauseUntil(untilMs: number): void {
    if (untilMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = untilMs;
    this.#fullAtMs = Math.max(this.#fullAtMs, untilMs + this.#toleranceMs);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const startMs = this.#clock.now();
    let now = startMs;
    try {
      for (;;) {
        const dueMs = Math.max(this.#fullAtMs - this.#toleranceMs, this.#pausedUntilMs);
        if (now >= dueMs) break;
        await this.#clock.sleep(Math.max(1, Math.ceil(dueMs - now)), signal);
        now = this.#clock.now();
      }
    } finally {
      this.waitedMs += now - startMs;
    }
    this.#fullAtMs = Math.max(now, this.#fullAtMs) + this.#spacingMs;
  }
}
