import type { SessionLimits } from '../../duckdb/index.ts';
import type { CommitResult } from '../commit-info.ts';
import { checkWritable } from '../protocol.ts';
import type { DataFiles } from '../relation/relation.ts';
import type { StructType } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Transaction } from '../transaction.ts';
import { checkMayRemove } from '../write-checks.ts';

/** What a write of rows must know of its table. */
export interface WrittenTable extends DataFiles {
  refresh(): Promise<Snapshot>;
  /** Against the snapshot that `refresh` gave. */
  transaction(): Transaction;
  uuid(): string;
}

export interface RowWriteOptions {
  /** Makes the write idempotent: the same pair commits once, however often it is tried. */
  readonly txn?: { readonly appId: string; readonly version: number };
  /** What preparing the write may use; see `defaultLimits`. */
  readonly limits?: SessionLimits;
}

export interface SourceWriteOptions extends RowWriteOptions {
  /**
   * True: columns that the source has and the table lacks are added to it. Otherwise they are refused. A schema says
   * what rows given as objects have besides.
   */
  readonly mergeSchema?: boolean | StructType;
}

/** What a write did to rows. */
export interface RowChangeResult extends CommitResult {
  readonly rowsInserted: number;
  readonly rowsUpdated: number;
  readonly rowsDeleted: number;
  /** Rows that were not changed, but written again with their file. */
  readonly rowsCopied: number;
  readonly filesAdded: number;
  /** Data files that are no longer part of the table. */
  readonly filesRemoved: number;
  /** Deletion vectors written. */
  readonly vectorsAdded: number;
  readonly changeFilesAdded: number;
}

export const NO_CHANGE: Omit<RowChangeResult, 'version' | 'alreadyCommitted'> = {
  rowsInserted: 0,
  rowsUpdated: 0,
  rowsDeleted: 0,
  rowsCopied: 0,
  filesAdded: 0,
  filesRemoved: 0,
  vectorsAdded: 0,
  changeFilesAdded: 0,
};

/** A write that is to be prepared. */
export interface BegunWrite {
  readonly snapshot: Snapshot;
  readonly transaction: Transaction;
  /** The result, where an earlier write of this transaction has done all. */
  readonly done: RowChangeResult | undefined;
}

/** Begins a write against the newest version; refuses one that the table does not allow before anything is read. */
export async function beginWrite(
  table: WrittenTable,
  { txn }: RowWriteOptions,
  { removes }: { readonly removes: boolean },
): Promise<BegunWrite> {
  const snapshot = await table.refresh();
  const transaction = table.transaction();
  const { protocol, metadata, schema, properties, version } = snapshot;
  const seen = txn === undefined ? undefined : snapshot.transactions.get(txn.appId);
  if (txn !== undefined && seen !== undefined && seen.version >= txn.version) {
    return { snapshot, transaction, done: { version, alreadyCommitted: true, ...NO_CHANGE } };
  }
  checkWritable(protocol, metadata, schema, snapshot.table, 'checked');
  if (removes) checkMayRemove(properties, snapshot.table);
  return { snapshot, transaction, done: undefined };
}
