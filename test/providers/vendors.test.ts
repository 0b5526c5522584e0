import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timeframe } from '../../src/providers/index.ts';
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
      { numRuns: 40 },
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
});

describe('coinbase', () => {
  it('is asked for 300 candles at most, and no more often than it allows', { timeout: 30_000 }, async () => {
    const { systemClock } = await import('../../src/providers/index.ts');
    const market: Market = { nowMs: () => NOW_MS, bars: (us, from, to) => marketBars(us, from, to) };
    // the documented bucket, ten times as fast: 100 a second, 15 at once
    let [tokens, atMs, over] = [15, performance.now(), 0];
    const api = coinbaseApi(market);
    await using server = await VendorServer.start((asked) => {
      const nowMs = performance.now();
      tokens = Math.min(15, tokens + (nowMs - atMs) / 10) - 1;
      atMs = nowMs;
      if (tokens >= 0) return api(asked);
      over++;
      return { status: 429, body: { message: 'Public rate limit exceeded' } };
    });
    const provider = await openAt('coinbase', server.url, systemClock, {
      settings: { requestsPerMinute: 6000, burst: 5 },
    });
    const request = {
      asset: 'BTCUSD',
      timeframe: '1m' as const,
      fromUs: NOW_US - 3 * 86_400e6,
      toUs: NOW_US,
    };
    // several assets would share the limit in the same way
    const startMs = performance.now();
    const all = await Promise.all(Array.from({ length: 5 }, () => pagesFrom(provider, request)));
    for (const pages of all) expect(timesOf(pages)).toHaveLength(4320);
    expect(over).toBe(0);
    expect(server.asked).toHaveLength(75);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(690);
    expect(provider.usage?.()).toMatchObject({ requestCount: 75, retryCount: 0 });
  });

  it('says what it does not know', async () => {
    const clock = new TestClock(NOW_MS);
    const market: Market = { nowMs: () => NOW_MS, bars: () => [] };
    await using server = await VendorServer.start(coinbaseApi(market, 'XBT-USD'));
    const request = { asset: 'BTCUSD', timeframe: '1h' as const, fromUs: NOW_US - 7200e6, toUs: NOW_US };
    const provider = await openAt('coinbase', server.url, clock);
    await expect(pagesFrom(provider, request)).rejects.toThrow(
      /^coinbase: GET http:\/\/127\.0\.0\.1:\d+\/products\/BTC-USD\/candles\?granularity=3600&.*: HTTP 404: NotFound$/,
    );
    const named = await openAt('coinbase', server.url, clock, {
      settings: { symbols: { BTCUSD: 'XBT-USD' } },
    });
    expect(await pagesFrom(named, request)).toHaveLength(1);
    server.faults = [{ body: { candles: [] } }];
    await expect(pagesFrom(named, request)).rejects.toMatchObject({ code: 'PROVIDER_ANSWER' });
  });

  it('hands on candles that are none, each as it came', async () => {
    const clock = new TestClock(NOW_MS);
    const tsUs = Math.floor(NOW_US / 3600e6) * 3600e6 - 3600e6;
    const odd = [null, [], 'x', ['soon', 1, 2, 1, 2, 3], [tsUs / 1e6, 'low', null, 1, 2], { time: 1 }];
    await using server = await VendorServer.start(() => ({ body: odd }));
    const provider = await openAt('coinbase', server.url, clock);
    const request = { asset: 'BTCUSD', timeframe: '1h' as const, fromUs: tsUs, toUs: NOW_US };
    const [page] = await pagesFrom(provider, request);
    expect(page?.bars.map(({ original }) => original)).toEqual(expect.arrayContaining(odd));
    expect(page?.bars).toHaveLength(odd.length);
    expect(page?.bars.find((bar) => bar.tsUs === tsUs)).toMatchObject({
      low: 'low',
      high: null,
      volume: undefined,
    });
    // built bars keep them too
    const built = await pagesFrom(provider, { ...request, timeframe: '4h', fromUs: tsUs - 8 * 3600e6 });
    expect(JSON.stringify(built.flatMap(({ bars }) => bars.map(({ original }) => original)))).toContain(
      'soon',
    );
  });
});

