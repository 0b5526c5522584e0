/** Vendors' APIs as documented, over bars that a test gives them. */
import {
  allocateBars,
  BAR_RTYPES,
  type BarSchema,
  dbnMetadata,
  encodeBars,
  encodeMetadata,
  isBarSchema,
} from '../../src/dbn/index.ts';
import type { MarketBar } from './bars.ts';
import type { Answer, Asked } from './vendor-server.ts';

export interface Market {
  readonly nowMs: () => number;
  /** Bars of a length that start in [fromUs, toUs). */
  readonly bars: (barUs: number, fromUs: number, toUs: number) => readonly MarketBar[];
}

const refused = (status: number, body: unknown): Answer => ({ status, body });

/** Coinbase Exchange: 300 candles at most, both ends included, newest first, the one still forming among them. */
export function coinbaseApi(market: Market, product = 'BTC-USD') {
  return ({ path, query }: Asked): Answer => {
    if (path !== `/products/${product}/candles`) return refused(404, { message: 'NotFound' });
    const seconds = Number(query.get('granularity'));
    if (![60, 300, 900, 3600, 21600, 86400].includes(seconds))
      return refused(400, { message: 'Unsupported granularity' });
    const barUs = seconds * 1e6;
    const [fromUs, toUs] = [
      Date.parse(query.get('start') ?? '') * 1000,
      Date.parse(query.get('end') ?? '') * 1000,
    ];
    if ((toUs - fromUs) / barUs + 1 > 300) {
      const message =
        'granularity too small for the requested time range. Count of aggregations requested exceeds 300';
      return refused(400, { message });
    }
    const nowUs = market.nowMs() * 1000;
    // some candles may precede the start asked for
    const bars = market.bars(barUs, fromUs - 2 * barUs, Math.min(toUs + 1, nowUs));
    const candle = (bar: MarketBar) => [bar.tsUs / 1e6, bar.low, bar.high, bar.open, bar.close, bar.volume];
    return { body: bars.map(candle).reverse() };
  };
}

const OANDA_US: Readonly<Record<string, number>> = {
  M1: 60e6,
  M5: 300e6,
  M15: 900e6,
  H1: 3600e6,
  H4: 14_400e6,
  D: 86_400e6,
};

/** OANDA v20: 5000 candles at most, `to` not in the future, the one still forming marked. */
export function oandaApi(market: Market, key: string, maxCandles = 5000) {
  return ({ path, query, headers }: Asked): Answer => {
    if (headers.authorization !== `Bearer ${key}`) {
      return refused(401, { errorMessage: 'Insufficient authorization to perform request.' });
    }
    if (path !== '/v3/instruments/EUR_USD/candles') {
      return refused(400, { errorMessage: "Invalid value specified for 'instrument'" });
    }
    const barUs = OANDA_US[query.get('granularity') ?? ''] ?? Number.NaN;
    const [fromUs, toUs] = [
      Date.parse(query.get('from') ?? '') * 1000,
      Date.parse(query.get('to') ?? '') * 1000,
    ];
    const nowUs = market.nowMs() * 1000;
    if (toUs > nowUs)
      return refused(400, { errorMessage: "Invalid value specified for 'to'. Time is in the future" });
    if ((toUs - fromUs) / barUs > maxCandles)
      return refused(400, { errorMessage: "Maximum value for 'count' exceeded" });
    if (query.get('price') !== 'M' || query.get('dailyAlignment') !== '0')
      return refused(400, { errorMessage: 'not as agreed' });
    const candles = market.bars(barUs, fromUs, toUs).map((bar) => ({
      complete: bar.tsUs + barUs <= nowUs,
      volume: bar.volume,
      time: `${new Date(bar.tsUs / 1000).toISOString().slice(0, -1)}000000Z`,
      mid: { o: bar.open.toFixed(5), h: bar.high.toFixed(5), l: bar.low.toFixed(5), c: bar.close.toFixed(5) },
    }));
    return { body: { instrument: 'EUR_USD', granularity: query.get('granularity'), candles } };
  };
}

const ALPHA_US: Readonly<Record<string, number>> = {
  '1min': 60e6,
  '5min': 300e6,
  '15min': 900e6,
  '60min': 3600e6,
};

