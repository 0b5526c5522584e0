import type { Storage } from '../storage/index.ts';
import type { Action, CommitInfo } from './actions.ts';
import { parseCommit, parseCommitInfo } from './commit-file.ts';
import { deltaError } from './delta-error.ts';
import { type CommitFile, listLog } from './log-listing.ts';
import { noTable } from './log-segment.ts';
import type { Snapshot } from './snapshot.ts';

export interface HistoryEntry {
  readonly version: number;
  /** When it was committed, milliseconds since the epoch; never before that of the version before. */
  readonly timestampMs: number;
  readonly operation: string | undefined;
  readonly operationParameters: Readonly<Record<string, unknown>>;
  readonly operationMetrics: Readonly<Record<string, unknown>>;
  /** All that the writer recorded; empty when it recorded nothing. */
  readonly commitInfo: CommitInfo;
}

/** Commits still in the log, newest first; `limit` bounds how many commit files are read. */
export async function readHistory(
  storage: Storage,
  snapshot: Snapshot,
  options: { readonly limit?: number } = {},
): Promise<HistoryEntry[]> {
  const commits = await datedCommits(storage);
  const wanted = commits.filter((commit) => commit.version <= snapshot.version).reverse();
  const entries: HistoryEntry[] = [];
  for (const commit of wanted.slice(0, options.limit ?? wanted.length)) {
    const info = (await readCommitInfo(storage, commit)) ?? {};
    entries.push({
      version: commit.version,
      timestampMs: usesInCommitTimestamps(snapshot, commit.version)
        ? (info.inCommitTimestamp ?? commit.modifiedMs)
        : commit.modifiedMs,
      operation: info.operation,
      operationParameters: info.operationParameters ?? {},
      operationMetrics: info.operationMetrics ?? {},
      commitInfo: info,
    });
  }
  return entries;
}

export interface PastCommit {
  readonly version: number;
  /** All of the commit but its `commitInfo`. */
  readonly actions: readonly Action[];
}

/** Commits read at once. */
const READ_AHEAD = 16;

/** What each commit still in the log did, from a version on backwards; whoever has found theirs stops reading. */
export async function* commitsBackwards(storage: Storage, version: number): AsyncGenerator<PastCommit> {
  const commits = (await listLog(storage)).commits.filter((commit) => commit.version <= version).reverse();
  for (let i = 0; i < commits.length; i += READ_AHEAD) {
    const batch = commits.slice(i, i + READ_AHEAD).map(async (commit) => {
      const location = `${storage.uri}/${commit.path}`;
      const bytes = await storage.read(commit.path);
      return { version: commit.version, actions: parseCommit(bytes, location, { commitInfo: false }) };
    });
    yield* await Promise.all(batch);
  }
}

/**
 * The version a reader saw at a time: the last commit not after it. Commit times are those of the files, made to
 * rise as Spark makes them, or the in-commit timestamps of a table that keeps them.
 */
export async function versionAt(storage: Storage, snapshot: Snapshot, timeMs: number): Promise<number> {
  const all = (await datedCommits(storage)).filter((commit) => commit.version <= snapshot.version);
  const commits = commitsOfEra(all, snapshot, timeMs);
  const first = commits[0];
  if (first === undefined) throw noTable(storage);
  let low = 0;
  let high = commits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((await timeOf(storage, snapshot, commits[middle] ?? first)) <= timeMs) low = middle + 1;
    else high = middle;
  }
  const found = commits[low - 1];
  if (found !== undefined) return found.version;
  const firstTime = new Date(await timeOf(storage, snapshot, first)).toISOString();
  throw deltaError({
    code: 'DELTA_TIMESTAMP_TOO_EARLY',
    message: `${snapshot.table} at ${new Date(timeMs).toISOString()} was asked for; its first commit is of ${firstTime}`,
    hint: `ask for version ${first.version}, or for a time from then on`,
    facts: { table: snapshot.table, asked: timeMs, oldest: firstTime },
  });
}

/**
 * The commits whose times are of the kind that decides: in-commit timestamps from the time on when the table began
 * to keep them, and times of files before.
 */
function commitsOfEra(commits: readonly CommitFile[], snapshot: Snapshot, timeMs: number) {
  const { properties } = snapshot;
  const since = properties['delta.inCommitTimestampEnablementTimestamp'];
  if (properties['delta.enableInCommitTimestamps'] !== 'true' || since === undefined) return commits;
  const isDated = timeMs >= Number(since);
  const era = commits.filter((commit) => usesInCommitTimestamps(snapshot, commit.version) === isDated);
  return era.length === 0 ? commits : era;
}

async function timeOf(storage: Storage, snapshot: Snapshot, commit: CommitFile): Promise<number> {
  if (!usesInCommitTimestamps(snapshot, commit.version)) return commit.modifiedMs;
  return (await readCommitInfo(storage, commit))?.inCommitTimestamp ?? commit.modifiedMs;
}

/** Commit files with their times; a file dated before its predecessor counts a millisecond after it. */
export async function datedCommits(storage: Storage): Promise<CommitFile[]> {
  const dated: CommitFile[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const commit of (await listLog(storage, { details: true })).commits) {
    last = Math.max(commit.modifiedMs, last + 1);
    dated.push({ ...commit, modifiedMs: last });
  }
  return dated;
}

function usesInCommitTimestamps(snapshot: Snapshot, version: number): boolean {
  if (snapshot.properties['delta.enableInCommitTimestamps'] !== 'true') return false;
  return version >= Number(snapshot.properties['delta.inCommitTimestampEnablementVersion'] ?? 0);
}

async function readCommitInfo(storage: Storage, commit: CommitFile): Promise<CommitInfo | undefined> {
  return parseCommitInfo(await storage.read(commit.path), `${storage.uri}/${commit.path}`);
}
