import type { CommitInfo } from './actions.ts';
import type { IsolationLevel } from './conflict.ts';

/** What was done, as `commitInfo` records it. */
export interface Operation {
  /** E.g. `WRITE`; Spark's names. */
  readonly name: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
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
  /** Writes a version checksum (`.crc`) beside each commit. Default true. */
  readonly checksums?: boolean;
  /** Commits after which a log compaction file stands for them; 0 writes none. Default 100. */
  readonly compactEveryCommits?: number;
  /** Writes a checkpoint every `delta.checkpointInterval` (10) commits, and removes expired log. Default true. */
  readonly checkpoints?: boolean;
}

export interface CommitFacts {
  readonly timeMs: number;
  /** The time is the commit's own, by the feature of that name. */
  readonly isInCommitTime: boolean;
  readonly readVersion: number;
  readonly isolationLevel: IsolationLevel;
  readonly isBlindAppend: boolean;
  readonly engineInfo: string;
  readonly txnId: string;
}

/** The record of a commit; in-commit timestamps stand first in it. */
export function commitInfoFor(operation: Operation, facts: CommitFacts): CommitInfo {
  const { name, parameters = {}, metrics } = operation;
  const { timeMs, isInCommitTime, readVersion, isolationLevel, isBlindAppend, engineInfo, txnId } = facts;
  return {
    ...(isInCommitTime && { inCommitTimestamp: timeMs }),
    timestamp: timeMs,
    operation: name,
    operationParameters: parameters,
    readVersion,
    isolationLevel,
    isBlindAppend,
    ...(metrics && { operationMetrics: metrics }),
    engineInfo,
    txnId,
  };
}
