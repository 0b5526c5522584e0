/** Several providers as one: what the first cannot give, the next is asked for. */
import { BarlineError } from '../base/index.ts';
import type { ProviderEvent, ProviderUsage } from './calls.ts';
import type { BarPage, BarProvider, BarRequest } from './provider.ts';

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Asks the providers in order: a span that one fails to answer for, the next is asked for. Its name and `isMock` are
 * the first one's; a page tells by `answeredBy` whose it is. Throws the last error, naming the others, when none can
 * answer; an aborted signal ends it at once. Throws a usage error for no provider.
 */
export function withFallback(
  providers: readonly BarProvider[],
  onEvent?: (event: ProviderEvent) => void,
): BarProvider {
  const [first] = providers;
  if (first === undefined) throw new Error('no provider to fall back from');
  if (providers.length === 1) return first;
  return {
    name: first.name,
    isMock: first.isMock,
    timeframes: first.timeframes,
    ...(first.origin !== undefined && { origin: first.origin }),
    fetchBars: (request) => pagesOfAny(providers, request, onEvent),
    usage: () => usageOf(providers),
  };
}

async function* pagesOfAny(
  providers: readonly BarProvider[],
  request: BarRequest,
  onEvent: ((event: ProviderEvent) => void) | undefined,
): AsyncGenerator<BarPage, void, undefined> {
  let missing: readonly Span[] = [{ fromUs: request.fromUs, toUs: request.toUs }];
  const errors: BarlineError[] = [];
  for (const [k, provider] of providers.entries()) {
    const { name, isMock, origin } = provider;
    const answeredBy = { name, isMock, ...(origin !== undefined && { origin }) };
    try {
      for (const span of missing) {
        for await (const page of provider.fetchBars({ ...request, ...span })) {
          missing = without(missing, { fromUs: page.coveredFromUs, toUs: page.coveredToUs });
          yield { ...page, answeredBy };
        }
      }
      return;
    } catch (error) {
      if (request.signal.aborted || !(error instanceof BarlineError)) throw error;
      errors.push(error);
      const next = providers[k + 1]?.name;
      if (next !== undefined) onEvent?.({ kind: 'fallback', provider: name, next, error });
    }
  }
  throw allFailed(providers, errors);
}

/** The spans less what lies in `covered`. */
export function without(spans: readonly Span[], covered: Span): readonly Span[] {
  if (covered.fromUs >= covered.toUs) return spans;
  return spans.flatMap(({ fromUs, toUs }) =>
    [
      { fromUs, toUs: Math.min(toUs, covered.fromUs) },
      { fromUs: Math.max(fromUs, covered.toUs), toUs },
    ].filter((span) => span.fromUs < span.toUs),
  );
}

function allFailed(providers: readonly BarProvider[], errors: readonly BarlineError[]): BarlineError {
  const names = providers.map(({ name }) => name);
  return new BarlineError({
    code: 'PROVIDERS_FAILED',
    message: `none of ${names.join(', ')} could answer: ${errors.map(({ message }) => message).join(' | ')}`,
    hint: errors.at(-1)?.hint,
    cause: errors.at(-1),
    facts: { providers: names, codes: errors.map(({ code }) => code) },
  });
}

function usageOf(providers: readonly BarProvider[]): ProviderUsage {
  const usages = providers.flatMap((provider) => provider.usage?.() ?? []);
  const sum = (value: (usage: ProviderUsage) => number): number =>
    usages.reduce((total, usage) => total + value(usage), 0);
  return {
    requestCount: sum((usage) => usage.requestCount),
    retryCount: sum((usage) => usage.retryCount),
    rateLimitWaitSeconds: sum((usage) => usage.rateLimitWaitSeconds),
  };
}
