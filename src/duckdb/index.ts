/** DuckDB in memory: it does SQL and reads Parquet. */
export {
  type ClientVector,
  type NumberArray,
  type NumberColumn,
  numbersOf,
  TextReader,
} from './column-vector.ts';
export {
  type ColumnChunk,
  DuckDbSession,
  defaultLimits,
  type ResultColumn,
  type SessionLimits,
} from './duckdb-session.ts';
export { queryError } from './query-error.ts';
export { quoteName, quotePath, quoteText } from './sql-text.ts';
