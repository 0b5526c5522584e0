import type { FileEntry, Storage } from '../storage/index.ts';
import { datedCommits } from './history.ts';
import { logRetentionMs } from './interval.ts';
import { listLog } from './log-listing.ts';
import { LOG_FOLDER } from './paths.ts';
import { readPins } from './pins.ts';
import type { Snapshot } from './snapshot.ts';

const DAY_MS = 86_400_000;
const VERSIONED = /^(\d{20})\.(?:json|crc|checkpoint\..*)$/;
const COMPACTED = /^(\d{20})\.\d{20}\.compacted\.json$/;

export interface LogCleanup {
  /** The oldest version that can still be read, or undefined when nothing was to be cleaned up. */
  readonly oldestVersion: number | undefined;
  /** Paths removed, or to be removed on a dry run. */
  readonly files: readonly string[];
}

/**
 * Removes what the log holds before the checkpoint that serves the oldest version still wanted: the one in force
 * `delta.logRetentionDuration` ago (rounded down to a day, UTC), or an older one that is pinned. The checkpoint, its
 * commit, and all after it stay. Sidecars stay for whoever writes checkpoints to clear.
 */
export async function cleanUpLog(
  storage: Storage,
  snapshot: Snapshot,
  nowMs: number,
  options: { readonly dryRun?: boolean } = {},
): Promise<LogCleanup> {
  const nothing: LogCleanup = { oldestVersion: undefined, files: [] };
  const cutoffMs = Math.floor((nowMs - logRetentionMs(snapshot.properties)) / DAY_MS) * DAY_MS;
  const inForce = (await datedCommits(storage)).findLast((commit) => commit.modifiedMs <= cutoffMs);
  if (inForce === undefined) return nothing;
  const pins = await readPins(storage);
  const wanted = Math.min(inForce.version, ...pins.map((pin) => pin.version));
  const { checkpoints } = await listLog(storage);
  const checkpoint = checkpoints.findLast((candidate) => candidate.version <= wanted);
  if (checkpoint === undefined) return nothing;
  const files: string[] = [];
  for await (const entry of storage.list(LOG_FOLDER, { recursive: false, details: false })) {
    if (isBefore(entry, checkpoint.version)) files.push(entry.path);
  }
  // oldest first: a crash in between leaves a log without a gap
  if (options.dryRun !== true) for (const path of files) await storage.delete(path);
  return { oldestVersion: files.length === 0 ? undefined : checkpoint.version, files };
}

function isBefore({ path }: FileEntry, version: number): boolean {
  const name = path.slice(LOG_FOLDER.length);
  const compacted = COMPACTED.exec(name);
  if (compacted !== null) return Number(compacted[1]) <= version;
  const versioned = VERSIONED.exec(name);
  return versioned !== null && Number(versioned[1]) < version;
}
