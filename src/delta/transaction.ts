import type { Storage } from '../storage/index.ts';
import type { Action, AddCdcFile, AddFile, DomainMetadata, Metadata, Protocol } from './actions.ts';
import { type AfterCommitSettings, afterCommit } from './after-commit.ts';
import { encodeCommit } from './commit-file.ts';
import { type CommitResult, type CommitSettings, commitInfoFor, type Operation } from './commit-info.ts';
import { backOff, commitsAfter, putCommit } from './commit-put.ts';
import type { Condition } from './condition.ts';
import { checkConflict, commitInfoOf, type IsolationLevel, type ReadSet, type Winner } from './conflict.ts';
import { deltaError } from './delta-error.ts';
import { DOMAIN_FEATURE, domainRemoved, domainSet } from './domain-metadata.ts';
import type { DeltaEnvironment } from './environment.ts';
import {
  keepsInCommitTimestamps,
  nextCommitTime,
  rememberCommitTime,
  withEnablement,
} from './in-commit-timestamp.ts';
import { PendingChanges } from './pending-changes.ts';
import type { Where } from './predicate.ts';
import { withFeatures } from './protocol-upgrade.ts';
import { fileKey, Replay } from './replay.ts';
import { type StructType, schemaString } from './schema.ts';
import { mergeSchema } from './schema-merge.ts';
import { Snapshot } from './snapshot.ts';
import { TransactionReads } from './transaction-reads.ts';
import { checkAddedFiles, checkNewMetadata, checkTransaction } from './write-checks.ts';

const MAX_ATTEMPTS = 100;

/** Changes to a table that become one version together, or none. Made by `DeltaTable.transaction`; commit once. */
export class Transaction {
  readonly #storage: Storage;
  readonly #environment: DeltaEnvironment;
  readonly #settings: CommitSettings & AfterCommitSettings;
  readonly #onCommit: (snapshot: Snapshot) => void;
  readonly #txnId: string;
  readonly #changes = new PendingChanges();
  readonly #reads: TransactionReads;
  #operation: Operation = { name: 'WRITE' };
  #isolation: IsolationLevel | undefined;
  #definitionChecked = false;
  #rowsChecked = false;
  #base: Snapshot;
  #finished = false;
  readonly readVersion: number;

  constructor(
    storage: Storage,
    snapshot: Snapshot,
    environment: DeltaEnvironment,
    settings: CommitSettings & AfterCommitSettings,
    onCommit: (snapshot: Snapshot) => void,
  ) {
    this.#storage = storage;
    this.#base = snapshot;
    this.#reads = new TransactionReads(snapshot);
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
    this.#changes.adds.set(fileKey(file), file);
    return this;
  }

  /** `DELTA_BAD_WRITE` when the file is not active in the version this transaction reads. */
  remove(file: AddFile, options: { readonly dataChange?: boolean } = {}): this {
    this.#changes.remove(file, this.#base, this.#environment.nowMs(), options.dataChange ?? true);
    return this;
  }

  /** A file of changed rows for the change feed; readers then take the commit's changes from such files alone. */
  addChangeFile(file: AddCdcFile): this {
    this.#changes.changeFiles.push(file);
    return this;
  }

  /** Commits at most once for each (appId, version): versions of one application must rise. */
  setTransaction(appId: string, version: number): this {
    this.#changes.transactions.push({ appId, version, lastUpdated: this.#environment.nowMs() });
    return this;
  }

  /** Sets a metadata domain of the user's; adds the table feature when the table lacks it. */
  setDomainMetadata(domain: string, configuration: string): this {
    this.#changes.domains.set(domain, domainSet(domain, configuration, this.#base.table));
    return this.addFeatures([DOMAIN_FEATURE]);
  }

  /** `DELTA_BAD_DOMAIN` when there is no such domain. */
  removeDomainMetadata(domain: string): this {
    this.#changes.domains.set(domain, domainRemoved(domain, this.#base));
    return this;
  }

  /** A domain as an older version had it, or its tombstone. */
  keepDomainMetadata(domain: DomainMetadata): this {
    this.#changes.domains.set(domain.domain, domain);
    return this;
  }

  setMetadata(change: Partial<Omit<Metadata, 'id' | 'format'>>): this {
    this.#changes.metadata = { ...this.metadata, ...change };
    return this;
  }

