import { describe, expect, it } from 'vitest';
import { KEYS, marketBars, openAt, pagesFrom, timesOf } from './bars.ts';
import { TestClock } from './test-clock.ts';
import { VendorServer } from './vendor-server.ts';
import { alphaVantageApi, coinbaseApi, databentoApi, type Market } from './vendors.ts';

const NOW_MS = Date.UTC(2024, 2, 1, 12, 34, 56);
const NOW_US = NOW_MS * 1000;
const HISTORY_US = Date.UTC(2024, 1, 20) * 1000;
const AVAILABLE_US = Date.UTC(2024, 2, 1, 9) * 1000;

describe('coinbase', () => {
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

  it('asks for the last hundred where they suffice', async () => {
    const clock = new TestClock(NOW_MS);
    await using server = await VendorServer.start(alphaVantageApi(market, key, HISTORY_US));
    const provider = await openAt('alpha_vantage', server.url, clock);
    for (const [bars, size] of [
      [89, 'compact'],
      [91, 'full'],
    ] as const) {
      const fromUs = NOW_US - bars * 60e6;
      const pages = await pagesFrom(provider, { asset: 'EURUSD', timeframe: '1m', fromUs, toUs: NOW_US });
      expect(timesOf(pages)).toHaveLength(bars - 1);
      expect(server.asked.at(-1)?.query.get('outputsize')).toBe(size);
    }
  });

  it('gives currencies no volume, and shares their bars in New York across the change of clocks', async () => {
    const nowMs = Date.UTC(2024, 3, 2);
    const clock = new TestClock(nowMs);
    const clockThere = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/New_York', hour: '2-digit' });
    const hours = (tsUs: number): boolean => {
      const hour = Number(clockThere.format(tsUs / 1000));
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
