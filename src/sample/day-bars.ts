/** Prices are whole numbers of 1e-9 points, exact in a float64 below 9,007,199 points. */
export const TICK_UNITS = 250_000_000;
/** Calendar spreads trade in steps of 0.05 points. */
export const SPREAD_TICK_UNITS = 50_000_000;

/** Bars of one exchange date over all its listings, in columns that grow; row numbers never change. */
export class DayBars {
  rowCount = 0;
  /** Seconds since midnight on the Chicago clock. */
  second = new Int32Array(0);
  /** Position in the date's listings. */
  listing = new Uint8Array(0);
  /** Units of 1e-9; infinite where undefined. */
  open = new Float64Array(0);
  high = new Float64Array(0);
  low = new Float64Array(0);
  close = new Float64Array(0);
  volume = new Int32Array(0);

  constructor(capacity = 1 << 16) {
    this.grow(capacity);
  }

  push(
    second: number,
    listing: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    if (this.rowCount === this.second.length) this.grow(this.rowCount * 2);
    const row = this.rowCount++;
    this.second[row] = second;
    this.listing[row] = listing;
    this.open[row] = open;
    this.high[row] = high;
    this.low[row] = low;
    this.close[row] = close;
    this.volume[row] = volume;
  }

  private grow(capacity: number): void {
    const wider = <T extends Int32Array | Uint8Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.second = wider(new Int32Array(capacity), this.second);
    this.listing = wider(new Uint8Array(capacity), this.listing);
    this.open = wider(new Float64Array(capacity), this.open);
    this.high = wider(new Float64Array(capacity), this.high);
    this.low = wider(new Float64Array(capacity), this.low);
    this.close = wider(new Float64Array(capacity), this.close);
    this.volume = wider(new Int32Array(capacity), this.volume);
  }
}
