/**
 * The two shapes bulk data has on its way through Barline: `Bars` as they come from a source, `Grid` once every
 * second of a session has its row. Both are structs of typed arrays, one per column, all of one length.
 */

/** A contract as the source names it. */
export interface Instrument {
  /** The vendor's number; 0 where the source has none. */
  readonly id: number;
  /** Raw symbol, e.g. `ESH4` or `ESH4-ESM4`; null where the metadata maps the id to none on that date. */
  readonly symbol: string | null;
}

/** Raw bars. Times are bar starts in microseconds since the epoch (exact in a float64), prices in points. */
export interface Bars {
  readonly rowCount: number;
  readonly tsUs: Float64Array;
  /** Points; NaN where the source says "undefined". */
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Whole contracts; may be negative in CSV and Parquet input. */
  readonly volume: Float64Array;
  /** Index into `instruments`, a row each; absent when the source names no contracts. */
  readonly instrument?: Uint16Array;
  /** Distinct (id, symbol) pairs; empty when the source names no contracts. */
  readonly instruments: readonly Instrument[];
}

/** One session of a grid: rows [start, end). */
export interface GridSession {
  /** Exchange-calendar date, `YYYY-MM-DD`. */
  readonly date: string;
  readonly start: number;
  readonly end: number;
  /** Front contract, or null when the source names no contracts. */
  readonly contract: string | null;
}

/**
 * Clean bars, a row for every second of every session (or, for `process` without the grid stage, the rows as they
 * are). Prices are whole ticks of the instrument, so kernels compare and sum exactly. The arrays lie on
 * SharedArrayBuffers where threads share them.
 */
export interface Grid {
  readonly rowCount: number;
  readonly tsUs: Float64Array;
  readonly openTicks: Int32Array;
  readonly highTicks: Int32Array;
  readonly lowTicks: Int32Array;
  readonly closeTicks: Int32Array;
  readonly volume: Float64Array;
  /** Seconds since midnight on the exchange clock. */
  readonly secondOfDay: Int32Array;
  /** In time order, covering all rows without gaps. */
  readonly sessions: readonly GridSession[];
}
