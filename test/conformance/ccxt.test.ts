/** The real ccxt library against exchanges on loopback. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { coarserBars } from '../../src/providers/coarser.ts';
import {
  type BarProvider,
  memoryCircuits,
  openProvider,
  type ProviderEvent,
  type ProviderSettings,
  TIMEFRAMES,
} from '../../src/providers/index.ts';
import {
  barUsOf,
  coveredBy,
  type MarketBar,
  marketBars,
  pagesFrom,
  timesOf,
  valuesOf,
} from '../providers/bars.ts';
import { type Answer, type Asked, VendorServer } from '../providers/vendor-server.ts';
import { coinbaseApi, type Market } from '../providers/vendors.ts';

let library: unknown;
beforeAll(async () => {
  const script = join(import.meta.dirname, 'install-ccxt.sh');
  const folder = execFileSync(script, { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  library = await import(pathToFileURL(createRequire(join(folder, 'x.js')).resolve('ccxt')).href);
}, 300_000);

const KEY = 'kraken-Key-0000000005';
const market: Market = { nowMs: Date.now, bars: (us, from, to) => marketBars(us, from, to, isTraded) };

/** Quiet minutes now and then, and none that traded for hours on a day long ago. */
function isTraded(tsUs: number): boolean {
  return (tsUs / 60e6) % 11 !== 0 && Math.floor(tsUs / 3600e6) % 97 > 6;
}

/** Real time, but for waits before another try. */
const slept: number[] = [];
const clock = {
  now: Date.now,
  sleep: async (ms: number) => {
    slept.push(ms);
  },
};

function open(
  exchange: string,
  url: string,
  settings: ProviderSettings = {},
  onEvent?: (event: ProviderEvent) => void,
): Promise<BarProvider> {
  const name = `ccxt:${exchange}`;
  return openProvider(name, {
    settings: { [name]: { baseUrl: url, requestsPerMinute: 6000, timeoutSeconds: 10, ...settings } },
    environment: { KRAKEN_API_KEY: KEY },
    clock,
    circuits: memoryCircuits(),
    importModule: async () => library,
    ...(onEvent && { onEvent }),
  });
}

/** Coinbase Exchange with its list of markets. */
function coinbase(asked: Asked): Answer {
  if (asked.path === '/products') {
    const product = (base: string, quote: string) => ({
      id: `${base}-${quote}`,
      base_currency: base,
      quote_currency: quote,
      quote_increment: '0.01',
      base_increment: '0.00000001',
      status: 'online',
    });
    return { body: [product('BTC', 'USD'), product('BTC', 'EUR'), product('ETH', 'BTC')] };
  }
  if (asked.path === '/currencies')
    return { body: [{ id: 'BTC', name: 'Bitcoin', status: 'online', details: {} }] };
  return coinbaseApi(market)(asked);
}

/** Kraken: the latest 720 candles, whatever `since` says, the one forming among them. */
function kraken({ path, query }: Asked): Answer {
  if (path === '/0/public/Assets')
    return {
      body: {
        error: [],
        result: {
          XXBT: { aclass: 'currency', altname: 'XBT', decimals: 10, status: 'enabled' },
          ZUSD: { aclass: 'currency', altname: 'USD', decimals: 4, status: 'enabled' },
        },
      },
    };
  if (path === '/0/public/AssetPairs') {
    const pair = {
      altname: 'XBTUSD',
      wsname: 'XBT/USD',
      base: 'XXBT',
      quote: 'ZUSD',
      pair_decimals: 1,
      lot_decimals: 8,
      leverage_buy: [],
      leverage_sell: [],
      fees: [[0, 0.26]],
      fees_maker: [[0, 0.16]],
      ordermin: '0.0001',
      status: 'online',
    };
    return { body: { error: [], result: { XXBTZUSD: pair } } };
  }
  if (path !== '/0/public/OHLC') return { status: 404, body: { error: ['EGeneral:Unknown method'] } };
  const barUs = Number(query.get('interval')) * 60e6;
  const nowUs = Date.now() * 1000;
  const bars = marketBars(barUs, nowUs - 2000 * barUs, nowUs)
    .slice(-720)
    .filter(({ tsUs }) => tsUs / 1e6 > Number(query.get('since') ?? 0));
  const row = (bar: MarketBar) => [
    bar.tsUs / 1e6,
    ...[bar.open, bar.high, bar.low, bar.close, bar.close, bar.volume].map(String),
    3,
  ];
  return { body: { error: [], result: { XXBTZUSD: bars.map(row), last: 1 } } };
}

