/**
 * Alpha Vantage: FX_INTRADAY, FX_DAILY, CRYPTO_INTRADAY, DIGITAL_CURRENCY_DAILY, TIME_SERIES_INTRADAY.
 *
 * Facts (alphavantage.co/documentation): one endpoint, no paging by time; outputsize=full gives all there is, compact
 * the last 100 (asked for where they suffice); TIME_SERIES_INTRADAY takes a month=YYYY-MM; intervals 1, 5, 15, 30 and 60 min, so no 4 h. A series is
 * an object by time, newest first, times in the zone that "Meta Data" names (UTC, or US/Eastern for shares), values
 * as text under names such as "1. open"; currencies have no volume, of which 0 is made. Errors come with status 200:
 * "Error Message" for what will not work, "Note" (before 2024) or "Information" for too many requests or a plan that
 * lacks the function, and their text may quote the key (RomelTorres/alpha_vantage issue 248, beancount/beanprice
 * issue 124). 25 requests a day are free, 75 a minute the smallest plan.
 */
import { type ExchangeClock, exchangeClock, timestampUs } from '../bars/index.ts';
import { BarlineError } from '../base/index.ts';
import type { HttpClient, Inspection } from './http.ts';
import { pageOf } from './pages.ts';
import type { BarPage, BarProvider, BarRequest, Timeframe, VendorBar } from './provider.ts';
import type { ProviderSettings } from './settings.ts';
import { isForex, pairOf } from './symbols.ts';
import { gridCeil, gridFloor, TIMEFRAME_US } from './timeframe.ts';
import { jsonProvider, notBars, property } from './vendor.ts';

const INTERVAL: Readonly<Record<Exclude<Timeframe, '1d'>, string>> = {
  '1m': '1min',
  '5m': '5min',
  '15m': '15min',
  '1h': '60min',
  '4h': '60min',
};

/** Of the 100 that `compact` has, less some that may be forming or late. */
const COMPACT_BARS = 90;

type Query = Readonly<Record<string, string>>;

export function alphaVantage(client: HttpClient, settings: ProviderSettings, key: string): BarProvider {
  return jsonProvider('alpha_vantage', client, (request) => series(client, settings, key, request));
}

async function* series(
  client: HttpClient,
  settings: ProviderSettings,
  key: string,
  request: BarRequest,
): AsyncGenerator<BarPage, void, undefined> {
  const barUs = TIMEFRAME_US[request.timeframe];
  const symbol = settings.symbols?.[request.asset] ?? request.asset;
  const pair = pairOf(symbol);
  const sourceBarUs = TIMEFRAME_US[request.timeframe === '4h' ? '1h' : request.timeframe];
  const endUs = Math.min(gridCeil(request.toUs, barUs), gridFloor(client.nowMs() * 1000, barUs));
  const isRecent = client.nowMs() * 1000 - request.fromUs < COMPACT_BARS * sourceBarUs;
  for (const { query, fromUs, toUs } of spansOf(symbol, request, endUs, isRecent)) {
    if (fromUs >= toUs) continue;
    const body = await client.json(
      { path: '/query', query: { ...query, datatype: 'json', apikey: key }, signal: request.signal },
      inspect,
    );
    const bars = seriesBars(client, body, pair === undefined);
    const firstUs = bars.reduce(
      (first, { tsUs }) => Math.min(first, tsUs ?? first),
      Number.POSITIVE_INFINITY,
    );
    // what lies before the oldest bar is not offered, which does not make it empty; a month of a share is whole
    const knownFromUs = pair === undefined ? fromUs : gridCeil(Math.min(firstUs, toUs), barUs);
    yield pageOf({ bars, nowMs: client.nowMs(), knownFromUs }, { fromUs, toUs, barUs, sourceBarUs });
  }
}

/** One question for a pair, one a month for a share. */
function spansOf(
  symbol: string,
  request: BarRequest,
  endUs: number,
  isRecent: boolean,
): readonly { readonly query: Query; readonly fromUs: number; readonly toUs: number }[] {
  const { timeframe } = request;
  const fromUs = gridCeil(request.fromUs, TIMEFRAME_US[timeframe]);
  const pair = pairOf(symbol);
  if (pair === undefined) {
    if (timeframe === '1d') throw noDays(symbol);
    const interval = INTERVAL[timeframe];
    const query = {
      function: 'TIME_SERIES_INTRADAY',
      symbol,
      interval,
      outputsize: 'full',
      adjusted: 'false',
    };
    return monthsOf(fromUs, endUs).map((month) => ({ ...month, query: { ...query, month: month.name } }));
  }
  const { base, quote } = pair;
  const outputsize = isRecent ? 'compact' : 'full';
  const names = isForex(pair) ? { from_symbol: base, to_symbol: quote } : { symbol: base, market: quote };
  if (timeframe !== '1d') {
    const name = isForex(pair) ? 'FX_INTRADAY' : 'CRYPTO_INTRADAY';
    const query = { function: name, ...names, interval: INTERVAL[timeframe], outputsize };
    return [{ query, fromUs, toUs: endUs }];
  }
  const query: Query = isForex(pair)
    ? { function: 'FX_DAILY', ...names, outputsize }
    : { function: 'DIGITAL_CURRENCY_DAILY', ...names };
  return [{ query, fromUs, toUs: endUs }];
}

