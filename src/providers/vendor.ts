/** What providers that ask a vendor have in common. */
import { BarlineError } from '../base/index.ts';
import type { HttpClient } from './http.ts';
import { type BarPage, type BarProvider, type BarRequest, TIMEFRAMES } from './provider.ts';

/** A provider whose bars come out of a client's answers. */
export function jsonProvider(
  name: string,
  client: HttpClient,
  fetchBars: (request: BarRequest) => AsyncIterable<BarPage>,
): BarProvider {
  return { name, isMock: false, timeframes: TIMEFRAMES, fetchBars, usage: () => client.usage };
}

/** The error of an answer whose form is not the documented one. */
export function notBars(client: HttpClient, expected: string, found: unknown): BarlineError {
  const { provider, secrets } = client.world;
  const text = secrets.mask(JSON.stringify(found) ?? 'nothing');
  return new BarlineError({
    code: 'PROVIDER_ANSWER',
    message: `${provider}: expected ${expected}, found ${text.length > 120 ? `${text.slice(0, 120)}…` : text}`,
    hint: 'the vendor may have changed its API; check the base URL in `barline providers`',
    facts: { provider, expected },
  });
}

/** A value's property; undefined where it is no object, or has none. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
