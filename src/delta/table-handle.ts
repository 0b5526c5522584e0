import type { Storage } from '../storage/index.ts';
import type { CommitSettings } from './commit-info.ts';
import { deltaError } from './delta-error.ts';
import { type DeltaEnvironment, systemEnvironment } from './environment.ts';
import { commitsBackwards, type HistoryEntry, type PastCommit, readHistory, versionAt } from './history.ts';
import { listLog } from './log-listing.ts';
import { loadLogSegment, noTable, segmentOf } from './log-segment.ts';
import { tablesBelow } from './nearby-tables.ts';
import type { StructType } from './schema.ts';
import { loadState, Snapshot } from './snapshot.ts';
import { Transaction } from './transaction.ts';

export interface TableOptions {
  readonly environment?: DeltaEnvironment;
  readonly commit?: CommitSettings;
}

/** Which version: neither is the newest one this handle knows. */
export interface AtVersion {
  readonly version?: number;
  /** The state at this time. */
  readonly timestamp?: Date;
}

/** A table as its log tells it: the snapshot last seen, older ones, and changes to it. */
export class TableHandle {
  readonly storage: Storage;
  protected readonly environment: DeltaEnvironment;
  readonly #commitSettings: CommitSettings;
  #latest: Snapshot;

  protected constructor(storage: Storage, snapshot: Snapshot, options: TableOptions) {
    this.storage = storage;
    this.#latest = snapshot;
    this.environment = options.environment ?? systemEnvironment;
    this.#commitSettings = options.commit ?? {};
  }

  get uri(): string {
    return this.storage.uri;
  }

  /** The newest snapshot this handle knows. */
  get latest(): Snapshot {
    return this.#latest;
  }

  /** Of the newest snapshot this handle knows. */
  get version(): number {
    return this.#latest.version;
  }

  get schema(): StructType {
    return this.#latest.schema;
  }

  get partitionColumns(): readonly string[] {
    return this.#latest.partitionColumns;
  }

  /** Reads the commits made since: one LIST, which begins at the version known. */
  async refresh(): Promise<Snapshot> {
    const known = this.#latest;
    const { commits } = await listLog(this.storage, { from: known.version + 1 });
    const newest = commits.at(-1);
    if (newest === undefined) return known;
    if (commits[0]?.version !== known.version + 1) {
      this.#keepNewest(await loadSnapshot(this.storage)); // the log was cleaned up beyond the version known
    } else {
      const base = { version: known.version, paths: [] };
      const listing = { commits, compacted: [], checkpoints: [base], incomplete: [] };
      const segment = segmentOf(listing, this.storage);
      const state = await loadState(this.storage, { ...segment, checkpoint: undefined }, known.state);
      this.#keepNewest(new Snapshot(this.storage.uri, state));
    }
    return this.#latest;
  }

  #keepNewest(snapshot: Snapshot): void {
    if (snapshot.version >= this.#latest.version) this.#latest = snapshot;
  }

  /** `DELTA_VERSION_TOO_NEW`, `DELTA_TIMESTAMP_TOO_EARLY` or `DELTA_VERSION_GONE` when there is no such version. */
  async snapshot(at: AtVersion = {}): Promise<Snapshot> {
    if (at.version !== undefined && at.timestamp !== undefined) {
      throw deltaError({
        code: 'DELTA_BAD_WRITE',
        message: 'give a version or a timestamp, not both',
        exitCode: 2,
      });
    }
    if (at.version === undefined && at.timestamp === undefined) return this.#latest;
    await this.refresh();
    const version = at.timestamp
      ? await versionAt(this.storage, this.#latest, at.timestamp.getTime())
      : (at.version ?? this.#latest.version);
    return version === this.#latest.version ? this.#latest : loadSnapshot(this.storage, version);
  }

  /** Commits newest first. Reads one file for each entry, so give a limit for a long log. */
  async history(options: { readonly limit?: number } = {}): Promise<HistoryEntry[]> {
    return readHistory(this.storage, await this.refresh(), options);
  }

  /** What each commit still in the log did, newest first. */
  commitsBackwards(): AsyncGenerator<PastCommit> {
    return commitsBackwards(this.storage, this.version);
  }

  /** Changes against the newest snapshot this handle knows; `refresh` first to spare a lost race. */
  transaction(): Transaction {
    const settings = { ...this.#commitSettings, autoCompact: this.autoCompaction() };
    return new Transaction(this.storage, this.#latest, this.environment, settings, (snapshot) =>
      this.#keepNewest(snapshot),
    );
  }

  /** What joins small files after a commit; a handle that reads no rows has none. */
  protected autoCompaction(): ((snapshot: Snapshot) => Promise<void>) | undefined {
    return undefined;
  }
}

export async function loadSnapshot(storage: Storage, version?: number): Promise<Snapshot> {
  const segment = await loadLogSegment(storage, version).catch(async (error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'DELTA_NO_TABLE') {
      throw noTable(storage, await tablesBelow(storage));
    }
    throw error;
  });
  return new Snapshot(storage.uri, await loadState(storage, segment));
}
