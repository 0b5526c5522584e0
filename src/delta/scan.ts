import type { AddFile } from './actions.ts';
import { allOf, type Condition, fileMayMatch, namesOthers, partitionMayMatch } from './condition.ts';
import { compileWhere, type Where } from './predicate.ts';
import type { Snapshot } from './snapshot.ts';

/** The data files that may hold rows of the predicate, before any of them is opened. */
export interface ScannedFiles {
  readonly version: number;
  readonly files: readonly AddFile[];
  /** Active files of the version. */
  readonly total: number;
  /** Of these, left out by their partition values or statistics. */
  readonly pruned: number;
  readonly prunedByPartition: number;
  readonly prunedByStats: number;
  /** Bytes of the files that are left. */
  readonly byteLength: number;
  /** Bytes of all active files. */
  readonly totalByteLength: number;
}

/** The condition of a `where`, by the columns' names in the log. */
export function whereCondition(snapshot: Snapshot, where: Where): Condition {
  return allOf(compileWhere(snapshot.schema, where, snapshot.properties));
}

/**
 * Partition columns decide exactly; other columns only leave out files whose statistics prove them empty of such
 * rows, so the reader still filters rows. Cost: one look at each active file, and one JSON parse of its
 * statistics when the predicate names a data column.
 */
export function scanFiles(snapshot: Snapshot, condition: Condition): ScannedFiles {
  const partitionColumns = new Set(snapshot.partitionColumns);
  const needsStats = namesOthers(condition, partitionColumns);
  const files: AddFile[] = [];
  let [prunedByPartition, prunedByStats, byteLength, totalByteLength] = [0, 0, 0, 0];
  for (const file of snapshot.files()) {
    totalByteLength += file.size;
    if (!partitionMayMatch(condition, file, partitionColumns)) prunedByPartition += 1;
    else if (needsStats && !fileMayMatch(condition, file, partitionColumns)) prunedByStats += 1;
    else {
      files.push(file);
      byteLength += file.size;
    }
  }
  const pruned = prunedByPartition + prunedByStats;
  const { version, fileCount: total } = snapshot;
  return { version, files, total, pruned, prunedByPartition, prunedByStats, byteLength, totalByteLength };
}
