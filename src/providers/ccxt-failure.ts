/** What ccxt's errors mean. They are told by their names, as its class tree has them. */
import type { HttpFailure } from './http-failure.ts';
import { messageChain, type Secrets } from './secrets.ts';

const MAX_REASON = 300;

/** The failure that an error of the library stands for; undefined for one that is not the library's. */
export function ccxtFailure(error: unknown, secrets: Secrets): HttpFailure | undefined {
  const names = classNames(error);
  if (!names.includes('BaseError')) return undefined;
  const text = secrets.mask(messageChain(error)).replaceAll(/\s+/g, ' ');
  const reason = text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
  const of = (kind: HttpFailure['kind'], code: string): HttpFailure => ({
    kind,
    code,
    reason,
    status: null,
    cause: secrets.cause(error),
  });
  if (names.includes('RateLimitExceeded') || names.includes('DDoSProtection')) {
    return of('throttled', 'PROVIDER_THROTTLED');
  }
  if (names.includes('RequestTimeout')) return of('transient', 'PROVIDER_TIMEOUT');
  if (names.includes('OperationFailed')) return of('transient', 'PROVIDER_FAILED');
  if (names.includes('AuthenticationError')) return of('permanent', 'PROVIDER_FORBIDDEN');
  return of('permanent', 'PROVIDER_REFUSED');
}

/** The names of an error's class and of those it extends. */
function classNames(error: unknown): string[] {
  const names: string[] = [];
  for (
    let each: unknown = error;
    each !== null && typeof each === 'object';
    each = Object.getPrototypeOf(each)
  ) {
    if (each !== error) names.push(each.constructor.name);
  }
  return names;
}
