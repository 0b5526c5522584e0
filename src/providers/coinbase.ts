/**
 * Coinbase Exchange: candles of a product.
 *
 * Facts (docs.cdp.coinbase.com, Exchange API, Get product candles): at most 300 candles a request, one more is
 * refused; granularities 60, 300, 900, 3600, 21600 and 86400 s, so no 4 h; newest first, as [time, low, high, open,
 * close, volume] with the start of the bucket in seconds; an interval without a trade has no candle; an answer may
 * begin before the start asked for. Start and end are both included.
 */
import type { HttpClient } from './http.ts';
import { type PageSource, pagesOf, type VendorAnswer } from './pages.ts';
import type { BarPage, BarProvider, BarRequest, VendorBar } from './provider.ts';
import type { ProviderSettings } from './settings.ts';
import { withSeparator } from './symbols.ts';
import { TIMEFRAME_US } from './timeframe.ts';
import { jsonProvider, notBars } from './vendor.ts';

const MAX_CANDLES = 300;
const PAGES_IN_FLIGHT = 4;

export function coinbase(client: HttpClient, settings: ProviderSettings): BarProvider {
  return jsonProvider('coinbase', client, (request) => candles(client, settings, request));
}

function candles(
  client: HttpClient,
  settings: ProviderSettings,
  request: BarRequest,
): AsyncIterable<BarPage> {
  const product = settings.symbols?.[request.asset] ?? withSeparator(request.asset, '-');
  const barUs = TIMEFRAME_US[request.timeframe === '4h' ? '1h' : request.timeframe];
  const source: PageSource = {
    barUs,
    pageBars: MAX_CANDLES,
    pagesInFlight: PAGES_IN_FLIGHT,
    nowMs: () => client.nowMs(),
    fetchSpan: async (fromUs, toUs, signal): Promise<VendorAnswer> => {
      const body = await client.json({
        path: `/products/${encodeURIComponent(product)}/candles`,
        query: {
          granularity: barUs / 1e6,
          start: new Date(fromUs / 1000).toISOString(),
          // the last bucket's start: an end of `toUs` would ask for one candle too many
          end: new Date((toUs - barUs) / 1000).toISOString(),
        },
        signal,
      });
      if (!Array.isArray(body)) throw notBars(client, 'a list of candles', body);
      return { bars: body.map(candleBar), nowMs: client.nowMs() };
    },
  };
  return pagesOf(request, source);
}

function candleBar(candle: unknown): VendorBar {
  const fields: readonly unknown[] = Array.isArray(candle) ? candle : [];
  const [time, low, high, open, close, volume] = fields;
  const tsUs = typeof time === 'number' ? time * 1e6 : time === undefined ? undefined : Number.NaN;
  return { tsUs, open, high, low, close, volume, original: candle };
}
