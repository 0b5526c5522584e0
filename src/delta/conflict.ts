import type { Action, AddFile, CommitInfo, RemoveFile } from './actions.ts';
import { type Condition, fileMayMatch } from './condition.ts';
import { ConcurrentModificationError, type LostConflict } from './delta-error.ts';
import { fileKey } from './replay.ts';

/**
 * `Serializable`: nothing that was read may have changed. `WriteSerializable`: blind appends may come in between.
 * `SnapshotIsolation`: any append may, as for a rewrite that changes no row.
 */
export type IsolationLevel = 'Serializable' | 'WriteSerializable' | 'SnapshotIsolation';

/** What a transaction looked at and is about to change: what a commit in between must not have touched. */
export interface ReadSet {
  /** On rows; that of nothing is the whole table. */
  readonly conditions: readonly Condition[];
  readonly partitionColumns: ReadonlySet<string>;
  /** Active files of the version read, by `fileKey`. */
  readonly activeFiles: ReadonlyMap<string, AddFile>;
  /** Files read besides those of the conditions, by `fileKey`. */
  readonly files: ReadonlySet<string>;
  /** By `fileKey`. */
  readonly removes: ReadonlyMap<string, RemoveFile>;
  /** Applications whose last transaction was asked for. */
  readonly appIds: ReadonlySet<string>;
  /** Domains whose metadata this transaction sets. */
  readonly domains: ReadonlySet<string>;
  /** Operations that this write cannot follow unseen. */
  readonly operations: ReadonlySet<string>;
  readonly changesMetadata: boolean;
  readonly isolation: IsolationLevel;
}

export interface Winner {
  readonly version: number;
  readonly actions: readonly Action[];
}

/**
 * Throws `ConcurrentModificationError` unless the read set and a commit that came first can both stand, by the
 * protocol's rules: appends to what was not read go together; changed metadata or protocol, a file removed twice,
 * the same domain, and a change to what was read do not.
 */
export function checkConflict(table: string, winner: Winner, mine: ReadSet): void {
  const info = commitInfoOf(winner.actions);
  const lose = (kind: LostConflict['kind'], dispute: string) =>
    new ConcurrentModificationError({
      table,
      winnerVersion: winner.version,
      winnerOperation: info?.operation ?? 'an unnamed operation',
      winnerEngine: typeof info?.engineInfo === 'string' ? info.engineInfo : undefined,
      winnerTimeMs: info?.inCommitTimestamp ?? info?.timestamp,
      kind,
      dispute,
    });
  for (const action of winner.actions) {
    if ('protocol' in action) throw lose('protocol-changed', 'changed the protocol of the table');
    if ('metaData' in action) throw lose('metadata-changed', 'changed the schema or properties of the table');
    if ('txn' in action && mine.appIds.has(action.txn.appId)) {
      throw lose('concurrent-transaction', `is of the application ${action.txn.appId}, as this write`);
    }
    if ('domainMetadata' in action && mine.domains.has(action.domainMetadata.domain)) {
      throw lose('concurrent-domain', `changed the metadata domain ${action.domainMetadata.domain} too`);
    }
  }
  if (info?.operation !== undefined && mine.operations.has(info.operation)) {
    throw lose('concurrent-operation', 'cannot go together with this write');
  }
  const appendsCount = countsAppends(mine, info);
  for (const action of winner.actions) {
    if ('add' in action && appendsCount && action.add.dataChange && matchesAny(action.add, mine)) {
      throw lose('concurrent-append', `added ${describe(action.add)}, which this write has read`);
    }
    if ('remove' in action) checkRemoved(action.remove, mine, lose);
  }
}

function checkRemoved(
  removed: RemoveFile,
  mine: ReadSet,
  lose: (kind: LostConflict['kind'], dispute: string) => Error,
): void {
  const key = fileKey(removed);
  if (mine.removes.has(key)) {
    throw lose('concurrent-delete-delete', `removed ${describe(removed)}, which this write removes too`);
  }
  // what was added after the version read, and removed again, was never read
  const read = mine.activeFiles.get(key);
  if (read !== undefined && (mine.files.has(key) || matchesAny(read, mine))) {
    throw lose('concurrent-delete-read', `removed ${describe(read)}, which this write has read`);
  }
}

function countsAppends(mine: ReadSet, info: CommitInfo | undefined): boolean {
  if (mine.isolation === 'SnapshotIsolation') return false;
  return mine.isolation === 'Serializable' || mine.changesMetadata || info?.isBlindAppend !== true;
}

export function commitInfoOf(actions: readonly Action[]): CommitInfo | undefined {
  for (const action of actions) if ('commitInfo' in action) return action.commitInfo;
  return undefined;
}

/** Whether the file may hold rows of a condition, by its partition and its statistics. */
function matchesAny(file: AddFile, { conditions, partitionColumns }: ReadSet): boolean {
  return conditions.some((condition) => fileMayMatch(condition, file, partitionColumns));
}

function describe(file: AddFile | RemoveFile): string {
  const partition = Object.entries(file.partitionValues ?? {}).map(([name, value]) => `${name} = ${value}`);
  return partition.length === 0 ? `the file ${file.path}` : `the file ${file.path} (${partition.join(', ')})`;
}
