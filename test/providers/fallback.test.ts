import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { coarserBars } from '../../src/providers/coarser.ts';
import {
  type BarPage,
  type BarProvider,
  type ProviderEvent,
  TIMEFRAMES,
  withFallback,
} from '../../src/providers/index.ts';
import { type PageSource, pagesOf } from '../../src/providers/pages.ts';
import { barUsOf, coveredBy, marketBars, pagesFrom, timesOf, valuesOf } from './bars.ts';

const NOW_US = Date.UTC(2024, 2, 1, 12) * 1000;
const HOUR_US = 3600e6;
const request = { asset: 'BTCUSD', timeframe: '1h' as const, fromUs: NOW_US - 100 * HOUR_US, toUs: NOW_US };

/** Gives pages of ten hours, and fails after so many. */
function failing(
  name: string,
  pagesBefore: number,
  error: Error,
): BarProvider & { asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    name,
    isMock: name === 'replay',
    timeframes: TIMEFRAMES,
    asked,
    usage: () => ({ requestCount: asked.length, retryCount: 1, rateLimitWaitSeconds: 0.5 }),
    fetchBars: async function* ({ fromUs, toUs }): AsyncGenerator<BarPage> {
      asked.push([fromUs, toUs]);
      let pages = 0;
      for (let from = fromUs; from < toUs; from += 10 * HOUR_US) {
        if (pages++ === pagesBefore) throw error;
        const to = Math.min(toUs, from + 10 * HOUR_US);
        const bars = marketBars(HOUR_US, from, to).map((bar) => ({ ...bar, original: bar }));
        yield { bars, coveredFromUs: from, coveredToUs: to, sourceFile: null };
      }
    },
  };
}

const down = new BarlineError({ code: 'PROVIDER_CIRCUIT_OPEN', message: 'a: not asked', hint: 'later' });

describe('providers behind one another', () => {
  it('are asked for what those before them did not answer for, and no more', async () => {
    const [a, b, c] = [failing('a', 3, down), failing('b', 2, down), failing('replay', 99, down)];
    const events: ProviderEvent[] = [];
    const provider = withFallback([a, b, c], (event) => events.push(event));
    const pages = await pagesFrom(provider, request);
    expect(timesOf(pages)).toEqual(marketBars(HOUR_US, request.fromUs, request.toUs).map(({ tsUs }) => tsUs));
    expect(coveredBy(pages)).toEqual([[request.fromUs, request.toUs]]);
    expect(b.asked).toEqual([[request.fromUs + 30 * HOUR_US, request.toUs]]);
    expect(c.asked).toEqual([[request.fromUs + 50 * HOUR_US, request.toUs]]);
    expect(pages.map(({ answeredBy }) => answeredBy?.name).join(' ')).toBe(
      'a a a b b replay replay replay replay replay',
    );
    expect(pages.at(-1)?.answeredBy).toEqual({ name: 'replay', isMock: true });
    expect(events.map((event) => event.kind === 'fallback' && `${event.provider} ${event.next}`)).toEqual([
      'a b',
      'b replay',
    ]);
    expect(provider.usage?.()).toEqual({ requestCount: 3, retryCount: 3, rateLimitWaitSeconds: 1.5 });
  });

  it('say what each of them said where none could answer', async () => {
    const provider = withFallback([
      failing('a', 0, down),
      failing('b', 1, new BarlineError({ code: 'X', message: 'b: gone' })),
    ]);
    await expect(pagesFrom(provider, request)).rejects.toMatchObject({
      code: 'PROVIDERS_FAILED',
      message: 'none of a, b could answer: a: not asked | b: gone',
      facts: { codes: ['PROVIDER_CIRCUIT_OPEN', 'X'] },
    });
  });

  it('do not stand in for a bug, nor for an interrupt', async () => {
    const [bug, next] = [failing('a', 0, new TypeError('bug')), failing('b', 9, down)];
    await expect(pagesFrom(withFallback([bug, next]), request)).rejects.toThrow('bug');
    const abort = new AbortController();
    abort.abort();
    const interrupted = withFallback([failing('a', 0, down), next]);
    await expect(pagesFrom(interrupted, { ...request, signal: abort.signal })).rejects.toThrow(
      'a: not asked',
    );
    expect(next.asked).toEqual([]);
  });
});

