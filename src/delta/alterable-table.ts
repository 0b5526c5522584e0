import type { AddFile } from './actions.ts';
import {
  constraintsOf,
  noConstraint,
  type RowCheck,
  withConstraint,
  withoutConstraint,
} from './check-constraint.ts';
import { type CheckpointOptions, type CheckpointResult, writeCheckpoint } from './checkpoint-write.ts';
import { type ColumnChangeOptions, withColumnChanges } from './column-change.ts';
import type { ColumnChange } from './column-draft.ts';
import type { CommitResult } from './commit-info.ts';
import { cleanUpExpiredLog, cleanUpLog, type LogCleanup } from './log-cleanup.ts';
import { compactLog } from './log-compaction.ts';
import {
  columnOperation,
  constraintOperation,
  dropConstraintOperation,
  propertiesOperation,
  unsetOperation,
} from './operations.ts';
import { type Pin, readPins, removePin, writePin } from './pins.ts';
import { withoutProperties, withProperties } from './property-change.ts';
import { checkWritable } from './protocol.ts';
import { checkVersionFiles, missingFiles, type RestoreResult, restore } from './restore.ts';
import { type AtVersion, TableHandle } from './table-handle.ts';
import { type VacuumOptions, type VacuumResult, vacuum } from './vacuum.ts';
import { type ChecksumDifference, checksumDifferences } from './version-checksum.ts';

/** What changes a table's definition or tends its folder, and reads no rows. */
export class AlterableTable extends TableHandle {
  /** Counts the rows an expression is not true of, where the caller brings no check of its own. */
  protected rowCheck(): RowCheck | undefined {
    return undefined;
  }

  /**
   * Sets table properties, and upgrades the protocol by the features that they need. `DELTA_BAD_PROPERTY` names a
   * wrong value, `DELTA_UNSUPPORTED_FEATURE` what Barline does not maintain.
   */
  async setProperties(set: Readonly<Record<string, string>>): Promise<CommitResult> {
    const snapshot = await this.refresh();
    const definition = withProperties(snapshot, set);
    return this.transaction().redefine(definition).operation(propertiesOperation(set)).commit();
  }

  /** Unsets table properties; those it does not have are passed over. The protocol stays. */
  async unsetProperties(keys: readonly string[]): Promise<CommitResult> {
    const definition = withoutProperties(await this.refresh(), keys);
    return this.transaction().redefine(definition).operation(unsetOperation(keys)).commit();
  }

  /** CHECK constraints by name. */
  get constraints(): ReadonlyMap<string, string> {
    return constraintsOf(this.latest.properties);
  }

  /**
   * Adds a CHECK constraint, after a look at every row: `checkRows` counts those it is not true of (by default
   * DuckDB does). `DELTA_CONSTRAINT_VIOLATED` when there are some.
   */
  async addConstraint(
    name: string,
    expression: string,
    options: { readonly checkRows?: RowCheck } = {},
  ): Promise<CommitResult> {
    const snapshot = await this.refresh();
    // begun before the rows are read, so that no row comes in unseen
    const transaction = this.transaction().readWholeTable().isolate('Serializable');
    const definition = await withConstraint(snapshot, name, expression, options.checkRows ?? this.rowCheck());
    return transaction.redefine(definition).operation(constraintOperation(name, expression)).commit();
  }

  /** `DELTA_BAD_CONSTRAINT` when there is none of the name, unless `ifExists`. */
  async dropConstraint(name: string, options: { readonly ifExists?: boolean } = {}): Promise<CommitResult> {
    const snapshot = await this.refresh();
    const definition = withoutConstraint(snapshot, name);
    if (definition === undefined) {
      if (options.ifExists === true) return { version: snapshot.version, alreadyCommitted: true };
      throw noConstraint(snapshot, name);
    }
    const expression = this.constraints.get(name.toLowerCase()) ?? '';
    return this.transaction()
      .redefine(definition)
      .operation(dropConstraintOperation(name, expression))
      .commit();
  }

