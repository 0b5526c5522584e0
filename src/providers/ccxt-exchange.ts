/** The part of ccxt's exchanges that is used, checked since the library is not there to be compiled against. */
import { property } from './vendor.ts';

export interface CcxtExchange {
  readonly timeframes: Readonly<Record<string, unknown>>;
  readonly urls: { api: unknown };
  fetchImplementation: ((url: string, options: RequestInit) => Promise<Response>) | undefined;
  loadMarkets(): Promise<Readonly<Record<string, unknown>>>;
  fetchOHLCV(
    symbol: string,
    timeframe: string,
    since: number,
    limit: number | undefined,
  ): Promise<readonly unknown[]>;
}

export function isExchange(value: unknown): value is CcxtExchange {
  const isObject = (name: string): boolean => {
    const found = property(value, name);
    return typeof found === 'object' && found !== null;
  };
  const isFunction = (name: string): boolean => typeof property(value, name) === 'function';
  return isObject('timeframes') && isObject('urls') && isFunction('loadMarkets') && isFunction('fetchOHLCV');
}

/** How many candles the exchange gives at most, as its `features` say; undefined where they do not. */
export function candleLimit(exchange: unknown): number | undefined {
  const spot = property(property(exchange, 'features'), 'spot');
  const limit = property(property(spot, 'fetchOHLCV'), 'limit');
  return typeof limit === 'number' && limit > 0 ? limit : undefined;
}

/** An exchange's addresses under another base; their paths stay. */
export function rebased(urls: unknown, baseUrl: string): unknown {
  if (typeof urls === 'string') return urls.replace(/^https?:\/\/[^/]+/, baseUrl.replace(/\/+$/, ''));
  if (typeof urls !== 'object' || urls === null) return urls;
  return Object.fromEntries(Object.entries(urls).map(([name, each]) => [name, rebased(each, baseUrl)]));
}
