import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { barTableName, findGaps } from '../../src/ingest/index.ts';
import { BronzeLake, DAY_US, MINUTE_US, NOW_MS, utc } from './bronze-lake.ts';
import { planned, soundBar } from './planned-provider.ts';

const FROM = utc('2025-03-01T00:00:00Z');
const TO = utc('2025-03-02T00:00:00Z');

test('stores a day once, however often it is asked for', async () => {
  using lake = new BronzeLake();
  const first = await lake.ingest(planned(), { assets: ['BTCUSD', 'ETHUSD'] });
  expect(first.summary).toMatchObject({ fetched: 2880, stored: 2880, duplicate: 0, dead: 0, failed: 0 });
  const { version } = await lake.table();
  const second = await lake.ingest(planned(), { assets: ['BTCUSD', 'ETHUSD'] });
  expect(second.summary).toMatchObject({ fetched: 0, stored: 0 });
  expect(second.streams.map(({ status }) => status)).toEqual(['success', 'success']);
  const third = await lake.ingest(planned(), { assets: ['BTCUSD', 'ETHUSD'], backfill: true });
  expect(third.summary).toMatchObject({ fetched: 2880, stored: 0, duplicate: 2880 });
  expect((await lake.table()).version).toBe(version);
  const rows = await lake.rows();
  expect(rows).toHaveLength(2880);
  expect(rows[0]).toMatchObject({
    asset_pair: 'BTCUSD',
    timestamp: BigInt(FROM),
    source_provider: 'planned',
    is_mock: false,
    revision: 0,
    revision_reason: null,
    _extracted_at: BigInt(NOW_MS) * 1000n,
    _ingestion_id: 'test-run',
    _source_file: null,
    partition_date: Math.floor(FROM / DAY_US),
    partition_asset_pair: 'BTCUSD',
  });
});

test('keeps the watermark in the commit of the rows, and fetches what is newer', async () => {
  using lake = new BronzeLake();
  await lake.ingest(planned(), { range: [FROM, FROM + 600 * MINUTE_US] });
  const provider = planned();
  await lake.ingest(provider, { range: [FROM, TO] });
  expect(provider.asked.map(({ fromUs, toUs }) => [fromUs, toUs])).toEqual([[FROM + 600 * MINUTE_US, TO]]);
  const { latest } = await lake.table();
  expect(latest.transactions.get('barline-ingest/planned/BTCUSD/1m')?.version).toBe((TO - MINUTE_US) / 1e6);
  expect(await lake.rows()).toHaveLength(1440);
});

test('does not store the bar that is still forming', async () => {
  using lake = new BronzeLake();
  const nowUs = NOW_MS * 1000;
  const { summary } = await lake.ingest(planned(), {
    timeframes: ['1m', '1h'],
    range: [nowUs - DAY_US, nowUs],
  });
  expect(summary.stored).toBe(1439 + 23);
  expect((await lake.rows('1h')).at(-1)?.timestamp).toBe(BigInt(utc('2025-03-10T11:00:00Z')));
});

test('tells holes from spans that are empty at the source, and fills just the holes', async () => {
  using lake = new BronzeLake();
  const asleep = (tsUs: number) => tsUs >= FROM + 100 * MINUTE_US && tsUs < FROM + 160 * MINUTE_US;
  const bar = (tsUs: number, asset: string) => (asleep(tsUs) ? null : soundBar(tsUs, asset));
  await lake.ingest(planned({ bar }), { range: [FROM, FROM + 300 * MINUTE_US] });
  await lake.ingest(planned({ bar }), { range: [FROM + 500 * MINUTE_US, TO] });
  const request = { lake: lake.storage, timeframes: ['1m'] as const, range: null, now: () => NOW_MS };
  const hole = { asset: 'BTCUSD', provider: 'planned', timeframe: '1m', bars: 200, reason: 'not asked' };
  expect(await findGaps(request)).toEqual([
    { ...hole, fromUs: FROM + 300 * MINUTE_US, toUs: FROM + 500 * MINUTE_US },
  ]);
  const provider = planned({ bar });
  const { summary } = await lake.ingest(provider, { fillGaps: true, range: null });
  expect(summary).toMatchObject({ fetched: 200, stored: 200 });
  expect(provider.asked).toHaveLength(1);
  expect(await findGaps(request)).toEqual([]);
  expect(await lake.rows()).toHaveLength(1380);
});