describe('pages', () => {
  it('hold every bar once for any page size, any gaps and any number under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 4000 }), { maxLength: 300 }),
        fc.boolean(),
        async (pageBars, pagesInFlight, fromHours, hours, missing, built) => {
          const gaps = new Set(missing.map((hour) => NOW_US - hour * HOUR_US));
          const [fromUs, timeframe] = [
            NOW_US - (fromHours + hours) * HOUR_US,
            built ? ('4h' as const) : ('1h' as const),
          ];
          const toUs = fromUs + hours * HOUR_US;
          let asked = 0;
          const source: PageSource = {
            barUs: HOUR_US,
            pageBars,
            pagesInFlight,
            nowMs: () => NOW_US / 1000 + 1,
            fetchSpan: async (from, to) => {
              expect(to - from).toBeLessThanOrEqual(Math.max(pageBars, built ? 4 : 1) * HOUR_US);
              if (asked++ % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
              // vendors may send more than was asked for, in any order, and one twice is one too many
              const bars = marketBars(
                HOUR_US,
                from - 3 * HOUR_US,
                to + 2 * HOUR_US,
                (tsUs) => !gaps.has(tsUs),
              );
              return {
                bars: bars.reverse().map((bar) => ({ ...bar, original: bar })),
                nowMs: NOW_US / 1000 + 1,
              };
            },
          };
          const signal = new AbortController().signal;
          const pages: BarPage[] = [];
          for await (const page of pagesOf({ asset: 'BTCUSD', timeframe, fromUs, toUs, signal }, source))
            pages.push(page);
          const barUs = barUsOf(timeframe);
          const first = Math.ceil(fromUs / barUs) * barUs;
          const end = Math.min(Math.ceil(toUs / barUs) * barUs, Math.floor(NOW_US / barUs) * barUs);
          const hourly = marketBars(HOUR_US, first, end, (tsUs) => !gaps.has(tsUs)).map((bar) => ({
            ...bar,
            original: bar,
          }));
          const expected = built ? coarserBars(hourly, barUs) : hourly;
          expect(timesOf(pages)).toEqual(expected.map(({ tsUs }) => tsUs));
          expect(valuesOf(pages)).toEqual(expected.map(({ original: _, ...bar }) => bar));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are no longer asked for once nobody wants them', async () => {
    let asked = 0;
    const signals: AbortSignal[] = [];
    const source: PageSource = {
      barUs: HOUR_US,
      pageBars: 10,
      pagesInFlight: 3,
      nowMs: () => NOW_US / 1000,
      fetchSpan: async (_from, _to, signal) => {
        asked++;
        signals.push(signal);
        return { bars: [], nowMs: NOW_US / 1000 };
      },
    };
    for await (const _ of pagesOf({ ...request, signal: new AbortController().signal }, source)) break;
    expect(asked).toBe(4);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });
});

describe('longer bars', () => {
  it('keep a field that is no number, and parts without a time', () => {
    const part = (hour: number, close: unknown, high: unknown = 3) => ({
      tsUs: hour * HOUR_US,
      open: 1,
      high,
      low: '0.5',
      close,
      volume: 1,
      original: `part ${hour}`,
    });
    const lost = { ...part(0, 1), tsUs: undefined, original: 'lost' };
    const whole = coarserBars(
      [part(3, 'x'), part(1, 2), lost, part(2, 2, null), part(4, 9), part(0, 5, '7')],
      4 * HOUR_US,
    );
    expect(whole.map(({ original }) => original)).toEqual(
      expect.arrayContaining([['part 0', 'part 1', 'part 2', 'part 3'], ['part 4'], 'lost']),
    );
    const first = whole.find(({ tsUs }) => tsUs === 0);
    expect(first).toMatchObject({ open: 1, high: null, low: 0.5, close: 'x', volume: 4 });
  });
});