function noDays(symbol: string): BarlineError {
  return new BarlineError({
    code: 'PROVIDER_TIMEFRAME',
    message: `alpha_vantage: ${symbol} is no pair of currencies, and shares have no bars of a day here (TIME_SERIES_INTRADAY).`,
    hint: 'ask for 1m to 4h, or write a pair such as EURUSD',
    facts: { provider: 'alpha_vantage', asset: symbol, timeframe: '1d' },
  });
}

/**
 * Months of New York, cut at 04:00 UTC: trading there ends at 20:00, which is 01:00 UTC at the latest, and begins at
 * 4:00, which is 08:00 UTC at the earliest.
 */
function monthsOf(fromUs: number, toUs: number): { name: string; fromUs: number; toUs: number }[] {
  const months: { name: string; fromUs: number; toUs: number }[] = [];
  const first = new Date(fromUs / 1000);
  const startOf = (month: number): number => Date.UTC(first.getUTCFullYear(), month, 1, 4) * 1000;
  for (let month = first.getUTCMonth() - 1; startOf(month) < toUs; month++) {
    const name = new Date(startOf(month) / 1000).toISOString().slice(0, 7);
    months.push({ name, fromUs: Math.max(fromUs, startOf(month)), toUs: Math.min(toUs, startOf(month + 1)) });
  }
  return months.filter((each) => each.fromUs < each.toUs);
}

/** Text of a limit that heals within a minute; one of a day or of a plan does not. */
const HEALS = /per minute|per second|frequency|sparingly/i;
const DAILY = /per day|daily/i;

const inspect: Inspection = (body) => {
  const error = property(body, 'Error Message');
  if (typeof error === 'string') return { kind: 'permanent', reason: error };
  const note = property(body, 'Note') ?? property(body, 'Information');
  if (typeof note !== 'string') return undefined;
  if (HEALS.test(note) && !(DAILY.test(note) && !/per minute|per second/i.test(note))) {
    return { kind: 'throttled', reason: note, retryAfterMs: 60_000 };
  }
  return { kind: 'permanent', reason: note };
};

function seriesBars(client: HttpClient, body: unknown, hasVolume: boolean): VendorBar[] {
  const meta = Object.entries(property(body, 'Meta Data') ?? {});
  const zone = String(meta.find(([name]) => /time zone/i.test(name))?.[1] ?? 'UTC');
  const found = Object.entries(body ?? {}).find(([name]) => /^Time Series/i.test(name));
  const rows: unknown = found?.[1];
  if (typeof rows !== 'object' || rows === null) throw notBars(client, 'a time series', body);
  const entries: readonly [string, unknown][] = Object.entries(rows);
  const label = fieldLabels(entries[0]?.[1]);
  const clock = zone === 'UTC' ? null : exchangeClock(zone);
  return entries.map(([time, row]) => {
    const volume = property(row, label('volume'));
    return {
      tsUs: timeOf(time, clock),
      open: property(row, label('open')),
      high: property(row, label('high')),
      low: property(row, label('low')),
      close: property(row, label('close')),
      volume: volume ?? (hasVolume ? undefined : 0),
      original: { [time]: row },
    };
  });
}

/** What fields are called: `1. open`, or `1a. open (USD)` as DIGITAL_CURRENCY_DAILY once had it. */
function fieldLabels(row: unknown): (name: string) => string {
  const labels = typeof row === 'object' && row !== null ? Object.keys(row) : [];
  const names = ['open', 'high', 'low', 'close', 'volume'];
  const found = new Map(
    names.map((name) => [
      name,
      labels.find((each) => new RegExp(`^\\d+a?\\. ${name}\\b`).test(each)) ?? name,
    ]),
  );
  return (name) => found.get(name) ?? name;
}

function timeOf(text: string, clock: ExchangeClock | null): number {
  const localUs = timestampUs(text);
  if (localUs === undefined) return Number.NaN;
  const second = localUs / 1e6;
  return clock === null ? localUs : clock.momentOf(Math.floor(second / 86_400), second % 86_400);
}