test('stores a corrected bar beside the old one as a new revision', async () => {
  using lake = new BronzeLake();
  const nowUs = NOW_MS * 1000;
  const range = [nowUs - 3 * DAY_US, nowUs] as const;
  await lake.ingest(planned(), { range, timeframes: ['1h'] });
  const before = await lake.rows('1h');
  const corrected = utc('2025-03-10T03:00:00Z');
  const bar = (tsUs: number, asset: string) =>
    tsUs === corrected ? { ...soundBar(tsUs, asset), volume: 99.5 } : soundBar(tsUs, asset);
  const first = await lake.ingest(planned({ bar }), { range, timeframes: ['1h'], lagUs: 2 * DAY_US });
  expect(first.summary).toMatchObject({ fetched: 47, stored: 1, duplicate: 46 });
  const again = await lake.ingest(planned({ bar }), { range, timeframes: ['1h'], lagUs: 2 * DAY_US });
  expect(again.summary).toMatchObject({ fetched: 47, stored: 0, duplicate: 47 });
  const rows = await lake.rows('1h');
  expect(rows).toHaveLength(before.length + 1);
  expect(rows.filter(({ timestamp }) => timestamp === BigInt(corrected))).toMatchObject([
    { revision: 0, revision_reason: null },
    { revision: 1, revision_reason: 'corrected by planned', volume: 99.5 },
  ]);
});

test('takes up a run that failed half-way, whatever the order of its pages', async () => {
  for (const newestFirst of [false, true]) {
    using lake = new BronzeLake();
    let pages = 0;
    const failing = planned({
      newestFirst,
      pageBars: 100,
      beforePage: () => {
        if (++pages > 5) throw new BarlineError({ code: 'PROVIDER_DOWN', message: 'planned is down' });
      },
    });
    const broken = await lake.ingest(failing);
    expect(broken.summary).toMatchObject({ stored: newestFirst ? 440 : 500, failed: 1 });
    expect(broken.streams[0]).toMatchObject({ status: 'error', error: { code: 'PROVIDER_DOWN' } });
    const provider = planned();
    await lake.ingest(provider);
    expect(provider.asked).toHaveLength(1);
    const rows = await lake.rows();
    expect(rows.map(({ timestamp }) => Number(timestamp))).toEqual(
      Array.from({ length: 1440 }, (_, k) => FROM + k * MINUTE_US),
    );
  }
});

test('two runs at once store each bar once', async () => {
  using lake = new BronzeLake();
  const assets = ['BTCUSD', 'ETHUSD', 'SOLUSD'];
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, Math.random() * 4));
  const run = (ingestionId: string) =>
    lake.ingest(planned({ pageBars: 97, beforePage: pause }), { assets, ingestionId, rowsPerCommit: 400 });
  const outcomes = await Promise.all([run('a'), run('b'), run('c')]);
  expect(outcomes.flatMap(({ streams }) => streams.map(({ error }) => error))).toEqual(
    Array.from({ length: 9 }, () => undefined),
  );
  for (const { summary } of outcomes) expect(summary.stored + summary.duplicate).toBe(summary.fetched);
  const rows = await lake.rows();
  expect(rows).toHaveLength(3 * 1440);
  expect(new Set(rows.map(({ asset_pair, timestamp }) => `${asset_pair} ${timestamp}`)).size).toBe(3 * 1440);
  const { latest } = await lake.table();
  for (const asset of assets) {
    const watermark = latest.transactions.get(`barline-ingest/planned/${asset}/1m`)?.version;
    expect(watermark).toBe((TO - MINUTE_US) / 1e6);
  }
});

test('every kind of bad record goes to a dead letter once, and the rest is stored', async () => {
  using lake = new BronzeLake();
  const faults: Record<number, object> = {
    3: { open: undefined },
    5: { close: 'n/a' },
    7: { high: 50 },
    9: { low: 0 },
    11: { volume: -1 },
    13: { tsUs: FROM + 13 * MINUTE_US + 1e6 },
    15: { tsUs: Number.NaN },
    17: { tsUs: undefined },
    19: { tsUs: NOW_MS * 1000 + DAY_US - ((NOW_MS * 1000) % MINUTE_US) },
    21: { high: 2e6, original: Buffer.from([0xff, 0xfe, 1]) },
    23: { close: Number.POSITIVE_INFINITY },
    25: { open: 1e9 },
  };
  const bar = (tsUs: number, asset: string) => ({
    ...soundBar(tsUs, asset),
    ...faults[(tsUs - FROM) / MINUTE_US],
  });
  const { summary } = await lake.ingest(planned({ bar }), { range: [FROM, FROM + 60 * MINUTE_US] });
  expect(summary).toMatchObject({ fetched: 60, stored: 48, dead: 12, duplicate: 0, skipped: 0 });
  expect(await lake.rows()).toHaveLength(48);
  const letters = await lake.deadLetters();
  expect(letters).toHaveLength(1);
  expect(letters[0]).toMatchObject({
    error: '12 records failed validation',
    context: { asset_pair: 'BTCUSD', timeframe: '1m', provider: 'planned' },
  });
  expect(letters[0]?.records.map(({ reason }) => reason)).toEqual([
    'open is missing',
    'close is no number',
    'high is below low; open is above high; close is above high',
    'low is not above 0',
    'volume is negative',
    'timestamp is not on the grid of 1 min',
    'timestamp cannot be read',
    'timestamp is missing',
    'timestamp is in the future',
    'high is above 1000000',
    'close is no number',
    'open is above 1000000; open is above high',
  ]);
  expect(letters[0]?.records[9]).toMatchObject({ original_base64: '//4B' });
  // asked again, the same bad records are not kept twice
  const again = await lake.ingest(planned({ bar }), { range: [FROM, FROM + 60 * MINUTE_US], backfill: true });
  expect(again.summary).toMatchObject({ fetched: 60, stored: 0, duplicate: 48, dead: 12 });
  expect(await lake.deadLetters()).toHaveLength(1);
});

