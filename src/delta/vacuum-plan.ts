import { type FileEntry, isTemporaryPath, type Storage } from '../storage/index.ts';
import { parseCommit } from './commit-file.ts';
import { datedCommits } from './history.ts';
import { LOG_FOLDER } from './paths.ts';
import { ReferencedPaths } from './referenced-paths.ts';
import type { Snapshot } from './snapshot.ts';

/** Which files of a table's folder no version needs any longer. */

export const VACUUM_START = 'VACUUM START';

/** Commits read at once. */
const READ_AHEAD = 64;

export interface NeededFiles {
  /** Files that some version within the retention, or a pinned one, needs. */
  readonly needed: ReferencedPaths;
  /** Files the log knows as removed: once the retention is over, nothing will ask for them. */
  readonly known: ReferencedPaths;
}

/**
 * Everything a version within the retention needs, by three accounts that overlap on purpose: active files and
 * tombstones younger than the retention; every file that a commit made since names, change files too (a tombstone
 * may have been left out of a checkpoint, or carry no time); and all files of pinned versions.
 */
export async function neededFiles(
  storage: Storage,
  snapshot: Snapshot,
  pinned: readonly Snapshot[],
  cutoffMs: number,
): Promise<NeededFiles> {
  const needed = new ReferencedPaths(storage);
  const known = new ReferencedPaths(storage);
  for (const each of [snapshot, ...pinned]) for (const file of each.files()) needed.addFile(file);
  for (const tombstone of snapshot.tombstones()) {
    known.addFile(tombstone);
    if ((tombstone.deletionTimestamp ?? 0) >= cutoffMs) needed.addFile(tombstone);
  }
  const commits = (await datedCommits(storage)).filter((commit) => commit.version <= snapshot.version);
  // the version in force at the cut-off is still to be read; what commits after it removed, it needs
  const since = commits.filter((commit) => commit.modifiedMs >= cutoffMs);
  for (let i = 0; i < since.length; i += READ_AHEAD) {
    const batch = since.slice(i, i + READ_AHEAD).map(async ({ path }) => {
      const location = `${storage.uri}/${path}`;
      return parseCommit(await storage.read(path), location, { commitInfo: false });
    });
    for (const actions of await Promise.all(batch)) needed.addActions(actions);
  }
  return { needed, known };
}

export interface VacuumAges {
  /** Files the log knows as removed go when last written before this. */
  readonly knownBeforeMs: number;
  /** Files it never named go when last written before this: younger ones may belong to a commit in flight. */
  readonly unknownBeforeMs: number;
}

/** The files to remove: named by nothing needed, old enough, not hidden and of no other table below. */
export async function removableFiles(
  storage: Storage,
  { needed, known }: NeededFiles,
  ages: VacuumAges,
  partitionKeys: readonly string[],
): Promise<FileEntry[]> {
  const files: FileEntry[] = [];
  const inner = new Set<string>();
  for await (const entry of storage.list('')) {
    const log = entry.path.indexOf(`/${LOG_FOLDER}`);
    if (log > 0) inner.add(entry.path.slice(0, log + 1));
    else if (isRemovable(entry, needed, known, ages, partitionKeys)) files.push(entry);
  }
  if (inner.size === 0) return files;
  const tables = [...inner];
  return files.filter(({ path }) => !tables.some((folder) => path.startsWith(folder)));
}

function isRemovable(
  entry: FileEntry,
  needed: ReferencedPaths,
  known: ReferencedPaths,
  ages: VacuumAges,
  partitionKeys: readonly string[],
): boolean {
  if (isTemporaryPath(entry.path)) return entry.modifiedMs < ages.unknownBeforeMs;
  if (isHidden(entry.path, partitionKeys) || needed.has(entry.path)) return false;
  return entry.modifiedMs < (known.has(entry.path) ? ages.knownBeforeMs : ages.unknownBeforeMs);
}

/** Names that begin with `_` or `.` are not data, but for change files and folders of such a partition column. */
function isHidden(path: string, partitionKeys: readonly string[]): boolean {
  return path.split('/').some((part) => {
    if (part === '_change_data') return false;
    if (!part.startsWith('_') && !part.startsWith('.')) return false;
    return !partitionKeys.some((key) => part.startsWith(`${key}=`));
  });
}
