import { byteOrder } from '../storage/index.ts';
import { deltaError } from './delta-error.ts';
import type { DeltaType } from './schema.ts';

/**
 * A value of a primitive type as it is compared: date as days and timestamp as microseconds (bigint) since the
 * epoch, long as bigint, decimal and binary as text.
 */
export type Comparable = string | number | bigint | boolean;

/** What callers may give for one: also a `Date`, ISO text for dates and times, and numbers for longs. */
export type ValueInput = Comparable | Date | null;

const DAY_MS = 86_400_000;
const MAX_YEAR_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const MIN_YEAR_MS = -62_135_596_800_000; // 0001-01-01

/** A caller's value in the form values are compared in; `DELTA_BAD_PARTITION_VALUE` when it does not fit the type. */
export function toComparable(type: DeltaType, input: ValueInput, column: string): Comparable | null {
  if (input === null) return null;
  const value = convert(type, input);
  if (value === undefined) throw badValue(type, input, column);
  return value;
}

const INTEGER_LIMITS: Readonly<Record<string, bigint>> = {
  byte: 2n ** 7n,
  short: 2n ** 15n,
  integer: 2n ** 31n,
  long: 2n ** 63n,
};

function convert(type: DeltaType, input: Comparable | Date): Comparable | undefined {
  switch (type) {
    case 'string':
    case 'binary':
      return typeof input === 'string' ? input : undefined;
    case 'boolean':
      return typeof input === 'boolean' ? input : undefined;
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return convertInteger(type, input);
    case 'float':
    case 'double':
      return typeof input === 'number' ? (type === 'float' ? Math.fround(input) : input) : undefined;
    case 'date':
      return convertDate(input);
    case 'timestamp':
    case 'timestamp_ntz':
      return convertTimestamp(input);
    default:
      return typeof type === 'string' && type.startsWith('decimal') ? convertDecimal(input) : undefined;
  }
}

function convertInteger(type: string, input: Comparable | Date): number | bigint | undefined {
  const limit = INTEGER_LIMITS[type] ?? 0n;
  if (typeof input === 'number' ? !Number.isSafeInteger(input) : typeof input !== 'bigint') return undefined;
  const value = BigInt(typeof input === 'number' || typeof input === 'bigint' ? input : 0);
  if (value < -limit || value >= limit) return undefined;
  return type === 'long' ? value : Number(value);
}

function convertDate(input: Comparable | Date): number | undefined {
  if (typeof input === 'number') {
    const inRange = input * DAY_MS >= MIN_YEAR_MS && input * DAY_MS <= MAX_YEAR_MS;
    return Number.isInteger(input) && inRange ? input : undefined;
  }
  const text = input instanceof Date ? safeIso(input) : input;
  if (typeof text !== 'string') return undefined;
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$/.exec(text);
  if (found === null) return undefined;
  const ms = utcMs(Number(found[1]), Number(found[2]), Number(found[3]));
  return ms === undefined ? undefined : ms / DAY_MS;
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

function convertTimestamp(input: Comparable | Date): bigint | undefined {
  if (typeof input === 'bigint') {
    const ms = Number(input / 1000n);
    return ms >= MIN_YEAR_MS && ms <= MAX_YEAR_MS ? input : undefined;
  }
  const text = input instanceof Date ? safeIso(input) : input;
  return typeof text === 'string' ? parseTimestampUs(text) : undefined;
}

/** Microseconds since the epoch of ISO 8601 or Spark text; without a zone it is UTC. Undefined when it is neither. */
export function parseTimestampUs(text: string): bigint | undefined {
  const found = TIMESTAMP.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = found;
  const dayMs = utcMs(Number(year), Number(month), Number(day));
  if (dayMs === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    return undefined;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second) - zoneSeconds(zone);
  return BigInt(dayMs + seconds * 1000) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

function zoneSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.replace(':', '');
  const seconds = Number(digits.slice(1, 3)) * 3600 + Number(digits.slice(3, 5) || 0) * 60;
  return digits.startsWith('-') ? -seconds : seconds;
}

function utcMs(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exact =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exact ? date.getTime() : undefined;
}

function safeIso(date: Date): string | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** `2024-10-01T13:30:00.000000`, for years 1 to 9999. */
export function isoMicroseconds(timeUs: bigint): string {
  const micros = ((timeUs % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = (timeUs - micros) / 1_000_000n;
  const date = new Date(Number(seconds) * 1000).toISOString();
  return `${date.slice(0, 19)}.${String(micros).padStart(6, '0')}`;
}

function convertDecimal(input: Comparable | Date): string | undefined {
  const text = typeof input === 'number' || typeof input === 'bigint' ? String(input) : input;
  if (typeof text !== 'string') return undefined;
  const found = /^([+-]?)(\d*)\.?(\d*)$/.exec(text);
  if (found === null || `${found[2]}${found[3]}` === '') return undefined;
  const whole = (found[2] ?? '').replace(/^0+(?=\d)/, '') || '0';
  const fraction = (found[3] ?? '').replace(/0+$/, '');
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return found[1] === '-' && digits !== '0' ? `-${digits}` : digits;
}

export function badValue(type: DeltaType, value: unknown, column: string) {
  const shown = typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
  return deltaError({
    code: 'DELTA_BAD_PARTITION_VALUE',
    message: `column ${column}: expected a ${typeof type === 'string' ? type : type.type}, found ${shown}`,
    facts: { column, type },
  });
}

/** Negative, zero or positive as `a` lies before, at or after `b`; NaN is the greatest, strings go by UTF-8 bytes. */
export function compareValues(type: DeltaType, a: Comparable, b: Comparable): number {
  if (typeof a === 'string' && typeof b === 'string') {
    return typeof type === 'string' && type.startsWith('decimal') ? compareDecimals(a, b) : byteOrder(a, b);
  }
  if (typeof a === 'number' && typeof b === 'number' && (Number.isNaN(a) || Number.isNaN(b))) {
    return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareDecimals(a: string, b: string): number {
  const scale = Math.max(fractionDigits(a), fractionDigits(b));
  const difference = unscaled(a, scale) - unscaled(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function fractionDigits(decimal: string): number {
  const point = decimal.indexOf('.');
  return point === -1 ? 0 : decimal.length - point - 1;
}

function unscaled(decimal: string, scale: number): bigint {
  return BigInt(decimal.replace('.', '') + '0'.repeat(scale - fractionDigits(decimal)));
}
