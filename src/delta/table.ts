import type { ColumnData, EncodedRowGroup } from '../parquet/index.ts';
import { type FileEntry, openStorage, type Storage } from '../storage/index.ts';
import type { AddFile } from './actions.ts';
import { AlterableTable } from './alterable-table.ts';
import type { RowCheck } from './check-constraint.ts';
import type { CommitResult } from './commit-info.ts';
import { type CreateOptions, createTable, sameDefinition, type TableDefinition } from './create.ts';
import {
  addFile,
  type DataFile,
  type DataFileOptions,
  dataFilePath,
  encodeColumns,
  type TableShape,
  writeDataFile,
} from './data-file.ts';
import { deltaError } from './delta-error.ts';
import { systemEnvironment } from './environment.ts';
import { listLog } from './log-listing.ts';
import { appendOperation, overwriteOperation } from './operations.ts';
import { autoCompact } from './optimize/auto-compact.ts';
import { type OptimizeOptions, type OptimizeResult, optimizeTable } from './optimize/optimize.ts';
import { absoluteLocalPath, decodePath } from './paths.ts';
import { compileWhere, partitionMatches, type Where, whereToSql } from './predicate.ts';
import { allReferencedPaths, type LeftOverFilter, unreferencedFiles } from './referenced-files.ts';
import { countFailingRows } from './relation/row-check.ts';
import { type ChangesRequest, type TableChanges, tableChanges } from './relation/table-changes.ts';
import { type Scan, type ScanRequest, scanTable } from './relation/table-scan.ts';
import { appendRows, type OverwriteOptions, overwriteRows } from './rows/append-rows.ts';
import { deleteRows } from './rows/delete-rows.ts';
import { type MergeOptions, mergeRows } from './rows/merge-rows.ts';
import type { RowSource } from './rows/row-source.ts';
import type {
  RowChangeResult,
  RowWriteOptions,
  SourceWriteOptions,
  WrittenTable,
} from './rows/table-writer.ts';
import { type Assignments, updateRows } from './rows/update-rows.ts';
import type { StructType } from './schema.ts';
import { mergeSchema } from './schema-merge.ts';
import type { Snapshot } from './snapshot.ts';
import { type AtVersion, loadSnapshot, type TableOptions } from './table-handle.ts';
import type { Transaction } from './transaction.ts';
import type { ValueInput } from './values.ts';

export interface WriteOptions {
  /** Makes the write idempotent: the same pair commits once, however often it is tried. */
  readonly txn?: { readonly appId: string; readonly version: number };
  /** The schema of the rows written: columns the table lacks are added to it. */
  readonly mergeSchema?: StructType;
}

/**
 * A Delta table. A handle holds the snapshot it last saw; `refresh` and every write look for newer commits.
 * Any number of handles, in any number of processes, may read and write one table at once.
 */
export class DeltaTable extends AlterableTable {
  /** Opens the newest version. `DELTA_NO_TABLE` when there is no table; its hint names tables below the path. */
  static async open(location: string | Storage, options: TableOptions = {}): Promise<DeltaTable> {
    const storage = storageOf(location);
    return new DeltaTable(storage, await loadSnapshot(storage), options);
  }

  /** Writes version 0. `DELTA_TABLE_EXISTS` when somebody has written it before. */
  static async create(
    location: string | Storage,
    definition: TableDefinition,
    options: TableOptions = {},
  ): Promise<DeltaTable> {
    const storage = storageOf(location);
    await createTable(storage, definition, createOptions(options));
    return DeltaTable.open(storage, options);
  }

  /** Opens the table or creates it. `DELTA_SCHEMA_MISMATCH` when it is there with other columns or partitions. */
  static async openOrCreate(
    location: string | Storage,
    definition: TableDefinition,
    options: TableOptions = {},
  ): Promise<DeltaTable> {
    const storage = storageOf(location);
    const { commits, checkpoints } = await listLog(storage);
    if (commits.length + checkpoints.length === 0) {
      // when another process creates it first, theirs is opened
      await createTable(storage, definition, { ...createOptions(options), orKeep: true });
    }
    const table = await DeltaTable.open(storage, options);
    sameDefinition(table.latest, definition);
    return table;
  }

