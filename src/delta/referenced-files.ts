import { type FileEntry, isTemporaryPath, type Storage } from '../storage/index.ts';
import type { Action } from './actions.ts';
import { readCheckpoint } from './checkpoint.ts';
import { parseCommit } from './commit-file.ts';
import { listLog } from './log-listing.ts';
import { LOG_FOLDER, pathKey } from './paths.ts';

/** Commits read at once. */
const READ_AHEAD = 64;

/**
 * Every path that any version still in the log names, added, removed or changed, as the storage names it. Reads
 * the whole log.
 */
export async function allReferencedPaths(storage: Storage): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  const { commits, checkpoints } = await listLog(storage);
  for (const checkpoint of checkpoints) {
    for await (const actions of readCheckpoint(storage, checkpoint)) collect(actions, paths);
  }
  for (let i = 0; i < commits.length; i += READ_AHEAD) {
    const batch = commits.slice(i, i + READ_AHEAD);
    const contents = await Promise.all(batch.map(({ path }) => storage.read(path)));
    for (const [k, bytes] of contents.entries()) {
      collect(parseCommit(bytes, `${storage.uri}/${batch[k]?.path}`, { commitInfo: false }), paths);
    }
  }
  return paths;
}

function collect(actions: readonly Action[], paths: Set<string>): void {
  for (const action of actions) {
    if ('add' in action) paths.add(pathKey(action.add.path));
    else if ('remove' in action) paths.add(pathKey(action.remove.path));
    else if ('cdc' in action) paths.add(pathKey(action.cdc.path));
  }
}

export interface LeftOverFilter {
  /** Only files whose name holds this text: the token their writer put there. */
  readonly nameToken?: string;
  /** Only files last written before this time, milliseconds since the epoch. */
  readonly modifiedBeforeMs?: number;
}

/**
 * Data files in a listing that no version names: what a run left that crashed before its commit. A commit in
 * flight looks the same, so a filter must tell them apart: the name token of a run that is surely dead, or an age.
 */
export function unreferencedFiles(
  referenced: ReadonlySet<string>,
  listing: Iterable<FileEntry>,
  filter: LeftOverFilter = {},
): FileEntry[] {
  const left: FileEntry[] = [];
  for (const entry of listing) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    const isData =
      name.endsWith('.parquet') && !entry.path.startsWith(LOG_FOLDER) && !isTemporaryPath(entry.path);
    if (isData && !referenced.has(entry.path) && passes(entry, name, filter)) left.push(entry);
  }
  return left;
}

/** Half-written files of crashed writers, in the table's folder and its log. They carry no token, only an age. */
export function temporaryFiles(listing: Iterable<FileEntry>, filter: LeftOverFilter = {}): FileEntry[] {
  const left: FileEntry[] = [];
  for (const entry of listing) {
    if (isTemporaryPath(entry.path) && passes(entry, entry.path, filter)) left.push(entry);
  }
  return left;
}

function passes(entry: FileEntry, name: string, filter: LeftOverFilter): boolean {
  if (filter.nameToken !== undefined && !name.includes(filter.nameToken)) return false;
  return filter.modifiedBeforeMs === undefined || entry.modifiedMs < filter.modifiedBeforeMs;
}
