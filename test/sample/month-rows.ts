import { type BarBatch, concatBars, type DbnMetadata } from '../../src/dbn/index.ts';
import { generateMonth, type MonthTruth } from '../../src/sample/index.ts';

/** A record as tests look at it: price in units of 1e-9, time in UTC seconds. */
export interface Row {
  readonly id: number;
  readonly symbol: string;
  readonly second: number;
  /** Chicago date and second of day, from Intl. */
  readonly date: string;
  readonly secondOfDay: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface MonthRows {
  readonly metadata: DbnMetadata;
  readonly bars: BarBatch;
  readonly truth: MonthTruth;
}

export function collected(
  month: string,
  options: { seed?: number; scale?: number; defects?: boolean } = {},
): MonthRows {
  const { seed = 1, scale = 0.02, defects = false } = options;
  const { metadata, batches, truth } = generateMonth({ instrument: 'ES', month, seed, scale, defects });
  return { metadata, bars: concatBars([...batches]), truth: truth() };
}

const chicago = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/Chicago',
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** Chicago hours found by Intl, one look-up an hour. */
const hours = new Map<number, { date: string; hour: number }>();

function chicagoHour(second: number): { date: string; hour: number } {
  const key = Math.floor(second / 3600);
  let found = hours.get(key);
  if (!found) {
    const [date = '', time = ''] = chicago.format(key * 3_600_000).split(', ');
    found = { date, hour: Number(time.slice(0, 2)) };
    hours.set(key, found);
  }
  return found;
}

/** Rows in file order, with symbols from the metadata's mappings of their UTC date; `?` where there is none. */
export function rowsOf({ metadata, bars }: Pick<MonthRows, 'metadata' | 'bars'>): Row[] {
  const names = new Map<string, { symbol: string; start: string; end: string }>();
  for (const { rawSymbol, intervals } of metadata.mappings) {
    for (const { startDate, endDate, symbol } of intervals) {
      names.set(symbol, { symbol: rawSymbol, start: startDate, end: endDate });
    }
  }
  return Array.from({ length: bars.rowCount }, (_, k) => {
    const second = Number(bars.tsEvent[k] / 1_000_000_000n);
    const { date, hour } = chicagoHour(second);
    const name = names.get(String(bars.instrumentId[k]));
    const utcDate = new Date(second * 1000).toISOString().slice(0, 10);
    return {
      id: bars.instrumentId[k],
      symbol: name && name.start <= utcDate && utcDate < name.end ? name.symbol : '?',
      second,
      date,
      secondOfDay: hour * 3600 + (second % 3600),
      open: Number(bars.open[k]),
      high: Number(bars.high[k]),
      low: Number(bars.low[k]),
      close: Number(bars.close[k]),
      volume: Number(bars.volume[k]),
    };
  });
}

export const isSpread = (symbol: string): boolean => symbol.includes('-');

export const inSession = ({ secondOfDay }: Row): boolean => secondOfDay >= 27_000 && secondOfDay < 54_000;
