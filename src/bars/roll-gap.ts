/** Changes of the front contract, and how far apart the two contracts traded. */
import type { Bars } from './columns.ts';
import type { DayVolumes } from './day-volumes.ts';
import { UNITS_PER_POINT, unitsOf } from './instruments.ts';
import { type SessionSpan, sessionSpans, type TradingHours } from './sessions.ts';

/** A change of the front contract between two sessions. */
export interface RollCandidate {
  /** Date of the first session of the new contract. */
  readonly date: string;
  readonly fromContract: string;
  readonly toContract: string;
  /**
   * New minus old close, in points, at the last time before the new contract's first session opens at which both
   * have a bar; null when they never have.
   */
  readonly priceGap: number | null;
  /** That time, in microseconds since the epoch. */
  readonly gapUs: number | null;
}

/** The first stretch before the roll searched for a common bar; each next one is this many times longer. */
const FIRST_WINDOW_US = 3_600e6;
const WINDOW_GROWTH = 24;

/**
 * The changes of the front from one session date with a front to the next, and, given `previousFront`, into the
 * first. Only for the rolls themselves is anything scanned: about 3 ns per row each.
 */
export function rollCandidates(
  bars: Bars,
  instrument: Uint16Array,
  volumes: DayVolumes,
  front: Int32Array,
  options: { readonly hours: TradingHours; readonly previousFront?: string | null },
): RollCandidate[] {
  const { contracts } = volumes.table;
  const rolls: RollCandidate[] = [];
  let current = options.previousFront ?? null;
  const lastDay = volumes.firstDay + volumes.dayCount - 1;
  for (const span of sessionSpans(options.hours, volumes.firstDay, lastDay)) {
    const contract = contracts[front[span.day - volumes.firstDay] ?? -1];
    if (contract === undefined) continue;
    if (current !== null && current !== contract) {
      rolls.push(rollCandidate(bars, instrument, volumes, current, contract, span));
    }
    current = contract;
  }
  return rolls;
}

function rollCandidate(
  bars: Bars,
  instrument: Uint16Array,
  { table }: DayVolumes,
  fromContract: string,
  toContract: string,
  span: SessionSpan,
): RollCandidate {
  const from = table.contracts.indexOf(fromContract);
  const to = table.contracts.indexOf(toContract);
  const base = { date: span.date, fromContract, toContract };
  if (from < 0 || to < 0) return { ...base, priceGap: null, gapUs: null };
  const side = (row: number): number => {
    const contract = table.contractOf[instrument[row]];
    return contract === from ? 1 : contract === to ? 2 : 0;
  };
  const common = lastCommonBar(bars, side, span.openUs);
  return { ...base, priceGap: common?.gap ?? null, gapUs: common?.tsUs ?? null };
}

function lastCommonBar(
  bars: Bars,
  side: (row: number) => number,
  beforeUs: number,
): { readonly tsUs: number; readonly gap: number } | undefined {
  let firstUs = Number.POSITIVE_INFINITY;
  for (let row = 0; row < bars.rowCount; row++) firstUs = Math.min(firstUs, bars.tsUs[row]);
  for (let windowUs = FIRST_WINDOW_US; ; windowUs *= WINDOW_GROWTH) {
    const fromUs = beforeUs - windowUs;
    const common = commonBarIn(bars, side, fromUs, beforeUs);
    if (common || fromUs <= firstUs) return common;
  }
}

function commonBarIn(
  bars: Bars,
  side: (row: number) => number,
  fromUs: number,
  toUs: number,
): { readonly tsUs: number; readonly gap: number } | undefined {
  const { tsUs, close } = bars;
  const fromClose = new Map<number, number>();
  const toClose = new Map<number, number>();
  for (let row = 0; row < bars.rowCount; row++) {
    const ts = tsUs[row];
    if (ts < fromUs || ts >= toUs) continue;
    const price = close[row] ?? Number.NaN;
    if (!(price > 0)) continue;
    const which = side(row);
    if (which === 1) fromClose.set(ts, price);
    else if (which === 2) toClose.set(ts, price);
  }
  let lastUs = Number.NEGATIVE_INFINITY;
  for (const ts of toClose.keys()) if (ts > lastUs && fromClose.has(ts)) lastUs = ts;
  const [old, fresh] = [fromClose.get(lastUs), toClose.get(lastUs)];
  if (old === undefined || fresh === undefined) return undefined;
  return { tsUs: lastUs, gap: (unitsOf(fresh) - unitsOf(old)) / UNITS_PER_POINT };
}