  /** Adds, renames, drops, widens, comments columns and changes their nullability, as one version. */
  async alterColumns(
    changes: readonly ColumnChange[],
    options: ColumnChangeOptions = {},
  ): Promise<CommitResult> {
    const snapshot = await this.refresh();
    const transaction = this.transaction();
    const checkRows = options.checkRows ?? this.rowCheck();
    const request = { ...options, ...(checkRows && { checkRows }) };
    const plan = await withColumnChanges(snapshot, changes, request, () => this.environment.uuid());
    if (plan.readsRows) transaction.readWholeTable().isolate('Serializable');
    return transaction.redefine(plan).operation(columnOperation(changes)).commit();
  }

  /** Sets a named text of the user's; null removes it. */
  async setDomainMetadata(domain: string, configuration: string | null): Promise<CommitResult> {
    await this.refresh();
    const transaction = this.transaction().operation({ name: 'SET DOMAIN METADATA', parameters: { domain } });
    if (configuration === null) transaction.removeDomainMetadata(domain);
    else transaction.setDomainMetadata(domain, configuration);
    return transaction.commit();
  }

  /** Makes the next version hold what an older one held. See `restore`. */
  async restore(to: AtVersion): Promise<RestoreResult> {
    const current = await this.refresh();
    const transaction = this.transaction();
    const target = await this.snapshot(to);
    return restore({ storage: this.storage, transaction, current, target, asked: to });
  }

  /** Paths that files of some version need and that are gone, by a vacuum say. */
  missingFiles(files: readonly AddFile[]): Promise<string[]> {
    return missingFiles(this.storage, files);
  }

  /** Removes files that no version within the retention and no pinned version needs. See `vacuum`. */
  vacuum(options: VacuumOptions = {}): Promise<VacuumResult> {
    return vacuum(
      {
        storage: this.storage,
        refresh: () => this.refresh(),
        snapshot: (at) => this.snapshot(at),
        transaction: () => this.transaction(),
        nowMs: () => this.environment.nowMs(),
      },
      options,
    );
  }

  /**
   * Keeps a version from Barline's `vacuum` and `cleanUpLog`, under a name; other engines do not know of pins.
   * `DELTA_RESTORE_FILES_MISSING` when files of it are gone already.
   */
  async pin(name: string, version?: number): Promise<Pin> {
    const snapshot = await this.snapshot({ version: version ?? (await this.refresh()).version });
    const pin: Pin = {
      name,
      version: snapshot.version,
      pinnedMs: this.environment.nowMs(),
      engineInfo: this.environment.engineInfo,
    };
    const isNew = await writePin(this.storage, pin);
    try {
      // a vacuum that began before the pin was there may have taken files
      await checkVersionFiles(this.storage, snapshot, await this.refresh());
    } catch (error) {
      if (isNew) await removePin(this.storage, name);
      throw error;
    }
    return pin;
  }

  /** `DELTA_NO_PIN` when there is none of the name. */
  unpin(name: string): Promise<void> {
    return removePin(this.storage, name);
  }

  /** Pins by name. */
  pins(): Promise<Pin[]> {
    return readPins(this.storage);
  }

  /** Removes expired commits and checkpoints that a newer checkpoint makes needless. See `cleanUpLog`. */
  async cleanUpLog(options: { readonly dryRun?: boolean } = {}): Promise<LogCleanup> {
    const snapshot = await this.refresh();
    checkWritable(snapshot.protocol, snapshot.metadata, snapshot.schema, snapshot.table, 'none');
    return cleanUpLog(this.storage, snapshot, this.environment.nowMs(), options);
  }

  /**
   * Writes all of the newest version into a checkpoint, and removes expired log as `cleanUpLog` does. See
   * `writeCheckpoint`; a commit writes one by itself every `delta.checkpointInterval` commits.
   */
  async checkpoint(options: CheckpointOptions = {}): Promise<CheckpointResult> {
    const snapshot = await this.refresh();
    const result = await writeCheckpoint(this.storage, snapshot, this.environment, options);
    await cleanUpExpiredLog(this.storage, snapshot, this.environment.nowMs());
    return result;
  }

  /** Writes one file that stands for the commits `from` to `to` (by default the newest); the commits stay. */
  async compactLog(from: number, to?: number): Promise<boolean> {
    return compactLog(this.storage, from, to ?? (await this.refresh()).version);
  }

  /** Where a version's checksum file and the log differ; undefined when it has none. */
  async checksumDifferences(at: AtVersion = {}): Promise<ChecksumDifference[] | undefined> {
    return checksumDifferences(this.storage, await this.snapshot(at));
  }
}
