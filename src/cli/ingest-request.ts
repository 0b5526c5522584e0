/** What the commands of `ingest` and `dlq` have in common: the lake, spans of time, names of streams. */
import { usageError } from '../base/index.ts';
import type { Timeframe } from '../providers/index.ts';
import { listOption, textOption } from './arguments.ts';
import { type Invocation, option } from './command.ts';
import { lakeOf } from './table-argument.ts';

type Options = Readonly<Record<string, unknown>>;

export const assetsOption = () => option('--assets <names>', 'pairs such as BTCUSD,eth-usd or EUR/USD');
export const timeframesOption = () => option('--timeframes <list>', 'of 1m, 5m, 15m, 1h, 4h and 1d');
export const rangeOptions = () => [
  option('--days <n>', 'the last n days, from midnight UTC on'),
  option('--from <time>', 'from this time on, UTC, e.g. 2025-03-01 or 2025-03-01T12:00Z'),
  option('--to <time>', 'before this time (default: now)'),
];

export async function openLake(invocation: Invocation) {
  const { openStorage } = await import('../storage/index.ts');
  const { configuration, lake } = await lakeOf(invocation);
  return { configuration, lake, storage: openStorage(lake) };
}

export async function assetsOf(options: Options): Promise<string[] | undefined> {
  const { normaliseAsset } = await import('../providers/index.ts');
  const names = listOption(options, 'assets');
  return names && [...new Set(names.map(normaliseAsset))];
}

export async function timeframesOf(options: Options): Promise<Timeframe[] | undefined> {
  const { TIMEFRAMES } = await import('../providers/index.ts');
  const names = listOption(options, 'timeframes');
  const unknown = names?.find((name) => !TIMEFRAMES.some((each) => each === name));
  if (unknown !== undefined) {
    throw usageError(
      `there is no timeframe ${JSON.stringify(unknown)}`,
      `there are ${TIMEFRAMES.join(', ')}`,
    );
  }
  return names && TIMEFRAMES.filter((each) => names.includes(each));
}

const US_PER_DAY = 86_400e6;

/** `--days`, or `--from` and `--to`, as [from, to) in µs; null when none was given. */
export async function rangeOf(
  options: Options,
  nowMs: number,
): Promise<readonly [fromUs: number, toUs: number] | null> {
  const { timestampUs } = await import('../bars/index.ts');
  const nowUs = nowMs * 1000;
  const time = (name: string) => {
    const text = textOption(options, name);
    const us = text === undefined ? undefined : timestampUs(text);
    if (text === undefined || us !== undefined) return us;
    throw usageError(`--${name} ${JSON.stringify(text)} is no time`, `e.g. --${name} 2025-03-01`);
  };
  const [from, to, days] = [time('from'), time('to'), textOption(options, 'days')];
  if (days !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw usageError('--days goes together with neither --from nor --to', 'give one or the other');
    }
    const count = Number(days);
    if (!(count > 0 && count <= 36_525)) {
      throw usageError(`--days is ${JSON.stringify(days)}; expected a number above 0`, 'e.g. --days 7');
    }
    const startUs = nowUs - count * US_PER_DAY;
    return [startUs - (startUs % US_PER_DAY), nowUs];
  }
  if (from === undefined && to === undefined) return null;
  if (from === undefined) throw usageError('--to needs --from', 'e.g. --from 2025-03-01 --to 2025-03-08');
  const end = to ?? nowUs;
  if (from < end) return [from, end];
  throw usageError(
    `--from is not before --to`,
    '--to is exclusive: a day is --from 2025-03-01 --to 2025-03-02',
  );
}

const UNITS_US: Readonly<Record<string, number>> = { m: 60e6, h: 3600e6, d: US_PER_DAY };

/** A length such as `2d`, `12h` or `30m`, in µs. */
export function durationOf(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (UNITS_US[unit] ?? 0);
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw usageError(`--${flag} is ${JSON.stringify(text)}; expected a length of time`, `e.g. --${flag} 2d`);
}

/** A time for people: without seconds where they are zero. */
export function timeText(us: number): string {
  return new Date(us / 1000)
    .toISOString()
    .replace(/:00\.000Z$/, 'Z')
    .replace('.000Z', 'Z');
}

export function timeOrNull(us: number | null): string | null {
  return us === null ? null : new Date(us / 1000).toISOString();
}
