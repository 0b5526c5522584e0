import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DuckDbSession, defaultLimits } from '../../src/duckdb/index.ts';
import { coarserBars } from '../../src/providers/coarser.ts';
import {
  type BarPage,
  type BarProvider,
  memoryCircuits,
  openProvider,
  TIMEFRAMES,
  type Timeframe,
} from '../../src/providers/index.ts';
import { barUsOf, coveredBy, type MarketBar, marketBars, pagesFrom, timesOf, valuesOf } from './bars.ts';
import { TestClock } from './test-clock.ts';

const NOW_MS = Date.UTC(2024, 2, 1, 12, 34, 56);
const NOW_US = NOW_MS * 1000;
const DAY_US = 86_400e6;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-replay-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function replay(source: string | null): Promise<BarProvider> {
  const clock = new TestClock(NOW_MS);
  return openProvider('replay', {
    settings: {},
    environment: {},
    clock,
    circuits: memoryCircuits(),
    replaySource: source,
  });
}

describe('the bundled sample', () => {
  it('is the same at every call, whatever the span', async () => {
    const provider = await replay(null);
    expect(provider.isMock).toBe(true);
    const whole = valuesOf(
      await pagesFrom(provider, {
        asset: 'BTCUSD',
        timeframe: '5m',
        fromUs: NOW_US - 9 * DAY_US,
        toUs: NOW_US,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2500 }),
        fc.integer({ min: 1, max: 400 }),
        async (from, length) => {
          const fromUs = NOW_US - 9 * DAY_US + from * 300e6;
          const toUs = fromUs + length * 300e6;
          const part = await pagesFrom(await replay(null), {
            asset: 'BTCUSD',
            timeframe: '5m',
            fromUs,
            toUs,
          });
          expect(valuesOf(part)).toEqual(whole.filter(({ tsUs }) => tsUs >= fromUs && tsUs < toUs));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('has longer bars that are those of the minutes in them', async () => {
    const provider = await replay(null);
    const span = { fromUs: NOW_US - 4 * DAY_US, toUs: NOW_US };
    for (const asset of ['ETHUSD', 'EURUSD']) {
      const minutes = (await pagesFrom(provider, { asset, timeframe: '1m', ...span })).flatMap(
        ({ bars }) => bars,
      );
      for (const timeframe of TIMEFRAMES.slice(1)) {
        const found = valuesOf(await pagesFrom(provider, { asset, timeframe, ...span }));
        const built = coarserBars(minutes, barUsOf(timeframe)).filter(
          ({ tsUs = 0 }) => tsUs >= span.fromUs && tsUs + barUsOf(timeframe) <= NOW_US,
        );
        expect(found.length).toBeGreaterThan(asset === 'EURUSD' ? 2 : 3 * (DAY_US / barUsOf(timeframe)) - 1);
        for (const [k, bar] of found.entries()) {
          const { tsUs, open, high, low, close } = bar;
          expect(built[k]).toMatchObject({ tsUs, open, high, low, close });
          expect(built[k]?.volume).toBeCloseTo(bar.volume, 1);
          expect(Math.min(open, close, high)).toBeGreaterThanOrEqual(low);
          expect(Math.max(open, close)).toBeLessThanOrEqual(high);
        }
      }
    }
  });

  it('rests at weekends where the market does, and speaks for the whole span', async () => {
    const provider = await replay(null);
    const [fromUs, toUs] = [NOW_US - 14 * DAY_US, NOW_US];
    const pages = await pagesFrom(provider, { asset: 'EURUSD', timeframe: '1h', fromUs, toUs });
    for (const tsUs of timesOf(pages)) {
      const time = new Date((tsUs ?? 0) / 1000);
      const hour = time.getUTCDay() * 24 + time.getUTCHours();
      expect(hour >= 22 && hour < 5 * 24 + 22).toBe(true);
    }
    expect(timesOf(pages)).toHaveLength(10 * 24 - 1);
    expect(coveredBy(pages)).toEqual([[fromUs, Math.floor(NOW_US / 3600e6) * 3600e6]]);
    await expect(
      pagesFrom(provider, { asset: 'DOGEUSD', timeframe: '1h', fromUs, toUs }),
    ).rejects.toMatchObject({
      code: 'PROVIDER_UNKNOWN_ASSET',
    });
  });
});

const bars = marketBars(60e6, NOW_US - 2 * DAY_US, NOW_US - DAY_US, (tsUs) => (tsUs / 60e6) % 7 !== 0);
const span = { fromUs: NOW_US - 3 * DAY_US, toUs: NOW_US };

const iso = (tsUs: number): string => new Date(tsUs / 1000).toISOString().replace('.000', '');
const line = (bar: MarketBar): string =>
  [iso(bar.tsUs), bar.open, bar.high, bar.low, bar.close, bar.volume].join(',');
const json = (bar: MarketBar, asset: string, timeframe: Timeframe): string => {
  const { tsUs, ...values } = bar;
  return JSON.stringify({ asset_pair: asset, timeframe, timestamp: iso(tsUs), ...values });
};

async function write(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

const HEADER = 'timestamp,open,high,low,close,volume';

function minutes(provider: BarProvider, asset = 'BTCUSD'): Promise<BarPage[]> {
  return pagesFrom(provider, { asset, timeframe: '1m', ...span });
}

describe('a replayed file', () => {
  it('is read the same from CSV, JSON lines and Parquet', async () => {
    await write('btc-usd_1m.csv', [HEADER, ...bars.map(line)]);
    await write('quoted.csv', [
      '"Time";"Symbol";Open;High;Low;Close;Volume',
      ...bars.map(
        (bar) => `"${iso(bar.tsUs)}";BTC/USD;${bar.open};${bar.high};${bar.low};${bar.close};${bar.volume}`,
      ),
    ]);
    await write('seconds.csv', [
      'time,o,h,l,c,v',
      ...bars.map((bar) => line(bar).replace(iso(bar.tsUs), String(bar.tsUs / 1e6))),
    ]);
    await write('returns.csv', [HEADER, ...bars.map((bar) => `${line(bar)}\r`)]);
    await write(
      'bars.ndjson',
      bars.map((bar) => json(bar, 'BTC-USD', '1m')),
    );
    await write(
      'spaced.jsonl',
      bars.map((bar) => json(bar, 'btc_usd', '1m').replaceAll('":', '": ').replaceAll(',"', ', "')),
    );
    const path = join(folder, 'bars.parquet');
    using session = await DuckDbSession.open(defaultLimits());
    await session.copy(
      `SELECT * REPLACE (CAST(timestamp AS TIMESTAMP) AS timestamp), 'BTCUSD' AS asset_pair FROM read_csv('${join(folder, 'btc-usd_1m.csv')}')`,
      path,
      'FORMAT parquet',
    );
    for (const name of [
      'btc-usd_1m.csv',
      'quoted.csv',
      'seconds.csv',
      'returns.csv',
      'bars.ndjson',
      'spaced.jsonl',
      'bars.parquet',
    ]) {
      const pages = await minutes(await replay(join(folder, name)));
      expect(valuesOf(pages), name).toEqual(bars);
      expect(coveredBy(pages), name).toEqual([[span.fromUs, (bars.at(-1)?.tsUs ?? 0) + 60e6]]);
      expect(new Set(pages.map(({ sourceFile }) => sourceFile))).toEqual(new Set([join(folder, name)]));
    }
  });

  it('holds what is asked for where it names no asset, by the steps between its bars', async () => {
    const provider = await replay(await write('prices.csv', [HEADER, ...bars.map(line)]));
    expect(valuesOf(await minutes(provider, 'XAUUSD'))).toEqual(bars);
    expect(await pagesFrom(provider, { asset: 'XAUUSD', timeframe: '1h', ...span })).toEqual([]);
  });

  it('parts its assets and timeframes, in one file or many', async () => {
    const hours = marketBars(3600e6, NOW_US - 2 * DAY_US, NOW_US - DAY_US);
    const rows = bars.flatMap((bar) => [
      json(bar, 'BTCUSD', '1m'),
      json({ ...bar, close: bar.close + 0.5 }, 'ETHUSD', '1m'),
    ]);
    await write('mixed.ndjson', [...rows, ...hours.map((bar) => json(bar, 'BTCUSD', '1h'))]);
    await mkdir(join(folder, 'more'));
    const later = marketBars(60e6, NOW_US - DAY_US, NOW_US - DAY_US + 3600e6);
    await write('more/BTCUSD-1m.csv', [HEADER, ...later.map(line)]);
    const provider = await replay(folder);
    expect(valuesOf(await minutes(provider))).toEqual([...bars, ...later]);
    expect(valuesOf(await minutes(provider, 'ETHUSD')).map(({ close }) => close)).toEqual(
      bars.map(({ close }) => close + 0.5),
    );
    expect(valuesOf(await pagesFrom(provider, { asset: 'BTCUSD', timeframe: '1h', ...span }))).toEqual(hours);
  });

  it('loses no line: each bad one is handed out once, with what it was', async () => {
    const [first, second] = bars;
    if (first === undefined || second === undefined) throw new Error('no bars');
    const future = json({ ...first, tsUs: NOW_US + DAY_US }, 'BTCUSD', '1m');
    const bad = [
      'not json',
      '{"asset_pair":"BTCUSD"',
      '[]',
      json({ ...second, open: Number.NaN }, 'BTCUSD', '1m'),
      json(second, 'BTCUSD', '1m').replace(/"open":[^,]*/, '"open":"dear"'),
      json(second, 'BTCUSD', '1m').replace(/"timestamp":"[^"]*"/, '"timestamp":"yesterday"'),
      json(second, '', '1m'),
      json(second, 'BTCUSD', '1m').replace('"1m"', '"7m"'),
    ];
    const invalid = Buffer.concat([
      Buffer.from(json(second, 'BTCUSD', '1m').slice(0, -1)),
      Buffer.from(',"x":"\xff\xfe"}', 'latin1'),
    ]);
    const text = [json(first, 'BTCUSD', '1m'), ...bad, future, json(first, 'ETHUSD', '1m'), ''].join('\n');
    const path = join(folder, 'bad.ndjson');
    await writeFile(path, Buffer.concat([Buffer.from(text), invalid, Buffer.from('\n')]));
    const provider = await replay(path);
    const found = (await minutes(provider)).flatMap((page) => page.bars);
    const originals = found.map(({ original }) => original);
    expect(originals.filter((each) => typeof each === 'string').sort()).toEqual(
      [json(first, 'BTCUSD', '1m'), ...bad, future].sort(),
    );
    expect(originals.filter((each) => each instanceof Uint8Array)).toEqual([new Uint8Array(invalid)]);
    expect(found.find(({ original }) => String(original).includes('dear'))?.open).toBe('dear');
    expect(found.find(({ original }) => String(original).includes('yesterday'))?.tsUs).toBeNaN();
    const others = (await minutes(provider, 'ETHUSD')).flatMap((page) => page.bars);
    expect(others.map(({ original }) => original)).toEqual([json(first, 'ETHUSD', '1m')]);
  });

  it('speaks for its span only at its end where its times go back', async () => {
    const provider = await replay(await write('BTCUSD_1m.csv', [HEADER, ...bars.toReversed().map(line)]));
    const pages = await minutes(provider);
    expect(valuesOf(pages)).toEqual(bars.toReversed());
    for (const page of pages.slice(0, -1)) expect(page.coveredFromUs).toBe(page.coveredToUs);
    expect(coveredBy(pages)).toEqual([[span.fromUs, (bars.at(-1)?.tsUs ?? 0) + 60e6]]);
  });

  it('that is none, or no table of bars, is named', async () => {
    await expect(minutes(await replay(join(folder, 'none.csv')))).rejects.toThrow(
      'there is no such file or folder',
    );
    await expect(minutes(await replay(folder))).rejects.toThrow('found none');
    await expect(minutes(await replay(await write('x.csv', ['a,b', '1,2'])))).rejects.toThrow(
      'found none for time, open, high, low, close',
    );
  });
});
