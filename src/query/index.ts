/** SQL over Delta tables: DuckDB reads the Parquet files, the log says which they are. */
export { DuckDbSession, type ResultColumn, type SessionLimits } from './duckdb-session.ts';
export { lakeTables, type OpenedTable, openLakeTable, openTable } from './lake.ts';
export { type LakeQuery, prepareLakeQuery, withLakeHint } from './lake-query.ts';
export { nearNames, nearNamesHint } from './near-names.ts';
export { queryError } from './query-error.ts';
export { cellsQuery, fileQuery, isNumeric, jsonQuery } from './row-text.ts';
export { quoteName, quotePath, quoteText } from './sql-text.ts';
export { lastCommitMs, type TableFacts, tableFacts } from './table-facts.ts';
export { parseTableReference, type TableReference } from './table-reference.ts';
export { emptyRelation, filesInOrder, tableRelation } from './table-relation.ts';
export { rewriteTimeTravel } from './time-travel.ts';
