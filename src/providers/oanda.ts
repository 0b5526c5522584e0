/**
 * OANDA v20: candles of an instrument.
 *
 * Facts (developer.oanda.com/rest-live-v20/instrument-ep): at most 5000 candles a request, counted from `from`, `to`
 * and granularity, more is refused ("Maximum value for 'count' exceeded"); mid prices with price=M, as text; the
 * candle still forming has complete: false; from is included; days begin at 17:00 in New York unless told; a stretch
 * without a price has no candle. A `to` beyond its own clock is refused ("Time is in the future"; hootnot/oanda-api-v20
 * issue 144), which a client whose clock is ahead runs into. `volume` counts prices, not money.
 */
import { BarlineError } from '../base/index.ts';
import { valueTime } from './field-values.ts';
import type { HttpClient } from './http.ts';
import { type PageSource, pagesOf } from './pages.ts';
import type { BarPage, BarProvider, BarRequest, Timeframe, VendorBar } from './provider.ts';
import type { ProviderSettings } from './settings.ts';
import { withSeparator } from './symbols.ts';
import { TIMEFRAME_US } from './timeframe.ts';
import { jsonProvider, notBars, property } from './vendor.ts';

const MAX_CANDLES = 5000;
const PAGES_IN_FLIGHT = 4;

const GRANULARITY: Readonly<Record<Timeframe, string>> = {
  '1m': 'M1',
  '5m': 'M5',
  '15m': 'M15',
  '1h': 'H1',
  '4h': 'H4',
  '1d': 'D',
};

export function oanda(client: HttpClient, settings: ProviderSettings): BarProvider {
  return jsonProvider('oanda', client, (request) => candles(client, settings, request));
}

function candles(
  client: HttpClient,
  settings: ProviderSettings,
  request: BarRequest,
): AsyncIterable<BarPage> {
  const instrument = settings.symbols?.[request.asset] ?? withSeparator(request.asset, '_');
  const ask = (fromUs: number, toUs: number, signal: AbortSignal): Promise<unknown> =>
    client.json({
      path: `/v3/instruments/${encodeURIComponent(instrument)}/candles`,
      query: {
        price: 'M',
        granularity: GRANULARITY[request.timeframe],
        from: new Date(fromUs / 1000).toISOString(),
        to: new Date(Math.min(toUs / 1000, client.nowMs())).toISOString(),
        // days and four hours on UTC's grid, not New York's
        dailyAlignment: 0,
        alignmentTimezone: 'UTC',
      },
      signal,
    });
  const source: PageSource = {
    barUs: TIMEFRAME_US[request.timeframe],
    pageBars: MAX_CANDLES,
    pagesInFlight: PAGES_IN_FLIGHT,
    nowMs: () => client.nowMs(),
    fetchSpan: async (fromUs, toUs, signal) => {
      let body: unknown;
      try {
        body = await ask(fromUs, toUs, signal);
      } catch (error) {
        // the refusal itself told the client what time it is there
        if (!(error instanceof BarlineError && /time is in the future/i.test(error.message))) throw error;
        if (client.nowMs() * 1000 <= fromUs) return { bars: [], nowMs: client.nowMs() };
        body = await ask(fromUs, toUs, signal);
      }
      const list = property(body, 'candles');
      if (!Array.isArray(list)) throw notBars(client, 'candles', body);
      const whole = list.filter((candle) => property(candle, 'complete') !== false);
      return { bars: whole.map(candleBar), nowMs: client.nowMs() };
    },
  };
  return pagesOf(request, source);
}

function candleBar(candle: unknown): VendorBar {
  const mid = property(candle, 'mid');
  return {
    tsUs: valueTime(property(candle, 'time')),
    open: property(mid, 'o'),
    high: property(mid, 'h'),
    low: property(mid, 'l'),
    close: property(mid, 'c'),
    volume: property(candle, 'volume'),
    original: candle,
  };
}
