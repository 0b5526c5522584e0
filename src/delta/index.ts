export {
  type OpenOptions,
  openStorage,
  type S3Credentials,
  type S3Settings,
  S3Storage,
  type Storage,
} from '../storage/index.ts';
export type {
  Action,
  AddFile,
  CommitInfo,
  DeletionVector,
  DomainMetadata,
  Metadata,
  PartitionValues,
  Protocol,
  RemoveFile,
  SetTransaction,
} from './actions.ts';
export { constraintsOf, type RowCheck } from './check-constraint.ts';
export type { CheckpointOptions, CheckpointResult } from './checkpoint-write.ts';
export type { ColumnChangeOptions } from './column-change.ts';
export type { ColumnChange } from './column-draft.ts';
export type { CommitResult, CommitSettings, Operation } from './commit-info.ts';
export type { IsolationLevel } from './conflict.ts';
export type { TableDefinition } from './create.ts';
export { type DataFile, type DataFileOptions, encodeColumns, type TableShape } from './data-file.ts';
export { ConcurrentModificationError, type DeltaErrorCode } from './delta-error.ts';
export { type DeltaEnvironment, systemEnvironment } from './environment.ts';
export type { HistoryEntry, PastCommit } from './history.ts';
export type { LogCleanup } from './log-cleanup.ts';
export type { OptimizeOptions, OptimizeProgress, OptimizeResult } from './optimize/optimize.ts';
export { parquetSchema } from './parquet-columns.ts';
export { decodePartitionValue, encodePartitionValue } from './partition-values.ts';
export type { Pin } from './pins.ts';
export type { Bounds, Constraint, Where } from './predicate.ts';
export { FEATURES, type FeatureSupport } from './protocol.ts';
export { type LeftOverFilter, temporaryFiles, unreferencedFiles } from './referenced-files.ts';
export type { RowsOptions } from './relation/file-rows.ts';
export type { ReadColumn } from './relation/read-column.ts';
export { emptyRelation, filesInOrder, type RelationOptions, tableRelation } from './relation/relation.ts';
export type { Batch, RowReader } from './relation/row-reader.ts';
export type { Row, RowValue } from './relation/row-values.ts';
export type { ChangesRequest, TableChanges } from './relation/table-changes.ts';
export { type NamedTable, type TableNeeds, tableNeeds } from './relation/table-needs.ts';
export type { Scan, ScanRequest } from './relation/table-scan.ts';
export type { RestoreResult } from './restore.ts';
export type { OverwriteOptions } from './rows/append-rows.ts';
export { schemaOfColumns } from './rows/delta-types.ts';
export type {
  BySourceUpdateClause,
  DeleteClause,
  InsertClause,
  MergeClauses,
  UpdateClause,
} from './rows/merge-clauses.ts';
export type { MergeOptions } from './rows/merge-rows.ts';
export type { RowSource } from './rows/row-source.ts';
export type { InputRow, InputValue } from './rows/row-text.ts';
export type { RowChangeResult, RowWriteOptions, SourceWriteOptions } from './rows/table-writer.ts';
export type { Assignments } from './rows/update-rows.ts';
export { type ScannedFiles, scanFiles } from './scan.ts';
export {
  type ArrayType,
  type DeltaType,
  field,
  type MapType,
  type PrimitiveType,
  parseSchema,
  type StructField,
  type StructType,
  schemaString,
  struct,
} from './schema.ts';
export type { Snapshot } from './snapshot.ts';
export {
  type ColumnStatistics,
  encodeStats,
  type FileStatistics,
  type ParsedStats,
  parseStats,
} from './stats.ts';
export { DeltaTable, type WriteOptions } from './table.ts';
export type { AtVersion, TableOptions } from './table-handle.ts';
export type { Transaction } from './transaction.ts';
export type { VacuumOptions, VacuumResult } from './vacuum.ts';
export type { Comparable, ValueInput } from './values.ts';
export type { Damage } from './verify/damage.ts';
export { type Verification, verifyTable } from './verify/verify.ts';
export type { ChecksumDifference } from './version-checksum.ts';
