/** Columns of raw bars that grow while a source is read. */
import type { Bars, Instrument } from './columns.ts';

const INITIAL_ROWS = 65_536;

/** Growing columns; rows [0, rowCount) are filled. Doubling, so appending costs each row one copy on average. */
export class BarColumns {
  rowCount = 0;
  tsUs: Float64Array<ArrayBuffer>;
  open: Float64Array<ArrayBuffer>;
  high: Float64Array<ArrayBuffer>;
  low: Float64Array<ArrayBuffer>;
  close: Float64Array<ArrayBuffer>;
  volume: Float64Array<ArrayBuffer>;
  instrument: Uint16Array<ArrayBuffer>;

  constructor(expectedRows = 0) {
    const capacity = expectedRows > 0 ? Math.ceil(expectedRows) : INITIAL_ROWS;
    this.tsUs = new Float64Array(capacity);
    this.open = new Float64Array(capacity);
    this.high = new Float64Array(capacity);
    this.low = new Float64Array(capacity);
    this.close = new Float64Array(capacity);
    this.volume = new Float64Array(capacity);
    this.instrument = new Uint16Array(capacity);
  }

  /** Makes room for `rowCount` rows in all. Columns taken out before may be stale after. */
  reserve(rowCount: number): void {
    if (rowCount <= this.tsUs.length) return;
    const capacity = Math.max(rowCount, this.tsUs.length * 2);
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(capacity);
      copy.set(column.subarray(0, this.rowCount));
      return copy;
    };
    this.tsUs = grown(this.tsUs);
    this.open = grown(this.open);
    this.high = grown(this.high);
    this.low = grown(this.low);
    this.close = grown(this.close);
    this.volume = grown(this.volume);
    const instrument = new Uint16Array(capacity);
    instrument.set(this.instrument.subarray(0, this.rowCount));
    this.instrument = instrument;
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
