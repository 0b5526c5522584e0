import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ingestProgress } from '../../src/cli/ingest-progress.ts';
import { Output } from '../../src/cli/output.ts';

const counts = { fetched: 600, stored: 0, duplicate: 0, dead: 0, skipped: 0 };
const stream = (asset: string) => ({ provider: 'replay', asset, timeframe: '1m' as const });
const HOUR_US = 3600e6;

function shown(interactive: boolean): string {
  const stderr = new PassThrough();
  const output = new Output(
    { json: false, quiet: false, verbose: false, color: false, interactive },
    new PassThrough(),
    stderr,
  );
  let nowMs = 0;
  const listener = ingestProgress(output, () => nowMs);
  const spans = [[0, 20 * HOUR_US]] as const;
  listener({
    type: 'planned',
    streams: ['BTCUSD', 'ETHUSD'].map((asset) => ({ ...stream(asset), spans, expectedBars: 1200 })),
  });
  nowMs = 12_000;
  listener({ type: 'page', stream: stream('BTCUSD'), counts, coveredUs: 10 * HOUR_US });
  return String(stderr.read() ?? '');
}

test('says records per second by asset and timeframe, and the time left', () => {
  expect(shown(true)).toBe('BTCUSD 1m   50%  600 records  50/s\nall   25%  600 records  50/s  ETA 36.0 s\n');
});

test('is a plain line where there is no terminal', () => {
  expect(shown(false)).toBe('all   25%  600 records  50/s  ETA 36.0 s\n');
});
