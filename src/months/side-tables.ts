import type { Quarantine, RollEvent } from '../bars/index.ts';
import type { ColumnData } from '../parquet/index.ts';

/** The rows of `quarantine`. NaN is null: an undefined price, or a value of a bar that was dropped. */
export function quarantineColumns(quarantine: Quarantine): Record<string, ColumnData> {
  const price = (values: Float64Array): ColumnData => ({ values, nanIsNull: true });
  return {
    timestamp: { values: quarantine.tsUs },
    instrument_id: { values: Float64Array.from(quarantine.instrumentId) },
    symbol: { values: quarantine.symbol },
    rule: { values: quarantine.rule },
    action: { values: quarantine.action },
    open: price(quarantine.open),
    high: price(quarantine.high),
    low: price(quarantine.low),
    close: price(quarantine.close),
    volume: price(quarantine.volume),
    new_open: price(quarantine.newOpen),
    new_high: price(quarantine.newHigh),
    new_low: price(quarantine.newLow),
    new_close: price(quarantine.newClose),
    new_volume: price(quarantine.newVolume),
  };
}

/** The rows of `rolls`. */
export function rollColumns(events: readonly RollEvent[]): Record<string, ColumnData> {
  const number = (of: (event: RollEvent) => number | null): ColumnData => ({
    values: Float64Array.from(events, (event) => of(event) ?? Number.NaN),
    nanIsNull: true,
  });
  return {
    timestamp: number((event) => event.timestampUs),
    date: { values: events.map((event) => event.date) },
    rule: { values: events.map((event) => event.rule) },
    from_contract: { values: events.map((event) => event.fromContract) },
    to_contract: { values: events.map((event) => event.toContract) },
    price_gap: number((event) => event.priceGap),
    gap_direction: { values: events.map((event) => event.direction) },
    gap_timestamp: number((event) => event.gapUs),
    bars_affected: number((event) => event.barsAffected),
  };
}
