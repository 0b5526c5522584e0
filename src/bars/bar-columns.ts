/** Columns of raw bars that grow while a source is read. */
import type { Bars, Instrument } from './columns.ts';

const INITIAL_ROWS = 65_536;

const DOUBLE_COLUMNS = 6;
const BYTES_PER_ROW = DOUBLE_COLUMNS * 8 + 2;

/**
 * Growing columns; rows [0, rowCount) are filled. Doubling, so appending costs each row one copy on average. All lie in
 * one buffer: allocators give so large a one back to the system as soon as it is freed, where eight columns would leave
 * holes.
 */
export class BarColumns {
  rowCount = 0;
  tsUs = new Float64Array(0);
  open = new Float64Array(0);
  high = new Float64Array(0);
  low = new Float64Array(0);
  close = new Float64Array(0);
  volume = new Float64Array(0);
  instrument = new Uint16Array(0);

  constructor(expectedRows = 0) {
    this.#allocate(expectedRows > 0 ? Math.ceil(expectedRows) : INITIAL_ROWS);
  }

  #allocate(capacity: number): void {
    const buffer = new ArrayBuffer(capacity * BYTES_PER_ROW);
    const doubles = (index: number) => new Float64Array(buffer, index * capacity * 8, capacity);
    this.tsUs = doubles(0);
    this.open = doubles(1);
    this.high = doubles(2);
    this.low = doubles(3);
    this.close = doubles(4);
    this.volume = doubles(5);
    this.instrument = new Uint16Array(buffer, DOUBLE_COLUMNS * capacity * 8, capacity);
  }

  /** Makes room for `rowCount` rows in all. Columns taken out before may be stale after. */
  reserve(rowCount: number): void {
    if (rowCount <= this.tsUs.length) return;
    const { tsUs, open, high, low, close, volume, instrument } = this;
    const filled = this.rowCount;
    this.#allocate(Math.max(rowCount, tsUs.length * 2));
    this.tsUs.set(tsUs.subarray(0, filled));
    this.open.set(open.subarray(0, filled));
    this.high.set(high.subarray(0, filled));
    this.low.set(low.subarray(0, filled));
    this.close.set(close.subarray(0, filled));
    this.volume.set(volume.subarray(0, filled));
    this.instrument.set(instrument.subarray(0, filled));
  }

  /** The filled rows, on the same memory; without an instrument column when there are no instruments. */
  toBars(instruments: readonly Instrument[]): Bars {
    const { rowCount } = this;
    return {
      rowCount,
      tsUs: this.tsUs.subarray(0, rowCount),
      open: this.open.subarray(0, rowCount),
      high: this.high.subarray(0, rowCount),
      low: this.low.subarray(0, rowCount),
      close: this.close.subarray(0, rowCount),
      volume: this.volume.subarray(0, rowCount),
      ...(instruments.length > 0 && { instrument: this.instrument.subarray(0, rowCount) }),
      instruments,
    };
  }
}