  /** The data files that may hold rows of the predicate, and their rows when asked for; opens none of them. */
  async scan(options: AtVersion & ScanRequest = {}): Promise<Scan> {
    return scanTable(this, await this.snapshot(options), options);
  }

  /** Rows that the versions `from` to `to` inserted, updated and deleted. `DELTA_NO_CHANGE_FEED` where it was off. */
  async changes(request: ChangesRequest): Promise<TableChanges> {
    return tableChanges(this, await this.refresh(), request);
  }

  protected override rowCheck(): RowCheck {
    return (expression, snapshot) => countFailingRows(this, snapshot, expression);
  }

  /** Where programs on this machine open a data file, or undefined when it lies in an object store. */
  localPath(file: Pick<AddFile, 'path'>): string | undefined {
    return absoluteLocalPath(file.path) ?? this.storage.localPath(decodePath(file.path));
  }

  /** The `add` action of a Parquet file that lies in the table's folder. */
  addFile(file: DataFile): AddFile {
    return addFile(this.shape, file);
  }

  /** A fresh path for a data file of a partition; see `dataFilePath`. */
  newFilePath(partitionValues: Readonly<Record<string, ValueInput>> = {}, nameToken?: string): string {
    return dataFilePath(this.shape, partitionValues, this.environment.uuid(), nameToken);
  }

  /** Writes columns, by name and without the partition columns, as a data file that no version names yet. */
  writeDataFile(columns: Readonly<Record<string, ColumnData>>, options?: DataFileOptions): Promise<AddFile> {
    return this.writeRowGroups([encodeColumns(this.shape, columns)], options);
  }

  /** The same for row groups that were encoded elsewhere, e.g. by `encodeColumns` in worker threads. */
  writeRowGroups(rowGroups: readonly EncodedRowGroup[], options?: DataFileOptions): Promise<AddFile> {
    return writeDataFile(this.storage, this.shape, rowGroups, this.environment.uuid(), options);
  }

  /** What an encoder of data files must know of the table; plain data, to be posted to a worker thread. */
  get shape(): TableShape {
    const { schema, partitionColumns, properties } = this.latest;
    return { schema, partitionColumns, properties };
  }

  /** The shape of files to be written with rows of this schema, then committed with `mergeSchema`. */
  shapeWith(schema: StructType): TableShape {
    const merged = mergeSchema(this.latest, schema, () => this.environment.uuid());
    return merged === undefined
      ? this.shape
      : { ...this.shape, schema: merged.schema, properties: merged.configuration };
  }

