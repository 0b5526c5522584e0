import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock, type Timeframe } from '../../src/providers/index.ts';
import {
  barUsOf,
  coveredBy,
  KEYS,
  type MarketBar,
  marketBars,
  openAt,
  pagesFrom,
  timesOf,
  valuesOf,
} from './bars.ts';
import { TestClock } from './test-clock.ts';
import { type Answer, type Asked, type Fault, VendorServer } from './vendor-server.ts';
import { alphaVantageApi, coinbaseApi, databentoApi, type Market, oandaApi } from './vendors.ts';

const NOW_MS = Date.UTC(2024, 2, 1, 12, 34, 56);
const NOW_US = NOW_MS * 1000;
const HISTORY_US = Date.UTC(2024, 1, 20) * 1000;
const AVAILABLE_US = Date.UTC(2024, 2, 1, 9) * 1000;

interface Vendor {
  readonly name: string;
  readonly asset: string;
  readonly api: (market: Market) => (asked: Asked) => Answer;
  /** Timeframes it has no bars of, and those they are built from. */
  readonly built: Partial<Record<Timeframe, Timeframe>>;
  readonly knownFromUs: number;
  readonly knownToUs: number;
}

const vendors: readonly Vendor[] = [
  {
    name: 'coinbase',
    asset: 'BTCUSD',
    api: (market) => coinbaseApi(market),
    built: { '4h': '1h' },
    knownFromUs: Number.NEGATIVE_INFINITY,
    knownToUs: NOW_US,
  },
  {
    name: 'oanda',
    asset: 'EURUSD',
    api: (market) => oandaApi(market, KEYS.OANDA_API_KEY),
    built: {},
    knownFromUs: Number.NEGATIVE_INFINITY,
    knownToUs: NOW_US,
  },
  {
    name: 'alpha_vantage',
    asset: 'BTCUSD',
    api: (market) => alphaVantageApi(market, KEYS.ALPHA_VANTAGE_API_KEY, HISTORY_US),
    built: { '4h': '1h' },
    knownFromUs: HISTORY_US,
    knownToUs: NOW_US,
  },
  {
    name: 'databento',
    asset: 'ES',
    api: (market) =>
      databentoApi(market, KEYS.DATABENTO_API_KEY, { fromUs: HISTORY_US, toUs: AVAILABLE_US }, 0),
    built: { '5m': '1m', '15m': '1m', '4h': '1h' },
    knownFromUs: HISTORY_US,
    knownToUs: AVAILABLE_US,
  },
];

/** What a vendor should be found to have: closed bars that start in the span, built by a plain loop where they must be. */
function expectedBars(
  vendor: Vendor,
  timeframe: Timeframe,
  fromUs: number,
  toUs: number,
  isTraded: (tsUs: number) => boolean,
) {
  const barUs = barUsOf(timeframe);
  const first = Math.max(fromUs, vendor.knownFromUs);
  const closedUs = Math.floor(Math.min(NOW_US, vendor.knownToUs) / barUs) * barUs;
  const source = vendor.built[timeframe];
  if (source === undefined) return marketBars(barUs, first, Math.min(toUs, closedUs), isTraded);
  const bars: MarketBar[] = [];
  for (let tsUs = Math.ceil(first / barUs) * barUs; tsUs < Math.min(toUs, closedUs); tsUs += barUs) {
    const parts = marketBars(barUsOf(source), tsUs, tsUs + barUs, isTraded);
    const [head] = parts;
    const tail = parts.at(-1);
    if (head === undefined || tail === undefined) continue;
    bars.push({
      tsUs,
      open: head.open,
      high: Math.max(...parts.map(({ high }) => high)),
      low: Math.min(...parts.map(({ low }) => low)),
      close: tail.close,
      volume: parts.reduce((sum, { volume }) => sum + volume, 0),
    });
  }
  return bars;
}

const healing: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fault>(
      'reset',
      'html',
      'cut',
      { status: 500, body: '' },
      { status: 429, headers: { 'retry-after': '3' }, body: { message: 'Too many requests' } },
    ),
  },
);

