import fc from 'fast-check';
import {
  allocateBars,
  type BarBatch,
  type DbnMetadata,
  dbnMetadata,
  type SymbolMapping,
} from '../../src/dbn/index.ts';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 0n, -1n, 2n ** 32n, 2n ** 53n + 1n),
);

const row = fc.record({
  rtype: fc.constantFrom(32, 32, 32, 33, 34, 35, 36, 17),
  publisherId: fc.integer({ min: 0, max: 65_535 }),
  instrumentId: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  tsEvent: u64,
  open: i64,
  high: i64,
  low: i64,
  close: i64,
  volume: u64,
  tsOut: u64,
});

/** Batches of any bars, extremes included. */
export function arbitraryBars(withTsOut: boolean, maxLength = 40): fc.Arbitrary<BarBatch> {
  return fc.array(row, { maxLength }).map((rows) => {
    const bars = allocateBars(rows.length, withTsOut);
    for (const [i, one] of rows.entries()) {
      bars.rtype[i] = one.rtype;
      bars.publisherId[i] = one.publisherId;
      bars.instrumentId[i] = one.instrumentId;
      bars.tsEvent[i] = one.tsEvent;
      bars.open[i] = one.open;
      bars.high[i] = one.high;
      bars.low[i] = one.low;
      bars.close[i] = one.close;
      bars.volume[i] = one.volume;
      if (bars.tsOut) bars.tsOut[i] = one.tsOut;
    }
    return bars;
  });
}

const symbol = fc.stringMatching(/^[A-Z0-9.:-]{1,20}$/);
export const arbitraryDate: fc.Arbitrary<string> = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2059-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

const interval = fc.record({
  startDate: arbitraryDate,
  endDate: arbitraryDate,
  symbol: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(String),
});

export const arbitraryMapping: fc.Arbitrary<SymbolMapping> = fc.record({
  rawSymbol: symbol,
  intervals: fc.array(interval, { maxLength: 4 }),
});

/** Metadata that the version can hold. */
export const arbitraryMetadata: fc.Arbitrary<DbnMetadata> = fc
  .record({
    version: fc.constantFrom<(1 | 2 | 3)[]>(1, 2, 3),
    dataset: fc.stringMatching(/^[A-Z]{4}\.[A-Z0-9]{3,5}$/),
    schema: fc.constantFrom('ohlcv-1s' as const, 'ohlcv-1m' as const, 'ohlcv-eod' as const, null),
    stypeIn: fc.constantFrom('raw_symbol' as const, 'parent' as const, 'continuous' as const, null),
    start: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 2n })),
    end: fc.option(fc.bigInt({ min: 1n, max: 2n ** 64n - 2n })),
    limit: fc.option(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })),
    tsOut: fc.boolean(),
    symbolLength: fc.integer({ min: 22, max: 90 }),
    symbols: fc.array(symbol, { maxLength: 4 }),
    partial: fc.array(symbol, { maxLength: 3 }),
    notFound: fc.array(symbol, { maxLength: 3 }),
    mappings: fc.array(arbitraryMapping, { maxLength: 4 }),
  })
  .map(({ symbolLength, ...fields }) =>
    dbnMetadata({ ...fields, ...(fields.version > 1 && { symbolCstrLen: symbolLength }) }),
  );
