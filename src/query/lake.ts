/** A lake: a folder, on a disk or in a bucket, in which each table is a Delta table. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { type AtVersion, DeltaTable, type Snapshot } from '../delta/index.ts';
import { openStorage, type Storage } from '../storage/index.ts';
import { nearNamesHint } from './near-names.ts';
import { parseTableReference } from './table-reference.ts';

export interface OpenedTable {
  /** As the user named it, without version. */
  readonly name: string;
  readonly table: DeltaTable;
  /** The version asked for, else the newest. */
  readonly snapshot: Snapshot;
}

const LOG_FOLDER = '_delta_log';

/** Names of the tables of a lake, sorted. `LAKE_NOT_FOUND` when there is no such folder, or nothing in the bucket. */
export async function lakeTables(lake: string): Promise<string[]> {
  const storage = openStorage(lake);
  const root = storage.localPath('');
  const names = root === undefined ? await storedFolders(storage) : await localNames(resolve(root));
  const found = await Promise.all(names.map(async (name) => ((await isTableOf(lake, name)) ? name : null)));
  return found.filter((name) => name !== null).sort();
}

async function localNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw noLake(folder, error);
  }
}

/** A bucket has no folders: a lake is there when something lies in it. */
async function storedFolders(storage: Storage): Promise<string[]> {
  const names = await storage.folders('');
  if (names.length > 0) return names;
  for await (const _ of storage.list('', { recursive: false, details: false })) return [];
  throw noLake(storage.uri, undefined);
}

function noLake(lake: string, cause: unknown): BarlineError {
  const system = systemCode(cause);
  const isMissing = cause === undefined || system === 'ENOENT';
  return new BarlineError({
    code: isMissing ? 'LAKE_NOT_FOUND' : 'LAKE_UNREADABLE',
    message: `there is no lake at ${lake}${isMissing ? '' : ` that can be read (${system ?? 'unknown error'})`}`,
    hint: 'name one by --lake, BARLINE_LAKE or `lake` in barline.yaml; `barline demo` makes one',
    ...(cause !== undefined && { cause }),
    facts: { lake },
  });
}

/** Whether a folder of a lake, or of a store, has a log. */
async function isTableOf(lake: string, name: string): Promise<boolean> {
  const storage = openStorage(lake);
  const local = storage.localPath('');
  if (local !== undefined) return isTable(join(resolve(local), name));
  for await (const _ of storage.list(`${name}/${LOG_FOLDER}/`, { recursive: false, details: false }))
    return true;
  return false;
}

function inLake(lake: string, name: string): string {
  const local = openStorage(lake).localPath('');
  return local === undefined ? `${lake.replace(/\/+$/, '')}/${name}` : join(resolve(local), name);
}

async function isTable(folder: string): Promise<boolean> {
  try {
    return (await stat(join(folder, LOG_FOLDER))).isDirectory();
  } catch (error) {
    // links in a circle: it was a table, and opening it says what is wrong
    return systemCode(error) === 'ELOOP';
  }
}

/**
 * Opens what TABLE names: a table of the lake by name, else a path (from `directory`) or URI of any Delta table; a
 * version or time may follow an `@`. Throws `TABLE_NOT_FOUND` with the names it may have meant, and what the delta
 * layer says of a version that is not there.
 */
export async function openTable(text: string, lake: string, directory: string): Promise<OpenedTable> {
  const { table: name, at } = parseTableReference(text);
  return openAt(name, await locateTable(name, lake, directory), at);
}

/** Opens a table of the lake that is known to be there. */
export function openLakeTable(name: string, lake: string, at: AtVersion = {}): Promise<OpenedTable> {
  return openAt(name, inLake(lake, name), at);
}

async function openAt(name: string, location: string, at: AtVersion): Promise<OpenedTable> {
  const table = await DeltaTable.open(location);
  return { name, table, snapshot: await table.snapshot(at) };
}

/** Where a table that TABLE names lies, also one that cannot be opened. A version in the reference is passed over. */
export function tableLocation(text: string, lake: string, directory: string): Promise<string> {
  return locateTable(parseTableReference(text).table, lake, directory);
}

async function locateTable(name: string, lake: string, directory: string): Promise<string> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return name;
  const isPath = name === '' || name.startsWith('.') || resolve(name) === name;
  if (!isPath && (await isTableOf(lake, name))) return inLake(lake, name);
  const path = resolve(directory, name);
  if (name !== '' && (await isTable(path))) return path;
  if (name.includes('/') && (await stat(path).catch(() => undefined)) !== undefined) return path;
  throw await tableNotFound(name, lake, isPath ? path : undefined);
}

async function tableNotFound(name: string, lake: string, path: string | undefined): Promise<BarlineError> {
  const misread = /@[^/]*$/.exec(name)?.[0];
  const tables = await lakeTables(lake).catch(() => undefined);
  const hint =
    misread !== undefined
      ? `${misread} is no version: expected @v12, @2025-12-13 or @2025-12-13T12:00:00Z`
      : tables === undefined
        ? `there is no lake at ${lake} either: name one by --lake, or give the path of a table`
        : nearNamesHint(name, tables, 'tables in the lake');
  return new BarlineError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table ${JSON.stringify(name)} ${path === undefined ? `in the lake ${lake}` : `at ${path}`}`,
    hint,
    facts: { table: name, lake, tables: tables ?? [] },
  });
}
