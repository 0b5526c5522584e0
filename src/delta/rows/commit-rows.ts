import type { Operation } from '../commit-info.ts';
import type { StructType } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Transaction } from '../transaction.ts';
import type { WrittenChange } from './row-change.ts';
import type { RowChangeResult, RowWriteOptions } from './table-writer.ts';

/** Commits what `writeRowChange` has written. A change of nothing is no version, unless a transaction is recorded. */
export async function commitRows(
  snapshot: Snapshot,
  transaction: Transaction,
  written: WrittenChange,
  operation: Operation,
  options: RowWriteOptions & { readonly added?: StructType | undefined },
): Promise<RowChangeResult> {
  const { txn, added } = options;
  const changes = written.added.length + written.removed.length + written.vectorsAdded > 0;
  const counts = {
    rowsInserted: written.rowsWritten - written.rowsReplaced,
    rowsUpdated: written.rowsReplaced,
    rowsDeleted: written.rowsDeleted,
    rowsCopied: written.rowsCopied,
    filesAdded: written.added.length,
    filesRemoved: written.removed.length,
    vectorsAdded: written.vectorsAdded,
    changeFilesAdded: written.changeFiles.length,
  };
  if (!changes && txn === undefined && added === undefined) {
    return { version: snapshot.version, alreadyCommitted: false, ...counts };
  }
  if (added !== undefined) transaction.mergeSchema(added);
  if (txn !== undefined) transaction.setTransaction(txn.appId, txn.version);
  const committed = await transaction.operation(operation).commit();
  return { ...committed, ...counts };
}

/** Numbers as the log has them: text. */
export function metricsOf(counts: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]));
}
