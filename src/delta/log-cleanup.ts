import type { FileEntry, Storage } from '../storage/index.ts';
import { readSidecars, SIDECAR_FOLDER } from './checkpoint.ts';
import { datedCommits } from './history.ts';
import { logRetentionMs } from './interval.ts';
import { type CheckpointFiles, listLog } from './log-listing.ts';
import { LOG_FOLDER } from './paths.ts';
import { readPins } from './pins.ts';
import type { Snapshot } from './snapshot.ts';

const DAY_MS = 86_400_000;
const VERSIONED = /^(\d{20})\.(?:json|crc|checkpoint\..*)$/;
const V2 = /checkpoint\.[0-9a-fA-F-]{36}\.(?:json|parquet)$/;
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
 * commit, and all after it stay; sidecars go with the last checkpoint that names them.
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
  if (files.some((path) => V2.test(path))) {
    const left = checkpoints.filter(({ version }) => version >= checkpoint.version);
    files.push(...(await unnamedSidecars(storage, left, nowMs)));
  }
  // oldest first: a crash in between leaves a log without a gap
  if (options.dryRun !== true) for (const path of files) await storage.delete(path);
  return { oldestVersion: files.length === 0 ? undefined : checkpoint.version, files };
}

/** What follows a checkpoint, unless `delta.enableExpiredLogCleanup` is false. Looks only where something may be expired. */
export async function cleanUpExpiredLog(storage: Storage, snapshot: Snapshot, nowMs: number): Promise<void> {
  const { properties, metadata } = snapshot;
  if (properties['delta.enableExpiredLogCleanup'] === 'false') return;
  if ((metadata.createdTime ?? 0) > nowMs - logRetentionMs(properties)) return;
  await cleanUpLog(storage, snapshot, nowMs);
}

/** A sidecar so young may belong to a checkpoint that is being written. */
const SIDECAR_IN_FLIGHT_MS = DAY_MS;

/** Sidecars that none of the checkpoints left names. Reads these, so only where one of their kind was removed. */
async function unnamedSidecars(
  storage: Storage,
  checkpoints: readonly CheckpointFiles[],
  nowMs: number,
): Promise<string[]> {
  const named = new Set<string>();
  for (const checkpoint of checkpoints) {
    for (const sidecar of await readSidecars(storage, checkpoint)) named.add(sidecar.path);
  }
  const unnamed: string[] = [];
  for await (const { path, modifiedMs } of storage.list(SIDECAR_FOLDER, { recursive: false })) {
    if (!named.has(path) && modifiedMs < nowMs - SIDECAR_IN_FLIGHT_MS) unnamed.push(path);
  }
  return unnamed;
}

function isBefore({ path }: FileEntry, version: number): boolean {
  const name = path.slice(LOG_FOLDER.length);
  const compacted = COMPACTED.exec(name);
  if (compacted !== null) return Number(compacted[1]) <= version;
  const versioned = VERSIONED.exec(name);
  return versioned !== null && Number(versioned[1]) < version;
}
