/**
 * Writes typed-array columns as Parquet. Row groups are encoded apart from the file they end in:
 *
 *     const rowGroup = encodeRowGroup(schema, columns); // in any thread
 *     const pieces = assembleFile(schema, [rowGroup]);  // the file's bytes, to be written in order
 *
 * A file's bytes do not depend on which thread encoded what. Reading Parquet is DuckDB's task; what it is to read of a
 * file in an object store, `FetchedParquet` brings to this machine.
 */
export type { ColumnChoice } from './chunk-ranges.ts';
export type { EncodedColumnChunk, EncodedPage } from './column-chunk.ts';
export type { BigintRows, BinaryRows, ColumnData, DictionaryText, TextRows } from './column-data.ts';
export {
  type CandidateRowGroup,
  type FetchCounts,
  type FetchedFile,
  FetchedParquet,
  type FetchLimits,
  type FetchRequest,
} from './fetched-parquet.ts';
export {
  type AssembleOptions,
  assembleFile,
  columnStatistics,
  type EncodeOptions,
  encodeParquet,
} from './file.ts';
export type { ColumnBounds } from './footer-bounds.ts';
export type { ParquetFooter } from './footer-reader.ts';
export type { LeafColumn } from './footer-schema.ts';
export type { Codec, EncodingName } from './page.ts';
export { type EncodedRowGroup, encodeRowGroup, type RowGroupOptions } from './row-group.ts';
export type {
  CompressionChoice,
  DecimalType,
  EncodingChoice,
  ParquetField,
  ParquetSchema,
  ParquetType,
} from './schema.ts';
export { type ColumnStatistics, mergeStatistics, type StatisticValue } from './statistics.ts';
