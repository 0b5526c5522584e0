import type { DeltaTable, ReadColumn } from '../delta/index.ts';
import { defaultLimits, type SessionLimits } from '../duckdb/index.ts';
import { type Span, unionOf } from './spans.ts';
import { type BarStream, streamKey } from './stream-state.ts';

export interface StoredBar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly revision: number;
}

/** By time, µs; of several revisions the newest. */
export type StoredBars = ReadonlyMap<number, StoredBar>;

export interface WantedBars {
  readonly stream: BarStream;
  readonly span: Span;
}

const US_PER_DAY = 86_400e6;
const VALUES = ['open', 'high', 'low', 'close', 'volume', 'revision'] as const;
const COLUMNS = ['timestamp', ...VALUES, 'source_provider', 'partition_asset_pair'] as const;

/** What a table holds of some streams, by `streamKey`: one query, which opens the partitions of their days alone. */
export async function storedBars(
  table: DeltaTable,
  wanted: readonly WantedBars[],
  limits?: SessionLimits,
): Promise<ReadonlyMap<string, StoredBars>> {
  const found = new Map<string, Map<number, StoredBar>>();
  if (wanted.length === 0) return found;
  const [[from, to] = [0, 0]] = unionOf([[minOf(wanted), maxOf(wanted)]]);
  const scan = await table.scan({
    columns: COLUMNS,
    where: {
      partition_asset_pair: [...new Set(wanted.map(({ stream }) => stream.asset))],
      partition_date: { ge: Math.floor(from / US_PER_DAY), le: Math.floor((to - 1) / US_PER_DAY) },
      source_provider: [...new Set(wanted.map(({ stream }) => stream.provider))],
    },
    limits: limits ?? LIMITS,
  });
  if (scan.files.length === 0) return found;
  const [first] = wanted;
  if (first === undefined) return found;
  for await (const { rowCount, columns } of scan.batches()) {
    for (let row = 0; row < rowCount; row++) {
      const provider = String(columns.source_provider?.values[row]);
      const asset = String(columns.partition_asset_pair?.values[row]);
      const key = streamKey({ provider, asset, timeframe: first.stream.timeframe });
      const bars = found.get(key) ?? new Map<number, StoredBar>();
      found.set(key, bars);
      const at = numberAt(columns.timestamp, row);
      const [open, high, low, close, volume, revision] = VALUES.map((name) => numberAt(columns[name], row));
      if (revision >= (bars.get(at)?.revision ?? 0)) {
        bars.set(at, { open, high, low, close, volume, revision });
      }
    }
  }
  return found;
}

const LIMITS: SessionLimits = { ...defaultLimits(), memoryByteLength: 5e8 };

function minOf(wanted: readonly WantedBars[]): number {
  return wanted.reduce((least, { span }) => Math.min(least, span[0]), Infinity);
}

function maxOf(wanted: readonly WantedBars[]): number {
  return wanted.reduce((most, { span }) => Math.max(most, span[1]), -Infinity);
}

function numberAt(column: ReadColumn | undefined, row: number): number {
  return Number(column?.values[row]);
}
