/**
 * Bars of one batch, exact: prices in units of 1e-9, times in nanoseconds. No object per record. Every column has
 * `rowCount` elements. The 64-bit columns lie on plain buffers of their own, so a consumer that wants no BigInt per
 * row can look at their 32-bit halves through `int32Words`.
 */
export interface BarBatch {
  readonly rowCount: number;
  /** 32: 1 second, 33: 1 minute, 34: 1 hour, 35: 1 day, 36: end of day, 17: deprecated. */
  readonly rtype: Uint8Array;
  readonly publisherId: Uint16Array;
  readonly instrumentId: Uint32Array;
  /** Nanoseconds since the epoch. */
  readonly tsEvent: BigUint64Array;
  /** Units of 1e-9; `UNDEFINED_PRICE` where the vendor gives none. */
  readonly open: BigInt64Array;
  readonly high: BigInt64Array;
  readonly low: BigInt64Array;
  readonly close: BigInt64Array;
  readonly volume: BigUint64Array;
  /**
   * When the vendor's gateway sent the record, nanoseconds since the epoch; there only if the metadata's `tsOut` is
   * set. `UNDEFINED_TIMESTAMP` where a record lacks it all the same.
   */
  readonly tsOut?: BigUint64Array;
}

/** The largest i64: "no price". */
export const UNDEFINED_PRICE = 2n ** 63n - 1n;

/** The largest u64: "no time". */
export const UNDEFINED_TIMESTAMP = 2n ** 64n - 1n;

/** 32-bit words of a record header: length, rtype and publisher; instrument id; ts_event. */
export const HEADER_WORDS = 4;
/** 32-bit words of a bar without ts_out: 56 bytes. */
export const BAR_WORDS = 14;
/** 32-bit words of a bar with ts_out: 64 bytes. */
export const BAR_WORDS_WITH_TS_OUT = 16;

/** A 64-bit column as 32-bit words, low word of row `i` at `2 * i`, high word at `2 * i + 1`. Shares memory. */
export function int32Words(column: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length * 2);
}

/** An empty batch of the given size, every column on a buffer of its own. Cost: 56 bytes a row, 64 with `tsOut`. */
export function allocateBars(rowCount: number, withTsOut: boolean): BarBatch {
  return {
    rowCount,
    rtype: new Uint8Array(rowCount),
    publisherId: new Uint16Array(rowCount),
    instrumentId: new Uint32Array(rowCount),
    tsEvent: new BigUint64Array(rowCount),
    open: new BigInt64Array(rowCount),
    high: new BigInt64Array(rowCount),
    low: new BigInt64Array(rowCount),
    close: new BigInt64Array(rowCount),
    volume: new BigUint64Array(rowCount),
    ...(withTsOut && { tsOut: new BigUint64Array(rowCount) }),
  };
}

/** Rows [start, end) of a batch, sharing its memory. */
export function sliceBars(bars: BarBatch, start: number, end: number): BarBatch {
  return {
    rowCount: end - start,
    rtype: bars.rtype.subarray(start, end),
    publisherId: bars.publisherId.subarray(start, end),
    instrumentId: bars.instrumentId.subarray(start, end),
    tsEvent: bars.tsEvent.subarray(start, end),
    open: bars.open.subarray(start, end),
    high: bars.high.subarray(start, end),
    low: bars.low.subarray(start, end),
    close: bars.close.subarray(start, end),
    volume: bars.volume.subarray(start, end),
    ...(bars.tsOut && { tsOut: bars.tsOut.subarray(start, end) }),
  };
}

/** All rows of several batches in one; `tsOut` is there only if every batch has it. Copies. */
export function concatBars(batches: readonly BarBatch[]): BarBatch {
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  const withTsOut = batches.length > 0 && batches.every((batch) => batch.tsOut !== undefined);
  const all = allocateBars(rowCount, withTsOut);
  let row = 0;
  for (const batch of batches) {
    all.rtype.set(batch.rtype, row);
    all.publisherId.set(batch.publisherId, row);
    all.instrumentId.set(batch.instrumentId, row);
    all.tsEvent.set(batch.tsEvent, row);
    all.open.set(batch.open, row);
    all.high.set(batch.high, row);
    all.low.set(batch.low, row);
    all.close.set(batch.close, row);
    all.volume.set(batch.volume, row);
    if (all.tsOut && batch.tsOut) all.tsOut.set(batch.tsOut, row);
    row += batch.rowCount;
  }
  return all;
}
