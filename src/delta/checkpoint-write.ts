import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolderName } from '../base/index.ts';
import { DuckDbSession, defaultLimits, type SessionLimits } from '../duckdb/index.ts';
import type { FileEntry, Storage } from '../storage/index.ts';
import type { Action, SetTransaction } from './actions.ts';
import { SIDECAR_FOLDER } from './checkpoint.ts';
import { checkpointSelect, statsColumns } from './checkpoint-columns.ts';
import type { DeltaEnvironment } from './environment.ts';
import { deletedFileRetentionMs, intervalMs } from './interval.ts';
import { writeLastCheckpoint } from './last-checkpoint.ts';
import { LOG_FOLDER, versionDigits } from './paths.ts';
import { checkWritable } from './protocol.ts';
import { supportedFeatures } from './protocol-upgrade.ts';
import type { Snapshot } from './snapshot.ts';

export interface CheckpointResult {
  readonly version: number;
  readonly kind: 'classic' | 'v2';
  /** Within the table's folder. */
  readonly files: readonly string[];
  readonly byteLength: number;
  /** Actions that stand in it. */
  readonly actionCount: number;
}

export interface CheckpointOptions {
  /** Files, active or removed, in one sidecar of a V2 checkpoint. Default 100,000. */
  readonly sidecarActions?: number;
  readonly limits?: SessionLimits;
}

const SIDECAR_ACTIONS = 100_000;
/** Actions turned into text together. */
const BATCH = 4096;

/**
 * Writes all that the log says up to the snapshot's version into one Parquet file, or, where the table has V2
 * checkpoints, into sidecars and a file that names them; then names it in `_last_checkpoint`. Readers pass over it
 * until it is there whole. A crash before leaves at most files that nothing names. Removed files stay in it for
 * `delta.deletedFileRetentionDuration`. Some 10 µs a file.
 */
