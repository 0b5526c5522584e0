/** What a message of a market-data topic says. */
import { isUtf8 } from 'node:buffer';
import { timestampUs } from '../../bars/index.ts';
import { normaliseAsset } from '../../providers/index.ts';
import { numberOf, type PriceBounds } from '../../quality/index.ts';

/** A trade (its four prices are one) or a bar. */
export interface Tick {
  /** Normalised, e.g. `BTCUSD`. */
  readonly asset: string;
  /** Time of the trade, start of the bar; µs since the epoch. */
  readonly tsUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** A trade's size. */
  readonly volume: number;
}

export const MESSAGE_FIELDS = [
  'asset_pair',
  'timestamp',
  'price',
  'size',
  'open',
  'high',
  'low',
  'close',
  'volume',
] as const;
export type MessageField = (typeof MESSAGE_FIELDS)[number];

/** The key of each field in the messages. */
export type FieldNames = Readonly<Record<MessageField, string>>;

export interface MessageRules extends PriceBounds {
  readonly names: FieldNames;
  readonly maxByteLength: number;
}

export type Message = { readonly tick: Tick } | { readonly reason: string };

/**
 * Reads a message: a JSON object with a price is a trade, one without is a bar. Times are ISO 8601 or milliseconds
 * since the epoch; numbers may come as text. Never throws: what cannot be used has a reason.
 */
export function readMessage(value: Uint8Array | null, rules: MessageRules): Message {
  const { names, maxByteLength } = rules;
  if (value === null || value.length === 0) return { reason: 'the message has no value' };
  if (value.length > maxByteLength) {
    return { reason: `the message has ${value.length} bytes, more than ${maxByteLength}` };
  }
  if (!isUtf8(value)) return { reason: 'the message is no UTF-8' };
  const fields = parsedObject(value);
  if (typeof fields === 'string') return { reason: fields };
  const of = (field: MessageField): unknown => fields[names[field]];
  const problems: string[] = [];
  const asset = assetOf(of('asset_pair'));
  if (asset === undefined)
    problems.push(missing(of('asset_pair'), names.asset_pair) ?? 'asset_pair is no asset pair');
  const tsUs = timeOf(of('timestamp'));
  if (Number.isNaN(tsUs))
    problems.push(missing(of('timestamp'), names.timestamp) ?? 'timestamp cannot be read');
  const isTrade = of('price') !== undefined && of('price') !== null;
  const number = (field: MessageField) => {
    const read = numberOf(of(field));
    if (!Number.isFinite(read))
      problems.push(missing(of(field), names[field]) ?? `${names[field]} is no number`);
    return read;
  };
  const prices = isTrade ? [number('price')] : PRICES.map(number);
  const [open = Number.NaN, high = open, low = open, close = open] = prices;
  const volume = number(isTrade ? 'size' : 'volume');
  if (problems.length === 0) problems.push(...implausible({ open, high, low, close, volume }, rules));
  if (problems.length > 0 || asset === undefined) return { reason: problems.join('; ') };
  return { tick: { asset, tsUs, open, high, low, close, volume } };
}

const PRICES = ['open', 'high', 'low', 'close'] as const;

function implausible(
  { open, high, low, close, volume }: Omit<Tick, 'asset' | 'tsUs'>,
  { lowestPrice, highestPrice }: PriceBounds,
): string[] {
  const problems: string[] = [];
  for (const price of new Set([open, high, low, close])) {
    if (price <= 0) problems.push(`a price of ${price} is not above 0`);
    else if (price < lowestPrice) problems.push(`a price of ${price} is below ${lowestPrice}`);
    else if (price > highestPrice) problems.push(`a price of ${price} is above ${highestPrice}`);
  }
  if (high < low) problems.push('high is below low');
  else if (open > high || open < low) problems.push('open is not within low and high');
  else if (close > high || close < low) problems.push('close is not within low and high');
  if (volume < 0) problems.push('volume is negative');
  return problems;
}

function parsedObject(value: Uint8Array): Readonly<Record<string, unknown>> | string {
  try {
    const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : 'the message is JSON, but no object';
  } catch {
    return 'the message is no JSON';
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missing(value: unknown, name: string): string | undefined {
  return value === undefined || value === null || value === '' ? `${name} is missing` : undefined;
}

const MAX_ASSETS_KNOWN = 10_000;
const knownAssets = new Map<string, string>();

function assetOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const known = knownAssets.get(value);
  if (known !== undefined) return known;
  try {
    const asset = normaliseAsset(value);
    if (knownAssets.size < MAX_ASSETS_KNOWN) knownAssets.set(value, asset);
    return asset;
  } catch {
    return undefined;
  }
}

const US_PER_MS = 1000;
const MAX_TIME_MS = 8.64e15;

function timeOf(value: unknown): number {
  const ms =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d+$/.test(value)
        ? Number(value)
        : undefined;
  if (ms !== undefined) return Math.abs(ms) <= MAX_TIME_MS ? Math.round(ms * US_PER_MS) : Number.NaN;
  return typeof value === 'string' ? (timestampUs(value.trim()) ?? Number.NaN) : Number.NaN;
}
