/** Bars of one batch, exact: prices in units of 1e-9, times in nanoseconds. No object per record. */
export interface BarBatch {
  readonly rowCount: number;
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
}

/** The largest i64: "no price". */
export const UNDEFINED_PRICE = 2n ** 63n - 1n;