/** Alpha Vantage: everything since `historyFromUs` at once, newest first, text; shares by month, in New York's time. */
export function alphaVantageApi(market: Market, key: string, historyFromUs: number) {
  return ({ path, query }: Asked): Answer => {
    if (path !== '/query') return refused(404, '<html><title>Not Found</title></html>');
    if (query.get('apikey') !== key)
      return { body: { 'Error Message': 'the parameter apikey is invalid or missing.' } };
    const name = query.get('function') ?? '';
    const daily = name.endsWith('DAILY');
    const barUs = daily ? 86_400e6 : (ALPHA_US[query.get('interval') ?? ''] ?? Number.NaN);
    const [pair, share] = [query.get('from_symbol') ?? query.get('symbol'), name === 'TIME_SERIES_INTRADAY'];
    if (Number.isNaN(barUs) || pair === 'XXX') {
      return {
        body: { 'Error Message': `Invalid API call. Please retry or visit the documentation for ${name}.` },
      };
    }
    const nowUs = market.nowMs() * 1000;
    let bars = market.bars(barUs, historyFromUs, nowUs);
    if (query.get('outputsize') !== 'full' && name !== 'DIGITAL_CURRENCY_DAILY') bars = bars.slice(-100);
    const text = (tsUs: number): string =>
      share ? newYork(tsUs) : new Date(tsUs / 1000).toISOString().replace('T', ' ').slice(0, 19);
    if (share) bars = bars.filter(({ tsUs }) => newYork(tsUs).startsWith(query.get('month') ?? ''));
    const rows = bars.toReversed().map((bar) => {
      const values = {
        '1. open': bar.open.toFixed(4),
        '2. high': bar.high.toFixed(4),
        '3. low': bar.low.toFixed(4),
        '4. close': bar.close.toFixed(4),
      };
      const row = name.startsWith('FX') ? values : { ...values, '5. volume': String(bar.volume) };
      return [daily ? text(bar.tsUs).slice(0, 10) : text(bar.tsUs), row];
    });
    const zone = share ? 'US/Eastern' : 'UTC';
    return {
      body: {
        'Meta Data': { '1. Information': name, '6. Time Zone': zone },
        [`Time Series (${name})`]: Object.fromEntries(rows),
      },
    };
  };
}

const NEW_YORK = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'America/New_York',
  dateStyle: 'short',
  timeStyle: 'medium',
});

function newYork(tsUs: number): string {
  return NEW_YORK.format(tsUs / 1000);
}

/** Databento: DBN of a range, priced by the bar, available up to a moment. */
export function databentoApi(
  market: Market,
  key: string,
  available: { fromUs: number; toUs: number },
  usdPerBar: number,
) {
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
  return ({ path, form, headers }: Asked): Answer => {
    if (headers.authorization !== authorization) {
      return refused(401, {
        detail: { case: 'auth_authentication_failed', message: 'Authentication failed.' },
      });
    }
    const schemas = ['ohlcv-1m', 'ohlcv-1h', 'ohlcv-1d'];
    const iso = (tsUs: number): string => `${new Date(tsUs / 1000).toISOString().slice(0, -1)}000000Z`;
    if (path === '/v0/metadata.list_datasets') return { body: ['GLBX.MDP3'] };
    if (path === '/v0/metadata.get_dataset_range') {
      const range = { start: iso(available.fromUs), end: iso(available.toUs) };
      return { body: { ...range, schema: Object.fromEntries(schemas.map((schema) => [schema, range])) } };
    }
    const schema = form.get('schema') ?? '';
    if (!isBarSchema(schema)) return refused(422, { detail: { case: 'schema', message: 'no such schema' } });
    const barUs = {
      'ohlcv-1s': 1e6,
      'ohlcv-1m': 60e6,
      'ohlcv-1h': 3600e6,
      'ohlcv-1d': 86_400e6,
      'ohlcv-eod': Number.NaN,
    }[schema];
    const [fromUs, toUs] = [Number(form.get('start')) / 1000, Number(form.get('end')) / 1000];
    if (toUs > available.toUs) {
      const message = 'The dataset GLBX.MDP3 has data available up to an earlier time.';
      return refused(422, { detail: { case: 'data_end_after_available_end', message, status_code: 422 } });
    }
    const bars = market.bars(barUs ?? 0, fromUs, toUs);
    if (path === '/v0/metadata.get_cost') return { body: bars.length * usdPerBar };
    if (path !== '/v0/timeseries.get_range') return refused(404, { detail: 'Not Found' });
    return { headers: { 'content-type': 'application/octet-stream' }, body: dbnOf(schema, bars) };
  };
}

export function dbnOf(schema: BarSchema, bars: readonly MarketBar[]): Uint8Array {
  const batch = allocateBars(bars.length, false);
  for (const [k, bar] of bars.entries()) {
    batch.rtype[k] = BAR_RTYPES[schema];
    batch.publisherId[k] = 1;
    batch.instrumentId[k] = 5002;
    batch.tsEvent[k] = BigInt(bar.tsUs) * 1000n;
    for (const name of ['open', 'high', 'low', 'close'] as const)
      batch[name][k] = BigInt(Math.round(bar[name] * 1e9));
    batch.volume[k] = BigInt(bar.volume);
  }
  const metadata = encodeMetadata(dbnMetadata({ dataset: 'GLBX.MDP3', schema, start: 0n, end: null }));
  return Buffer.concat([metadata, encodeBars(batch, false)]);
}
