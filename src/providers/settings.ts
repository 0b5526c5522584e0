/** What is configured of the providers, and what is known of each. */
import type { Timeframe } from './provider.ts';

/** A provider's section of the configuration; undefined where its built-in value holds. */
export interface ProviderSettings {
  readonly baseUrl?: string | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly burst?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** The vendor's own names by asset, where the rule does not give them. */
  readonly symbols?: Readonly<Record<string, string>> | undefined;
  /** Databento: the dataset asked, e.g. `GLBX.MDP3`. */
  readonly dataset?: string | undefined;
}

/** By name: `coinbase`, `ccxt:kraken`. */
export type ProvidersSettings = Readonly<Record<string, ProviderSettings>>;

/** What is known of a vendor without asking it. */
export interface ProviderFacts {
  readonly name: string;
  readonly timeframes: readonly Timeframe[];
  /** The environment variable with its key; null where none is needed. */
  readonly keyVariable: string | null;
  readonly keyNeeded: boolean;
  /** Null where nothing is asked over a network, or a library knows it. */
  readonly baseUrl: string | null;
  readonly requestsPerMinute: number | null;
  readonly burst: number;
  /** How long an answer may take; a long one begins it anew. */
  readonly timeoutSeconds: number;
}

const ALL: readonly Timeframe[] = ['1m', '5m', '15m', '1h', '4h', '1d'];

export const PROVIDER_FACTS: readonly ProviderFacts[] = [
  {
    name: 'alpha_vantage',
    timeframes: ALL,
    keyVariable: 'ALPHA_VANTAGE_API_KEY',
    keyNeeded: true,
    baseUrl: 'https://www.alphavantage.co',
    requestsPerMinute: 75,
    burst: 1,
    timeoutSeconds: 30,
  },
  {
    name: 'coinbase',
    timeframes: ALL,
    keyVariable: null,
    keyNeeded: false,
    baseUrl: 'https://api.exchange.coinbase.com',
    // 10 a second and IP, 15 in bursts (docs.cdp.coinbase.com/exchange/rest-api/rate-limits)
    requestsPerMinute: 600,
    burst: 5,
    timeoutSeconds: 30,
  },
  {
    name: 'oanda',
    timeframes: ALL,
    keyVariable: 'OANDA_API_KEY',
    keyNeeded: true,
    baseUrl: 'https://api-fxpractice.oanda.com',
    // 100 a second on an open connection, 2 new connections a second (developer.oanda.com/rest-live-v20/best-practices):
    // requests side by side need connections, so a fifth of it
    requestsPerMinute: 1200,
    burst: 1,
    timeoutSeconds: 30,
  },
  {
    name: 'databento',
    timeframes: ALL,
    keyVariable: 'DATABENTO_API_KEY',
    keyNeeded: true,
    baseUrl: 'https://hist.databento.com',
    // 20 a second of metadata, 100 of time series (databento.com/docs/api-historical/basics/rate-limits)
    requestsPerMinute: 1200,
    burst: 1,
    timeoutSeconds: 300,
  },
  {
    name: 'replay',
    timeframes: ALL,
    keyVariable: null,
    keyNeeded: false,
    baseUrl: null,
    requestsPerMinute: null,
    burst: 1,
    timeoutSeconds: 30,
  },
];
