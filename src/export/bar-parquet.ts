/** Bars as Parquet, a row group at a time. */
import { UNDEFINED_TIMESTAMP } from '../dbn/index.ts';
import {
  type ColumnData,
  type EncodedRowGroup,
  encodeRowGroup,
  type ParquetSchema,
} from '../parquet/index.ts';
import type { BarColumns } from './bar-columns.ts';

/** Rows of a row group: large enough to compress well, 20 MB of columns while it is filled. */
export const ROW_GROUP_ROWS = 262_144;

export const BAR_PARQUET_SCHEMA: ParquetSchema = {
  fields: [
    { name: 'timestamp', type: 'timestamp_nanos' },
    { name: 'publisher_id', type: 'int32' },
    { name: 'instrument_id', type: 'int64' },
    { name: 'symbol', type: 'string' },
    { name: 'open', type: 'double' },
    { name: 'high', type: 'double' },
    { name: 'low', type: 'double' },
    { name: 'close', type: 'double' },
    { name: 'volume', type: 'int64' },
  ],
};

export interface BarRowGroup {
  readonly rowGroup: EncodedRowGroup;
  /** Times and volumes of 2^63 and more, which Parquet's 64-bit integers do not hold: they became null. */
  readonly beyondRange: number;
}

/** Encodes one row group. Undefined times, prices and symbols are null. */
export function encodeBarRowGroup(bars: BarColumns, symbols: readonly string[]): BarRowGroup {
  const time = signed(bars.timestamp, UNDEFINED_TIMESTAMP);
  const volume = signed(bars.volume);
  const price = (values: Float64Array): ColumnData => ({ values, nanIsNull: true });
  const columns: ColumnData[] = [
    time.column,
    { values: Int32Array.from(bars.publisherId) },
    { values: Float64Array.from(bars.instrumentId) },
    { values: { codes: bars.symbolIndex, values: symbols } },
    price(bars.open),
    price(bars.high),
    price(bars.low),
    price(bars.close),
    volume.column,
  ];
  return {
    rowGroup: encodeRowGroup(BAR_PARQUET_SCHEMA, columns),
    beyondRange: time.beyondRange + volume.beyondRange,
  };
}

/** The same bits as signed integers, with those that turn negative as nulls. */
function signed(
  column: BigUint64Array,
  undefinedValue?: bigint,
): { column: ColumnData; beyondRange: number } {
  const values = new BigInt64Array(column.buffer, column.byteOffset, column.length);
  let validity: Uint8Array | undefined;
  let beyondRange = 0;
  for (let row = 0; row < values.length; row++) {
    if (values[row] >= 0n) continue;
    validity ??= new Uint8Array(values.length).fill(1);
    validity[row] = 0;
    if (column[row] !== undefinedValue) beyondRange++;
  }
  return { column: { values, ...(validity && { validity }) }, beyondRange };
}
