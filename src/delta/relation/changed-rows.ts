import type { Action, AddFile, DeletionVector, PartitionValues, RemoveFile } from '../actions.ts';
import { readDeletionVector } from '../deletion-vectors/deletion-vector.ts';
import { deltaError } from '../delta-error.ts';
import { pathKey } from '../paths.ts';
import type { DataFiles } from './relation.ts';
import type { RowMask } from './row-mask.ts';

/** Rows of one file that a version changed. */
export interface ChangedFile {
  /** As the log has it. */
  readonly path: string;
  readonly size?: number;
  readonly partitionValues: PartitionValues;
  readonly mask?: RowMask;
}

/** What one version changed. */
export interface VersionChanges {
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** Files that say of each row what happened to it; where there are some, they say all. */
  readonly changeFiles: readonly ChangedFile[];
  readonly inserted: readonly ChangedFile[];
  readonly deleted: readonly ChangedFile[];
}

/**
 * The change files of a commit, or else the rows of the files it added and removed. A file that comes back with
 * another deletion vector changed by the rows in which the two differ.
 */
export async function changedRows(
  table: DataFiles,
  version: number,
  timeMs: number,
  actions: readonly Action[],
): Promise<VersionChanges> {
  const changeFiles = actions.flatMap((action) =>
    'cdc' in action ? [{ path: action.cdc.path, partitionValues: action.cdc.partitionValues }] : [],
  );
  if (changeFiles.length > 0) return { version, timeMs, changeFiles, inserted: [], deleted: [] };
  const removed = new Map<string, RemoveFile>();
  const added: AddFile[] = [];
  for (const action of actions) {
    if ('add' in action && action.add.dataChange) added.push(action.add);
    if ('remove' in action && action.remove.dataChange)
      removed.set(pathKey(action.remove.path), action.remove);
  }
  const inserted: ChangedFile[] = [];
  const deleted: ChangedFile[] = [];
  for (const file of added) {
    const before = removed.get(pathKey(file.path));
    removed.delete(pathKey(file.path));
    const now = await deletedRows(table, file);
    if (before === undefined) inserted.push(rowsWithout(file, file.partitionValues, now));
    else {
      const then = await deletedRows(table, before);
      pushOnly(deleted, file, without(now, then));
      pushOnly(inserted, file, without(then, now));
    }
  }
  for (const file of removed.values()) {
    const { partitionValues } = file;
    if (partitionValues === undefined) throw unknownPartition(table, version, file);
    deleted.push(rowsWithout(file, partitionValues, await deletedRows(table, file)));
  }
  return { version, timeMs, changeFiles, inserted, deleted };
}

const NO_ROWS = new Float64Array();

function deletedRows(
  table: DataFiles,
  { path, deletionVector }: { readonly path: string; readonly deletionVector?: DeletionVector },
): Promise<Float64Array> {
  if (deletionVector === undefined) return Promise.resolve(NO_ROWS);
  return readDeletionVector(table.storage, deletionVector, path);
}

function rowsWithout(
  { path, size }: { readonly path: string; readonly size?: number },
  partitionValues: PartitionValues,
  rows: Float64Array,
): ChangedFile {
  const file = { path, ...(size !== undefined && { size }), partitionValues };
  return rows.length === 0 ? file : { ...file, mask: { rows, keep: false } };
}

function pushOnly(to: ChangedFile[], file: AddFile, rows: Float64Array): void {
  if (rows.length === 0) return;
  const { path, size, partitionValues } = file;
  to.push({ path, size, partitionValues, mask: { rows, keep: true } });
}

/** Of two ascending lists, what only the first has. */
function without(rows: Float64Array, others: Float64Array): Float64Array {
  let at = 0;
  return rows.filter((row) => {
    while (at < others.length && (others[at] ?? 0) < row) at += 1;
    return others[at] !== row;
  });
}

function unknownPartition(table: DataFiles, version: number, file: RemoveFile) {
  return deltaError({
    code: 'DELTA_NO_CHANGE_FEED',
    message: `version ${version} of ${table.uri} removed ${file.path} without saying of which partition`,
    hint: 'ask for the changes after that version',
    facts: { table: table.uri, version, file: file.path },
  });
}