  /** Takes in the new columns (and wider types, where the table widens them) of rows that are added. */
  mergeSchema(schema: StructType): this {
    const merged = mergeSchema(this.#base, schema, () => this.#environment.uuid());
    if (merged !== undefined) {
      this.setMetadata({ schemaString: schemaString(merged.schema), configuration: merged.configuration });
      this.addFeatures(merged.features);
      this.#definitionChecked = true;
    }
    return this;
  }

  /** Metadata and protocol that the caller has held to the rules of a change of its kind. */
  redefine(definition: { readonly metadata?: Metadata; readonly protocol?: Protocol }): this {
    const { metadata, protocol } = definition;
    if (metadata !== undefined) this.#changes.metadata = metadata;
    if (protocol !== undefined && protocol !== this.#base.protocol) this.#changes.protocol = protocol;
    this.#definitionChecked = true;
    return this;
  }

  /** Makes the protocol support these features. `DELTA_UNSUPPORTED_FEATURE` names one Barline does not keep. */
  addFeatures(names: readonly string[]): this {
    const protocol = withFeatures(this.protocol, names, this.#base.table);
    if (protocol !== this.protocol) this.#changes.protocol = protocol;
    return this;
  }

  /** As it will be after this commit. */
  get protocol(): Protocol {
    return this.#changes.protocol ?? this.#base.protocol;
  }

  get metadata(): Metadata {
    return this.#changes.metadata ?? this.#base.metadata;
  }

  /** Says that the rows added meet the table's constraints and lie in the files under its columns' stored names. */
  rowsChecked(): this {
    this.#rowsChecked = true;
    return this;
  }

  /** Notes that the write depends on these partitions: a change to them in between makes the commit fail. */
  readPartitions(where: Where): this {
    this.#reads.partitions(where);
    return this;
  }

  /** The same for rows of any columns: a file added in between counts unless its statistics prove it apart. */
  readRows(where: Where): this {
    this.#reads.rows(where);
    return this;
  }

  /** The same for rows of a condition, e.g. one made of SQL. */
  readCondition(condition: Condition): this {
    this.#reads.condition(condition);
    return this;
  }

  /** Notes that the write depends on these files alone: it fails when one of them is removed in between. */
  readFiles(files: Iterable<AddFile>): this {
    this.#reads.files(files);
    return this;
  }

  readWholeTable(): this {
    this.#reads.rows({});
    return this;
  }

  /** The last transaction of an application, or undefined; a newer one in between makes the commit fail. */
  readTransaction(appId: string): number | undefined {
    this.#reads.application(appId);
    return this.#base.transactions.get(appId)?.version;
  }

  /** Stricter or looser than the table's `delta.isolationLevel`. */
  isolate(level: IsolationLevel): this {
    this.#isolation = level;
    return this;
  }

  /** A commit of this operation in between makes this one fail. */
  refuseAfter(operation: string): this {
    this.#reads.operation(operation);
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
      const actions = await this.#actions(version);
      if (await putCommit(this.#storage, version, encodeCommit(actions), this.#txnId)) {
        this.#advance([{ version, actions }]);
        await afterCommit(this.#storage, this.#base, this.#environment, this.#settings, actions);
        return { version, alreadyCommitted: false };
      }
      // waiting comes first: what is read of the log is to be fresh when the next attempt is made
      await backOff(this.#environment, attempt);
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
    const changes = this.#changes;
    const { metadata, protocol, table } = this.#base;
    changes.dropReplacedByThemselves();
    await checkTransaction(this.#storage, this.#base, changes, {
      rowsChecked: this.#rowsChecked,
      singleWriter: this.#settings.singleWriter ?? false,
    });
    if (changes.metadata !== undefined && !this.#definitionChecked) {
      checkNewMetadata(changes.metadata, metadata, protocol, table);
    }
    const storage = this.#settings.verifyFiles === false ? undefined : this.#storage;
    await checkAddedFiles([...changes.adds.values()], table, this.metadata, storage);
  }

  #alreadyCommitted(): boolean {
    return this.#changes.transactions.some(({ appId, version }) => {
      const seen = this.#base.transactions.get(appId);
      return seen !== undefined && seen.version >= version;
    });
  }

  async #actions(version: number): Promise<Action[]> {
    const nowMs = this.#environment.nowMs();
    const { configuration } = this.metadata;
    const inCommitTimestamp = keepsInCommitTimestamps(configuration)
      ? await nextCommitTime(this.#storage, this.#base, nowMs)
      : undefined;
    const metadata =
      this.#changes.metadata &&
      withEnablement(this.#changes.metadata, this.#base.metadata, version, inCommitTimestamp);
    const info = commitInfoFor(this.#operation, {
      timeMs: inCommitTimestamp ?? nowMs,
      isInCommitTime: inCommitTimestamp !== undefined,
      readVersion: this.readVersion,
      isolationLevel: this.#level(),
      isBlindAppend: this.#changes.onlyAdds && !this.#reads.dependsOnFiles,
      engineInfo: this.#environment.engineInfo,
      txnId: this.#txnId,
    });
    return this.#changes.actions(info, metadata);
  }

  #level(): IsolationLevel {
    if (this.#isolation !== undefined) return this.#isolation;
    const { changesFiles, changesData, metadata } = this.#changes;
    if (changesFiles && !changesData && metadata === undefined) return 'SnapshotIsolation';
    return this.#base.properties['delta.isolationLevel'] === 'Serializable'
      ? 'Serializable'
      : 'WriteSerializable';
  }

  async #rebase(): Promise<void> {
    const winners = await commitsAfter(this.#storage, this.#base.version);
    const mine: ReadSet = this.#reads.readSet({
      removes: this.#changes.removes,
      domains: new Set(this.#changes.domains.keys()),
      changesMetadata: this.#changes.metadata !== undefined,
      isolation: this.#level(),
    });
    for (const winner of winners) {
      // the same (appId, version) committed by the winner is no conflict: commit() finds it and is done
      if (!this.#sharesTransaction(winner)) checkConflict(this.#base.table, winner, mine);
    }
    this.#advance(winners);
  }

  #sharesTransaction({ actions }: Winner): boolean {
    return actions.some(
      (action) =>
        'txn' in action &&
        this.#changes.transactions.some(
          ({ appId, version }) => appId === action.txn.appId && action.txn.version >= version,
        ),
    );
  }

  #advance(commits: readonly Winner[]): void {
    const replay = new Replay(this.#base.state);
    for (const { version, actions } of commits) replay.apply(version, actions);
    this.#base = new Snapshot(this.#base.table, replay.finish());
    const newest = commits.at(-1);
    if (newest !== undefined) {
      rememberCommitTime(this.#base.state, commitInfoOf(newest.actions)?.inCommitTimestamp);
    }
    this.#onCommit(this.#base);
  }
}
