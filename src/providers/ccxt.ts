/**
 * Any exchange the ccxt library knows, by its fetchOHLCV.
 *
 * Facts (docs.ccxt.com, Manual): candles come as [ms, open, high, low, close, volume], oldest first, `since` included;
 * how many at most differs by exchange (`features`), the last one is still forming; some exchanges hand out only their
 * latest candles whatever `since` says (Kraken: 720). The library keeps each exchange's rate limit itself.
 */
import { BarlineError } from '../base/index.ts';
import type { ProviderEvent } from './calls.ts';
import { Calls, FailedAttempt } from './calls.ts';
import { type CcxtExchange, candleLimit, isExchange, rebased } from './ccxt-exchange.ts';
import { ccxtFailure } from './ccxt-failure.ts';
import type { Circuit } from './circuit.ts';
import type { Clock } from './clock.ts';
import { type PageSource, pagesOf, type VendorAnswer } from './pages.ts';
import {
  type BarPage,
  type BarProvider,
  type BarRequest,
  TIMEFRAMES,
  type Timeframe,
  type VendorBar,
} from './provider.ts';
import type { Secrets } from './secrets.ts';
import type { ProviderSettings } from './settings.ts';
import { pairOf } from './symbols.ts';
import { gridFloor, TIMEFRAME_US } from './timeframe.ts';
import { property } from './vendor.ts';

/** Bars asked for at once where the exchange does not say how many it gives. */
const DEFAULT_LIMIT = 300;

export interface CcxtWorld {
  readonly exchange: string;
  readonly settings: ProviderSettings;
  readonly key: string | undefined;
  readonly secrets: Secrets;
  readonly circuit: Circuit;
  readonly clock: Clock;
  readonly timeoutSeconds: number;
  readonly onEvent?: ((event: ProviderEvent) => void) | undefined;
  readonly retryDelaysMs?: readonly number[] | undefined;
  /** Loads the library; `(name) => import(name)` unless a test has it elsewhere. */
  readonly importModule: (name: string) => Promise<unknown>;
}

/**
 * The provider `ccxt:EXCHANGE`; loads the library, asks nothing yet. Throws PROVIDER_NO_LIBRARY where it is not
 * installed, and a usage error for an exchange it does not know.
 */
export async function ccxt(world: CcxtWorld): Promise<BarProvider> {
  const name = `ccxt:${world.exchange}`;
  const exchange = await openExchange(world);
  const calls = new Calls({ ...world, provider: name, limit: null });
  const send = exchange.fetchImplementation ?? fetch;
  exchange.fetchImplementation = async (url, options) => {
    calls.sent();
    return withoutPages(await send(url, options));
  };
  const timeframes = TIMEFRAMES.filter((each) => sourceOf(exchange, each) !== undefined);
  const markets = new Map<string, Promise<string>>();
  return {
    name,
    isMock: false,
    timeframes,
    usage: () => calls.usage,
    fetchBars: async function* (request: BarRequest): AsyncGenerator<BarPage, void, undefined> {
      const source = sourceOf(exchange, request.timeframe);
      if (source === undefined) throw noTimeframe(name, request.timeframe, timeframes);
      const symbol = markets.get(request.asset) ?? symbolOf(exchange, calls, world, request);
      markets.set(request.asset, symbol);
      symbol.catch(() => markets.delete(request.asset));
      yield* pagesOf(request, candleSource({ exchange, calls, world, source, symbol: await symbol }));
    },
  };
}

/** A page in place of an answer, which some exchanges' code would take for an empty list, as the failure it is. */
async function withoutPages(response: Response): Promise<Response> {
  if (!response.ok) return response;
  const text = await response.clone().text();
  return /^\s*</.test(text) ? new Response(text, { status: 503 }) : response;
}

interface Candles {
  readonly exchange: CcxtExchange;
  readonly calls: Calls;
  readonly world: CcxtWorld;
  readonly source: Timeframe;
  readonly symbol: string;
}

function candleSource({ exchange, calls, world, source, symbol }: Candles): PageSource {
  const limit = candleLimit(exchange);
  const barUs = TIMEFRAME_US[source];
  const nowMs = (): number => world.clock.now();
  return {
    barUs,
    pageBars: limit ?? DEFAULT_LIMIT,
    // one after the other: the library queues requests, and each page may take several
    pagesInFlight: 1,
    nowMs,
    fetchSpan: async (fromUs, toUs, signal): Promise<VendorAnswer> => {
      const bars: VendorBar[] = [];
      let knownFromUs = fromUs;
      for (let sinceUs = fromUs; sinceUs < toUs; ) {
        const shown = `fetchOHLCV ${symbol} ${source} since ${new Date(sinceUs / 1000).toISOString()}`;
        const candles = await attempted(calls, world, shown, signal, () =>
          exchange.fetchOHLCV(symbol, source, sinceUs / 1000, limit),
        );
        const answer = candles.map(candleBar);
        const times = answer.flatMap(({ tsUs }) => (tsUs === undefined || Number.isNaN(tsUs) ? [] : [tsUs]));
        const [firstUs, lastUs] = [Math.min(...times), Math.max(...times)];
        const reachesNow = lastUs + barUs >= gridFloor(nowMs() * 1000, barUs);
        // as many as there ever are, up to now: the exchange may have overlooked `since`
        if (firstUs > sinceUs && reachesNow && candles.length >= (limit ?? 1))
          knownFromUs = Math.min(firstUs, toUs);
        bars.push(...answer.filter(({ tsUs }) => !(tsUs !== undefined && (tsUs < sinceUs || tsUs >= toUs))));
        // an answer that ends before the span does may have been cut by a limit nobody told of
        if (!(lastUs >= sinceUs) || lastUs + barUs >= toUs) break;
        sinceUs = lastUs + barUs;
      }
      return { bars, nowMs: nowMs(), knownFromUs };
    },
  };
}

