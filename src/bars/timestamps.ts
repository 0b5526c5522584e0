/** Times as text or whole numbers, to microseconds since the epoch. */
import { parseIsoDate, SECONDS_PER_DAY, US_PER_DAY, US_PER_SECOND } from './dates.ts';

const TIME = /^[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?))?$/;

let knownDate = '';
let knownDayUs = Number.NaN;

/**
 * Microseconds of `2024-03-01 07:30:00`, `2024-03-01T13:30:00.123456789Z`, `2024-03-01 07:30:00-06:00`,
 * `2024-03-01`, or a whole number since the epoch (see `epochUs`). A time without a zone is UTC; digits beyond
 * microseconds are cut. Undefined for anything else, also for a 13th month or a 25th hour.
 */
export function timestampUs(text: string): number | undefined {
  if (text.charAt(4) !== '-' && /^-?\d{1,20}$/.test(text)) return epochTextUs(text);
  const date = text.slice(0, 10);
  if (date !== knownDate) {
    const day = parseIsoDate(date);
    if (day === undefined) return undefined;
    knownDate = date;
    knownDayUs = day * US_PER_DAY;
  }
  if (text.length === 10) return knownDayUs;
  const parts = TIME.exec(text.slice(10));
  if (!parts) return undefined;
  const [, hours, minutes, seconds = '0', fraction = '', zone = 'Z'] = parts;
  const second = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (Number(minutes) > 59 || Number(seconds) > 59 || second >= SECONDS_PER_DAY) return undefined;
  const micros = fraction === '' ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0'));
  const offset = zoneSeconds(zone);
  if (offset === undefined) return undefined;
  return knownDayUs + (second - offset) * US_PER_SECOND + micros;
}

function zoneSeconds(zone: string): number | undefined {
  if (!/^[+-]/.test(zone)) return 0;
  const digits = zone.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2) || '0')];
  if (hours > 18 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/**
 * A whole number since the epoch: seconds up to 11 digits, milliseconds up to 14, microseconds up to 17, else
 * nanoseconds. Any time from 1973 to 5138 is told right.
 */
function epochTextUs(text: string): number {
  const digits = text.startsWith('-') ? text.length - 1 : text.length;
  if (digits > 17) return Number(text.slice(0, -3));
  return epochUs(Number(text));
}

/** As for text; exact below 2^53. */
export function epochUs(value: number): number {
  const size = Math.abs(value);
  if (size < 1e11) return value * US_PER_SECOND;
  if (size < 1e14) return value * 1000;
  return size < 1e17 ? value : Math.floor(value / 1000);
}

/** `2024-03-01T13:30:00.000000Z`. */
export function isoTimestamp(tsUs: number): string {
  const micros = ((tsUs % US_PER_SECOND) + US_PER_SECOND) % US_PER_SECOND;
  const seconds = new Date((tsUs - micros) / 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(Math.floor(micros)).padStart(6, '0')}Z`;
}
