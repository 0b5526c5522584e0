import { copyFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BarlineError, makeTemporaryFolder } from '../base/index.ts';
import { DuckDbSession, defaultLimits } from '../duckdb/index.ts';
import { isStorageError, type Storage } from '../storage/index.ts';
import { type Action, toAction } from './actions.ts';
import { checkpointActions, sidecarPaths } from './checkpoint-rows.ts';
import { deltaError } from './delta-error.ts';
import { type LocatedFile, locateFile } from './located-file.ts';
import type { CheckpointFiles } from './log-listing.ts';
import { isAbsolutePath, LOG_FOLDER } from './paths.ts';
import { isRecord } from './schema.ts';

export const SIDECAR_FOLDER = `${LOG_FOLDER}_sidecars/`;

/**
 * The actions of a checkpoint of any kind, some thousands at a time, columns rather than rows read from Parquet.
 * Struct statistics become JSON where the JSON ones are left out. `DELTA_BAD_CHECKPOINT` names the file.
 */
export async function* readCheckpoint(
  storage: Storage,
  checkpoint: CheckpointFiles,
): AsyncGenerator<Action[]> {
  // a native library: only for tables that have a checkpoint; a second thread would not make one file faster
  using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
  const sidecars: string[] = [];
  for (const path of checkpoint.paths) {
    const file = { storage, path };
    if (path.endsWith('.json')) yield await naming(file, () => readJson(file, sidecars));
    else yield* readParquet(session, file, sidecars);
  }
  for (const path of sidecars) yield* readParquet(session, sidecarFile(storage, path), undefined);
}

/** Paths of the sidecars a checkpoint names, as the log writes them. */
export async function readSidecars(storage: Storage, checkpoint: CheckpointFiles): Promise<LocatedFile[]> {
  const sidecars: string[] = [];
  using session = await DuckDbSession.open({ ...defaultLimits(), threads: 1 });
  for (const path of checkpoint.paths) {
    const file = { storage, path };
    if (path.endsWith('.json')) await naming(file, () => readJson(file, sidecars));
    else {
      await using local = await naming(file, () => localCopy(file));
      sidecars.push(...(await naming(file, () => sidecarPaths(session, local.path))));
    }
  }
  return sidecars.map((path) => sidecarFile(storage, path));
}

function sidecarFile(storage: Storage, path: string): LocatedFile {
  return locateFile(storage, isAbsolutePath(path) ? path : `${SIDECAR_FOLDER}${path}`);
}

async function* readParquet(
  session: DuckDbSession,
  file: LocatedFile,
  sidecars: string[] | undefined,
): AsyncGenerator<Action[]> {
  await using local = await naming(file, () => localCopy(file));
  if (sidecars !== undefined) {
    sidecars.push(...(await naming(file, () => sidecarPaths(session, local.path))));
  }
  const batches = checkpointActions(session, local.path);
  for (;;) {
    const batch = await naming(file, () => batches.next());
    if (batch.done === true) return;
    yield batch.value;
  }
}

async function readJson({ storage, path }: LocatedFile, sidecars: string[]): Promise<Action[]> {
  const actions: Action[] = [];
  const lines = new TextDecoder().decode(await storage.read(path)).split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const parsed = parseLine(line, i + 1);
    if (isRecord(parsed) && isRecord(parsed.sidecar) && typeof parsed.sidecar.path === 'string') {
      sidecars.push(parsed.sidecar.path);
      continue;
    }
    const action = toAction(parsed);
    if (typeof action === 'string') throw new Error(`line ${i + 1}: ${action}`);
    if (action !== undefined) actions.push(action);
  }
  return actions;
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`line ${number} is not JSON`);
  }
}

interface LocalCopy extends AsyncDisposable {
  readonly path: string;
}

/** DuckDB opens files of this machine: one that lies elsewhere, or whose name is a pattern to it, is copied first. */
async function localCopy({ storage, path }: LocatedFile): Promise<LocalCopy> {
  const local = storage.localPath(path);
  if (local !== undefined && !/[*?[]/.test(local)) {
    await storage.stat(path).then((found) => {
      if (found === undefined) throw new Error('it is missing');
    });
    return { path: local, [Symbol.asyncDispose]: async () => {} };
  }
  const folder = makeTemporaryFolder(tmpdir(), 'checkpoint');
  const copy = join(folder, 'checkpoint.parquet');
  if (local === undefined) await writeFile(copy, await storage.read(path));
  else await copyFile(local, copy);
  return { path: copy, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function naming<T>({ storage, path }: LocatedFile, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const why = isStorageError(cause, 'STORAGE_NOT_FOUND') ? 'it is missing' : firstLine(cause);
    throw deltaError({
      code: 'DELTA_BAD_CHECKPOINT',
      message: `the checkpoint ${storage.uri}/${path} cannot be read: ${why}`,
      hint: 'when every commit since version 0 is still there, remove the checkpoint (it is only a shortcut); else restore it',
      cause,
      facts: { table: storage.uri, file: path },
    });
  }
}

function firstLine(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const line = (said.split('\n', 1)[0] ?? '').replace(/^the query: /, '');
  return error instanceof BarlineError && line === '' ? error.code : line;
}
