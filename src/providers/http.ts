/** Calls to one vendor: rate limit, time-out, retry, circuit breaker, and no key in what is thrown. */
import type { BarlineError } from '../base/index.ts';
import type { Circuit } from './circuit.ts';
import type { Clock } from './clock.ts';
import { failureError, type HttpFailure, notJson, statusFailure, windowEndMs } from './http-failure.ts';
import type { RateLimit } from './rate-limit.ts';
import { messageChain, type Secrets } from './secrets.ts';

/** Waits before a second, third and fourth try of what may heal. */
export const RETRY_DELAYS_MS: readonly number[] = [5_000, 10_000, 20_000];

/** Longer than this no vendor's wish is waited for: the run ends, and the next one goes on. */
const MAX_PAUSE_MS = 300_000;

/** How a 200 that is none is told: undefined where the body is an answer. */
export type Inspection = (body: unknown) => Pick<HttpFailure, 'kind' | 'reason' | 'retryAfterMs'> | undefined;

export interface HttpRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form, which makes the request a POST. */
  readonly form?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

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

export interface HttpWorld {
  readonly provider: string;
  readonly baseUrl: string;
  readonly timeoutSeconds: number;
  /** Sent with every request, e.g. the key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
  readonly limit: RateLimit;
  readonly circuit: Circuit;
  readonly clock: Clock;
  readonly onEvent?: ((event: ProviderEvent) => void) | undefined;
}

export class HttpClient {
  readonly world: HttpWorld;
  #requestCount = 0;
  #retryCount = 0;
  /** How far the vendor's clock is behind ours; 0 where it is ahead. */
  #behindMs = 0;

  constructor(world: HttpWorld) {
    this.world = world;
  }

  get usage(): ProviderUsage {
    const rateLimitWaitSeconds = this.world.limit.waitedMs / 1000;
    return { requestCount: this.#requestCount, retryCount: this.#retryCount, rateLimitWaitSeconds };
  }

  /** Now, by our clock or the vendor's, whichever is behind: a bar has closed only if both say so. */
  nowMs(): number {
    return this.world.clock.now() - this.#behindMs;
  }

  /** The JSON of an answer. Throws what `send` throws. */
  json(request: HttpRequest, inspect?: Inspection): Promise<unknown> {
    return this.send(request, async (response) => {
      const text = await response.text();
      let body: unknown;
      try {
        body = JSON.parse(text);
      } catch {
        throw new FailedRequest(notJson(response.status, this.world.secrets.mask(text)));
      }
      const found = inspect?.(body);
      if (found === undefined) return body;
      const code = found.kind === 'throttled' ? 'PROVIDER_THROTTLED' : 'PROVIDER_REFUSED';
      const reason = this.world.secrets.mask(found.reason);
      throw new FailedRequest({ code, status: response.status, ...found, reason });
    });
  }

  /**
   * Sends a request and has `read` take its answer, both within the time-out; asks again after 5, 10 and 20 s what
   * may heal, and when a vendor wants it that asked us to wait. Throws BarlineError PROVIDER_… and the reason of
   * an aborted signal.
   */
  async send<T>(request: HttpRequest, read: (response: Response) => Promise<T>): Promise<T> {
    const { circuit, clock, limit, provider } = this.world;
    for (let attempt = 0; ; attempt++) {
      await circuit.admit();
      let failure: HttpFailure;
      try {
        await limit.take(request.signal);
        const answer = await this.#attempt(request, read);
        await circuit.succeeded();
        return answer;
      } catch (error) {
        if (!(error instanceof FailedRequest)) {
          circuit.abandoned();
          throw error;
        }
        failure = error.failure;
      }
      if (failure.kind === 'transient') await circuit.failed(failure.reason);
      else await circuit.succeeded();
      const delayMs = waitOf(failure, attempt);
      if (delayMs === undefined) throw failureError(provider, this.#shown(request), failure, attempt + 1);
      this.#retryCount++;
      if (failure.kind === 'throttled') {
        limit.pauseUntil(clock.now() + delayMs);
        this.world.onEvent?.({ kind: 'pause', provider, seconds: delayMs / 1000 });
        continue;
      }
      const delaySeconds = delayMs / 1000;
      this.world.onEvent?.({ kind: 'retry', provider, delaySeconds, error: failure.reason });
      await clock.sleep(delayMs, request.signal);
    }
  }

  async #attempt<T>(request: HttpRequest, read: (response: Response) => Promise<T>): Promise<T> {
    const { secrets, timeoutSeconds, clock, limit } = this.world;
    const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
    this.#requestCount++;
    try {
      const response = await fetch(this.#url(request), {
        ...(request.form && { method: 'POST', body: new URLSearchParams(request.form) }),
        headers: {
          accept: 'application/json',
          'user-agent': 'barline',
          ...this.world.headers,
          ...request.headers,
        },
        signal: AbortSignal.any([request.signal, timeout]),
      });
      this.#noteClock(response.headers);
      const windowEnd = windowEndMs(response.headers, clock.now());
      if (windowEnd !== undefined) limit.pauseUntil(Math.min(windowEnd, clock.now() + MAX_PAUSE_MS));
      if (response.ok) return await read(response);
      const body = secrets.mask(await response.text());
      throw new FailedRequest(statusFailure(response.status, response.headers, body, clock.now()));
    } catch (error) {
      if (error instanceof FailedRequest) throw error;
      if (request.signal.aborted) throw request.signal.reason;
      if (!isNetworkError(error)) throw error;
      const reason = timeout.aborted
        ? `no answer within ${timeoutSeconds} s`
        : secrets.mask(messageChain(error));
      const code = timeout.aborted ? 'PROVIDER_TIMEOUT' : 'PROVIDER_UNREACHABLE';
      throw new FailedRequest({ kind: 'transient', code, reason, status: null, cause: secrets.cause(error) });
    }
  }

  /** A `Date` of the vendor's that is behind ours by more than its one-second grain and the way here. */
  #noteClock(headers: Headers): void {
    const theirs = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return;
    const behindMs = this.world.clock.now() - theirs;
    this.#behindMs = behindMs > 2_000 ? behindMs : 0;
  }

  #url(request: HttpRequest): string {
    const url = new URL(this.world.baseUrl.replace(/\/+$/, '') + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /** The request as errors name it, without keys. */
  #shown(request: HttpRequest): string {
    const method = request.form === undefined ? 'GET' : 'POST';
    return `${method} ${this.world.secrets.mask(this.#url(request))}`;
  }
}

/** Carries a failure out of an attempt; never leaves this file. */
class FailedRequest extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure) {
    super(failure.reason);
    this.failure = failure;
  }
}

/** What `fetch` and reading a body throw where the network failed: a TypeError, an abort, or a socket's error. */
function isNetworkError(error: unknown): boolean {
  if (error instanceof DOMException) return true;
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'TimeoutError' ||
    'code' in error ||
    (error instanceof TypeError && error.cause !== undefined)
  );
}

/** How long to wait before the next try; undefined where there is none. */
function waitOf(failure: HttpFailure, attempt: number): number | undefined {
  const delayMs = RETRY_DELAYS_MS[attempt];
  if (failure.kind === 'permanent' || delayMs === undefined) return undefined;
  const { retryAfterMs } = failure;
  if (retryAfterMs === undefined) return delayMs;
  return retryAfterMs <= MAX_PAUSE_MS ? retryAfterMs : undefined;
}
