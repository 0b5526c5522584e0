/** Bars of a longer timeframe out of a vendor's shorter ones. */
import type { VendorBar } from './provider.ts';
import { gridFloor } from './timeframe.ts';

/**
 * Bars of `barUs` out of shorter ones in any order; only buckets that hold a bar. Open of the first, close of the
 * last, highest high, lowest low, volumes added. A field that is no number in one of the parts is that part's value
 * in the whole, so that validation sees it; a part without a time is handed on as it is. `original` lists the parts.
 */
export function coarserBars(bars: readonly VendorBar[], barUs: number): VendorBar[] {
  const buckets = new Map<number, VendorBar[]>();
  const whole: VendorBar[] = [];
  for (const bar of bars) {
    if (bar.tsUs === undefined || Number.isNaN(bar.tsUs)) {
      whole.push(bar);
      continue;
    }
    const startUs = gridFloor(bar.tsUs, barUs);
    const parts = buckets.get(startUs);
    if (parts === undefined) buckets.set(startUs, [bar]);
    else parts.push(bar);
  }
  for (const [tsUs, parts] of buckets) whole.push(wholeBar(tsUs, inOrder(parts)));
  return whole.sort(byTime);
}

/** Orders bars by time, those without one first. */
export function byTime(a: VendorBar, b: VendorBar): number {
  const [first, second] = [timeOrFirst(a), timeOrFirst(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function timeOrFirst({ tsUs }: VendorBar): number {
  return tsUs === undefined || Number.isNaN(tsUs) ? Number.NEGATIVE_INFINITY : tsUs;
}

/** By time; of two bars at one time the later in the answer. */
function inOrder(parts: readonly VendorBar[]): VendorBar[] {
  const byTime = new Map(parts.map((part) => [part.tsUs ?? Number.NaN, part]));
  return [...byTime.keys()].sort((a, b) => a - b).flatMap((tsUs) => byTime.get(tsUs) ?? []);
}

function wholeBar(tsUs: number, parts: readonly VendorBar[]): VendorBar {
  return {
    tsUs,
    open: parts[0]?.open,
    high: folded(
      parts.map(({ high }) => high),
      Math.max,
    ),
    low: folded(
      parts.map(({ low }) => low),
      Math.min,
    ),
    close: parts.at(-1)?.close,
    volume: folded(
      parts.map(({ volume }) => volume),
      (a, b) => a + b,
    ),
    original: parts.map(({ original }) => original),
  };
}

/** The fold of what are numbers, or text of numbers; the first that is neither. */
function folded(values: readonly unknown[], fold: (a: number, b: number) => number): unknown {
  let result: number | undefined;
  for (const value of values) {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) return value;
    result = result === undefined ? number : fold(result, number);
  }
  return result;
}
