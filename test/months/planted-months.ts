import { type BarBatch, dbnMetadata, writeDbn } from '../../src/dbn/index.ts';

/** Of the sessions that planted months have: one hour, from 09:00 in Chicago. */
export const SESSION_SECONDS = 3600;

/** The configuration of a run of planted months: short sessions, and rolls by price gaps. */
export const PLANTED_SETTINGS = {
  session: 'hour',
  sessions: { hour: { zone: 'America/Chicago', open: '09:00', close: '10:00', calendar: 'cme-equity' } },
  labels: { rolls: 'gaps' },
};

interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
}

/** What is wrong with a month. Prices are in ticks of a quarter point. */
export interface Plant {
  /** Dates that are left out. */
  readonly without?: readonly string[];
  /** Most ticks that a second's close lies from the one before. */
  readonly step?: number;
  /** Changes a bar of a session; `second` counts from its open. */
  readonly change?: (bar: Bar, second: number, session: number) => Bar;
  /** Ticks that the price jumps by at a second of a session. */
  readonly jump?: (second: number, session: number) => number;
}

/** Same numbers for the same seed, evenly from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const NS_PER_TICK = 250_000_000n;

/** Writes a month of ESZ4 with a session of random steps on each of the dates, a bar in every second. */
export async function writePlantedMonth(
  path: string,
  dates: readonly string[],
  plant: Plant = {},
): Promise<void> {
  const { without = [], step = 1, change = (bar) => bar, jump = () => 0 } = plant;
  const random = randomOf(dates.length + step);
  let price = 20_000;
  const batches = dates.flatMap((date, session): BarBatch[] => {
    if (without.includes(date)) return [];
    const bars = Array.from({ length: SESSION_SECONDS }, (_, second) => {
      const open = price + jump(second, session);
      price = open + Math.round((random() * 2 - 1) * step);
      const ends = [open, price];
      return change({ open, high: Math.max(...ends), low: Math.min(...ends), close: price }, second, session);
    });
    return [batchOf(date, bars)];
  });
  const metadata = dbnMetadata({
    dataset: 'GLBX.MDP3',
    schema: 'ohlcv-1s',
    start: BigInt(Date.parse(`${dates[0]}T00:00:00Z`)) * 1_000_000n,
    mappings: [
      { rawSymbol: 'ESZ4', intervals: [{ startDate: '2024-01-01', endDate: '2025-01-01', symbol: '7' }] },
    ],
  });
  await writeDbn(path, metadata, batches, { level: 1 });
}

function batchOf(date: string, bars: readonly Bar[]): BarBatch {
  // months of summer time: 09:00 in Chicago is 14:00 UTC
  const startNs = BigInt(Date.parse(`${date}T14:00:00Z`)) * 1_000_000n;
  const column = (of: (bar: Bar) => number) =>
    BigInt64Array.from(bars, (bar) => BigInt(of(bar)) * NS_PER_TICK);
  return {
    rowCount: bars.length,
    rtype: new Uint8Array(bars.length).fill(32),
    publisherId: new Uint16Array(bars.length).fill(1),
    instrumentId: new Uint32Array(bars.length).fill(7),
    tsEvent: BigUint64Array.from(bars, (_, second) => startNs + BigInt(second) * 1_000_000_000n),
    open: column((bar) => bar.open),
    high: column((bar) => bar.high),
    low: column((bar) => bar.low),
    close: column((bar) => bar.close),
    volume: BigUint64Array.from(bars, (_, second) => BigInt(1 + ((second * 7) % 50))),
  };
}

/** The weekdays of a month. From April to October futures on US equity indices are halted early, but open on each. */
export function tradingDates(month: string): string[] {
  const first = new Date(`${month}-01T12:00:00Z`);
  return Array.from({ length: 31 }, (_, day) => new Date(first.getTime() + day * 86_400_000))
    .filter((date) => date.toISOString().startsWith(month) && date.getUTCDay() % 6 !== 0)
    .map((date) => date.toISOString().slice(0, 10));
}
