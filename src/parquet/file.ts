/** Row groups put together to a file. */
import { type ColumnData, columnRowCount, sliceColumn } from './column-data.ts';
import { fileMetadata, type IndexPlaces, type PlacedRowGroup } from './footer.ts';
import { columnIndex, offsetIndex } from './page-index.ts';
import { type EncodedRowGroup, encodeRowGroup, type RowGroupOptions } from './row-group.ts';
import { checkSchema, type ParquetSchema } from './schema.ts';
import { type ColumnStatistics, mergeStatistics } from './statistics.ts';
import { ThriftCompactWriter } from './thrift-compact.ts';

export interface AssembleOptions {
  /** Key and value pairs for the footer. */
  readonly metadata?: ReadonlyMap<string, string>;
}

const MAGIC = Buffer.from('PAR1');

/**
 * A file's bytes, in pieces to be written one after another; the row groups' pieces are among them, not copied.
 * Row groups without rows are left out. Microseconds, whatever the row count.
 */
export function assembleFile(
  schema: ParquetSchema,
  rowGroups: readonly EncodedRowGroup[],
  options: AssembleOptions = {},
): Uint8Array[] {
  checkSchema(schema);
  const thrift = new ThriftCompactWriter();
  const pieces: Uint8Array[] = [MAGIC];
  let byteOffset = MAGIC.length;
  const place = (bytes: Uint8Array) => {
    pieces.push(bytes);
    const placed = { byteOffset, byteLength: bytes.length };
    byteOffset += bytes.length;
    return placed;
  };
  const filled = rowGroups.filter((rowGroup) => rowGroup.rowCount > 0);
  const starts = filled.map((rowGroup) => {
    const start = byteOffset;
    rowGroup.pieces.forEach(place);
    return start;
  });
  const placedRowGroups = filled.map((rowGroup, ordinal): PlacedRowGroup => {
    const indexes = rowGroup.columns.map((chunk, index): IndexPlaces => {
      const bounds = columnIndex(thrift, schema.fields[index], chunk);
      return {
        columnIndex: bounds && place(bounds),
        offsetIndex: place(offsetIndex(thrift, chunk, starts[ordinal])),
      };
    });
    return { byteOffset: starts[ordinal], rowGroup, indexes };
  });
  const footer = place(fileMetadata(thrift, schema, placedRowGroups, options.metadata ?? new Map()));
  const end = Buffer.alloc(8, 'PAR1', 'latin1');
  end.writeUInt32LE(footer.byteLength, 0);
  pieces.push(end);
  return pieces;
}

export interface EncodeOptions extends RowGroupOptions, AssembleOptions {
  /** Rows of a row group, default 1,048,576. */
  readonly rowGroupRows?: number;
}

/** Encodes columns (in schema order) to a file's bytes, in pieces. */
export function encodeParquet(
  schema: ParquetSchema,
  columns: readonly ColumnData[],
  options: EncodeOptions = {},
): Uint8Array[] {
  const rowCount = columns.length === 0 ? 0 : columnRowCount(columns[0]);
  const rowGroupRows = Math.max(1, Math.floor(options.rowGroupRows ?? 2 ** 20));
  const rowGroups: EncodedRowGroup[] = [];
  for (let start = 0; start === 0 || start < rowCount; start += rowGroupRows) {
    const end = Math.min(rowCount, start + rowGroupRows);
    const whole = start === 0 && end === rowCount;
    const part = whole ? columns : columns.map((column) => sliceColumn(column, start, end));
    rowGroups.push(encodeRowGroup(schema, part, options));
  }
  return assembleFile(schema, rowGroups, options);
}

/** Statistics of whole columns, in schema order, over the row groups of one file or of many. */
export function columnStatistics(
  schema: ParquetSchema,
  rowGroups: readonly EncodedRowGroup[],
): ColumnStatistics[] {
  const filled = rowGroups.filter((rowGroup) => rowGroup.rowCount > 0);
  return schema.fields.map((_, index) =>
    mergeStatistics(filled.map((rowGroup) => rowGroup.columns[index].statistics)),
  );
}