function candleBar(candle: unknown): VendorBar {
  const fields: readonly unknown[] = Array.isArray(candle) ? candle : [];
  const [time, open, high, low, close, volume] = fields;
  const tsUs = typeof time === 'number' ? time * 1000 : time === undefined ? undefined : Number.NaN;
  return { tsUs, open, high, low, close, volume, original: candle };
}

/** A call of the library, tried again where its error says that it may heal. */
function attempted<T>(
  calls: Calls,
  { exchange, secrets }: Pick<CcxtWorld, 'exchange' | 'secrets'>,
  shown: string,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  return calls.make({ shown: `${exchange} ${shown}`, signal }, async () => {
    try {
      return await withSignal(ask(), signal);
    } catch (error) {
      signal.throwIfAborted();
      const failure = ccxtFailure(error, secrets);
      throw failure === undefined ? error : new FailedAttempt(failure);
    }
  });
}

/** The library takes no signal: its answer is waited for no longer than the signal lets us. */
async function withSignal<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The exchange's own name of an asset: `BTC/USD`, a spot market where there is one. */
async function symbolOf(
  exchange: CcxtExchange,
  calls: Calls,
  world: CcxtWorld,
  { asset, signal }: BarRequest,
): Promise<string> {
  const markets = await attempted(calls, world, 'loadMarkets', signal, () => exchange.loadMarkets());
  const given = world.settings.symbols?.[asset];
  const pair = pairOf(asset);
  const names = Object.keys(markets);
  const wanted = given ?? (pair === undefined ? asset : `${pair.base}/${pair.quote}`);
  if (names.includes(wanted)) return wanted;
  const bare = (symbol: string): string => symbol.replaceAll('/', '').toUpperCase();
  const found = names.find((symbol) => !symbol.includes(':') && bare(symbol) === asset);
  if (found !== undefined && given === undefined) return found;
  const near = names.filter((symbol) => symbol.startsWith(`${pair?.base ?? asset}/`)).slice(0, 6);
  throw new BarlineError({
    code: 'PROVIDER_UNKNOWN_ASSET',
    message: `ccxt:${world.exchange}: has no market ${wanted}${near.length > 0 ? `; it has ${near.join(', ')}` : ''}.`,
    hint: `write another pair, or give the exchange's name: providers: { 'ccxt:${world.exchange}': { symbols: { ${asset}: … } } }`,
    facts: { provider: `ccxt:${world.exchange}`, asset, near },
  });
}

/** The timeframe to ask the exchange for: the one wanted, or hours for four of them. */
function sourceOf(exchange: CcxtExchange, timeframe: Timeframe): Timeframe | undefined {
  if (Object.hasOwn(exchange.timeframes, timeframe)) return timeframe;
  return timeframe === '4h' && Object.hasOwn(exchange.timeframes, '1h') ? '1h' : undefined;
}

function noTimeframe(provider: string, timeframe: Timeframe, known: readonly Timeframe[]): BarlineError {
  return new BarlineError({
    code: 'PROVIDER_TIMEFRAME',
    message: `${provider}: has no bars of ${timeframe}; it has ${known.join(', ') || 'none'}.`,
    hint: 'leave the timeframe out, or name another provider',
    facts: { provider, timeframe, known },
  });
}

async function openExchange(world: CcxtWorld): Promise<CcxtExchange> {
  const { exchange: name, settings, key, timeoutSeconds } = world;
  const library = await loadLibrary(world);
  const make = property(library, name);
  if (typeof make !== 'function') {
    const known: unknown = property(library, 'exchanges');
    throw new BarlineError({
      code: 'USAGE',
      message: `the ccxt library knows no exchange ${name}.`,
      hint: Array.isArray(known) ? `it knows ${known.length}, e.g. binance, kraken, bitstamp` : undefined,
      exitCode: 2,
      facts: { exchange: name },
    });
  }
  const rate =
    settings.requestsPerMinute === undefined ? {} : { rateLimit: 60_000 / settings.requestsPerMinute };
  const exchange: unknown = Reflect.construct(make, [
    {
      enableRateLimit: true,
      timeout: timeoutSeconds * 1000,
      ...(key !== undefined && { apiKey: key }),
      ...rate,
    },
  ]);
  if (!isExchange(exchange)) throw new Error(`ccxt ${name} is no exchange with fetchOHLCV`);
  if (settings.baseUrl !== undefined) exchange.urls.api = rebased(exchange.urls.api, settings.baseUrl);
  return exchange;
}

async function loadLibrary({ importModule }: CcxtWorld): Promise<unknown> {
  let library: unknown;
  try {
    library = await importModule('ccxt');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw new BarlineError({
      code: 'PROVIDER_NO_LIBRARY',
      message: 'the providers ccxt:… need the ccxt library, which is not installed.',
      hint: 'npm install ccxt (beside barline: with -g if barline was installed so)',
      exitCode: 2,
      cause,
    });
  }
  return property(library, 'default') ?? library;
}