  /** Adds rows (see `RowSource`) or files as one version. Goes together with any other append. */
  append(source: RowSource, options?: SourceWriteOptions): Promise<RowChangeResult>;
  append(files: readonly AddFile[], options?: WriteOptions): Promise<CommitResult>;
  append(
    written: RowSource | readonly AddFile[],
    options: SourceWriteOptions & WriteOptions = {},
  ): Promise<CommitResult> {
    return isFiles(written)
      ? this.#appendFiles(written, options)
      : appendRows(this.#written(), written, options);
  }

  /** Replaces the rows of a condition, or all of them, by those of a source. See `overwriteRows`. */
  overwrite(source: RowSource, options?: OverwriteOptions): Promise<RowChangeResult> {
    return overwriteRows(this.#written(), source, options);
  }

  /** Deletes the rows of a condition, or all of them. See `deleteRows`. */
  delete(where?: Where | string, options?: RowWriteOptions): Promise<RowChangeResult> {
    return deleteRows(this.#written(), where, options);
  }

  /** Sets columns, by SQL, of the rows of a condition; `undefined` for all. See `updateRows`. */
  update(
    where: Where | string | undefined,
    set: Assignments,
    options?: RowWriteOptions,
  ): Promise<RowChangeResult> {
    return updateRows(this.#written(), where, set, options);
  }

  /** Updates, deletes and inserts rows by those of a source. See `mergeRows`. */
  merge(source: RowSource, options: MergeOptions): Promise<RowChangeResult> {
    return mergeRows(this.#written(), source, options);
  }

  #written(): WrittenTable {
    return {
      uri: this.uri,
      storage: this.storage,
      localPath: (file) => this.localPath(file),
      refresh: () => this.refresh(),
      transaction: () => this.transaction(),
      uuid: () => this.environment.uuid(),
    };
  }

  async #appendFiles(files: readonly AddFile[], options: WriteOptions): Promise<CommitResult> {
    await this.refresh();
    const transaction = this.transaction().operation(appendOperation(this.partitionColumns, files));
    for (const file of files) transaction.add(file);
    return commitWith(transaction, options);
  }

  /**
   * Replaces whole partitions, e.g. `{month: '2024-10'}`, by these files as one version. Another writer that
   * changed the same partitions in between makes it fail; one that appended blindly to them comes after it.
   */
  async replaceWhere(
    where: Where,
    files: readonly AddFile[],
    options: WriteOptions = {},
  ): Promise<CommitResult> {
    const snapshot = await this.refresh();
    const transaction = this.transaction().readPartitions(where);
    const terms = compileWhere(snapshot.schema, where, snapshot.properties);
    const removed = [...snapshot.files()].filter((file) => partitionMatches(terms, file.partitionValues));
    for (const file of files) {
      if (!partitionMatches(terms, file.partitionValues)) throw outside(this.uri, file, where);
      transaction.add({ ...file, dataChange: true });
    }
    for (const file of removed) transaction.remove(file);
    transaction.operation(overwriteOperation(where, this.partitionColumns, files, removed));
    return commitWith(transaction, options);
  }

  /** Joins small files, or lays rows with near values together. See `optimizeTable`. */
  optimize(options: OptimizeOptions = {}): Promise<OptimizeResult> {
    return optimizeTable(this.#written(), options);
  }

  protected override autoCompaction(): (snapshot: Snapshot) => Promise<void> {
    return (snapshot) => autoCompact(this.#written(), snapshot);
  }

  /** Every path that any version still in the log names. Reads the whole log. */
  allReferencedPaths(): Promise<ReadonlySet<string>> {
    return allReferencedPaths(this.storage);
  }

  /** Data files in the table's folder that no version names: a crashed run's. See `LeftOverFilter`. */
  async unreferencedFiles(filter: LeftOverFilter): Promise<FileEntry[]> {
    // list first: what is committed after that is named by the log read later
    const listing: FileEntry[] = [];
    for await (const entry of this.storage.list('')) listing.push(entry);
    return unreferencedFiles(await this.allReferencedPaths(), listing, filter);
  }
}

function isFiles(written: RowSource | readonly AddFile[]): written is readonly AddFile[] {
  return Array.isArray(written);
}

function storageOf(location: string | Storage): Storage {
  return typeof location === 'string' ? openStorage(location) : location;
}

function createOptions(options: TableOptions): CreateOptions {
  return {
    environment: options.environment ?? systemEnvironment,
    singleWriter: options.commit?.singleWriter ?? false,
  };
}

function commitWith(transaction: Transaction, options: WriteOptions): Promise<CommitResult> {
  if (options.mergeSchema !== undefined) transaction.mergeSchema(options.mergeSchema);
  if (options.txn !== undefined) transaction.setTransaction(options.txn.appId, options.txn.version);
  return transaction.commit();
}

function outside(table: string, file: AddFile, where: Where) {
  return deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `cannot replace ${whereToSql(where)} in ${table} by ${file.path}: it lies in ${JSON.stringify(file.partitionValues)}`,
    facts: { table, path: file.path },
  });
}
