import { createHash } from 'node:crypto';
import { isoTimestamp, timestampUs } from '../bars/index.ts';
import type { RawBar } from './bar-rules.ts';

/** A record that failed: its fields as they came, what the source sent, and why. */
export interface DeadRecord {
  readonly reason: string;
  readonly [field: string]: unknown;
}

/** Where the records came from: a stream of bars, a table, a topic. Its values are shown and can be filtered by. */
export type DeadLetterContext = Readonly<Record<string, string | number>>;

const MAX_DATE_US = 8.64e18;

/** A bar's dead record. Fields that were missing stay missing; bytes that are no text are base64. */
export function deadBar(bar: RawBar, reason: string, sourceFile: string | null): DeadRecord {
  const { tsUs } = bar;
  const isTime = tsUs !== undefined && Math.abs(tsUs) <= MAX_DATE_US;
  return {
    ...bar.misplaced,
    timestamp: isTime ? isoTimestamp(tsUs) : tsUs === undefined ? undefined : null,
    open: jsonValue(bar.open),
    high: jsonValue(bar.high),
    low: jsonValue(bar.low),
    close: jsonValue(bar.close),
    volume: jsonValue(bar.volume),
    ...originalOf(bar.original),
    ...(sourceFile !== null && { source_file: sourceFile }),
    reason,
  };
}

/** What the source sent, byte for byte. */
export function originalOf(original: unknown): Readonly<Record<string, unknown>> {
  return original instanceof Uint8Array
    ? { original_base64: Buffer.from(original).toString('base64') }
    : { original: jsonValue(original) };
}

/** JSON has neither NaN nor infinities nor bigints: they become text, which is no number either. */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/**
 * The bar that a dead record tells of, to be checked again after somebody mended it. What it says of its asset and
 * timeframe must be what `context` says.
 */
export function barOf(record: DeadRecord, context: DeadLetterContext = {}): RawBar {
  const { timestamp, open, high, low, close, volume, original, original_base64 } = record;
  const tsUs =
    timestamp === undefined
      ? undefined
      : typeof timestamp === 'string' || typeof timestamp === 'number'
        ? (timestampUs(String(timestamp)) ?? Number.NaN)
        : Number.NaN;
  const bytes = typeof original_base64 === 'string' ? Buffer.from(original_base64, 'base64') : undefined;
  const wrong = ['asset_pair', 'timeframe'].filter(
    (field) => field in record && record[field] !== context[field],
  );
  const misplaced =
    wrong.length === 0 ? undefined : Object.fromEntries(wrong.map((field) => [field, record[field]]));
  return { tsUs, open, high, low, close, volume, original: bytes ?? original, misplaced };
}

/**
 * Tells records of one context apart by what the source sent, whatever somebody mended since; equal ones are told
 * apart by counting.
 */
export function recordKey(context: DeadLetterContext, record: DeadRecord): string {
  const { reason: _, source_file: __, original, original_base64, ...fields } = record;
  const sent = original_base64 ?? original ?? fields;
  return createHash('sha256')
    .update(JSON.stringify([context, sent]))
    .digest('base64');
}