describe.each(vendors)('$name', (vendor) => {
  it('has every closed bar once, whatever the span, the gaps and what goes wrong', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Timeframe>('1m', '5m', '15m', '1h', '4h', '1d'),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 1, max: 1500 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(healing, { maxLength: 12 }),
        async (timeframe, barsAgo, length, everyNth, faults) => {
          const barUs = barUsOf(timeframe);
          const isTraded = (tsUs: number): boolean =>
            everyNth === 1 || (tsUs / 60e6) % (everyNth * 60) >= 60 || tsUs % 86_400e6 === 0;
          const toUs = NOW_US - barsAgo * barUs + 12_345_678;
          const fromUs = toUs - length * barUs;
          const clock = new TestClock(NOW_MS);
          const market: Market = {
            nowMs: () => NOW_MS,
            bars: (us, from, to) => marketBars(us, from, to, isTraded),
          };
          await using server = await VendorServer.start(vendor.api(market), () => clock.now());
          // never as many failures together as open a circuit
          server.faults = faults.flatMap((fault) => [fault, undefined, undefined]);
          const provider = await openAt(vendor.name, server.url, clock);
          const pages = await pagesFrom(provider, { asset: vendor.asset, timeframe, fromUs, toUs });
          expect(valuesOf(pages)).toEqual(expectedBars(vendor, timeframe, fromUs, toUs, isTraded));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('speaks for the whole span up to what may still come', async () => {
    const clock = new TestClock(NOW_MS);
    const isTraded = (tsUs: number): boolean => tsUs < NOW_US - 3 * 3600e6;
    const market: Market = {
      nowMs: () => NOW_MS,
      bars: (us, from, to) => marketBars(us, from, to, isTraded),
    };
    await using server = await VendorServer.start(vendor.api(market), () => clock.now());
    const provider = await openAt(vendor.name, server.url, clock);
    const fromUs = NOW_US - 5 * 86_400e6;
    const pages = await pagesFrom(provider, {
      asset: vendor.asset,
      timeframe: '1m',
      fromUs,
      toUs: NOW_US + 86_400e6,
    });
    // five minutes are left open: a bar may show late
    const settledUs = Math.floor((NOW_US - 300e6) / 60e6) * 60e6;
    // what Databento calls available is settled
    const toUs = vendor.name === 'databento' ? AVAILABLE_US : settledUs;
    expect(coveredBy(pages)).toEqual([[Math.ceil(fromUs / 60e6) * 60e6, toUs]]);
  });

  it('keeps the bar still forming to itself, also where our clock is ahead', async () => {
    for (const aheadMs of [0, 90_000, 3_600_000]) {
      const clock = new TestClock(NOW_MS + aheadMs);
      const market: Market = { nowMs: () => NOW_MS, bars: (us, from, to) => marketBars(us, from, to) };
      await using server = await VendorServer.start(vendor.api(market), () => NOW_MS);
      const provider = await openAt(vendor.name, server.url, clock);
      const request = {
        asset: vendor.asset,
        timeframe: '1m' as const,
        fromUs: NOW_US - 600e6,
        toUs: NOW_US + 7200e6,
      };
      const pages = [...(await pagesFrom(provider, request)), ...(await pagesFrom(provider, request))];
      const last = Math.max(...timesOf(pages).map((tsUs) => tsUs ?? 0));
      if (vendor.knownToUs === NOW_US) expect(last).toBe(Math.floor(NOW_US / 60e6) * 60e6 - 60e6);
      const coveredTo = Math.max(...coveredBy(pages).map(([, to]) => to));
      expect(coveredTo).toBeLessThanOrEqual(NOW_US);
    }
  });

  it('is asked no more often than it allows, whatever the number of assets', {
    timeout: 30_000,
  }, async () => {
    const market: Market = { nowMs: () => NOW_MS, bars: (us, from, to) => marketBars(us, from, to) };
    // 30 a second, and 30 at once, though 5 are asked: a machine held up for most of a second does no harm
    let [tokens, atMs, over] = [30, performance.now(), 0];
    const api = vendor.api(market);
    await using server = await VendorServer.start((asked) => {
      const nowMs = performance.now();
      tokens = Math.min(30, tokens + ((nowMs - atMs) * 30) / 1000) - 1;
      atMs = nowMs;
      if (tokens >= 0) return api(asked);
      over++;
      return { status: 429, body: { message: 'Too many requests' } };
    });
    const limits = { requestsPerMinute: 1800, burst: 5 };
    const provider = await openAt(vendor.name, server.url, systemClock, { settings: limits });
    const request = {
      asset: vendor.asset,
      timeframe: '1m' as const,
      fromUs: NOW_US - 2 * 86_400e6,
      toUs: NOW_US - 3600e6,
    };
    const startMs = performance.now();
    const all = await Promise.all(Array.from({ length: 6 }, () => pagesFrom(provider, request)));
    for (const pages of all) expect(timesOf(pages)).toEqual(timesOf(all[0] ?? []));
    expect(over).toBe(0);
    expect(server.asked.length).toBeGreaterThanOrEqual(6);
    // saturated, not more: after the first five, 30 a second
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(((server.asked.length - 6) * 1000) / 30);
    expect(provider.usage?.()).toMatchObject({ requestCount: server.asked.length, retryCount: 0 });
  });
});
