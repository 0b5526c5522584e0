import type { AddFile } from './actions.ts';
import { compileWhere, partitionMatches, type Where } from './predicate.ts';
import type { Snapshot } from './snapshot.ts';
import { mayContain, parseStats } from './stats.ts';

/** The data files that may hold rows of the predicate, before any of them is opened. */
export interface Scan {
  readonly version: number;
  readonly files: readonly AddFile[];
  /** Active files of the version. */
  readonly total: number;
  /** Of these, left out by their partition values or statistics. */
  readonly pruned: number;
  readonly prunedByPartition: number;
  readonly prunedByStats: number;
}

/**
 * Partition columns decide exactly; other columns only leave out files whose statistics prove them empty of such
 * rows, so the reader still filters rows. Cost: one look at each active file, and one JSON parse of its
 * statistics when the predicate names a data column.
 */
export function scanFiles(snapshot: Snapshot, where: Where = {}): Scan {
  const terms = compileWhere(snapshot.schema, where, snapshot.properties);
  const partition = terms.filter((term) => snapshot.partitionColumns.includes(term.column));
  const data = terms.filter((term) => !snapshot.partitionColumns.includes(term.column));
  const files: AddFile[] = [];
  let prunedByPartition = 0;
  let prunedByStats = 0;
  for (const file of snapshot.files()) {
    if (!partitionMatches(partition, file.partitionValues)) prunedByPartition += 1;
    else {
      const stats = data.length === 0 ? undefined : parseStats(file);
      if (stats !== undefined && !data.every((term) => mayContain(stats, term))) prunedByStats += 1;
      else files.push(file);
    }
  }
  const pruned = prunedByPartition + prunedByStats;
  return {
    version: snapshot.version,
    files,
    total: snapshot.fileCount,
    pruned,
    prunedByPartition,
    prunedByStats,
  };
}
