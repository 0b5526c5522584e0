import type { Storage } from '../storage/index.ts';
import type { Action, AddFile, CommitInfo, Metadata, RemoveFile, SetTransaction } from './actions.ts';
import { encodeCommit, parseCommit, parseCommitInfo } from './commit-file.ts';
import { checkConflict, type ReadSet, type Winner } from './conflict.ts';
import { deltaError } from './delta-error.ts';
import type { DeltaEnvironment } from './environment.ts';
import { listLog } from './log-listing.ts';
import { commitPath } from './paths.ts';
import { compileWhere, type Term, type Where } from './predicate.ts';
import { checkWritable } from './protocol.ts';
import { fileKey, Replay } from './replay.ts';
import { Snapshot } from './snapshot.ts';
import { checkAddedFiles, checkNewMetadata } from './write-checks.ts';

/** What was done, as `commitInfo` records it. */
export interface Operation {
  /** E.g. `WRITE`; Spark's names. */
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, string>>;
}

export interface CommitResult {
  /** The version committed, or the newest one known when it had been committed before. */
  readonly version: number;
  /** True when the table already held this transaction's (appId, version): nothing was written. */
  readonly alreadyCommitted: boolean;
}

export interface CommitSettings {
  /** Commits tried before giving up on a table that others never cease to write. Default 100. */
  readonly maxAttempts?: number;
  /** Proves that each added file is there with the size named, one look each. Default true. */
  readonly verifyFiles?: boolean;
  /** Promises that nobody else writes, for a storage whose `putIfAbsent` is not atomic. Default false. */
  readonly singleWriter?: boolean;
}

const MAX_ATTEMPTS = 100;
const FIRST_DELAY_MS = 2;
/** About a commit's own time on a disk. Longer pauses starve a loser among writers that never pause. */
const LONGEST_DELAY_MS = 16;

/** Changes to a table that become one version together, or none. Made by `DeltaTable.transaction`; commit once. */
export class Transaction {
  readonly #storage: Storage;
  readonly #environment: DeltaEnvironment;
  readonly #settings: CommitSettings;
  readonly #onCommit: (snapshot: Snapshot) => void;
  readonly #txnId: string;
  readonly #adds = new Map<string, AddFile>();
  readonly #removes = new Map<string, RemoveFile>();
  readonly #transactions: SetTransaction[] = [];
  readonly #predicates: (readonly Term[])[] = [];
  #metadata: Metadata | undefined;
  #operation: Operation = { name: 'WRITE' };
  #base: Snapshot;
  #finished = false;
  readonly readVersion: number;

  constructor(
    storage: Storage,
    snapshot: Snapshot,
    environment: DeltaEnvironment,
    settings: CommitSettings,
    onCommit: (snapshot: Snapshot) => void,
  ) {
    this.#storage = storage;
    this.#base = snapshot;
    this.#environment = environment;
    this.#settings = settings;
    this.#onCommit = onCommit;
    this.#txnId = environment.uuid();
    this.readVersion = snapshot.version;
  }

  operation(operation: Operation): this {
    this.#operation = operation;
    return this;
  }

  add(file: AddFile): this {
    this.#adds.set(fileKey(file), file);
    return this;
  }

