import type { AddFile } from '../actions.ts';
import { parseStats } from '../stats.ts';

/** Files of one partition that are to be written again together. */
export type Bin = readonly AddFile[];

/** Files smaller than this share of the target are small. */
const SMALL = 0.75;
/** A file that has lost more than this share of its rows is worth writing again by itself. */
const MOST_DELETED = 0.05;

/** Files by their partition, in the order of the log. */
export function byPartition(files: Iterable<AddFile>): AddFile[][] {
  const groups = new Map<string, AddFile[]>();
  for (const file of files) {
    const key = JSON.stringify(Object.entries(file.partitionValues).sort(([a], [b]) => (a < b ? -1 : 1)));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

/**
 * Runs of small files that together come to about the target, and files that lost many rows. Files that follow each
 * other stay together, so that what lies in the order of time stays so. A second pass finds nothing to do.
 */
export function compactionBins(
  files: Iterable<AddFile>,
  targetBytes: number,
  smallBytes = SMALL * targetBytes,
): Bin[] {
  return byPartition(files).flatMap((group) => {
    const bins: AddFile[][] = [];
    let bin: AddFile[] = [];
    let byteLength = 0;
    for (const file of group) {
      const share = deletedShare(file);
      if (file.size >= smallBytes && share <= MOST_DELETED) continue;
      const left = file.size * (1 - share);
      if (bin.length > 0 && byteLength + left > targetBytes) {
        bins.push(bin);
        bin = [];
        byteLength = 0;
      }
      bin.push(file);
      byteLength += left;
    }
    if (bin.length > 0) bins.push(bin);
    return bins.filter((each) => each.length > 1 || each.some((file) => deletedShare(file) > MOST_DELETED));
  });
}

function deletedShare(file: AddFile): number {
  const { deletionVector } = file;
  if (deletionVector === undefined) return 0;
  const rowCount = parseStats(file)?.numRecords;
  return rowCount === undefined || rowCount === 0 ? 1 : Math.min(1, deletionVector.cardinality / rowCount);
}
