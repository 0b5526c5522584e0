import type { AddFile } from './actions.ts';
import { allOf, type Condition } from './condition.ts';
import type { ReadSet } from './conflict.ts';
import { deltaError } from './delta-error.ts';
import { compileWhere, type Where } from './predicate.ts';
import { fileKey } from './replay.ts';
import type { Snapshot } from './snapshot.ts';

/** What a transaction has looked at, all of it in one version. */
export class TransactionReads {
  readonly #snapshot: Snapshot;
  readonly #conditions: Condition[] = [];
  readonly #files = new Set<string>();
  readonly #appIds = new Set<string>();
  readonly #operations = new Set<string>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  rows(where: Where): void {
    const { schema, properties } = this.#snapshot;
    this.#conditions.push(allOf(compileWhere(schema, where, properties)));
  }

  condition(condition: Condition): void {
    this.#conditions.push(condition);
  }

  partitions(where: Where): void {
    const { table, schema, partitionColumns, properties } = this.#snapshot;
    const terms = compileWhere(schema, where, properties);
    const other = Object.keys(where).find((column) => !partitionColumns.includes(column));
    if (other !== undefined) {
      throw deltaError({
        code: 'DELTA_BAD_WRITE',
        message: `${other} is not a partition column of ${table}`,
        hint: `its partition columns are ${partitionColumns.join(', ') || 'none'}`,
      });
    }
    this.#conditions.push(allOf(terms));
  }

  files(files: Iterable<AddFile>): void {
    for (const file of files) this.#files.add(fileKey(file));
  }

  application(appId: string): void {
    this.#appIds.add(appId);
  }

  operation(name: string): void {
    this.#operations.add(name);
  }

  /** True when what was read depends on the table's files. */
  get dependsOnFiles(): boolean {
    return this.#conditions.length + this.#files.size > 0;
  }

  readSet(written: Pick<ReadSet, 'removes' | 'domains' | 'changesMetadata' | 'isolation'>): ReadSet {
    return {
      ...written,
      conditions: this.#conditions,
      partitionColumns: new Set(this.#snapshot.partitionColumns),
      activeFiles: this.#snapshot.state.files,
      files: this.#files,
      appIds: this.#appIds,
      operations: this.#operations,
    };
  }
}
