import { BarlineError } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Action } from './actions.ts';
import { writeCheckpoint } from './checkpoint-write.ts';
import { commitInfoOf } from './conflict.ts';
import type { DeltaEnvironment } from './environment.ts';
import { cleanUpExpiredLog } from './log-cleanup.ts';
import { compactLog } from './log-compaction.ts';
import type { Snapshot } from './snapshot.ts';
import { writeChecksum } from './version-checksum.ts';

export interface AfterCommitSettings {
  readonly checksums?: boolean;
  readonly compactEveryCommits?: number;
  readonly checkpoints?: boolean;
  /** Joins small files after a commit that added some, where the table asks for it. */
  readonly autoCompact?: ((snapshot: Snapshot) => Promise<void>) | undefined;
}

const COMPACT_EVERY_COMMITS = 100;
const CHECKPOINT_INTERVAL = 10;

/**
 * What a finished commit is followed by: the version's checksum, now and then a file that stands for the last run of
 * commits, a checkpoint, and small files joined. The commit stands whatever becomes of them; a reader that misses them reads the commits.
 */
export async function afterCommit(
  storage: Storage,
  snapshot: Snapshot,
  environment: DeltaEnvironment,
  settings: AfterCommitSettings,
  actions: readonly Action[],
): Promise<void> {
  const { checksums = true, compactEveryCommits = COMPACT_EVERY_COMMITS, checkpoints = true } = settings;
  const { version } = snapshot;
  if (checksums) await bestEffort(() => writeChecksum(storage, snapshot, commitInfoOf(actions) ?? {}));
  if (compactEveryCommits > 1 && (version + 1) % compactEveryCommits === 0) {
    await bestEffort(() => compactLog(storage, version + 1 - compactEveryCommits, version));
  }
  if (checkpoints && version > 0 && version % checkpointInterval(snapshot) === 0) {
    await writeCheckpoint(storage, snapshot, environment).then(
      () => bestEffort(() => cleanUpExpiredLog(storage, snapshot, environment.nowMs())),
      () => undefined, // whatever fails, of a disk, a store or a database: the commits say the same
    );
  }
  if (actions.some((action) => 'add' in action && action.add.dataChange)) {
    await settings.autoCompact?.(snapshot).catch(() => undefined);
  }
}

function checkpointInterval({ properties }: Snapshot): number {
  const interval = Number(properties['delta.checkpointInterval'] ?? CHECKPOINT_INTERVAL);
  return Number.isInteger(interval) && interval > 0 ? interval : CHECKPOINT_INTERVAL;
}

async function bestEffort(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
  }
}
