import type { Storage } from '../storage/index.ts';
import { deltaError } from './delta-error.ts';
import { readLastCheckpoint } from './last-checkpoint.ts';
import {
  type CheckpointFiles,
  type CommitFile,
  type CompactedFile,
  type LogListing,
  listLog,
} from './log-listing.ts';
import { LOG_FOLDER, versionDigits } from './paths.ts';

/** The files of the log that make up one version: at most one checkpoint, then every commit after it. */
export interface LogSegment {
  readonly version: number;
  readonly checkpoint: CheckpointFiles | undefined;
  readonly commits: readonly CommitFile[];
  /** Files that stand for several of these commits each. They do not overlap, and come oldest first. */
  readonly compacted: readonly CompactedFile[];
}

/**
 * The segment of a version, or of the newest one. Lists from `_last_checkpoint` on where that is right, else the
 * whole log: a wrong or missing hint costs one more LIST, never a wrong table.
 */
export async function loadLogSegment(storage: Storage, version?: number): Promise<LogSegment> {
  const hint = await readLastCheckpoint(storage);
  if (hint !== undefined && (version === undefined || hint <= version)) {
    const listing = await listLog(storage, { from: hint });
    if (listing.checkpoints.some((checkpoint) => checkpoint.version === hint)) {
      return segmentOf(listing, storage, version);
    }
  }
  return segmentOf(await listLog(storage), storage, version);
}

/** Picks the newest usable checkpoint and the commits after it, and proves that no version is missing. */
export function segmentOf(listing: LogListing, storage: Storage, version?: number): LogSegment {
  const newest = Math.max(
    -1,
    listing.commits.at(-1)?.version ?? -1,
    listing.checkpoints.at(-1)?.version ?? -1,
  );
  const end = version ?? newest;
  if (newest === -1) throw noTable(storage);
  if (end > newest) throw versionTooNew(storage, end, newest);
  const checkpoint = listing.checkpoints.findLast((candidate) => candidate.version <= end);
  const start = checkpoint === undefined ? 0 : checkpoint.version + 1;
  const commits = listing.commits.filter((commit) => commit.version >= start && commit.version <= end);
  for (let i = 0; i <= end - start; i++) {
    if (commits[i]?.version !== start + i) {
      if (checkpoint === undefined && i === 0) throw startMissing(storage, listing, end);
      throw missingCommit(storage, start + i, end);
    }
  }
  return { version: end, checkpoint, commits, compacted: chooseCompacted(listing.compacted, start, end) };
}

/** From the start on, at each step the file that reaches farthest; those of one commit spare nothing. */
function chooseCompacted(candidates: readonly CompactedFile[], start: number, end: number): CompactedFile[] {
  const chosen: CompactedFile[] = [];
  const usable = candidates
    .filter((file) => file.from >= start && file.version <= end && file.version > file.from)
    .sort((a, b) => a.from - b.from || b.version - a.version);
  let next = start;
  for (const file of usable) {
    if (file.from < next) continue;
    chosen.push(file);
    next = file.version + 1;
  }
  return chosen;
}

export function noTable(storage: Storage, hint?: string) {
  return deltaError({
    code: 'DELTA_NO_TABLE',
    message: `there is no Delta table at ${storage.uri}: its folder _delta_log holds no commit`,
    hint: hint ?? 'check the path; a Delta table is the folder that contains _delta_log',
    facts: { table: storage.uri },
  });
}

function startMissing(storage: Storage, listing: LogListing, end: number) {
  const first = listing.checkpoints[0]?.version;
  if (first !== undefined && end < first) {
    return deltaError({
      code: 'DELTA_VERSION_GONE',
      message: `version ${end} of ${storage.uri} can no longer be read: the log begins with the checkpoint of ${first}`,
      hint: `ask for version ${first} or later`,
      facts: { table: storage.uri, asked: end, oldest: first },
    });
  }
  return missingCommit(storage, 0, end);
}

function missingCommit(storage: Storage, version: number, end: number) {
  const file = `${LOG_FOLDER}${versionDigits(version)}.json`;
  return deltaError({
    code: 'DELTA_VERSIONS_NOT_CONTIGUOUS',
    message: `the log of ${storage.uri} has a gap: ${file} is missing, and version ${end} needs it`,
    hint: version > 0 ? `restore the file, or read version ${version - 1}` : 'restore the file from a backup',
    facts: { table: storage.uri, file, missing: version },
  });
}

function versionTooNew(storage: Storage, asked: number, newest: number) {
  return deltaError({
    code: 'DELTA_VERSION_TOO_NEW',
    message: `version ${asked} of ${storage.uri} was asked for; the newest is ${newest}`,
    facts: { table: storage.uri, asked, newest },
  });
}