export async function writeCheckpoint(
  storage: Storage,
  snapshot: Snapshot,
  environment: Pick<DeltaEnvironment, 'nowMs' | 'uuid'>,
  options: CheckpointOptions = {},
): Promise<CheckpointResult> {
  checkWritable(snapshot.protocol, snapshot.metadata, snapshot.schema, snapshot.table, 'none');
  const limits = options.limits ?? { ...defaultLimits(), threads: 1 };
  const folder = join(limits.temporaryFolder, temporaryFolderName('checkpoint'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    using session = await DuckDbSession.open(limits);
    const writer = new CheckpointWriter(storage, snapshot, environment, session, folder);
    return writesV2(snapshot)
      ? await writer.v2(options.sidecarActions ?? SIDECAR_ACTIONS)
      : await writer.classic();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A table that supports V2 checkpoints gets them unless its policy is classic. */
function writesV2({ protocol, properties }: Snapshot): boolean {
  return (
    supportedFeatures(protocol).has('v2Checkpoint') && properties['delta.checkpointPolicy'] !== 'classic'
  );
}

class CheckpointWriter {
  readonly #storage: Storage;
  readonly #snapshot: Snapshot;
  readonly #environment: Pick<DeltaEnvironment, 'nowMs' | 'uuid'>;
  readonly #session: DuckDbSession;
  readonly #folder: string;

  constructor(
    storage: Storage,
    snapshot: Snapshot,
    environment: Pick<DeltaEnvironment, 'nowMs' | 'uuid'>,
    session: DuckDbSession,
    folder: string,
  ) {
    this.#storage = storage;
    this.#snapshot = snapshot;
    this.#environment = environment;
    this.#session = session;
    this.#folder = folder;
  }

  async classic(): Promise<CheckpointResult> {
    const { version, fileCount } = this.#snapshot;
    const path = `${LOG_FOLDER}${versionDigits(version)}.checkpoint.parquet`;
    const small = smallActions(this.#snapshot, this.#environment.nowMs());
    const { entry, actionCount } = await this.#parquet(path, [small, this.#files()], true);
    const { byteLength } = entry;
    await writeLastCheckpoint(this.#storage, {
      version,
      size: actionCount,
      sizeInBytes: byteLength,
      numOfAddFiles: fileCount,
    });
    return { version, kind: 'classic', files: [path], byteLength, actionCount };
  }

  async v2(sidecarActions: number): Promise<CheckpointResult> {
    const { version, fileCount } = this.#snapshot;
    const sidecars: FileEntry[] = [];
    let fileActions = 0;
    for (const part of partsOf(this.#files(), sidecarActions)) {
      const path = `${SIDECAR_FOLDER}${this.#environment.uuid()}.parquet`;
      const { entry, actionCount } = await this.#parquet(path, [part], false);
      sidecars.push(entry);
      fileActions += actionCount;
    }
    const sidecarFiles = sidecars.map(({ path, byteLength, modifiedMs }) => ({
      path: path.slice(SIDECAR_FOLDER.length),
      sizeInBytes: byteLength,
      modificationTime: modifiedMs,
    }));
    const other = [
      { checkpointMetadata: { version } },
      ...smallActions(this.#snapshot, this.#environment.nowMs()),
    ];
    const lines = [...other, ...sidecarFiles.map((sidecar) => ({ sidecar }))];
    const path = `${LOG_FOLDER}${versionDigits(version)}.checkpoint.${this.#environment.uuid()}.json`;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    // the sidecars are durable: from here on the checkpoint can be read
    const manifest = await this.#storage.write(path, [new TextEncoder().encode(text)]);
    const actionCount = lines.length + fileActions;
    const byteLength = manifest.byteLength + sidecars.reduce((sum, entry) => sum + entry.byteLength, 0);
    await writeLastCheckpoint(this.#storage, {
      version,
      size: actionCount,
      sizeInBytes: byteLength,
      numOfAddFiles: fileCount,
      v2Checkpoint: {
        path: path.slice(LOG_FOLDER.length),
        sizeInBytes: manifest.byteLength,
        modificationTime: manifest.modifiedMs,
      },
    });
    const files = [path, ...sidecars.map((sidecar) => sidecar.path)];
    return { version, kind: 'v2', files, byteLength, actionCount };
  }

  *#files(): Iterable<Action> {
    const oldestMs = this.#environment.nowMs() - deletedFileRetentionMs(this.#snapshot.properties);
    for (const add of this.#snapshot.files()) yield { add: { ...add, dataChange: false } };
    for (const remove of this.#snapshot.tombstones()) {
      if ((remove.deletionTimestamp ?? 0) > oldestMs) yield { remove: { ...remove, dataChange: false } };
    }
  }

  async #parquet(
    path: string,
    actions: readonly Iterable<Action>[],
    small: boolean,
  ): Promise<{ entry: FileEntry; actionCount: number }> {
    const json = join(this.#folder, 'actions.json');
    const parquet = join(this.#folder, 'checkpoint.parquet');
    const actionCount = await writeLines(json, actions);
    const columns = { small, ...statsColumns(this.#snapshot.properties) };
    const what = `the checkpoint of version ${this.#snapshot.version} of ${this.#snapshot.table}`;
    const query = checkpointSelect(this.#snapshot, json, columns);
    await this.#session.copy(query, parquet, 'FORMAT parquet, COMPRESSION snappy', { what });
    const entry = await this.#storage.write(path, createReadStream(parquet, { highWaterMark: 4 << 20 }));
    return { entry, actionCount };
  }
}

function smallActions(
  { protocol, metadata, transactions, domainMetadata, properties }: Snapshot,
  nowMs: number,
) {
  const retention = properties['delta.setTransactionRetentionDuration'];
  const retentionMs = retention === undefined ? undefined : intervalMs(retention);
  const isKept = ({ lastUpdated }: SetTransaction) =>
    retentionMs === undefined || lastUpdated === undefined || lastUpdated > nowMs - retentionMs;
  const actions: Action[] = [{ protocol }, { metaData: metadata }];
  for (const txn of transactions.values()) if (isKept(txn)) actions.push({ txn });
  for (const domain of domainMetadata.values()) actions.push({ domainMetadata: domain });
  return actions;
}

function* partsOf(actions: Iterable<Action>, size: number): Iterable<Action[]> {
  let part: Action[] = [];
  for (const action of actions) {
    part.push(action);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

async function writeLines(path: string, sources: readonly Iterable<Action>[]): Promise<number> {
  await using file = await open(path, 'w', 0o600);
  let count = 0;
  let lines: string[] = [];
  const flush = async () => {
    await file.appendFile(lines.join(''));
    lines = [];
  };
  for (const source of sources) {
    for (const action of source) {
      lines.push(`${JSON.stringify(action)}\n`);
      count += 1;
      if (lines.length >= BATCH) await flush();
    }
  }
  await flush();
  return count;
}
