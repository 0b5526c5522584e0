import type { Storage } from '../storage/index.ts';
import { parseCommit, parseCommitInfo } from './commit-file.ts';
import type { Winner } from './conflict.ts';
import type { DeltaEnvironment } from './environment.ts';
import { listLog } from './log-listing.ts';
import { commitPath } from './paths.ts';

/** How a version comes to be: one file, made only if it is missing. */

const FIRST_DELAY_MS = 2;
/** About a commit's own time on a disk. Longer pauses starve a loser among writers that never pause. */
const LONGEST_DELAY_MS = 16;

/** True when the version is ours: `txnId` stands in its `commitInfo`. False when somebody else has made it. */
export async function putCommit(
  storage: Storage,
  version: number,
  bytes: Uint8Array,
  txnId: string,
): Promise<boolean> {
  try {
    // Commit point: the version's file comes to be, whole, or it does not. A crash before it leaves data files
    // that no version names (unreferencedFiles finds them); after it, the table at the new version.
    if (await storage.putIfAbsent(commitPath(version), bytes)) return true;
  } catch (error) {
    // The store may have made the file and failed to say so; only the file itself tells.
    const owner = await ownerOf(storage, version).catch(() => undefined);
    if (owner === undefined) throw error;
    return owner === txnId;
  }
  return (await ownerOf(storage, version)) === txnId;
}

/** The `txnId` of a version's commit; empty when it has none, undefined when there is no such commit. */
async function ownerOf(storage: Storage, version: number): Promise<string | undefined> {
  const path = commitPath(version);
  if ((await storage.stat(path)) === undefined) return undefined;
  return parseCommitInfo(await storage.read(path), `${storage.uri}/${path}`)?.txnId ?? '';
}

/** The commits made since a version, oldest first: one LIST and one read each. */
export async function commitsAfter(storage: Storage, version: number): Promise<Winner[]> {
  const winners: Winner[] = [];
  for (const commit of (await listLog(storage, { from: version + 1 })).commits) {
    const bytes = await storage.read(commit.path);
    winners.push({
      version: commit.version,
      actions: parseCommit(bytes, `${storage.uri}/${commit.path}`),
    });
  }
  return winners;
}

/** Full jitter: writers that met once do not meet again in step. */
export async function backOff(environment: DeltaEnvironment, attempt: number): Promise<void> {
  if (attempt === 1) return;
  const ceilingMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  await environment.sleepMs(environment.random() * ceilingMs);
}
