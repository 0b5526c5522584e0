import type {
  Action,
  AddCdcFile,
  AddFile,
  CommitInfo,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
} from './actions.ts';
import { deltaError } from './delta-error.ts';
import { fileKey } from './replay.ts';
import type { Snapshot } from './snapshot.ts';

/** The actions a transaction has gathered, of each logical thing at most one. */
export class PendingChanges {
  readonly adds = new Map<string, AddFile>();
  readonly removes = new Map<string, RemoveFile>();
  readonly transactions: SetTransaction[] = [];
  readonly domains = new Map<string, DomainMetadata>();
  readonly changeFiles: AddCdcFile[] = [];
  protocol: Protocol | undefined;
  metadata: Metadata | undefined;

  /** `DELTA_BAD_WRITE` when the file is not active in the version read. */
  remove(file: AddFile, read: Snapshot, nowMs: number, dataChange: boolean): void {
    const key = fileKey(file);
    const active = read.state.files.get(key);
    if (active === undefined) {
      throw deltaError({
        code: 'DELTA_BAD_WRITE',
        message: `cannot remove ${file.path}: it is not a file of version ${read.version} of ${read.table}`,
        facts: { table: read.table, path: file.path, version: read.version },
      });
    }
    const { modificationTime: _, dataChange: __, ...kept } = active;
    this.removes.set(key, { ...kept, dataChange, deletionTimestamp: nowMs, extendedFileMetadata: true });
  }

  /** A file replaced by itself stays as it is; the protocol forbids both in one commit. */
  dropReplacedByThemselves(): void {
    for (const key of this.adds.keys()) if (this.removes.delete(key)) this.adds.delete(key);
  }

  /** Nothing is removed or redefined. */
  get onlyAdds(): boolean {
    return this.removes.size === 0 && this.metadata === undefined && this.protocol === undefined;
  }

  get changesFiles(): boolean {
    return this.adds.size + this.removes.size > 0;
  }

  get changesData(): boolean {
    return [...this.adds.values(), ...this.removes.values()].some((file) => file.dataChange);
  }

  /** The commit's lines; its `commitInfo` comes first, as in-commit timestamps ask. */
  actions(commitInfo: CommitInfo, metadata: Metadata | undefined): Action[] {
    return [
      { commitInfo },
      ...(this.protocol === undefined ? [] : [{ protocol: this.protocol }]),
      ...(metadata === undefined ? [] : [{ metaData: metadata }]),
      ...this.transactions.map((txn) => ({ txn })),
      ...[...this.domains.values()].map((domainMetadata) => ({ domainMetadata })),
      ...[...this.removes.values()].map((remove) => ({ remove })),
      ...[...this.adds.values()].map((add) => ({ add })),
      ...this.changeFiles.map((cdc) => ({ cdc })),
    ];
  }
}