describe('ccxt', () => {
  it('gives every closed bar once, through limits, gaps, throttling and faults', async () => {
    await using server = await VendorServer.start(coinbase);
    const provider = await open('coinbaseexchange', server.url);
    expect(provider.timeframes).toEqual(TIMEFRAMES);
    const nowUs = Date.now() * 1000;
    for (const timeframe of ['1m', '15m', '4h', '1d'] as const) {
      const barUs = barUsOf(timeframe);
      const [fromUs, toUs] = [nowUs - 1000 * barUs, nowUs - 3 * barUs];
      server.faults = [
        undefined,
        undefined,
        undefined,
        'reset',
        undefined,
        'html',
        undefined,
        { status: 429, body: { message: 'Public rate limit exceeded' } },
        undefined,
        { status: 503, body: '<html><title>down</title></html>' },
      ];
      const pages = await pagesFrom(provider, { asset: 'BTCUSD', timeframe, fromUs, toUs });
      const source = timeframe === '4h' ? 3600e6 : barUs;
      const first = Math.ceil(fromUs / barUs) * barUs;
      const bars = marketBars(source, first, Math.ceil(toUs / barUs) * barUs, isTraded);
      const expected =
        timeframe === '4h'
          ? coarserBars(
              bars.map((bar) => ({ ...bar, original: bar })),
              barUs,
            )
          : bars;
      expect(timesOf(pages)).toEqual(expected.map(({ tsUs }) => tsUs));
      if (timeframe !== '4h') expect(valuesOf(pages)).toEqual(bars);
      expect(coveredBy(pages)).toEqual([[first, Math.ceil(toUs / barUs) * barUs]]);
    }
    expect(slept.length).toBeGreaterThanOrEqual(8);
    expect(provider.usage?.().requestCount).toBe(server.asked.length);
    // never a candle too many was asked for: the server refuses it
    expect(provider.usage?.().retryCount).toBe(slept.length);
  });

  it('keeps the exchange’s rate limit, and keeps it busy', async () => {
    // 50 a second, a few at once
    let [tokens, atMs, over] = [5, performance.now(), 0];
    await using server = await VendorServer.start((asked) => {
      const nowMs = performance.now();
      tokens = Math.min(5, tokens + (nowMs - atMs) / 20) - 1;
      atMs = nowMs;
      if (tokens < 0) over++;
      return coinbase(asked);
    });
    const provider = await open('coinbaseexchange', server.url, { requestsPerMinute: 3000 });
    const nowUs = Date.now() * 1000;
    const request = { timeframe: '1m' as const, fromUs: nowUs - 5 * 86_400e6, toUs: nowUs - 86_400e6 };
    await Promise.all([1, 2, 3].map(() => pagesFrom(provider, { asset: 'BTCUSD', ...request })));
    expect(server.asked.length).toBeGreaterThanOrEqual(60);
    expect(over).toBe(0);
  });

  it('takes nothing for empty that an exchange overlooks: Kraken has its latest 720', async () => {
    await using server = await VendorServer.start(kraken);
    const provider = await open('kraken', server.url);
    const nowUs = Date.now() * 1000;
    const [fromUs, toUs] = [nowUs - 1500 * 3600e6, nowUs];
    const pages = await pagesFrom(provider, { asset: 'BTCUSD', timeframe: '1h', fromUs, toUs });
    const closedUs = Math.floor(nowUs / 3600e6) * 3600e6;
    const knownUs = closedUs - 719 * 3600e6;
    expect(timesOf(pages)).toEqual(marketBars(3600e6, knownUs, closedUs).map(({ tsUs }) => tsUs));
    expect(coveredBy(pages)).toEqual([[knownUs, closedUs]]);
  });

  it('says what is wrong, without the key', async () => {
    await using server = await VendorServer.start(kraken);
    const events: ProviderEvent[] = [];
    const provider = await open('kraken', server.url, {}, (event) => events.push(event));
    const nowUs = Date.now() * 1000;
    const request = { timeframe: '1h' as const, fromUs: nowUs - 10 * 3600e6, toUs: nowUs };
    await expect(pagesFrom(provider, { asset: 'DOGEUSD', ...request })).rejects.toMatchObject({
      code: 'PROVIDER_UNKNOWN_ASSET',
    });
    server.faults = [{ body: { error: ['EAPI:Invalid key'] } }];
    const refused = await pagesFrom(provider, { asset: 'BTCUSD', ...request }).catch(
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code: 'PROVIDER_FORBIDDEN' });
    server.faults = [{ body: { error: [`EGeneral:Invalid arguments ${KEY}`] } }];
    const quoted = await pagesFrom(provider, { asset: 'BTCUSD', ...request }).catch(
      (error: unknown) => error,
    );
    expect(String(quoted)).toContain('***');
    server.faults = Array.from({ length: 4 }, () => ({ status: 500, body: `<html>${KEY}</html>` }));
    const failed = await pagesFrom(provider, { asset: 'BTCUSD', ...request }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ facts: { attempts: 4, kind: 'transient' } });
    const { inspect } = await import('node:util');
    expect(inspect([refused, quoted, failed, events], { depth: 9 })).not.toContain(KEY);
    await expect(open('nowhere', server.url)).rejects.toThrow('the ccxt library knows no exchange nowhere');
  });
});
