import { isStorageError, type Storage } from '../storage/index.ts';
import type { Metadata } from './actions.ts';
import { parseCommitInfo } from './commit-file.ts';
import { commitPath } from './paths.ts';
import type { TableState } from './replay.ts';
import type { Snapshot } from './snapshot.ts';

/** Commit times that stand in the commits themselves and always rise. */

const ENABLED = 'delta.enableInCommitTimestamps';
const ENABLEMENT_VERSION = 'delta.inCommitTimestampEnablementVersion';
const ENABLEMENT_TIMESTAMP = 'delta.inCommitTimestampEnablementTimestamp';

export function keepsInCommitTimestamps(properties: Readonly<Record<string, string>>): boolean {
  return properties[ENABLED] === 'true';
}

/** Times of versions this process has committed or seen, so that the next commit need not read them again. */
const known = new WeakMap<TableState, number>();

export function rememberCommitTime(state: TableState, timeMs: number | undefined): void {
  if (timeMs !== undefined) known.set(state, timeMs);
}

/** The in-commit timestamp of the version after `base`: now, or a millisecond after the commit before. */
export async function nextCommitTime(storage: Storage, base: Snapshot, nowMs: number): Promise<number> {
  return Math.max(nowMs, (await lastCommitTime(storage, base)) + 1);
}

/** The time in the last commit; before the feature was on, that of its file. */
export async function lastCommitTime(storage: Storage, base: Snapshot): Promise<number> {
  const seen = known.get(base.state);
  if (seen !== undefined) return seen;
  const path = commitPath(base.version);
  if (keepsInCommitTimestamps(base.properties)) {
    try {
      const info = parseCommitInfo(await storage.read(path), `${storage.uri}/${path}`);
      if (typeof info?.inCommitTimestamp === 'number') return info.inCommitTimestamp;
    } catch (error) {
      if (!isStorageError(error, 'STORAGE_NOT_FOUND')) throw error;
    }
  }
  return (await storage.stat(path))?.modifiedMs ?? 0;
}

/**
 * Metadata with the record of when the feature came on, which readers need for the versions before it. A table that
 * has had it all along keeps what it says, whatever an older version's metadata said.
 */
export function withEnablement(
  metadata: Metadata,
  current: Metadata,
  version: number,
  timeMs: number | undefined,
): Metadata {
  const { [ENABLEMENT_VERSION]: _version, [ENABLEMENT_TIMESTAMP]: _time, ...others } = metadata.configuration;
  if (timeMs === undefined) return { ...metadata, configuration: others };
  if (!keepsInCommitTimestamps(current.configuration)) {
    const enablement = { [ENABLEMENT_VERSION]: String(version), [ENABLEMENT_TIMESTAMP]: String(timeMs) };
    return { ...metadata, configuration: { ...others, ...enablement } };
  }
  const kept = [ENABLEMENT_VERSION, ENABLEMENT_TIMESTAMP].flatMap((key) => {
    const value = current.configuration[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return { ...metadata, configuration: { ...others, ...Object.fromEntries(kept) } };
}
