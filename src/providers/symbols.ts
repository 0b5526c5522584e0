/** Names of assets: one way for all of Barline, and each vendor's own. */
import { usageError } from '../base/index.ts';

/** Currencies that a pair may be quoted in: ISO 4217, the stable coins and the coins that others are quoted in. */
const QUOTES: readonly string[] = [
  ...['USDT', 'USDC'],
  ...[
    'USD',
    'EUR',
    'GBP',
    'JPY',
    'CHF',
    'AUD',
    'CAD',
    'NZD',
    'SEK',
    'NOK',
    'DKK',
    'PLN',
    'CZK',
    'HUF',
    'TRY',
  ],
  ...[
    'ZAR',
    'MXN',
    'BRL',
    'SGD',
    'HKD',
    'CNH',
    'CNY',
    'INR',
    'KRW',
    'THB',
    'ILS',
    'SAR',
    'RUB',
    'UAH',
    'IDR',
  ],
  ...['BTC', 'ETH', 'BNB', 'DAI'],
];

const FIAT = new Set(QUOTES.slice(2, -4));

export interface Pair {
  readonly base: string;
  readonly quote: string;
}

/**
 * `btc-usd`, `BTC/USD`, `BTC_USD` and `BTCUSD` as `BTCUSD`. Throws a usage error for what is no name of an asset.
 */
export function normaliseAsset(text: string): string {
  const asset = text
    .trim()
    .replaceAll(/[-/_ ]/g, '')
    .toUpperCase();
  if (/^[A-Z0-9.]{1,24}$/.test(asset)) return asset;
  throw usageError(
    `${JSON.stringify(text)} names no asset.`,
    'expected a pair such as BTCUSD, btc-usd or BTC/USD, or a ticker such as IBM',
    { asset: text },
  );
}

/** Base and quote of a normalised asset; undefined for one that is no pair, such as a share's ticker. */
export function pairOf(asset: string): Pair | undefined {
  const quote = QUOTES.find((each) => asset.length > each.length && asset.endsWith(each));
  return quote === undefined ? undefined : { base: asset.slice(0, -quote.length), quote };
}

/** Both currencies are money of a state. */
export function isForex({ base, quote }: Pair): boolean {
  return FIAT.has(base) && FIAT.has(quote);
}

/** Base and quote with a separator, `BTC-USD`; the asset itself where it is no pair. */
export function withSeparator(asset: string, separator: string): string {
  const pair = pairOf(asset);
  return pair === undefined ? asset : `${pair.base}${separator}${pair.quote}`;
}
