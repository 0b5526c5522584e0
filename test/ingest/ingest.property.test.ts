import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { findGaps } from '../../src/ingest/index.ts';
import { BronzeLake, MINUTE_US, NOW_MS, utc } from './bronze-lake.ts';
import { planned, soundBar } from './planned-provider.ts';

const FROM = utc('2025-03-01T23:00:00Z');
const SPAN = 180;

/** One run of a vendor, as it may go. */
const runs = fc.record({
  from: fc.nat(SPAN - 1),
  length: fc.integer({ min: 1, max: SPAN }),
  mode: fc.constantFrom('incremental', 'incremental', 'backfill', 'fill-gaps'),
  pageBars: fc.integer({ min: 3, max: 70 }),
  newestFirst: fc.boolean(),
  failAfterPages: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  rowsPerCommit: fc.constantFrom(1, 40, 100_000),
  /** A second run of the same at the same time. */
  twice: fc.boolean(),
  /** Corrections known by then: bars whose volume is another one from now on. */
  corrections: fc.nat(2),
});

const isQuiet = (minute: number) => minute % 37 === 5;
const isBad = (minute: number) => minute % 41 === 7;

/** What the vendor has of a minute once it made so many corrections. */
function barOf(minute: number, corrections: number) {
  if (isQuiet(minute)) return null;
  const bar = soundBar(FROM + minute * MINUTE_US, 'BTCUSD');
  if (isBad(minute)) return { ...bar, low: 'low' };
  return minute % 29 === 3 && corrections > 0 ? { ...bar, volume: 1000 + corrections } : bar;
}

test('whatever the order of runs, failures and corrections, each bar is stored once and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(runs, { minLength: 1, maxLength: 5 }), async (sequence) => {
      using lake = new BronzeLake();
      let corrections = 0;
      for (const run of sequence) {
        corrections += run.corrections;
        const provider = () => {
          let pages = 0;
          return planned({
            pageBars: run.pageBars,
            newestFirst: run.newestFirst,
            bar: (tsUs) => barOf((tsUs - FROM) / MINUTE_US, corrections),
            beforePage: () => {
              if (run.failAfterPages !== undefined && pages++ >= run.failAfterPages) {
                throw new BarlineError({ code: 'PROVIDER_DOWN', message: 'down' });
              }
            },
          });
        };
        const from = FROM + run.from * MINUTE_US;
        const range = [from, Math.min(FROM + SPAN * MINUTE_US, from + run.length * MINUTE_US)] as const;
        const request = {
          range,
          backfill: run.mode === 'backfill',
          fillGaps: run.mode === 'fill-gaps',
          rowsPerCommit: run.rowsPerCommit,
        };
        const outcomes = await Promise.all(
          [1, 2].slice(run.twice ? 0 : 1).map(() => lake.ingest(provider(), request)),
        );
        for (const { summary, streams } of outcomes) {
          const { fetched, stored, duplicate, dead, skipped } = summary;
          expect(stored + duplicate + dead + skipped).toBe(fetched);
          expect(streams[0]?.error?.code ?? 'PROVIDER_DOWN').toBe('PROVIDER_DOWN');
        }
      }
      await checkLake(lake);
      await lake.ingest(planned({ bar: (tsUs) => barOf((tsUs - FROM) / MINUTE_US, corrections) }), {
        range: [FROM, FROM + SPAN * MINUTE_US],
        backfill: true,
      });
      const rows = await checkLake(lake);
      const newest = new Map(rows.map((row) => [Number(row.timestamp), row]));
      const minutes = Array.from({ length: SPAN }, (_, minute) => minute);
      const sound = minutes.filter((minute) => !isQuiet(minute) && !isBad(minute));
      expect([...newest.keys()]).toEqual(sound.map((minute) => FROM + minute * MINUTE_US));
      for (const minute of sound) {
        const bar = barOf(minute, corrections);
        expect(newest.get(FROM + minute * MINUTE_US)?.volume).toBe(bar?.volume);
      }
      const dead = (await lake.deadLetters()).flatMap(({ records }) => records);
      expect(new Set(dead.map(({ timestamp }) => timestamp)).size).toBe(
        minutes.filter((m) => isBad(m) && !isQuiet(m)).length,
      );
    }),
    { numRuns: Number(process.env.BARLINE_TEST_RUNS ?? 5), endOnFailure: true },
  );
});

/** What holds at any moment; the rows by time and revision. */
async function checkLake(lake: BronzeLake) {
  const table = await lake.table().catch(() => undefined);
  // before the first page there is none
  if (table === undefined) return [];
  const { latest } = table;
  const rows = await lake.rows();
  const keys = rows.map(({ timestamp, revision }) => `${timestamp} ${revision}`);
  expect(new Set(keys).size).toBe(keys.length);
  // revisions of a bar are 0, 1, 2 …, each other than the one before
  for (const [k, row] of rows.entries()) {
    const before = rows[k - 1];
    if (row.revision === 0) continue;
    expect(before).toMatchObject({ timestamp: row.timestamp, revision: Number(row.revision) - 1 });
    expect(before?.volume).not.toBe(row.volume);
  }
  const last = rows.at(-1)?.timestamp;
  const watermark = latest.transactions.get('barline-ingest/planned/BTCUSD/1m')?.version;
  expect(watermark).toBe(last === undefined ? undefined : Number(last) / 1e6);
  const first = Number(rows[0]?.timestamp ?? 0);
  const gaps = await findGaps({ lake: lake.storage, timeframes: ['1m'], range: null, now: () => NOW_MS });
  const missing = gaps.flatMap(({ fromUs, bars }) =>
    Array.from({ length: bars }, (_, k) => (fromUs + k * MINUTE_US - FROM) / MINUTE_US),
  );
  const stored = new Set(rows.map(({ timestamp }) => (Number(timestamp) - FROM) / MINUTE_US));
  expect(missing.filter((minute) => stored.has(minute))).toEqual([]);
  // between the first bar and the last a minute is stored, missing, or empty at the source
  for (let minute = (first - FROM) / MINUTE_US; minute < (Number(last) - FROM) / MINUTE_US; minute++) {
    if (!stored.has(minute) && !missing.includes(minute))
      expect(isQuiet(minute), `minute ${minute}`).toBe(true);
  }
  return rows;
}
