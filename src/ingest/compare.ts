import { TIMEFRAME_US, type Timeframe } from '../providers/index.ts';
import type { Storage } from '../storage/index.ts';
import { openBarTable } from './bronze-tables.ts';
import { type StoredBar, type StoredBars, storedBars } from './stored-bars.ts';
import { streamKey } from './stream-state.ts';

export interface CompareRequest {
  readonly lake: Storage;
  readonly providers: readonly [string, string];
  readonly asset: string;
  readonly timeframe: Timeframe;
  /** Midnight UTC, µs. */
  readonly dayUs: number;
}

export interface ComparedBar {
  readonly tsUs: number;
  /** The newest revision of each; null where it has none. */
  readonly bars: readonly [StoredBar | null, StoredBar | null];
  /** Of the second close to the first, in basis points; null unless both are there. */
  readonly closeBps: number | null;
  readonly isEqual: boolean;
}

const US_PER_DAY = 86_400e6;

/** One day of two vendors side by side: every time at which either has a bar. */
export async function compareDay(request: CompareRequest): Promise<ComparedBar[]> {
  const { lake, providers, asset, timeframe, dayUs } = request;
  const table = await openBarTable(lake, timeframe);
  if (table === undefined) return [];
  const streams = providers.map((provider) => ({ provider, asset, timeframe }));
  const span = [dayUs, dayUs + US_PER_DAY] as const;
  const stored = await storedBars(
    table,
    streams.map((stream) => ({ stream, span })),
  );
  const [first, second] = streams.map((stream): StoredBars => stored.get(streamKey(stream)) ?? new Map());
  const compared: ComparedBar[] = [];
  for (let tsUs = dayUs; tsUs < dayUs + US_PER_DAY; tsUs += TIMEFRAME_US[timeframe]) {
    const [a, b] = [first?.get(tsUs) ?? null, second?.get(tsUs) ?? null];
    if (a === null && b === null) continue;
    const closeBps = a === null || b === null ? null : (b.close / a.close - 1) * 1e4;
    compared.push({ tsUs, bars: [a, b], closeBps, isEqual: a !== null && b !== null && same(a, b) });
  }
  return compared;
}

function same(a: StoredBar, b: StoredBar): boolean {
  const fields = ['open', 'high', 'low', 'close', 'volume'] as const;
  return fields.every((field) => a[field] === b[field]);
}
