import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bars, Instrument } from '../../src/bars/index.ts';

/** One raw bar as tests write it. */
export interface Row {
  readonly ts: string | number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Index into the instruments. */
  readonly instrument?: number;
}

/** Microseconds of an ISO time, or of a number of microseconds. */
export function us(ts: string | number): number {
  return typeof ts === 'number' ? ts : Date.parse(ts) * 1000;
}

/** A bar that did not move. */
export function flat(ts: string | number, price: number, volume = 1, instrument = 0): Row {
  return { ts, open: price, high: price, low: price, close: price, volume, instrument };
}

export function barsOf(rows: readonly Row[], instruments: readonly Instrument[] = []): Bars {
  return {
    rowCount: rows.length,
    tsUs: Float64Array.from(rows, (row) => us(row.ts)),
    open: Float64Array.from(rows, (row) => row.open),
    high: Float64Array.from(rows, (row) => row.high),
    low: Float64Array.from(rows, (row) => row.low),
    close: Float64Array.from(rows, (row) => row.close),
    volume: Float64Array.from(rows, (row) => row.volume),
    ...(instruments.length > 0 && { instrument: Uint16Array.from(rows, (row) => row.instrument ?? 0) }),
    instruments,
  };
}

const GOLDEN = resolve(process.env.BARLINE_GOLDEN ?? join(import.meta.dirname, '../../../shared/golden'));

/**
 * A folder of golden data, or null (said aloud) where there is none; in CI its absence is an error.
 */
export function goldenFolder(name: string): string | null {
  const folder = join(GOLDEN, name);
  if (existsSync(folder)) return folder;
  if (process.env.CI === 'true') throw new Error(`golden data not found: ${folder}`);
  process.stderr.write(`skipping tests that need ${folder}\n`);
  return null;
}
