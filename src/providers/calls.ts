/** Calls to one vendor, however they are made: rate limit, retry, circuit breaker, and what it all cost. */
import type { BarlineError } from '../base/index.ts';
import type { Circuit } from './circuit.ts';
import type { Clock } from './clock.ts';
import { failureError, type HttpFailure } from './http-failure.ts';
import type { RateLimit } from './rate-limit.ts';

/** Waits before a second, third and fourth try of what may heal. */
export const RETRY_DELAYS_MS: readonly number[] = [5_000, 10_000, 20_000];

/** Longer than this no vendor's wish is waited for: the run ends, and the next one goes on. */
export const MAX_PAUSE_MS = 300_000;

/** What calls have cost so far. */
export interface ProviderUsage {
  readonly requestCount: number;
  readonly retryCount: number;
  readonly rateLimitWaitSeconds: number;
}

export type ProviderEvent =
  | {
      readonly kind: 'retry';
      readonly provider: string;
      readonly delaySeconds: number;
      readonly error: string;
    }
  | { readonly kind: 'pause'; readonly provider: string; readonly seconds: number }
  | {
      readonly kind: 'fallback';
      readonly provider: string;
      readonly next: string;
      readonly error: BarlineError;
    };

export interface CallsWorld {
  readonly provider: string;
  /** Null where the library that makes the calls keeps the limit itself. */
  readonly limit: RateLimit | null;
  readonly circuit: Circuit;
  readonly clock: Clock;
  /** Waits before further tries: 5, 10 and 20 s unless told. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  readonly onEvent?: ((event: ProviderEvent) => void) | undefined;
}

export interface Call {
  /** The call as errors name it, without keys. */
  readonly shown: string;
  readonly signal: AbortSignal;
  /** Not to be made again where the answer was lost: it may have been carried out. */
  readonly once?: boolean | undefined;
}

/** Carries a failure from an attempt to the one who decides whether it is tried again; never leaves this folder. */
export class FailedAttempt extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}

export class Calls {
  readonly #world: CallsWorld;
  #requestCount = 0;
  #retryCount = 0;

  constructor(world: CallsWorld) {
    this.#world = world;
  }

  get usage(): ProviderUsage {
    const rateLimitWaitSeconds = (this.#world.limit?.waitedMs ?? 0) / 1000;
    return { requestCount: this.#requestCount, retryCount: this.#retryCount, rateLimitWaitSeconds };
  }

  /** Counts a request as sent. */
  sent(): void {
    this.#requestCount++;
  }

  /** Nothing goes out before this: the vendor's window is used up. */
  pauseUntil(untilMs: number): void {
    this.#world.limit?.pauseUntil(Math.min(untilMs, this.#world.clock.now() + MAX_PAUSE_MS));
  }

  /**
   * Makes an attempt when the rate limit lets it; again after 5, 10 and 20 s where it may heal, and when the vendor
   * wants it where it was asked too often. Throws BarlineError PROVIDER_…, what an attempt throws that is no
   * `FailedAttempt`, and the reason of an aborted signal.
   */
  async make<T>(call: Call, attempt: () => Promise<T>): Promise<T> {
    const { circuit, limit, provider } = this.#world;
    for (let tries = 1; ; tries++) {
      await circuit.admit();
      let failure: HttpFailure;
      try {
        await limit?.take(call.signal);
        const answer = await attempt();
        await circuit.succeeded();
        return answer;
      } catch (error) {
        if (!(error instanceof FailedAttempt)) {
          circuit.abandoned();
          throw error;
        }
        failure = error.failure;
      }
      if (failure.kind === 'transient') await circuit.failed(failure.reason);
      else await circuit.succeeded();
      const delayMs = call.once && failure.kind === 'transient' ? undefined : this.#delayOf(failure, tries);
      if (delayMs === undefined) throw failureError(provider, call.shown, failure, tries);
      this.#retryCount++;
      await this.#waitFor(failure, delayMs, call.signal);
    }
  }

  async #waitFor(failure: HttpFailure, delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock, limit, onEvent, provider } = this.#world;
    const seconds = delayMs / 1000;
    if (failure.kind !== 'throttled') {
      onEvent?.({ kind: 'retry', provider, delaySeconds: seconds, error: failure.reason });
      await clock.sleep(delayMs, signal);
      return;
    }
    onEvent?.({ kind: 'pause', provider, seconds });
    if (limit === null) await clock.sleep(delayMs, signal);
    else limit.pauseUntil(clock.now() + delayMs);
  }

  /** How long to wait before the next try; undefined where there is none. */
  #delayOf(failure: HttpFailure, tries: number): number | undefined {
    const delayMs = (this.#world.retryDelaysMs ?? RETRY_DELAYS_MS)[tries - 1];
    if (failure.kind === 'permanent' || delayMs === undefined) return undefined;
    const { retryAfterMs } = failure;
    if (retryAfterMs === undefined) return delayMs;
    return retryAfterMs <= MAX_PAUSE_MS ? retryAfterMs : undefined;
  }
}
