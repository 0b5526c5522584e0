import { utcDayOf } from './dates.ts';
import type { DbnMetadata } from './metadata.ts';

/** Which raw symbol an instrument id stood for, by date. */
export interface SymbolResolver {
  /** Every symbol that has an id on some day, in the order of the metadata. */
  readonly symbols: readonly string[];
  /**
   * Raw symbol of an id on a UTC date, given as `YYYY-MM-DD` or as days since 1970-01-01; null if the metadata gives
   * the id none that day.
   */
  symbol(instrumentId: number, date: string | number): string | null;
  /** The same as a place in `symbols`, -1 for none. Cost: a hash look-up and, as long as days repeat, one comparison. */
  symbolIndex(instrumentId: number, utcDay: number): number;
}

/** Intervals of one id, sorted by start: interval `i` is [startDay[i], endDay[i]) and stands for symbol `index[i]`. */
interface IdIntervals {
  readonly startDay: Int32Array;
  readonly endDay: Int32Array;
  readonly index: Int32Array;
  last: number;
}

interface Interval {
  readonly id: number;
  readonly startDay: number;
  readonly endDay: number;
  readonly index: number;
}

/**
 * Turns the metadata's mappings around: id and date to symbol. Ids can change and be given to another symbol within a
 * file, so the date belongs to the question. A bar's date is the UTC date of its `tsEvent`. Where two symbols claim an
 * id on the same day, the one listed first has it. Mappings whose ids stand on the left (`stypeIn: 'instrument_id'`)
 * work too; metadata that map no ids give a resolver that knows none.
 */
export function symbolResolver(
  metadata: Pick<DbnMetadata, 'mappings' | 'stypeIn' | 'stypeOut'>,
): SymbolResolver {
  const symbols: string[] = [];
  const byId = new Map<number, Interval[]>();
  const places = new Map<string, number>();
  for (const { id, symbol, startDay, endDay } of idIntervals(metadata)) {
    const index = places.get(symbol) ?? symbols.push(symbol) - 1;
    places.set(symbol, index);
    const intervals = byId.get(id) ?? [];
    intervals.push({ id, startDay, endDay, index });
    byId.set(id, intervals);
  }
  const table = new Map<number, IdIntervals>();
  for (const [id, intervals] of byId) table.set(id, compact(withoutOverlaps(intervals)));
  const symbolIndex = (instrumentId: number, utcDay: number): number => {
    const intervals = table.get(instrumentId);
    return intervals === undefined ? -1 : indexOnDay(intervals, utcDay);
  };
  return {
    symbols,
    symbolIndex,
    symbol(instrumentId, date) {
      const utcDay = typeof date === 'number' ? date : utcDayOf(date);
      const index = utcDay === undefined ? -1 : symbolIndex(instrumentId, utcDay);
      return index < 0 ? null : symbols[index];
    },
  };
}

function* idIntervals(metadata: Pick<DbnMetadata, 'mappings' | 'stypeIn' | 'stypeOut'>) {
  const idsOnTheRight = metadata.stypeOut === 'instrument_id';
  if (!idsOnTheRight && metadata.stypeIn !== 'instrument_id') return;
  for (const mapping of metadata.mappings) {
    for (const interval of mapping.intervals) {
      const id = instrumentIdOf(idsOnTheRight ? interval.symbol : mapping.rawSymbol);
      const symbol = idsOnTheRight ? mapping.rawSymbol : interval.symbol;
      const startDay = utcDayOf(interval.startDate);
      const endDay = utcDayOf(interval.endDate);
      if (id === undefined || startDay === undefined || endDay === undefined) continue;
      if (symbol !== '' && startDay < endDay) yield { id, symbol, startDay, endDay };
    }
  }
}

function instrumentIdOf(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id < 2 ** 32 ? id : undefined;
}

/** The first interval listed keeps its days; later ones get what is left. */
function withoutOverlaps(intervals: readonly Interval[]): Interval[] {
  const kept: Interval[] = [];
  for (const interval of intervals) {
    let pieces = [interval];
    for (const earlier of kept) pieces = pieces.flatMap((piece) => minus(piece, earlier));
    kept.push(...pieces);
  }
  return kept.sort((a, b) => a.startDay - b.startDay);
}

function minus(piece: Interval, taken: Interval): Interval[] {
  if (taken.endDay <= piece.startDay || piece.endDay <= taken.startDay) return [piece];
  const rest: Interval[] = [];
  if (piece.startDay < taken.startDay) rest.push({ ...piece, endDay: taken.startDay });
  if (taken.endDay < piece.endDay) rest.push({ ...piece, startDay: taken.endDay });
  return rest;
}

function compact(intervals: readonly Interval[]): IdIntervals {
  return {
    startDay: Int32Array.from(intervals, (interval) => interval.startDay),
    endDay: Int32Array.from(intervals, (interval) => interval.endDay),
    index: Int32Array.from(intervals, (interval) => interval.index),
    last: 0,
  };
}

function indexOnDay(intervals: IdIntervals, utcDay: number): number {
  const { startDay, endDay, index, last } = intervals;
  if (startDay[last] <= utcDay && utcDay < endDay[last]) return index[last];
  let from = 0;
  let to = startDay.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (endDay[middle] <= utcDay) from = middle + 1;
    else to = middle;
  }
  if (from === startDay.length || utcDay < startDay[from]) return -1;
  intervals.last = from;
  return index[from];
}
