/** A lake: a folder in which each table is a Delta table. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { type AtVersion, DeltaTable, type Snapshot } from '../delta/index.ts';
import { openStorage } from '../storage/index.ts';
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

/** Names of the tables of a lake, sorted. Throws `LAKE_NOT_FOUND` when there is no such folder. */
export async function lakeTables(lake: string): Promise<string[]> {
  const folder = localFolder(lake);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new BarlineError({
      code: systemCode(error) === 'ENOENT' ? 'LAKE_NOT_FOUND' : 'LAKE_UNREADABLE',
      message: `there is no lake at ${folder}${systemCode(error) === 'ENOENT' ? '' : ` that can be read (${systemCode(error) ?? 'unknown error'})`}`,
      hint: 'name one by --lake, BARLINE_LAKE or `lake` in barline.yaml; `barline demo` makes one',
      cause: error,
      facts: { lake: folder },
    });
  }
  const found = await Promise.all(
    names.map(async (name) => ((await isTable(join(folder, name))) ? name : null)),
  );
  return found.filter((name) => name !== null).sort();
}

function localFolder(lake: string): string {
  const folder = openStorage(lake).localPath('');
  if (folder !== undefined) return resolve(folder);
  throw new BarlineError({
    code: 'LAKE_NOT_LOCAL',
    message: `the lake ${lake} does not lie on this machine`,
    hint: 'name a local folder',
    exitCode: 2,
  });
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
  return openAt(name, join(localFolder(lake), name), at);
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
  const inLake = isPath ? undefined : join(localFolder(lake), name);
  if (inLake !== undefined && (await isTable(inLake))) return inLake;
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
