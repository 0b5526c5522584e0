import type { FileEntry, Storage } from '../storage/index.ts';
import { LOG_FOLDER, versionDigits } from './paths.ts';

export interface CommitFile {
  readonly version: number;
  readonly path: string;
  /** Milliseconds since the epoch; 0 unless the listing asked for details. */
  readonly modifiedMs: number;
}

/** What the commits `from` to `version` come to, in one file. */
export interface CompactedFile {
  readonly from: number;
  readonly version: number;
  readonly path: string;
}

/** All state up to and including `version`: a Parquet file, several parts, or a V2 file that may name sidecars. */
export interface CheckpointFiles {
  readonly version: number;
  readonly paths: readonly string[];
}

export interface LogListing {
  readonly commits: readonly CommitFile[];
  readonly compacted: readonly CompactedFile[];
  /** Complete ones only, oldest first. */
  readonly checkpoints: readonly CheckpointFiles[];
  /** Paths of multi-part checkpoints that lack a part. */
  readonly incomplete: readonly string[];
}

const COMMIT = /^(\d{20})\.json$/;
const COMPACTED = /^(\d{20})\.(\d{20})\.compacted\.json$/;
const CLASSIC = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/;
const V2 = /^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(?:json|parquet)$/;

interface Parts {
  readonly version: number;
  readonly of: number;
  readonly paths: string[];
}

/** One LIST of the log, from the files of version `from` on. Names that are not of the protocol are ignored. */
export async function listLog(
  storage: Storage,
  options: { readonly from?: number; readonly details?: boolean } = {},
): Promise<LogListing> {
  const commits: CommitFile[] = [];
  const compacted: CompactedFile[] = [];
  const parts = new Map<string, Parts>();
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
    const compaction = commit === null ? COMPACTED.exec(name) : null;
    if (commit !== null)
      commits.push({ version: Number(commit[1]), path: entry.path, modifiedMs: entry.modifiedMs });
    else if (compaction !== null)
      compacted.push({ from: Number(compaction[1]), version: Number(compaction[2]), path: entry.path });
    else collectPart(name, entry, parts);
  }
  const found = [...parts.values()];
  const checkpoints = found
    .filter(({ of, paths }) => paths.length === of)
    .map(({ version, paths }) => ({ version, paths }))
    .sort((a, b) => a.version - b.version);
  const incomplete = found.filter(({ of, paths }) => paths.length !== of).flatMap(({ paths }) => paths);
  return { commits, compacted, checkpoints, incomplete };
}

function collectPart(name: string, entry: FileEntry, parts: Map<string, Parts>): void {
  const v2 = V2.exec(name);
  if (v2 !== null) {
    parts.set(name, { version: Number(v2[1]), of: 1, paths: [entry.path] });
    return;
  }
  const found = CLASSIC.exec(name);
  if (found === null) return;
  const of = found[3] === undefined ? 1 : Number(found[3]);
  const key = `${found[1]}/${of}`;
  const checkpoint = parts.get(key) ?? { version: Number(found[1]), of, paths: [] };
  checkpoint.paths.push(entry.path);
  parts.set(key, checkpoint);
}
