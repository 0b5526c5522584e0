/** What a request that brought no answer means, and whether asking again may help. */
import { BarlineError } from '../base/index.ts';

/** May heal by itself; asked too often; or will be the same next time. */
export type FailureKind = 'transient' | 'throttled' | 'permanent';

export interface HttpFailure {
  readonly kind: FailureKind;
  readonly code: string;
  /** What the vendor or the network said, masked. */
  readonly reason: string;
  /** The status of the answer; null where there was none. */
  readonly status: number | null;
  /** When the vendor lets us ask again, milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly hint?: string;
  readonly cause?: Error;
}

const TRANSIENT = new Set([408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 527, 529]);

const MAX_REASON = 200;

/** The failure that a status other than 2xx stands for; `body` is masked text. */
export function statusFailure(status: number, headers: Headers, body: string, nowMs: number): HttpFailure {
  const said = saidIn(body);
  const reason = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`;
  const retryAfterMs = retryAfterOf(headers, nowMs);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
    return { kind: 'throttled', code: 'PROVIDER_THROTTLED', reason, status, ...wait };
  }
  if (TRANSIENT.has(status)) return { kind: 'transient', code: 'PROVIDER_FAILED', reason, status };
  if (status === 401 || status === 403) {
    const hint = 'check that the key is right and that your plan includes what was asked';
    return { kind: 'permanent', code: 'PROVIDER_FORBIDDEN', reason, status, hint };
  }
  return { kind: 'permanent', code: 'PROVIDER_REFUSED', reason, status };
}

/** A body that is no JSON: a page of a proxy or a cut answer, which may be right next time. */
export function notJson(status: number, body: string): HttpFailure {
  const what = /^\s*</.test(body) ? 'an HTML page' : body === '' ? 'nothing' : 'other text';
  const said = saidIn(body);
  const reason = `expected JSON, found ${what}${said === '' ? '' : `: ${said}`}`;
  return { kind: 'transient', code: 'PROVIDER_NOT_JSON', reason, status };
}

/** Seconds or a date (RFC 9110, 10.2.3); undefined where the header is absent or unreadable. */
export function retryAfterOf(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const waitMs = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

/**
 * When the vendor's window ends, if its headers say that nothing is left of it: `X-RateLimit-Remaining: 0` with
 * `X-RateLimit-Reset` as seconds from now, or as seconds or milliseconds since the epoch.
 */
export function windowEndMs(headers: Headers, nowMs: number): number | undefined {
  const of = (name: string): number => Number.parseFloat(headers.get(name) ?? '');
  const remaining = of('x-ratelimit-remaining');
  const reset = of('x-ratelimit-reset');
  if (!(remaining <= 0) || Number.isNaN(reset)) return undefined;
  if (reset > 1e11) return reset;
  return reset > 1e8 ? reset * 1000 : nowMs + reset * 1000;
}

/** A vendor's words in an error's body, whatever its form, in one line. */
function saidIn(body: string): string {
  let text = body;
  try {
    text = wordsOf(JSON.parse(body)) ?? body;
  } catch {
    text = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? body.replaceAll(/<[^>]*>/g, ' ');
  }
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line;
}

const WORDS = ['message', 'errorMessage', 'detail', 'error', 'msg', 'Error Message', 'Information', 'Note'];

function wordsOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of WORDS) {
    const words = wordsOf(Reflect.get(value, key));
    if (words !== undefined) return words;
  }
  return undefined;
}

/** The failure as the error a command shows. */
export function failureError(
  provider: string,
  request: string,
  failure: HttpFailure,
  attempts: number,
): BarlineError {
  const tries = attempts > 1 ? ` (asked ${attempts} times)` : '';
  return new BarlineError({
    code: failure.code,
    message: `${provider}: ${request}: ${failure.reason}${tries}`,
    hint: failure.hint ?? HINTS[failure.kind],
    cause: failure.cause,
    facts: { provider, status: failure.status, attempts, kind: failure.kind },
  });
}

const HINTS: Readonly<Record<FailureKind, string>> = {
  transient: 'run the command again later, or name another provider behind it: --provider a,b',
  throttled: 'lower `requests_per_minute` of the provider in barline.yaml, or wait for its limit to reset',
  permanent: 'see docs/providers.md for what the provider offers and how its symbols are written',
};