test('bars sent twice count as duplicates; with other values they are dead', async () => {
  using lake = new BronzeLake();
  const provider = planned({ pageBars: 50 });
  const overlapping = {
    ...provider,
    async *fetchBars(request: Parameters<typeof provider.fetchBars>[0]) {
      for await (const page of provider.fetchBars(request)) {
        const early = page.coveredFromUs - MINUTE_US;
        const repeated =
          early < FROM ? [] : [soundBar(early, 'BTCUSD'), { ...soundBar(early, 'BTCUSD'), volume: 0.5 }];
        yield { ...page, bars: [...repeated, ...page.bars, ...page.bars.slice(0, 2)] };
      }
    },
  };
  for (const rowsPerCommit of [1, 1e6]) {
    using other = new BronzeLake();
    const { summary } = await other.ingest(overlapping, {
      range: [FROM, FROM + 150 * MINUTE_US],
      rowsPerCommit,
    });
    expect(summary).toMatchObject({ fetched: 160, stored: 150, duplicate: 8, dead: 2 });
    expect(await other.rows()).toHaveLength(150);
  }
  expect((await lake.ingest(planned())).summary.stored).toBe(1440);
});

test('commits of a row each do not leave a file each', async () => {
  using lake = new BronzeLake();
  const provider = planned({ pageBars: 1 });
  await lake.ingest(provider, { range: [FROM, FROM + 52 * MINUTE_US], rowsPerCommit: 1 });
  expect((await lake.table()).version).toBeGreaterThan(50);
  const { total } = await (await lake.table()).scan();
  expect(total).toBeLessThan(10);
  const rows = await lake.rows();
  expect(rows.map(({ timestamp }) => Number(timestamp))).toEqual(
    Array.from({ length: 52 }, (_, k) => FROM + k * MINUTE_US),
  );
  // what was joined is still known to be stored
  const { summary } = await lake.ingest(planned(), { range: [FROM, FROM + 60 * MINUTE_US], backfill: true });
  expect(summary).toMatchObject({ stored: 8, duplicate: 52 });
});

test('two runs at once store a correction once', async () => {
  using lake = new BronzeLake();
  const range = [FROM, FROM + 30 * MINUTE_US] as const;
  await lake.ingest(planned(), { range });
  const bar = (tsUs: number, asset: string) => ({ ...soundBar(tsUs, asset), volume: 500 });
  const again = () => lake.ingest(planned({ bar }), { range, backfill: true });
  const outcomes = await Promise.all([again(), again(), again()]);
  expect(outcomes.map(({ summary }) => summary.stored).sort()).toEqual([0, 0, 30]);
  expect((await lake.rows()).map(({ revision }) => revision)).toEqual(
    Array.from({ length: 60 }, (_, k) => k % 2),
  );
});

test('a file that cannot be written ends the run with its error, however many others are under way', async () => {
  using lake = new BronzeLake();
  const first = [utc('2025-03-01T00:00:00Z'), utc('2025-03-02T00:00:00Z')] as const;
  await lake.ingest(planned(), { timeframes: ['1h'], range: first });
  writeFileSync(join(lake.folder, barTableName('1h'), 'partition_date=2025-01-01'), 'in the way');
  const more = [utc('2025-01-01T00:00:00Z'), utc('2025-02-15T00:00:00Z')] as const;
  const run = lake.ingest(planned(), { timeframes: ['1h'], range: more, backfill: true });
  await expect(run).rejects.toMatchObject({ code: 'STORAGE_NOT_A_FOLDER' });
  expect(await lake.rows('1h')).toHaveLength(24);
});
