/** Every version of a stream's table held to the messages: what it says to restart from gives the rest, and only that. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { appIdOf, domainOf } from '../../src/ingest/index.ts';
import { readMessage } from '../../src/ingest/stream/message.ts';
import { PartitionWindows, type WindowBar } from '../../src/ingest/stream/partition-windows.ts';
import { DEFAULT_PRICE_BOUNDS } from '../../src/quality/index.ts';
import {
  type ExpectedRow,
  LATENESS_US,
  type MarketLog,
  MOST_BYTES,
  WINDOW_US,
} from '../ingest/stream/market-log.ts';

interface Progress {
  readonly restart: number;
  readonly position: number;
  readonly watermark_us: number | null;
  readonly ahead: readonly number[];
}

const RULES = {
  ...DEFAULT_PRICE_BOUNDS,
  maxByteLength: MOST_BYTES,
  names: {
    ...{ asset_pair: 'asset_pair', timestamp: 'timestamp', price: 'price', size: 'size' },
    ...{ open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' },
  },
};

/** How many versions were looked at; in some of them (`replays`) the messages are read again from the restart on. */
export function checkVersions(
  lake: string,
  topic: string,
  log: MarketLog,
  expected: readonly ExpectedRow[],
  newest: number,
  replays: number,
): number {
  const state = log.map((): { progress: Progress | undefined; txn: number; rows: number } => {
    return { progress: undefined, txn: -1, rows: 0 };
  });
  const byPartition = log.map((_, partition) => expected.filter((row) => row.partition === partition));
  const partitionOfAsset = new Map(expected.map(({ asset, partition }) => [asset, partition]));
  for (let version = 1; version <= newest; version++) {
    const name = `${String(version).padStart(20, '0')}.json`;
    const text = readFileSync(join(lake, 'raw_market_data_5s/_delta_log', name), 'utf8');
    for (const action of text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))) {
      for (const [partition, each] of state.entries()) {
        if (action.txn?.appId === appIdOf({ topic, partition })) {
          expect(action.txn.version).toBeGreaterThan(each.txn);
          each.txn = action.txn.version;
        }
        if (action.domainMetadata?.domain === domainOf({ topic, partition })) {
          each.progress = JSON.parse(action.domainMetadata.configuration);
        }
      }
      if (action.add?.dataChange === true) {
        const at = state[partitionOfAsset.get(action.add.partitionValues.partition_asset_pair) ?? -1];
        if (at !== undefined) at.rows += JSON.parse(action.add.stats).numRecords;
      }
    }
    const isReplayed = replays > 0 && version % Math.max(1, Math.floor(newest / replays)) === 0;
    for (const [partition, { progress, txn, rows }] of state.entries()) {
      if (progress === undefined) continue;
      const windows = byPartition[partition] ?? [];
      const watermarkUs = progress.watermark_us ?? Number.NEGATIVE_INFINITY;
      const left = windows.filter(({ startUs }) => startUs + WINDOW_US > watermarkUs);
      const needed = left
        .map(({ firstOffset }) => firstOffset)
        .filter((offset) => offset < progress.position);
      // the rows so far are those of the windows that are closed, and the restart is the first message of the others
      expect([version, partition, rows]).toEqual([version, partition, windows.length - left.length]);
      expect([version, partition, txn]).toEqual([version, partition, progress.restart]);
      expect([version, partition, txn]).toEqual([version, partition, Math.min(progress.position, ...needed)]);
      if (isReplayed) {
        expect(replayed(log[partition] ?? [], progress, watermarkUs)).toEqual(left.map(barOf));
      }
    }
  }
  return newest;
}

function replayed(messages: MarketLog[number], progress: Progress, watermarkUs: number): WindowBar[] {
  const windows = new PartitionWindows(
    { ...progress, watermarkUs },
    { windowUs: WINDOW_US, latenessUs: LATENESS_US },
  );
  for (let offset = progress.restart; offset < messages.length; offset++) {
    const message = readMessage(messages[offset]?.value ?? null, RULES);
    const isAhead = 'tick' in message && message.tick.tsUs > Date.UTC(2100, 0) * 1000;
    if ('tick' in message && !isAhead) windows.add(offset, message.tick);
    else windows.pass(offset);
  }
  windows.closeAll();
  return windows.takeClosed();
}

function barOf({ partition: _, ...bar }: ExpectedRow): WindowBar {
  return bar;
}
