import type { Action, AddFile, CommitInfo, RemoveFile } from './actions.ts';
import { ConcurrentModificationError, type LostConflict } from './delta-error.ts';
import { partitionMatches, type Term } from './predicate.ts';
import { fileKey } from './replay.ts';

/** What a transaction looked at and is about to remove: what a commit in between must not have touched. */
export interface ReadSet {
  /** Each a predicate on partition columns; an empty one is the whole table. */
  readonly predicates: readonly (readonly Term[])[];
  /** By `fileKey`. */
  readonly removes: ReadonlyMap<string, RemoveFile>;
  readonly changesMetadata: boolean;
  /** Also blind appends must not have added to what was read. */
  readonly serializable: boolean;
}

export interface Winner {
  readonly version: number;
  readonly actions: readonly Action[];
}

/**
 * Throws `ConcurrentModificationError` unless the read set and a commit that came first can both stand, by the
 * protocol's rules: appends to what was not read go together; changed metadata or protocol, a file removed twice,
 * and a change to what was read do not.
 */
export function checkConflict(table: string, winner: Winner, mine: ReadSet): void {
  const info = commitInfoOf(winner.actions);
  const lose = (kind: LostConflict['kind'], dispute: string) =>
    new ConcurrentModificationError({
      table,
      winnerVersion: winner.version,
      winnerOperation: info?.operation ?? 'an unnamed operation',
      kind,
      dispute,
    });
  for (const action of winner.actions) {
    if ('protocol' in action) throw lose('protocol-changed', 'changed the protocol of the table');
    if ('metaData' in action) throw lose('metadata-changed', 'changed the schema or properties of the table');
  }
  const appendsCount = mine.serializable || mine.changesMetadata || info?.isBlindAppend !== true;
  for (const action of winner.actions) {
    if ('add' in action && appendsCount && action.add.dataChange && wasRead(action.add, mine)) {
      throw lose('concurrent-append', `added ${describe(action.add)}, which this write has read`);
    }
    if ('remove' in action) {
      if (mine.removes.has(fileKey(action.remove))) {
        throw lose(
          'concurrent-delete-delete',
          `removed ${describe(action.remove)}, which this write removes too`,
        );
      }
      if (wasRead(action.remove, mine)) {
        throw lose('concurrent-delete-read', `removed ${describe(action.remove)}, which this write has read`);
      }
    }
  }
}

export function commitInfoOf(actions: readonly Action[]): CommitInfo | undefined {
  for (const action of actions) if ('commitInfo' in action) return action.commitInfo;
  return undefined;
}

/** A remove without partition values may be of any partition. */
function wasRead(file: AddFile | RemoveFile, mine: ReadSet): boolean {
  const values = file.partitionValues;
  return mine.predicates.some((terms) => values === undefined || partitionMatches(terms, values));
}

function describe(file: AddFile | RemoveFile): string {
  const partition = Object.entries(file.partitionValues ?? {}).map(([name, value]) => `${name} = ${value}`);
  return partition.length === 0 ? `the file ${file.path}` : `the file ${file.path} (${partition.join(', ')})`;
}
