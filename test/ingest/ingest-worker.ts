/** A run in a process of its own, to be killed: `ingest-worker.ts LAKE ASSETS BARS RUN`. Says a line for each page. */
import { ingest } from '../../src/ingest/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { MINUTE_US, utc } from './bronze-lake.ts';
import { planned, soundBar } from './planned-provider.ts';

const FROM = utc('2024-03-01T00:00:00Z');
const PAUSE_MS = 3;

/** One bar in 997 is bad, always the same ones; the market sleeps for an hour each day. */
export function patchyBar(tsUs: number, asset: string) {
  const minute = tsUs / MINUTE_US;
  if (minute % 1440 >= 1380) return null;
  const bar = soundBar(tsUs, asset);
  return minute % 997 === 0 ? { ...bar, high: 1 } : bar;
}

export async function runWorker(lake: string, assetCount: number, barCount: number, ingestionId: string) {
  return ingest({
    lake: openStorage(lake),
    provider: planned({
      bar: patchyBar,
      newestFirst: ingestionId.endsWith('7'),
      beforePage: () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)),
    }),
    assets: Array.from({ length: assetCount }, (_, k) => `${String.fromCharCode(65 + k)}${k}USD`),
    timeframes: ['1m'],
    range: [FROM, FROM + (barCount / assetCount) * MINUTE_US],
    backfill: false,
    fillGaps: false,
    lagUs: 0,
    dryRun: false,
    ingestionId,
    now: () => Date.parse('2025-03-10T12:34:56Z'),
    signal: new AbortController().signal,
    rowsPerCommit: 12_000,
    listener: (event) => {
      if (event.type === 'page' || event.type === 'committed') process.stdout.write(`${event.type}\n`);
    },
  });
}

const [lake, assets, bars, run] = process.argv.slice(2);
if (import.meta.main && lake !== undefined) {
  const { summary } = await runWorker(lake, Number(assets), Number(bars), run ?? 'run');
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}
