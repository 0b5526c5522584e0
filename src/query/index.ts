/** SQL over Delta tables: DuckDB reads the Parquet files, the log says which they are. */
export { emptyRelation, filesInOrder, tableRelation } from '../delta/index.ts';
export {
  DuckDbSession,
  queryError,
  quoteName,
  quotePath,
  quoteText,
  type ResultColumn,
  type SessionLimits,
} from '../duckdb/index.ts';
export { lakeTables, type OpenedTable, openLakeTable, openTable, tableLocation } from './lake.ts';
export { type LakeQuery, prepareLakeQuery, withLakeHint } from './lake-query.ts';
export { nearNames, nearNamesHint } from './near-names.ts';
export { cellsQuery, fileQuery, isNumeric, jsonQuery } from './row-text.ts';
export { lastCommitMs, type TableFacts, tableFacts } from './table-facts.ts';
export { parseTableReference, type TableReference } from './table-reference.ts';
export { rewriteTimeTravel } from './time-travel.ts';
