import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findGaps, replayLetter } from '../../src/ingest/index.ts';
import { DeadLetters } from '../../src/quality/index.ts';
import { BronzeLake, MINUTE_US, NOW_MS, utc } from './bronze-lake.ts';
import { planned, soundBar } from './planned-provider.ts';

const FROM = utc('2025-03-01T00:00:00Z');
const HOUR = [FROM, FROM + 60 * MINUTE_US] as const;

/** Three bad bars in an hour: one that can be mended, one of an unknown time, one that stays bad. */
const bar = (tsUs: number, asset: string) => {
  const sound = soundBar(tsUs, asset);
  const minute = (tsUs - FROM) / MINUTE_US;
  if (minute === 10) return { ...sound, volume: -3 };
  if (minute === 20) return { ...sound, tsUs: undefined };
  return minute === 30 ? { ...sound, close: 'none' } : sound;
};

async function replayAll(lake: BronzeLake, ingestionId = 'replay') {
  const deadLetters = new DeadLetters(lake.storage, () => NOW_MS);
  const results = [];
  for (const letter of await lake.deadLetters()) {
    results.push(
      await replayLetter({ lake: lake.storage, deadLetters, ingestionId, now: () => NOW_MS }, letter),
    );
  }
  return results;
}

async function mend(lake: BronzeLake, from: string, to: string): Promise<void> {
  const [letter] = await lake.deadLetters();
  const file = join(lake.folder, letter?.path ?? '');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test('stores mended records once, and keeps the rest', async () => {
  using lake = new BronzeLake();
  const { summary } = await lake.ingest(planned({ bar }), { range: HOUR });
  expect(summary).toMatchObject({ fetched: 60, stored: 57, dead: 3 });
  expect(await replayAll(lake)).toMatchObject([{ records: 3, stored: 0, kept: 3 }]);
  await mend(lake, '"volume": -3', '"volume": 3');
  expect(await replayAll(lake)).toMatchObject([{ records: 3, stored: 1, duplicate: 0, kept: 2 }]);
  expect(await replayAll(lake)).toMatchObject([{ records: 2, stored: 0, duplicate: 0, kept: 2 }]);
  const rows = await lake.rows();
  expect(rows).toHaveLength(58);
  const mended = rows.filter(({ timestamp }) => timestamp === BigInt(FROM + 10 * MINUTE_US));
  expect(mended).toMatchObject([
    { volume: 3, revision: 0, _ingestion_id: 'replay', source_provider: 'planned' },
  ]);
});

test('a replay that was killed before it could tidy up stores nothing twice', async () => {
  using lake = new BronzeLake();
  await lake.ingest(planned({ bar }), { range: HOUR });
  await mend(lake, '"volume": -3', '"volume": 3');
  const [letter] = await lake.deadLetters();
  const file = join(lake.folder, letter?.path ?? '');
  const before = readFileSync(file);
  await replayAll(lake);
  writeFileSync(file, before);
  expect(await replayAll(lake)).toMatchObject([{ records: 3, stored: 0, duplicate: 1, kept: 2 }]);
  expect(await lake.rows()).toHaveLength(58);
});

test('a mended bar whose time is taken by another one stays dead', async () => {
  using lake = new BronzeLake();
  await lake.ingest(planned({ bar }), { range: HOUR });
  await mend(lake, '"close": "none"', '"close": "none", "timestamp": "2025-03-01T00:05:00Z", "close": 105');
  await lake.ingest(planned(), { range: HOUR, backfill: true });
  const results = await replayAll(lake);
  expect(results[0]).toMatchObject({ stored: 0, kept: 3 });
  expect(await lake.rows()).toHaveLength(60);
});

test('dead letters are gaps until they are stored', async () => {
  using lake = new BronzeLake();
  await lake.ingest(planned({ bar }), { range: HOUR });
  const gaps = () => findGaps({ lake: lake.storage, timeframes: ['1m'], range: null, now: () => NOW_MS });
  const dead = { asset: 'BTCUSD', timeframe: '1m', provider: 'planned', bars: 1, reason: 'dead letter' };
  expect(await gaps()).toEqual(
    [10, 30].map((minute) => {
      const fromUs = FROM + minute * MINUTE_US;
      return { ...dead, fromUs, toUs: fromUs + MINUTE_US };
    }),
  );
  const provider = planned();
  const { summary } = await lake.ingest(provider, { fillGaps: true, range: null });
  expect(summary).toMatchObject({ fetched: 2, stored: 2 });
  expect(await gaps()).toEqual([]);
});
