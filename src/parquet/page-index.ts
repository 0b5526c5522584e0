/**
 * Where each page of a column lies and what it spans, so that a reader of a few rows fetches a few pages.
 * https://github.com/apache/parquet-format/blob/master/PageIndex.md
 */
import type { EncodedColumnChunk } from './column-chunk.ts';
import type { ParquetField } from './schema.ts';
import { boundBytes, compareBounds, type StatisticValue } from './statistics.ts';
import type { ThriftCompactWriter } from './thrift-compact.ts';

const UNORDERED = 0;
const ASCENDING = 1;
const DESCENDING = 2;

/** OffsetIndex of a chunk whose row group starts at `rowGroupOffset`. */
export function offsetIndex(
  thrift: ThriftCompactWriter,
  chunk: EncodedColumnChunk,
  rowGroupOffset: number,
): Uint8Array {
  thrift.listOfStruct(1, chunk.pages, (page) => {
    thrift.i64(1, rowGroupOffset + page.byteOffset);
    thrift.i32(2, page.byteLength);
    thrift.i64(3, page.rowStart);
  });
  return thrift.finish();
}

/** ColumnIndex; undefined where a page with values has no bounds, or none above for its NaNs: the format then allows none. */
export function columnIndex(
  thrift: ThriftCompactWriter,
  field: ParquetField,
  chunk: EncodedColumnChunk,
): Uint8Array | undefined {
  const nullPages: boolean[] = [];
  const mins: StatisticValue[] = [];
  const maxs: StatisticValue[] = [];
  const minBytes: Uint8Array[] = [];
  const maxBytes: Uint8Array[] = [];
  for (const { rowCount, statistics } of chunk.pages) {
    const { min, max, nullCount } = statistics;
    const allNull = nullCount === rowCount;
    nullPages.push(allNull);
    if (statistics.nanCount > 0) return undefined;
    if (min === null || max === null) {
      if (!allNull) return undefined;
      minBytes.push(new Uint8Array(0));
      maxBytes.push(new Uint8Array(0));
    } else {
      mins.push(min);
      maxs.push(max);
      minBytes.push(boundBytes(field, min, true));
      maxBytes.push(boundBytes(field, max, false));
    }
  }
  thrift.listOfBool(1, nullPages);
  thrift.listOfBinary(2, minBytes);
  thrift.listOfBinary(3, maxBytes);
  thrift.i32(4, boundaryOrder(mins, maxs));
  thrift.listOfI64(
    5,
    chunk.pages.map((page) => page.statistics.nullCount),
  );
  return thrift.finish();
}

function boundaryOrder(mins: readonly StatisticValue[], maxs: readonly StatisticValue[]): number {
  const inOrder = (bounds: readonly StatisticValue[], sign: 1 | -1) =>
    bounds.every((bound, i) => i === 0 || compareBounds(bounds[i - 1], bound) * sign <= 0);
  if (inOrder(mins, 1) && inOrder(maxs, 1)) return ASCENDING;
  return inOrder(mins, -1) && inOrder(maxs, -1) ? DESCENDING : UNORDERED;
}
