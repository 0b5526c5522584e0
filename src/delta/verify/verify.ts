import { openStorage, type Storage } from '../../storage/index.ts';
import { LOG_FOLDER } from '../paths.ts';
import { Snapshot } from '../snapshot.ts';
import { type Damage, DamageList } from './damage.ts';
import { verifyFiles } from './verify-files.ts';
import { verifyLog } from './verify-log.ts';

export interface Verification {
  readonly table: string;
  /** The newest version the log names; -1 without any. */
  readonly version: number;
  readonly commitCount: number;
  readonly checkpointCount: number;
  readonly fileCount: number;
  /** All that is wrong, errors first. */
  readonly damages: readonly Damage[];
}

/**
 * Proves that a table's log and its files agree, and names everything that is wrong at once: gaps, commits and
 * checkpoints that cannot be read or contradict each other, files in the log that are none of it, and for the newest
 * state data files and deletion vectors that are missing, cut short or of other size or row count. Reads the whole
 * log and each data file's footer.
 */
export async function verifyTable(location: string | Storage): Promise<Verification> {
  const storage = typeof location === 'string' ? openStorage(location) : location;
  const damages = new DamageList(storage);
  const nothing = { table: storage.uri, version: -1, commitCount: 0, checkpointCount: 0, fileCount: 0 };
  const log = await verifyLog(storage, damages).catch((error: unknown) => {
    damages.failed(error, LOG_FOLDER, 'restore the folder from a backup');
  });
  if (log === undefined) return { ...nothing, damages: damages.all() };
  const { listing, state } = log;
  if (listing.commits.length + listing.checkpoints.length === 0) {
    damages.error(
      'DELTA_NO_TABLE',
      LOG_FOLDER,
      'holds no commit',
      'check the path; a table is the folder that holds _delta_log',
    );
    return { ...nothing, damages: damages.all() };
  }
  try {
    new Snapshot(storage.uri, state).schema;
  } catch (error) {
    damages.failed(error, LOG_FOLDER, 'restore the log from a backup');
  }
  await verifyFiles(storage, [...state.files.values()], damages);
  return {
    table: storage.uri,
    version: state.version,
    commitCount: listing.commits.length,
    checkpointCount: listing.checkpoints.length,
    fileCount: state.files.size,
    damages: damages.all(),
  };
}
