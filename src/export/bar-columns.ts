/** DBN bars as the columns that conversions write: exact times, prices in points, symbols by date. */
import {
  type BarBatch,
  int32Words,
  type SymbolResolver,
  UNDEFINED_PRICE,
  UNDEFINED_TIMESTAMP,
} from '../dbn/index.ts';

/** Names of the columns, in the order of every output. */
export const BAR_COLUMNS = [
  'timestamp',
  'publisher_id',
  'instrument_id',
  'symbol',
  'open',
  'high',
  'low',
  'close',
  'volume',
] as const;

/** A column each, `rowCount` elements. */
export interface BarColumns {
  readonly rowCount: number;
  /** Nanoseconds since the epoch; `UNDEFINED_TIMESTAMP` for none. */
  readonly timestamp: BigUint64Array;
  readonly publisherId: Uint16Array;
  readonly instrumentId: Uint32Array;
  /** Place of the symbol in the resolver's list on the bar's UTC date, -1 for none. */
  readonly symbolIndex: Int32Array;
  /** Points; NaN for an undefined price. */
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: BigUint64Array;
}

const TWO_32 = 4_294_967_296;
const NS_PER_DAY = 86_400_000_000_000n;
/** Upper 32 bits between which a price is a safe integer. */
const SAFE_HIGH_WORDS = 2 ** 21;

/** About 60 ns a row. */
export function barColumns(bars: BarBatch, symbols: SymbolResolver): BarColumns {
  const { rowCount } = bars;
  return {
    rowCount,
    timestamp: bars.tsEvent,
    publisherId: bars.publisherId,
    instrumentId: bars.instrumentId,
    symbolIndex: symbolIndexes(bars, symbols),
    open: points(bars.open, rowCount),
    high: points(bars.high, rowCount),
    low: points(bars.low, rowCount),
    close: points(bars.close, rowCount),
    volume: bars.volume,
  };
}

function symbolIndexes(bars: BarBatch, symbols: SymbolResolver): Int32Array {
  const indexes = new Int32Array(bars.rowCount);
  for (let row = 0; row < bars.rowCount; row++) {
    const time = bars.tsEvent[row];
    indexes[row] =
      time === UNDEFINED_TIMESTAMP
        ? -1
        : symbols.symbolIndex(bars.instrumentId[row], Number(time / NS_PER_DAY));
  }
  return indexes;
}

/** Units of 1e-9 as the doubles nearest to the exact decimals. */
function points(units: BigInt64Array, rowCount: number): Float64Array {
  const values = new Float64Array(rowCount);
  const words = int32Words(units);
  for (let row = 0; row < rowCount; row++) {
    const high = words[2 * row + 1];
    values[row] =
      high >= -SAFE_HIGH_WORDS && high < SAFE_HIGH_WORDS
        ? (high * TWO_32 + (words[2 * row] >>> 0)) / 1e9
        : pointsOf(units[row]);
  }
  return values;
}

/** Dividing would round twice beyond 2^53 units; reading the decimal rounds once. */
function pointsOf(units: bigint): number {
  return units === UNDEFINED_PRICE ? Number.NaN : Number(`${units}e-9`);
}
