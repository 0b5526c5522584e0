import { allocateBars, type BarBatch, int32Words } from '../dbn/index.ts';
import type { Listing } from './contracts.ts';
import type { DayBars } from './day-bars.ts';

const OHLCV_1S = 32;
/** The vendor's number for CME Globex MDP 3.0. */
const PUBLISHER = 1;
const WORD = 2 ** 32;

/**
 * A date's bars as records, in the order of `order` (rows of `bars`). `baseSecond` is the UTC second of Chicago
 * midnight. No BigInt per record: 64-bit columns are written as two halves. About 35 ns a record.
 */
export function batchOf(
  bars: DayBars,
  order: Int32Array,
  listings: readonly Listing[],
  baseSecond: number,
): BarBatch {
  const rowCount = order.length;
  const batch = allocateBars(rowCount, false);
  batch.rtype.fill(OHLCV_1S);
  batch.publisherId.fill(PUBLISHER);
  const ids = Uint32Array.from(listings, (listing) => listing.instrumentId);
  const time = int32Words(batch.tsEvent);
  const volume = int32Words(batch.volume);
  for (let k = 0; k < rowCount; k++) {
    const row = order[k];
    batch.instrumentId[k] = ids[bars.listing[row]];
    // 1e9 = 1,953,125 * 2^9, and the first factor keeps the product exact in a float64
    const scaled = (baseSecond + bars.second[row]) * 1_953_125;
    const high = Math.floor(scaled / 2 ** 23);
    time[2 * k] = (scaled - high * 2 ** 23) * 512;
    time[2 * k + 1] = high;
    volume[2 * k] = bars.volume[row];
  }
  writePrices(int32Words(batch.open), bars.open, order);
  writePrices(int32Words(batch.high), bars.high, order);
  writePrices(int32Words(batch.low), bars.low, order);
  writePrices(int32Words(batch.close), bars.close, order);
  return batch;
}

function writePrices(words: Int32Array, prices: Float64Array, order: Int32Array): void {
  for (let k = 0; k < order.length; k++) {
    const price = prices[order[k]];
    if (price === Number.POSITIVE_INFINITY) {
      words[2 * k] = -1;
      words[2 * k + 1] = 0x7fffffff;
      continue;
    }
    const high = Math.floor(price / WORD);
    words[2 * k] = price - high * WORD;
    words[2 * k + 1] = high;
  }
}