  /** `DELTA_BAD_WRITE` when the file is not active in the version this transaction reads. */
  remove(file: AddFile, options: { readonly dataChange?: boolean } = {}): this {
    const key = fileKey(file);
    const active = this.#base.state.files.get(key);
    if (active === undefined) {
      throw deltaError({
        code: 'DELTA_BAD_WRITE',
        message: `cannot remove ${file.path}: it is not a file of version ${this.readVersion} of ${this.#base.table}`,
        facts: { table: this.#base.table, path: file.path, version: this.readVersion },
      });
    }
    const { modificationTime: _, dataChange: __, ...kept } = active;
    this.#removes.set(key, {
      ...kept,
      dataChange: options.dataChange ?? true,
      deletionTimestamp: this.#environment.nowMs(),
      extendedFileMetadata: true,
    });
    return this;
  }

  /** Commits at most once for each (appId, version): versions of one application must rise. */
  setTransaction(appId: string, version: number): this {
    this.#transactions.push({ appId, version, lastUpdated: this.#environment.nowMs() });
    return this;
  }

  setMetadata(change: Partial<Omit<Metadata, 'id' | 'format'>>): this {
    this.#metadata = { ...(this.#metadata ?? this.#base.metadata), ...change };
    return this;
  }

  /** Notes that the write depends on these partitions: a change to them in between makes the commit fail. */
  readPartitions(where: Where): this {
    const terms = compileWhere(this.#base.schema, where);
    for (const term of terms) {
      if (!this.#base.partitionColumns.includes(term.column)) {
        throw deltaError({
          code: 'DELTA_BAD_WRITE',
          message: `${term.column} is not a partition column of ${this.#base.table}`,
          hint: `its partition columns are ${this.#base.partitionColumns.join(', ') || 'none'}`,
        });
      }
    }
    this.#predicates.push(terms);
    return this;
  }

  readWholeTable(): this {
    this.#predicates.push([]);
    return this;
  }

  /**
   * Writes the next version. On a race lost to another writer, checks that both can stand and tries the version
   * after; `ConcurrentModificationError` when they cannot.
   */
  async commit(): Promise<CommitResult> {
    if (this.#finished) throw new Error('this transaction was committed before');
    await this.#check();
    this.#finished = true;
    const attempts = this.#settings.maxAttempts ?? MAX_ATTEMPTS;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (this.#alreadyCommitted()) return { version: this.#base.version, alreadyCommitted: true };
      const version = this.#base.version + 1;
      const actions = this.#actions();
      if (await this.#put(version, encodeCommit(actions))) {
        this.#advance([{ version, actions }]);
        return { version, alreadyCommitted: false };
      }
      // waiting comes first: what is read of the log is to be fresh when the next attempt is made
      await this.#backOff(attempt);
      await this.#rebase();
    }
    throw deltaError({
      code: 'DELTA_COMMIT_CONTENDED',
      message: `${attempts} commits to ${this.#base.table} were each overtaken by another writer`,
      hint: 'nothing was committed; write less often, or in larger commits, and try again',
      facts: { table: this.#base.table, attempts },
    });
  }

  async #check(): Promise<void> {
    const { table, protocol, metadata, schema } = this.#base;
    const singleWriter = this.#settings.singleWriter === true;
    if (!singleWriter && !(await this.#storage.capabilities()).atomicPutIfAbsent) {
      throw deltaError({
        code: 'DELTA_UNSAFE_STORAGE',
        message: `${table}: its storage cannot create a file only if it is missing, so two writers could lose commits`,
        hint: 'write from one process only and say so (singleWriter)',
      });
    }
    checkWritable(protocol, metadata, schema, table);
    for (const key of this.#adds.keys()) {
      // a file replaced by itself stays as it is; the protocol forbids both in one commit
      if (this.#removes.delete(key)) this.#adds.delete(key);
    }
    const removesData = [...this.#removes.values()].some((file) => file.dataChange);
    if (removesData && this.#base.properties['delta.appendOnly'] === 'true') {
      throw deltaError({
        code: 'DELTA_APPEND_ONLY',
        message: `${table} is append-only (delta.appendOnly is true); this write would remove rows`,
      });
    }
    if (this.#metadata !== undefined) checkNewMetadata(this.#metadata, this.#base.metadata, protocol, table);
    const storage = this.#settings.verifyFiles === false ? undefined : this.#storage;
    await checkAddedFiles([...this.#adds.values()], this.#base, storage);
  }

  #alreadyCommitted(): boolean {
    return this.#transactions.some(({ appId, version }) => {
      const seen = this.#base.transactions.get(appId);
      return seen !== undefined && seen.version >= version;
    });
  }

  #actions(): Action[] {
    return [
      { commitInfo: this.#commitInfo() },
      ...(this.#metadata === undefined ? [] : [{ metaData: this.#metadata }]),
      ...this.#transactions.map((txn) => ({ txn })),
      ...[...this.#removes.values()].map((remove) => ({ remove })),
      ...[...this.#adds.values()].map((add) => ({ add })),
    ];
  }

  #commitInfo(): CommitInfo {
    const { name, parameters = {}, metrics } = this.#operation;
    return {
      timestamp: this.#environment.nowMs(),
      operation: name,
      operationParameters: parameters,
      readVersion: this.readVersion,
      isolationLevel: this.#isSerializable() ? 'Serializable' : 'WriteSerializable',
      isBlindAppend:
        this.#removes.size === 0 && this.#predicates.length === 0 && this.#metadata === undefined,
      ...(metrics && { operationMetrics: metrics }),
      engineInfo: this.#environment.engineInfo,
      txnId: this.#txnId,
    };
  }

  #isSerializable(): boolean {
    return this.#base.properties['delta.isolationLevel'] === 'Serializable';
  }

  async #put(version: number, bytes: Uint8Array): Promise<boolean> {
    try {
      // Commit point: the version's file comes to be, whole, or it does not. A crash before it leaves data files
      // that no version names (unreferencedFiles finds them); after it, the table at the new version.
      if (await this.#storage.putIfAbsent(commitPath(version), bytes)) return true;
    } catch (error) {
      // The store may have made the file and failed to say so; only the file itself tells.
      const owner = await this.#ownerOf(version).catch(() => undefined);
      if (owner === undefined) throw error;
      return owner === this.#txnId;
    }
    return (await this.#ownerOf(version)) === this.#txnId;
  }

  /** The `txnId` of a version's commit; empty when it has none, undefined when there is no such commit. */
  async #ownerOf(version: number): Promise<string | undefined> {
    const path = commitPath(version);
    if ((await this.#storage.stat(path)) === undefined) return undefined;
    return parseCommitInfo(await this.#storage.read(path), `${this.#storage.uri}/${path}`)?.txnId ?? '';
  }

  async #rebase(): Promise<void> {
    const winners: Winner[] = [];
    for (const { version, path } of (await listLog(this.#storage, { from: this.#base.version + 1 }))
      .commits) {
      const bytes = await this.#storage.read(path);
      winners.push({ version, actions: parseCommit(bytes, `${this.#storage.uri}/${path}`) });
    }
    const mine: ReadSet = {
      predicates: this.#predicates,
      removes: this.#removes,
      changesMetadata: this.#metadata !== undefined,
      serializable: this.#isSerializable(),
    };
    for (const winner of winners) {
      // the same (appId, version) committed by the winner is no conflict: commit() finds it and is done
      if (this.#sharesTransaction(winner)) continue;
      checkConflict(this.#base.table, winner, mine);
    }
    this.#advance(winners);
  }

  #sharesTransaction({ actions }: Winner): boolean {
    return actions.some(
      (action) =>
        'txn' in action &&
        this.#transactions.some(
          ({ appId, version }) => appId === action.txn.appId && action.txn.version >= version,
        ),
    );
  }

  #advance(commits: readonly Winner[]): void {
    const replay = new Replay(this.#base.state);
    for (const { version, actions } of commits) replay.apply(version, actions);
    this.#base = new Snapshot(this.#base.table, replay.finish());
    this.#onCommit(this.#base);
  }

  /** Full jitter: writers that met once do not meet again in step. */
  async #backOff(attempt: number): Promise<void> {
    if (attempt === 1) return;
    const ceilingMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
    await this.#environment.sleepMs(this.#environment.random() * ceilingMs);
  }
}
