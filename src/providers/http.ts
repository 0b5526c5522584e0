/** HTTP requests to one vendor, with no key in what is thrown. */
import { answerText, failureWords } from './answer-body.ts';
import { Calls, type CallsWorld, FailedAttempt, type ProviderUsage } from './calls.ts';
import { type HttpFailure, notJson, statusFailure, windowEndMs } from './http-failure.ts';
import { messageChain, type Secrets } from './secrets.ts';

/** How a 200 that is none is told: undefined where the body is an answer. */
export type Inspection = (body: unknown) => Pick<HttpFailure, 'kind' | 'reason' | 'retryAfterMs'> | undefined;

export interface HttpRequest {
  /** Under the base URL, or a whole address. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** More headers, asked for before each try. */
  readonly headersNow?: () => Promise<Readonly<Record<string, string>>>;
  /** Not to be asked again where the answer was lost: it may have been carried out. */
  readonly once?: boolean;
  /** Sent as a form, which makes the request a POST. */
  readonly form?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export type ReadAnswer<T> = (response: Response, stillComing: () => void) => Promise<T>;

export interface HttpWorld extends CallsWorld {
  readonly baseUrl: string;
  readonly timeoutSeconds: number;
  /** Sent with every request, e.g. the key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
}

/** A `Date` header has a grain of a second, and took its time to come. */
const CLOCK_TOLERANCE_MS = 2_000;

export class HttpClient {
  readonly world: HttpWorld;
  readonly #calls: Calls;
  /** How far the vendor's clock is behind ours; 0 where it is ahead. */
  #behindMs = 0;

  constructor(world: HttpWorld) {
    this.world = world;
    this.#calls = new Calls(world);
  }

  get usage(): ProviderUsage {
    return this.#calls.usage;
  }

  /** Now, by our clock or the vendor's, whichever is behind: a bar has closed only if both say so. */
  nowMs(): number {
    return this.world.clock.now() - this.#behindMs;
  }

  /** The JSON of an answer. Throws what `send` throws. */
  json(request: HttpRequest, inspect?: Inspection): Promise<unknown> {
    const { secrets } = this.world;
    return this.send(request, async (response) => {
      const text = await answerText(response);
      let body: unknown;
      try {
        body = JSON.parse(text);
      } catch {
        throw new FailedAttempt(notJson(response.status, secrets.mask(text)));
      }
      const found = inspect?.(body);
      if (found === undefined) return body;
      const code = found.kind === 'throttled' ? 'PROVIDER_THROTTLED' : 'PROVIDER_REFUSED';
      const reason = secrets.mask(found.reason);
      throw new FailedAttempt({ code, status: response.status, ...found, reason });
    });
  }

  /**
   * Sends a request and has `read` take its answer, both within the time-out, which a long answer begins anew by
   * calling `stillComing`. Tries again and throws as `Calls.make` does.
   */
  send<T>(request: HttpRequest, read: ReadAnswer<T>): Promise<T> {
    const shown = `${request.form === undefined ? 'GET' : 'POST'} ${this.world.secrets.mask(this.#url(request))}`;
    const { signal, once } = request;
    return this.#calls.make({ shown, signal, once }, () => this.#attempt(request, read));
  }

  async #attempt<T>(request: HttpRequest, read: ReadAnswer<T>): Promise<T> {
    const { secrets, timeoutSeconds, clock, headers } = this.world;
    const more = await request.headersNow?.();
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutSeconds * 1000);
    this.#calls.sent();
    try {
      const response = await fetch(this.#url(request), {
        ...(request.form && { method: 'POST', body: new URLSearchParams(request.form) }),
        headers: {
          accept: 'application/json',
          'user-agent': 'barline',
          ...headers,
          ...request.headers,
          ...more,
        },
        signal: AbortSignal.any([request.signal, timeout.signal]),
      });
      this.#noteClock(response.headers);
      const windowEnd = windowEndMs(response.headers, clock.now());
      if (windowEnd !== undefined) this.#calls.pauseUntil(windowEnd);
      if (response.ok) return await read(response, () => timer.refresh());
      const body = secrets.mask(await failureWords(response));
      throw new FailedAttempt(statusFailure(response.status, response.headers, body, clock.now()));
    } catch (error) {
      if (error instanceof FailedAttempt) throw error;
      if (request.signal.aborted) throw request.signal.reason;
      if (!isNetworkError(error)) throw error;
      const timedOut = timeout.signal.aborted;
      const reason = timedOut ? `no answer within ${timeoutSeconds} s` : secrets.mask(messageChain(error));
      const code = timedOut ? 'PROVIDER_TIMEOUT' : 'PROVIDER_UNREACHABLE';
      const cause = secrets.cause(error);
      throw new FailedAttempt({ kind: 'transient', code, reason, status: null, cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #noteClock(headers: Headers): void {
    const theirs = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return;
    const behindMs = this.world.clock.now() - theirs;
    this.#behindMs = behindMs > CLOCK_TOLERANCE_MS ? behindMs : 0;
  }

  #url(request: HttpRequest): string {
    const isWhole = /^https?:/.test(request.path);
    const url = new URL(isWhole ? request.path : this.world.baseUrl.replace(/\/+$/, '') + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }
}

/** To be thrown while an answer is read that ended too soon: it is asked for again. */
export function unfinished(reason: string): Error {
  return new FailedAttempt({ kind: 'transient', code: 'PROVIDER_UNFINISHED', reason, status: null });
}

/** What `fetch` and reading a body throw where the network failed: an abort, a socket's error, or one with such a cause. */
function isNetworkError(error: unknown): boolean {
  if (error instanceof DOMException) return true;
  if (!(error instanceof Error)) return false;
  return error instanceof TypeError ? error.cause !== undefined : /^(?:UND_ERR|E[A-Z]+$)/.test(codeOf(error));
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
