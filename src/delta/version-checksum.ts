import { isStorageError, type Storage } from '../storage/index.ts';
import type { CommitInfo, DomainMetadata, Metadata, Protocol, SetTransaction } from './actions.ts';
import { deltaError } from './delta-error.ts';
import { keepsInCommitTimestamps } from './in-commit-timestamp.ts';
import { LOG_FOLDER, versionDigits } from './paths.ts';
import { isRecord } from './schema.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * What a version comes to, in a file `<version>.crc` beside its commit: by it another reader can tell that the log
 * was not tampered with. Absent parts are parts not counted.
 */
export interface VersionChecksum {
  readonly txnId?: string;
  readonly tableSizeBytes: number;
  readonly numFiles: number;
  readonly numDeletedRecordsOpt?: number;
  readonly numDeletionVectorsOpt?: number;
  readonly numMetadata: number;
  readonly numProtocol: number;
  readonly inCommitTimestampOpt?: number;
  readonly setTransactions?: readonly SetTransaction[];
  readonly domainMetadata?: readonly DomainMetadata[];
  readonly metadata: Metadata;
  readonly protocol: Protocol;
}

/** More transactions than this are left out, as the format allows: the file is rewritten with each commit. */
const MAX_LISTED = 1000;

export function checksumPath(version: number): string {
  return `${LOG_FOLDER}${versionDigits(version)}.crc`;
}

/** Cost: one look at each active file. */
export function checksumOf(snapshot: Snapshot, commit: CommitInfo = {}): VersionChecksum {
  let tableSizeBytes = 0;
  let numDeletedRecordsOpt = 0;
  let numDeletionVectorsOpt = 0;
  for (const { size, deletionVector } of snapshot.files()) {
    tableSizeBytes += size;
    if (deletionVector === undefined) continue;
    numDeletedRecordsOpt += deletionVector.cardinality;
    numDeletionVectorsOpt += 1;
  }
  const { transactions, domainMetadata, metadata, protocol, properties } = snapshot;
  const { txnId, inCommitTimestamp } = commit;
  const isDated = keepsInCommitTimestamps(properties) && inCommitTimestamp !== undefined;
  return {
    ...(typeof txnId === 'string' && { txnId }),
    tableSizeBytes,
    numFiles: snapshot.fileCount,
    numDeletedRecordsOpt,
    numDeletionVectorsOpt,
    numMetadata: 1,
    numProtocol: 1,
    ...(isDated && { inCommitTimestampOpt: inCommitTimestamp }),
    ...(transactions.size <= MAX_LISTED && { setTransactions: [...transactions.values()] }),
    ...(domainMetadata.size <= MAX_LISTED && { domainMetadata: [...domainMetadata.values()] }),
    metadata,
    protocol,
  };
}

export async function writeChecksum(storage: Storage, snapshot: Snapshot, commit: CommitInfo): Promise<void> {
  const text = JSON.stringify(checksumOf(snapshot, commit));
  await storage.putIfAbsent(checksumPath(snapshot.version), new TextEncoder().encode(text));
}

export interface ChecksumDifference {
  readonly what: string;
  readonly recorded: unknown;
  readonly found: unknown;
}

/**
 * Where the checksum file of a snapshot's version, whoever wrote it, and the snapshot replayed from the log differ;
 * undefined when there is no such file. `DELTA_BAD_CHECKSUM` when it cannot be read.
 */
export async function checksumDifferences(
  storage: Storage,
  snapshot: Snapshot,
): Promise<ChecksumDifference[] | undefined> {
  const recorded = await readChecksum(storage, snapshot.version);
  if (recorded === undefined) return undefined;
  const { metadata, protocol, setTransactions, domainMetadata, ...counts } = checksumOf(snapshot);
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ...Object.entries(counts).map(([what, value]) => [what, recorded[what], value] as const),
    ['metadata', recorded.metadata, metadata],
    ['protocol', recorded.protocol, protocol],
    ['setTransactions', recorded.setTransactions, setTransactions],
    ['domainMetadata', recorded.domainMetadata, domainMetadata],
  ];
  return facts.flatMap(([what, then, now]) => {
    const optional = then === undefined || then === null || now === undefined;
    if (optional && !REQUIRED.has(what)) return [];
    return canonical(then) === canonical(now) ? [] : [{ what, recorded: then, found: now }];
  });
}

const REQUIRED: ReadonlySet<string> = new Set([
  'tableSizeBytes',
  'numFiles',
  'numMetadata',
  'numProtocol',
  'metadata',
  'protocol',
]);

/** JSON with sorted keys and lists, without nulls and empty parts, which engines write or leave out as they like. */
function canonical(value: unknown): string {
  return JSON.stringify(normal(value)) ?? '';
}

function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(normal).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (!isRecord(value)) return value;
  const parts = Object.entries(value).map(([key, part]) => [key, normal(part)] as const);
  const kept = parts.filter(([, part]) => part !== null && part !== undefined && !isEmpty(part));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isEmpty(part: unknown): boolean {
  return Array.isArray(part) ? part.length === 0 : isRecord(part) && Object.keys(part).length === 0;
}

async function readChecksum(storage: Storage, version: number): Promise<Record<string, unknown> | undefined> {
  const path = checksumPath(version);
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(await storage.read(path)));
    if (isRecord(parsed)) return parsed;
    throw new SyntaxError('it is not an object');
  } catch (cause) {
    if (isStorageError(cause, 'STORAGE_NOT_FOUND')) return undefined;
    if (!(cause instanceof SyntaxError)) throw cause;
    throw deltaError({
      code: 'DELTA_BAD_CHECKSUM',
      message: `the checksum ${storage.uri}/${path} cannot be read: ${cause.message}`,
      hint: 'remove it; nothing but checks depends on it',
      cause,
      facts: { table: storage.uri, file: path },
    });
  }
}
