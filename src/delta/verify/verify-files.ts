import { BarlineError } from '../../base/index.ts';
import { DuckDbSession, defaultLimits, quotePath } from '../../duckdb/index.ts';
import { FetchedParquet } from '../../parquet/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { AddFile } from '../actions.ts';
import { readDeletionVector, vectorFile } from '../deletion-vectors/deletion-vector.ts';
import { locateFile } from '../located-file.ts';
import { parseStats } from '../stats.ts';
import type { DamageList } from './damage.ts';

const RESTORE = 'restore the file from a backup, or read a version that does not need it';
/** Files looked at together. */
const LOOK_AHEAD = 64;

/** Proves each data file there, of its size, with a whole footer and as many rows as the log says. */
export async function verifyFiles(
  storage: Storage,
  files: readonly AddFile[],
  damages: DamageList,
): Promise<void> {
  const limits = defaultLimits();
  using session = await DuckDbSession.open({ ...limits, threads: 1 });
  using stored = new FetchedParquet(limits);
  for (let i = 0; i < files.length; i += LOOK_AHEAD) {
    const batch = files.slice(i, i + LOOK_AHEAD);
    const whole = await Promise.all(batch.map((file) => isThere(storage, file, damages)));
    await Promise.all(batch.map((file) => verifyVector(storage, file, damages)));
    const there = batch.filter((_, place) => whole[place]);
    await verifyRowCounts(session, storage, there, damages);
    await Promise.all(there.map((file) => verifyStored(stored, storage, file, damages)));
  }
}

async function isThere(storage: Storage, file: AddFile, damages: DamageList): Promise<boolean> {
  const located = locateFile(storage, file.path);
  try {
    const found = await located.storage.stat(located.path);
    if (found?.byteLength === file.size) return true;
    if (found === undefined)
      damages.error('DELTA_FILE_MISSING', located.path, 'is missing, and the table needs it', RESTORE);
    else {
      const why = `has ${found.byteLength} bytes, the log says ${file.size}`;
      damages.error('DELTA_BAD_DATA_FILE', located.path, why, RESTORE);
    }
  } catch (error) {
    damages.failed(error, located.path, RESTORE);
  }
  return false;
}

async function verifyVector(storage: Storage, file: AddFile, damages: DamageList): Promise<void> {
  if (file.deletionVector === undefined) return;
  try {
    await readDeletionVector(storage, file.deletionVector, file.path);
  } catch (error) {
    damages.failed(error, vectorFile(storage, file.deletionVector)?.path ?? file.path, RESTORE);
  }
}

/** Footers are read together; when one of them is broken, one by one. Of files on this machine. */
async function verifyRowCounts(
  session: DuckDbSession,
  storage: Storage,
  files: readonly AddFile[],
  damages: DamageList,
): Promise<void> {
  const byPath = new Map<string, AddFile>();
  for (const file of files) {
    const located = locateFile(storage, file.path);
    const path = located.storage.localPath(located.path);
    if (path !== undefined) byPath.set(path, file);
  }
  if (byPath.size === 0) return;
  try {
    await countRows(session, [...byPath.keys()], byPath, damages);
  } catch {
    for (const [path, file] of byPath) {
      await countRows(session, [path], byPath, damages).catch((error: unknown) => {
        if (!(error instanceof BarlineError)) throw error;
        const why = `is no whole Parquet file: ${error.message.split(': ').slice(1).join(': ')}`;
        damages.error('DELTA_BAD_DATA_FILE', file.path, why, RESTORE);
      });
    }
  }
}

/** The footer of a file in an object store. */
async function verifyStored(
  stored: FetchedParquet,
  storage: Storage,
  file: AddFile,
  damages: DamageList,
): Promise<void> {
  const located = locateFile(storage, file.path);
  if (located.storage.localPath(located.path) !== undefined) return;
  try {
    const { rowGroups } = await stored.footer(located.storage, located.path, file.size);
    checkRowCount(
      file,
      rowGroups.reduce((rows, { rowCount }) => rows + rowCount, 0),
      damages,
    );
  } catch (error) {
    if (!(error instanceof BarlineError) || !error.code.startsWith('PARQUET_')) {
      damages.failed(error, located.path, RESTORE);
    } else
      damages.error('DELTA_BAD_DATA_FILE', file.path, `is no whole Parquet file: ${error.message}`, RESTORE);
  }
}

function checkRowCount(file: AddFile, rowCount: number, damages: DamageList): void {
  const expected = parseStats(file)?.numRecords;
  if (expected === undefined || expected === rowCount) return;
  const why = `has ${rowCount} rows, the log says ${expected}`;
  damages.error('DELTA_BAD_DATA_FILE', file.path, why, RESTORE);
}

async function countRows(
  session: DuckDbSession,
  paths: readonly string[],
  files: ReadonlyMap<string, AddFile>,
  damages: DamageList,
): Promise<void> {
  const list = paths.map(quotePath).join(', ');
  const query = `SELECT file_name, num_rows FROM parquet_file_metadata([${list}])`;
  const counts: [string, number][] = [];
  for await (const chunk of session.chunks(query, 'a footer')) {
    const [names, rows] = [chunk.values(0), chunk.values(1)];
    for (const [i, name] of names.entries()) counts.push([String(name), Number(rows[i])]);
  }
  for (const [name, rowCount] of counts) {
    const file = files.get(name);
    if (file !== undefined) checkRowCount(file, rowCount, damages);
  }
}
