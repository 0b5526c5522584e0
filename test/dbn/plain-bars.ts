import type { BarBatch, DbnMetadata } from '../../src/dbn/index.ts';
import type { GoldenBar, GoldenMetadata } from './golden-files.ts';

/** The batch's rows as objects with exact decimal strings, in the golden files' shape. */
export function barsAsObjects(bars: BarBatch): GoldenBar[] {
  return Array.from({ length: bars.rowCount }, (_, row) => ({
    rtype: bars.rtype[row],
    publisher_id: bars.publisherId[row],
    instrument_id: bars.instrumentId[row],
    ts_event: String(bars.tsEvent[row]),
    open: String(bars.open[row]),
    high: String(bars.high[row]),
    low: String(bars.low[row]),
    close: String(bars.close[row]),
    volume: String(bars.volume[row]),
    ...(bars.tsOut && { ts_out: String(bars.tsOut[row]) }),
  }));
}

/** The metadata in the golden files' shape. */
export function metadataAsObject(metadata: DbnMetadata): GoldenMetadata {
  return {
    version: metadata.version,
    dataset: metadata.dataset,
    schema: metadata.schema,
    stype_in: metadata.stypeIn,
    stype_out: metadata.stypeOut,
    start: String(metadata.start),
    end: metadata.end === null ? null : String(metadata.end),
    limit: metadata.limit === null ? null : String(metadata.limit),
    ts_out: metadata.tsOut,
    symbol_cstr_len: metadata.symbolCstrLen,
    symbols: [...metadata.symbols],
    partial: [...metadata.partial],
    not_found: [...metadata.notFound],
    mappings: metadata.mappings.map((mapping) => ({
      raw_symbol: mapping.rawSymbol,
      intervals: mapping.intervals.map((interval) => ({
        start_date: interval.startDate,
        end_date: interval.endDate,
        symbol: interval.symbol,
      })),
    })),
  };
}
