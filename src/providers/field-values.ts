/** Values of text fields, read from bytes: no string is made of what is plainly a number or a time. */
import { epochUs, timestampUs } from '../bars/index.ts';

const [ZERO, NINE, DOT, MINUS, COLON, DASH, LETTER_T, LETTER_Z, SPACE] = [48, 57, 46, 45, 58, 45, 84, 90, 32];

/** 10^k is exact as a double up to 22; a whole number of 15 digits is too, so their quotient is rounded once. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => 10 ** k);
const EXACT_DIGITS = 15;

/**
 * The number that bytes [from, to) spell, as `Number` would read it; undefined for no bytes, the text itself where it
 * is no number. About 20 ns for plain decimals.
 */
export function fieldNumber(bytes: Buffer, from: number, to: number): number | string | undefined {
  if (from >= to) return undefined;
  let k = from;
  const negative = bytes[k] === MINUS;
  if (negative) k++;
  let [value, digits, decimals] = [0, 0, 0];
  let afterDot = false;
  for (; k < to; k++) {
    const byte = bytes[k] ?? 0;
    if (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      digits++;
      if (afterDot) decimals++;
    } else if (byte === DOT && !afterDot) afterDot = true;
    else return spelledNumber(bytes, from, to);
  }
  if (digits === 0 || digits > EXACT_DIGITS) return spelledNumber(bytes, from, to);
  const size = decimals === 0 ? value : value / (POWERS[decimals] ?? 1);
  return negative ? -size : size;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function spelledNumber(bytes: Buffer, from: number, to: number): number | string | undefined {
  const text = bytes.toString('utf8', from, to).trim();
  if (text === '') return undefined;
  return NUMBER.test(text) ? Number(text) : text;
}

let knownDate = -1;
let knownDayUs = 0;

/** Start of a bar as bytes [from, to) spell it, µs; undefined for no bytes, NaN for what is no time. */
export function fieldTime(bytes: Buffer, from: number, to: number): number | undefined {
  if (from >= to) return undefined;
  const length = to - from;
  // 2024-03-01T13:30:00Z, or a space for the T, with or without the Z
  if (
    (length === 20 ? bytes[to - 1] === LETTER_Z : length === 19) &&
    bytes[from + 4] === DASH &&
    bytes[from + 13] === COLON &&
    (bytes[from + 10] === LETTER_T || bytes[from + 10] === SPACE)
  ) {
    const date =
      digitsAt(bytes, from, 4) * 10_000 + digitsAt(bytes, from + 5, 2) * 100 + digitsAt(bytes, from + 8, 2);
    const [hour, minute, second] = [
      digitsAt(bytes, from + 11, 2),
      digitsAt(bytes, from + 14, 2),
      digitsAt(bytes, from + 17, 2),
    ];
    const isTime = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
    const seconds = hour * 3600 + minute * 60 + second;
    if (date === knownDate && isTime) return knownDayUs + seconds * 1e6;
    const tsUs = timestampUs(bytes.toString('latin1', from, to));
    if (tsUs !== undefined) {
      knownDate = date;
      knownDayUs = tsUs - seconds * 1e6;
    }
    return tsUs ?? Number.NaN;
  }
  if (length <= 16) {
    const value = digitsAt(bytes, from, length);
    if (value >= 0) return epochUs(value);
  }
  const text = bytes.toString('utf8', from, to).trim();
  return text === '' ? undefined : textTime(text);
}

/** A time as text or number of a JSON value; undefined where there is none, NaN for what is no time. */
export function valueTime(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'number') return epochUs(value);
  return typeof value === 'string' ? textTime(value.trim()) : Number.NaN;
}

function textTime(text: string): number {
  // seconds with a fraction, as Python's time.time() gives them
  if (/^\d{9,10}\.\d+$/.test(text)) return Math.round(Number(text) * 1e6);
  return timestampUs(text) ?? Number.NaN;
}

/** The number that `count` digits spell; negative where one of them is none. */
function digitsAt(bytes: Buffer, at: number, count: number): number {
  let value = 0;
  for (let k = at; k < at + count; k++) {
    const digit = (bytes[k] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return Number.NEGATIVE_INFINITY;
    value = value * 10 + digit;
  }
  return value;
}
