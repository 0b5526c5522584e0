import type { FileEntry, Storage } from '../storage/index.ts';
import { isStorageError } from '../storage/index.ts';
import { deltaError } from './delta-error.ts';
import { LOG_FOLDER, versionDigits } from './paths.ts';
import { isRecord } from './schema.ts';

export interface CommitFile {
  readonly version: number;
  readonly path: string;
  /** Milliseconds since the epoch; 0 unless the listing asked for details. */
  readonly modifiedMs: number;
}

/** A classic checkpoint: all state up to and including `version`, in one Parquet file or several. */
export interface CheckpointFiles {
  readonly version: number;
  readonly paths: readonly string[];
}

/** The files of the log that make up one version: at most one checkpoint, then every commit after it. */
export interface LogSegment {
  readonly version: number;
  readonly checkpoint: CheckpointFiles | undefined;
  readonly commits: readonly CommitFile[];
}

export interface LogListing {
  readonly commits: readonly CommitFile[];
  /** Complete ones only, oldest first. */
  readonly checkpoints: readonly CheckpointFiles[];
  /** Checkpoints of a kind that is not read here. */
  readonly unreadable: readonly string[];
}

const COMMIT = /^(\d{20})\.json$/;
const CLASSIC = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/;
const V2 = /^(\d{20})\.checkpoint\.[0-9a-f-]{36}\.(?:json|parquet)$/;

/** One LIST of the log, from the files of version `from` on. Names that are not of the protocol are ignored. */
export async function listLog(
  storage: Storage,
  options: { readonly from?: number; readonly details?: boolean } = {},
): Promise<LogListing> {
  const commits: CommitFile[] = [];
  const parts = new Map<string, { version: number; of: number; paths: string[] }>();
  const unreadable: string[] = [];
  const startAfter =
    options.from === undefined ? {} : { startAfter: `${LOG_FOLDER}${versionDigits(options.from)}` };
  const listing = storage.list(LOG_FOLDER, {
    recursive: false,
    details: options.details ?? false,
    ...startAfter,
  });
  for await (const entry of listing) {
    const name = entry.path.slice(LOG_FOLDER.length);
    const commit = COMMIT.exec(name);
    if (commit !== null)
      commits.push({ version: Number(commit[1]), path: entry.path, modifiedMs: entry.modifiedMs });
    else if (V2.test(name)) unreadable.push(entry.path);
    else collectPart(name, entry, parts);
  }
  const checkpoints = [...parts.values()]
    .filter(({ of, paths }) => paths.length === of)
    .map(({ version, paths }) => ({ version, paths }))
    .sort((a, b) => a.version - b.version);
  return { commits, checkpoints, unreadable };
}

function collectPart(
  name: string,
  entry: FileEntry,
  parts: Map<string, { version: number; of: number; paths: string[] }>,
): void {
  const found = CLASSIC.exec(name);
  if (found === null) return;
  const of = found[3] === undefined ? 1 : Number(found[3]);
  const key = `${found[1]}/${of}`;
  const checkpoint = parts.get(key) ?? { version: Number(found[1]), of, paths: [] };
  checkpoint.paths.push(entry.path);
  parts.set(key, checkpoint);
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

async function readLastCheckpoint(storage: Storage): Promise<number | undefined> {
  try {
    const bytes = await storage.read(`${LOG_FOLDER}_last_checkpoint`);
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!isRecord(parsed) || typeof parsed.version !== 'number') return undefined;
    return Number.isSafeInteger(parsed.version) && parsed.version >= 0 ? parsed.version : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isStorageError(error, 'STORAGE_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Picks the newest usable checkpoint and the commits after it, and proves that no version is missing. */
export function segmentOf(listing: LogListing, storage: Storage, version?: number): LogSegment {
  const newest = Math.max(
    -1,
    listing.commits.at(-1)?.version ?? -1,
    listing.checkpoints.at(-1)?.version ?? -1,
  );
  const end = version ?? newest;
  if (newest === -1) throw unreadableLog(listing, storage) ?? noTable(storage);
  if (end > newest) throw versionTooNew(storage, end, newest);
  const checkpoint = listing.checkpoints.findLast((candidate) => candidate.version <= end);
  const start = checkpoint === undefined ? 0 : checkpoint.version + 1;
  const commits = listing.commits.filter((commit) => commit.version >= start && commit.version <= end);
  for (let i = 0; i <= end - start; i++) {
    if (commits[i]?.version !== start + i) {
      if (checkpoint === undefined && i === 0) {
        throw unreadableLog(listing, storage) ?? startMissing(storage, listing, end);
      }
      throw missingCommit(storage, start + i, end);
    }
  }
  return { version: end, checkpoint, commits };
}

export function noTable(storage: Storage, hint?: string) {
  return deltaError({
    code: 'DELTA_NO_TABLE',
    message: `there is no Delta table at ${storage.uri}: its folder _delta_log holds no commit`,
    hint: hint ?? 'check the path; a Delta table is the folder that contains _delta_log',
    facts: { table: storage.uri },
  });
}

function unreadableLog(listing: LogListing, storage: Storage) {
  const file = listing.unreadable.at(-1);
  if (file === undefined) return undefined;
  return deltaError({
    code: 'DELTA_CHECKPOINT_UNSUPPORTED',
    message: `reading ${storage.uri} needs ${file}, a V2 checkpoint, which this version of Barline does not read`,
    hint: 'write a classic checkpoint with the engine that owns the table (delta.checkpointPolicy = classic)',
    facts: { table: storage.uri, file },
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
