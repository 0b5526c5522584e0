import { BarlineError } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';
import type { CommitInfo } from './actions.ts';
import { compactLog } from './log-compaction.ts';
import type { Snapshot } from './snapshot.ts';
import { writeChecksum } from './version-checksum.ts';

export interface AfterCommitSettings {
  readonly checksums?: boolean;
  readonly compactEveryCommits?: number;
}

const COMPACT_EVERY_COMMITS = 100;

/**
 * What a finished commit is followed by: the version's checksum, and now and then a file that stands for the last
 * run of commits. The commit stands whatever becomes of them; a reader that misses them reads the commits.
 */
export async function afterCommit(
  storage: Storage,
  snapshot: Snapshot,
  settings: AfterCommitSettings,
  commit: CommitInfo | undefined,
): Promise<void> {
  const { checksums = true, compactEveryCommits = COMPACT_EVERY_COMMITS } = settings;
  const { version } = snapshot;
  if (checksums) await bestEffort(() => writeChecksum(storage, snapshot, commit ?? {}));
  if (compactEveryCommits > 1 && (version + 1) % compactEveryCommits === 0) {
    await bestEffort(() => compactLog(storage, version + 1 - compactEveryCommits, version));
  }
}

async function bestEffort(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
  }
}
