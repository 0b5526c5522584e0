import type { Operation } from '../commit-info.ts';
import { metricsOf } from './commit-rows.ts';
import type { MergeClause } from './merge-clauses.ts';
import type { WrittenChange } from './row-change.ts';

/** A merge as the log records it, in the words of Spark. */
export function mergeOperation(
  on: string,
  clauses: readonly MergeClause[],
  sourceRows: number,
  written: WrittenChange,
): Operation {
  const predicates = (when: MergeClause['when']) =>
    JSON.stringify(
      clauses
        .filter((clause) => clause.when === when)
        .map(({ condition, does }) => ({
          ...(condition !== undefined && { predicate: condition }),
          actionType: does,
        })),
    );
  return {
    name: 'MERGE',
    parameters: {
      predicate: JSON.stringify([on]),
      matchedPredicates: predicates('matched'),
      notMatchedPredicates: predicates('not-matched'),
      notMatchedBySourcePredicates: predicates('not-matched-by-source'),
    },
    metrics: metricsOf({
      numSourceRows: sourceRows,
      numTargetRowsInserted: written.rowsWritten - written.rowsReplaced,
      numTargetRowsUpdated: written.rowsReplaced,
      numTargetRowsDeleted: written.rowsDeleted,
      numTargetRowsCopied: written.rowsCopied,
      numOutputRows: written.rowsWritten + written.rowsCopied,
      numTargetFilesAdded: written.added.length,
      numTargetFilesRemoved: written.removed.length,
      numTargetDeletionVectorsAdded: written.vectorsAdded,
      numTargetChangeFilesAdded: written.changeFiles.length,
    }),
  };
}
