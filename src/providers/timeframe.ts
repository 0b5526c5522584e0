/** Timeframes as lengths, and the UTC grid their bars start on. */
import type { Timeframe } from './provider.ts';

const MINUTE_US = 60_000_000;

export const TIMEFRAME_US: Readonly<Record<Timeframe, number>> = {
  '1m': MINUTE_US,
  '5m': 5 * MINUTE_US,
  '15m': 15 * MINUTE_US,
  '1h': 60 * MINUTE_US,
  '4h': 240 * MINUTE_US,
  '1d': 1440 * MINUTE_US,
};

/** The last start of a bar at or before `tsUs`. Every grid counts from 1970-01-01T00:00Z. */
export function gridFloor(tsUs: number, barUs: number): number {
  return Math.floor(tsUs / barUs) * barUs;
}

/** The first start of a bar at or after `tsUs`. */
export function gridCeil(tsUs: number, barUs: number): number {
  return Math.ceil(tsUs / barUs) * barUs;
}
