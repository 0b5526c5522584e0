import type { Storage } from '../../storage/index.ts';
import type { Action } from '../actions.ts';
import { readCheckpoint } from '../checkpoint.ts';
import { parseCommit } from '../commit-file.ts';
import { type CheckpointFiles, type CommitFile, type LogListing, listLog } from '../log-listing.ts';
import { LOG_FOLDER, versionDigits } from '../paths.ts';
import { Replay, type TableState } from '../replay.ts';
import { isRecord } from '../schema.ts';
import type { DamageList } from './damage.ts';

export interface VerifiedLog {
  readonly listing: LogListing;
  /** The newest state that what can be read of the log gives. */
  readonly state: TableState;
}

const RESTORE = 'restore the file from a backup';
const REMOVE = 'readers pass over it; remove it unless something else needs it';
/** Names in the log's folder that belong there: the protocol's, and what Hadoop and Barline lay beside them. */
const KNOWN =
  /^(?:\d{20}\.(?:json|crc|checkpoint\.(?:parquet|\d{10}\.\d{10}\.parquet|[0-9a-fA-F-]{36}\.(?:json|parquet)))|\d{20}\.\d{20}\.compacted\.json|_last_checkpoint|\..*|_\w+\/.*)$/;
/** Gaps named one by one. */
const MOST_GAPS = 100;

/** Reads all of the log, goes on past what is broken, and compares checkpoints with the commits they stand for. */
export async function verifyLog(storage: Storage, damages: DamageList): Promise<VerifiedLog> {
  const listing = await listLog(storage);
  for await (const { path } of storage.list(LOG_FOLDER, { details: false })) {
    const name = path.slice(LOG_FOLDER.length);
    if (!KNOWN.test(name)) damages.warning('DELTA_STRANGE_FILE', path, 'is no file of a Delta log', REMOVE);
  }
  for (const path of listing.incomplete) {
    damages.error(
      'DELTA_BAD_CHECKPOINT',
      path,
      'is part of a checkpoint of which other parts are missing',
      RESTORE,
    );
  }
  findGaps(listing, damages);
  await verifyLastCheckpoint(storage, listing, damages);
  const state = await replayAll(storage, listing, damages);
  for (const { path } of listing.compacted) await readActions(storage, path, damages, 'warning');
  return { listing, state };
}

function findGaps({ commits, checkpoints }: LogListing, damages: DamageList): void {
  const there = new Set(commits.map(({ version }) => version));
  const newest = Math.max(commits.at(-1)?.version ?? -1, checkpoints.at(-1)?.version ?? -1);
  const [firstCheckpoint] = checkpoints;
  // a log that was cleaned up begins with a checkpoint; whatever lies before it may be gone
  const first = there.has(0) || firstCheckpoint === undefined ? 0 : firstCheckpoint.version + 1;
  let found = 0;
  for (let version = first; version <= newest && found < MOST_GAPS; version++) {
    if (there.has(version)) continue;
    found += 1;
    const served = checkpoints.some((checkpoint) => checkpoint.version >= version);
    const hint = served
      ? `${RESTORE}; until then versions before the next checkpoint cannot be read`
      : version > 0
        ? `${RESTORE}, or read version ${version - 1}`
        : RESTORE;
    const file = `${LOG_FOLDER}${versionDigits(version)}.json`;
    damages.error('DELTA_VERSIONS_NOT_CONTIGUOUS', file, 'is missing: the log has a gap', hint);
  }
}

async function verifyLastCheckpoint(
  storage: Storage,
  { checkpoints }: LogListing,
  damages: DamageList,
): Promise<void> {
  const path = `${LOG_FOLDER}_last_checkpoint`;
  if ((await storage.stat(path).catch(() => undefined)) === undefined) return;
  const hint = 'remove it: it is a hint only, and the next checkpoint writes it anew';
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(await storage.read(path)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) return damages.failed(error, path, hint);
  }
  const version = isRecord(parsed) ? parsed.version : undefined;
  if (typeof version !== 'number') damages.warning('DELTA_BAD_HINT', path, 'names no version', hint);
  else if (!checkpoints.some((checkpoint) => checkpoint.version === version)) {
    damages.warning(
      'DELTA_BAD_HINT',
      path,
      `names the checkpoint of version ${version}, which is not there`,
      hint,
    );
  }
}

/** Whether the state so far is surely what the log means. */
interface Progress {
  replay: Replay;
  isSure: boolean;
  version: number;
}

async function replayAll(storage: Storage, listing: LogListing, damages: DamageList): Promise<TableState> {
  const progress: Progress = { replay: new Replay(), isSure: true, version: -1 };
  const steps = [
    ...listing.commits.map((commit) => ({ version: commit.version, commit })),
    ...listing.checkpoints.map((checkpoint) => ({ version: checkpoint.version, checkpoint })),
  ].sort((a, b) => a.version - b.version || Number('checkpoint' in a) - Number('checkpoint' in b));
  for (const step of steps) {
    if ('commit' in step) await applyCommit(storage, step.commit, progress, damages);
    else await applyCheckpoint(storage, step.checkpoint, progress, damages);
  }
  return progress.replay.finish();
}

async function applyCommit(
  storage: Storage,
  { version, path }: CommitFile,
  progress: Progress,
  damages: DamageList,
): Promise<void> {
  if (version !== progress.version + 1) progress.isSure = false;
  const actions = await readActions(storage, path, damages, 'error');
  if (actions === undefined) progress.isSure = false;
  progress.replay.apply(version, actions ?? []);
  progress.version = version;
}

/** A sure state is compared with the checkpoint; an unsure one is replaced by it. */
async function applyCheckpoint(
  storage: Storage,
  checkpoint: CheckpointFiles,
  progress: Progress,
  damages: DamageList,
): Promise<void> {
  const [path = ''] = checkpoint.paths;
  const replay = new Replay();
  try {
    for await (const actions of readCheckpoint(storage, checkpoint))
      replay.apply(checkpoint.version, actions);
  } catch (error) {
    return damages.failed(error, path, RESTORE);
  }
  const theirs = replay.finish();
  if (progress.isSure && progress.version === checkpoint.version) {
    const ours = progress.replay.finish();
    const differing =
      [...ours.files.keys()].find((key) => !theirs.files.has(key)) ??
      [...theirs.files.keys()].find((key) => !ours.files.has(key));
    if (differing === undefined) return;
    const why = `names ${theirs.files.size} files, the commits before it ${ours.files.size}; they differ in ${differing.split('\n', 1)[0]}`;
    damages.error('DELTA_BAD_CHECKPOINT', path, why, 'remove the checkpoint: its commits are all there');
    return;
  }
  progress.replay = new Replay(theirs);
  progress.version = checkpoint.version;
  progress.isSure = true;
}

async function readActions(
  storage: Storage,
  path: string,
  damages: DamageList,
  severity: 'error' | 'warning',
): Promise<Action[] | undefined> {
  const hint =
    severity === 'error' ? `${RESTORE}, or read the version before` : 'remove it: its commits say the same';
  try {
    return parseCommit(await storage.read(path), `${storage.uri}/${path}`, { commitInfo: false });
  } catch (error) {
    damages.failed(error, path, hint);
    return undefined;
  }
}
