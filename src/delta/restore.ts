import type { Storage } from '../storage/index.ts';
import type { AddFile, Metadata, RemoveFile } from './actions.ts';
import { MAX_ID_PROPERTY } from './column-identity.ts';
import type { CommitResult } from './commit-info.ts';
import { vectorFile } from './deletion-vectors/deletion-vector.ts';
import { deltaError } from './delta-error.ts';
import { domainChanges } from './domain-metadata.ts';
import { locateFile } from './located-file.ts';
import { mergedProtocol } from './protocol-upgrade.ts';
import type { Snapshot } from './snapshot.ts';
import type { Transaction } from './transaction.ts';
import { VACUUM_START } from './vacuum-plan.ts';

export interface RestoreResult extends CommitResult {
  readonly restoredFiles: number;
  readonly removedFiles: number;
}

export interface RestoreRequest {
  readonly storage: Storage;
  /** Of the version that is current. */
  readonly transaction: Transaction;
  readonly current: Snapshot;
  readonly target: Snapshot;
  /** How the target was named, for the commit's record. */
  readonly asked: { readonly version?: number; readonly timestamp?: Date };
}

/** Files looked at together. */
const LOOK_AHEAD = 32;
const MAX_NAMED = 10;

/**
 * Makes the table's next version hold what an older one held: its files, schema, properties and user domains. The
 * protocol is never lowered, transactions of applications stay. `DELTA_RESTORE_FILES_MISSING` names files that were
 * vacuumed away. Fails when anything was committed in between that changes files, or a vacuum was begun.
 */
export async function restore(request: RestoreRequest): Promise<RestoreResult> {
  const { storage, transaction, current, target, asked } = request;
  if (target.version === current.version) {
    return { version: current.version, alreadyCommitted: true, restoredFiles: 0, removedFiles: 0 };
  }
  const added = missingFrom(target, current);
  const removed = missingFrom(current, target);
  await checkAvailable(storage, added, target);
  transaction
    .readWholeTable()
    .isolate('Serializable')
    .refuseAfter(VACUUM_START)
    .redefine({
      metadata: restoredMetadata(current, target),
      protocol: mergedProtocol(current.protocol, target.protocol),
    })
    .rowsChecked()
    .operation({
      name: 'RESTORE',
      parameters: {
        version: asked.timestamp === undefined ? target.version : null,
        timestamp: asked.timestamp === undefined ? null : sparkTime(asked.timestamp),
      },
      metrics: metricsOf(added, removed, target),
    });
  for (const file of removed) transaction.remove(file);
  for (const file of added) transaction.add({ ...file, dataChange: true });
  for (const domain of domainChanges(current, target)) transaction.keepDomainMetadata(domain);
  const result = await transaction.commit();
  return { ...result, restoredFiles: added.length, removedFiles: removed.length };
}

function missingFrom(from: Snapshot, other: Snapshot): AddFile[] {
  const missing: AddFile[] = [];
  for (const [key, file] of from.state.files) if (!other.state.files.has(key)) missing.push(file);
  return missing;
}

/** Ids of columns are never given twice, in whatever version. */
function restoredMetadata(current: Snapshot, target: Snapshot): Metadata {
  const highest = Math.max(
    ...[current, target].map(({ properties }) => Number(properties[MAX_ID_PROPERTY] ?? 0)),
  );
  const { configuration } = target.metadata;
  if (configuration[MAX_ID_PROPERTY] === undefined) return target.metadata;
  return { ...target.metadata, configuration: { ...configuration, [MAX_ID_PROPERTY]: String(highest) } };
}

/** `DELTA_RESTORE_FILES_MISSING` when files of a version that the current one no longer has are gone. */
export function checkVersionFiles(storage: Storage, target: Snapshot, current: Snapshot): Promise<void> {
  return checkAvailable(storage, missingFrom(target, current), target);
}

/** Paths of data files and deletion vectors that these files need and that are gone. */
export async function missingFiles(storage: Storage, files: readonly AddFile[]): Promise<string[]> {
  const missing: string[] = [];
  for (let i = 0; i < files.length; i += LOOK_AHEAD) {
    const looked = files.slice(i, i + LOOK_AHEAD).map((file) => missingPart(storage, file));
    missing.push(...(await Promise.all(looked)).filter((path) => path !== undefined));
  }
  return missing;
}

async function checkAvailable(storage: Storage, files: readonly AddFile[], target: Snapshot): Promise<void> {
  const missing = await missingFiles(storage, files);
  if (missing.length === 0) return;
  const named = missing.slice(0, MAX_NAMED).join(', ');
  const rest = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : '';
  throw deltaError({
    code: 'DELTA_RESTORE_FILES_MISSING',
    message: `version ${target.version} of ${target.table} is no longer whole: ${missing.length} of its files are gone: ${named}${rest}`,
    hint: 'they were vacuumed away; take a newer version, or restore the files from a backup. A pin keeps a version from vacuum',
    facts: { table: target.table, version: target.version, missing: missing.slice(0, 1000) },
  });
}

async function missingPart(
  storage: Storage,
  file: Pick<AddFile | RemoveFile, 'path' | 'deletionVector'>,
): Promise<string | undefined> {
  const data = locateFile(storage, file.path);
  if ((await data.storage.stat(data.path)) === undefined) return data.path;
  const vector = file.deletionVector && vectorFile(storage, file.deletionVector);
  if (vector !== undefined && (await vector.storage.stat(vector.path)) === undefined) return vector.path;
  return undefined;
}

function metricsOf(added: readonly AddFile[], removed: readonly AddFile[], target: Snapshot) {
  const bytes = (files: Iterable<AddFile>) => {
    let sum = 0;
    for (const file of files) sum += file.size;
    return String(sum);
  };
  return {
    tableSizeAfterRestore: bytes(target.files()),
    numOfFilesAfterRestore: String(target.fileCount),
    numRemovedFiles: String(removed.length),
    numRestoredFiles: String(added.length),
    removedFilesSize: bytes(removed),
    restoredFilesSize: bytes(added),
  };
}

function sparkTime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace(/Z$/, '');
}