describe('alpha_vantage', () => {
  const key = KEYS.ALPHA_VANTAGE_API_KEY;
  const market: Market = { nowMs: () => NOW_MS, bars: (us, from, to) => marketBars(us, from, to) };
  const span = { fromUs: NOW_US - 3 * 86_400e6, toUs: NOW_US };

  it('names a function for each kind of asset', async () => {
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(alphaVantageApi(market, key, HISTORY_US));
    const provider = await openAt('alpha_vantage', server.url, clock);
    for (const [asset, timeframe] of [
      ['EURUSD', '5m'],
      ['EURUSD', '1d'],
      ['BTCUSD', '1h'],
      ['BTCUSD', '1d'],
      ['IBM', '15m'],
    ] as const) {
      await pagesFrom(provider, { asset, timeframe, ...span });
    }
    const asked = server.asked.map(({ query }) => [
      query.get('function'),
      query.get('interval'),
      query.get('month'),
    ]);
    expect(asked).toEqual([
      ['FX_INTRADAY', '5min', null],
      ['FX_DAILY', null, null],
      ['CRYPTO_INTRADAY', '60min', null],
      ['DIGITAL_CURRENCY_DAILY', null, null],
      ['TIME_SERIES_INTRADAY', '15min', '2024-02'],
      ['TIME_SERIES_INTRADAY', '15min', '2024-03'],
    ]);
    await expect(pagesFrom(provider, { asset: 'IBM', timeframe: '1d', ...span })).rejects.toMatchObject({
      code: 'PROVIDER_TIMEFRAME',
    });
  });

  it('gives currencies no volume, and shares their bars in New York across the change of clocks', async () => {
    const nowMs = Date.UTC(2024, 3, 2);
    const clock = new TestClock(nowMs);
    const hours = (tsUs: number): boolean => {
      const hour = Number(
        new Date(tsUs / 1000).toLocaleString('en-GB', { timeZone: 'America/New_York', hour: '2-digit' }),
      );
      return hour >= 4 && hour < 20;
    };
    const shares: Market = { nowMs: () => nowMs, bars: (us, from, to) => marketBars(us, from, to, hours) };
    await using server = await VendorServer.start(alphaVantageApi(shares, key, Date.UTC(2024, 0, 15) * 1000));
    const provider = await openAt('alpha_vantage', server.url, clock);
    const [fromUs, toUs] = [Date.UTC(2024, 0, 20) * 1000, Date.UTC(2024, 3, 1, 12) * 1000];
    const pages = await pagesFrom(provider, { asset: 'IBM', timeframe: '1h', fromUs, toUs });
    expect(timesOf(pages)).toEqual(marketBars(3600e6, fromUs, toUs, hours).map(({ tsUs }) => tsUs));
    const forex = await pagesFrom(provider, {
      asset: 'EURUSD',
      timeframe: '1h',
      fromUs: toUs - 86_400e6,
      toUs,
    });
    expect(new Set(forex.flatMap(({ bars }) => bars.map(({ volume }) => volume)))).toEqual(new Set([0]));
  });

  it('tells errors inside a 200: limits that heal, limits of a day, calls that are wrong', async () => {
    const note =
      'Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 500 calls per day.';
    const burst =
      'Please consider spreading out your free API requests more sparingly (1 request per second).';
    const day = 'We have detected your API key and our standard API rate limit is 25 requests per day.';
    const premium = 'Thank you for using Alpha Vantage! This is a premium endpoint.';
    for (const [body, code, tries] of [
      [{ Note: note }, null, 2],
      [{ Information: burst }, null, 2],
      [{ Information: day }, 'PROVIDER_REFUSED', 1],
      [{ Information: premium }, 'PROVIDER_REFUSED', 1],
      [{ 'Error Message': 'Invalid API call.' }, 'PROVIDER_REFUSED', 1],
      [{ 'Meta Data': {} }, 'PROVIDER_ANSWER', 1],
    ] as const) {
      const clock = new TestClock(NOW_MS);
      await using server = await VendorServer.start(alphaVantageApi(market, key, HISTORY_US));
      server.faults = [{ body }];
      const provider = await openAt('alpha_vantage', server.url, clock);
      const error: unknown = await pagesFrom(provider, { asset: 'EURUSD', timeframe: '1h', ...span }).catch(
        (thrown) => thrown,
      );
      if (code === null) expect(clock.slept).toEqual([60_000]);
      else expect(error).toMatchObject({ code });
      expect(server.asked).toHaveLength(tries);
    }
  });
});

describe('databento', () => {
  const market: Market = { nowMs: () => NOW_MS, bars: (us, from, to) => marketBars(us, from, to) };
  const available = { fromUs: HISTORY_US, toUs: AVAILABLE_US };
  const request = { asset: 'ES', timeframe: '1m' as const, fromUs: AVAILABLE_US - 3600e6, toUs: NOW_US };

  it('asks before what costs, and pulls nothing that was not approved', async () => {
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(
      databentoApi(market, KEYS.DATABENTO_API_KEY, available, 0.001),
    );
    const refusing = await openAt('databento', server.url, clock);
    await expect(pagesFrom(refusing, request)).rejects.toMatchObject({
      code: 'PROVIDER_COST',
      message:
        'databento: ES.v.0 ohlcv-1m 2024-03-01T08:00 to 2024-03-01T09:00 costs $0.060, and was not approved.',
    });
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/v0/metadata.get_dataset_range',
      '/v0/metadata.get_cost',
    ]);
    let asked = 0;
    const approveCost = async () => ++asked > 0;
    const approving = await openAt('databento', server.url, clock, { approveCost });
    const pages = await pagesFrom(approving, request);
    expect(timesOf(pages)).toHaveLength(60);
    expect(asked).toBe(1);
    expect(server.asked.at(-1)?.form.get('stype_in')).toBe('continuous');
    expect(pages[0]?.bars[0]).toMatchObject({
      original: { ts_event: `${AVAILABLE_US - 3600e6}000`, instrument_id: 5002 },
    });
  });

  it('says what the vendor says', async () => {
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(databentoApi(market, 'another key', available, 0));
    const provider = await openAt('databento', server.url, clock);
    await expect(pagesFrom(provider, request)).rejects.toThrow('HTTP 401: Authentication failed.');
    server.faults = [{ body: 'not DBN' }];
  });
});
