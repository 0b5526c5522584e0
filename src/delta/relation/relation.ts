import { BarlineError } from '../../base/index.ts';
import type { DuckDbSession } from '../../duckdb/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { AddFile } from '../actions.ts';
import { storedName } from '../column-identity.ts';
import { readDeletionVector } from '../deletion-vectors/deletion-vector.ts';
import type { StructType } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { parseStats } from '../stats.ts';
import { emptyRows, type FileRows, type RowsOptions, rowsRelation } from './file-rows.ts';
import { type LocalFilesPlan, localFiles } from './local-files.ts';

/** What of a table is needed to read its files. */
export interface DataFiles {
  readonly uri: string;
  readonly storage: Storage;
  localPath(file: Pick<AddFile, 'path'>): string | undefined;
}

export interface RelationOptions extends RowsOptions {
  /** What of files in an object store is needed; all of them unless given. */
  readonly fetch?: LocalFilesPlan;
}

/**
 * A SELECT over exactly these files of a version, without the rows their deletion vectors mark, with the table's
 * columns in the schema's order and of its types. To be run in this session. A file that lacks a column gives nulls.
 * Partition values are the log's, by file; DuckDB opens only the files of the partitions that a query asks for.
 * Opens no data file, but footers where column mapping goes by id or a column is a variant. Files in an object store
 * are fetched, as far as they are needed, for as long as the session lives. `DELTA_BAD_DELETION_VECTOR` names a broken
 * one.
 *
 * Up to `mostBranches` runs of files of one partition without deletion vectors, rows come in the files' order, at
 * about 2 ms a run for planning. With more the values are joined: planned in no time, read in any order.
 */
export async function tableRelation(
  session: DuckDbSession,
  table: DataFiles,
  snapshot: Snapshot,
  files: readonly AddFile[],
  { fetch = {}, ...options }: RelationOptions = {},
): Promise<string> {
  const keepRowNumbers = fetch.keepRowNumbers ?? options.positions !== undefined;
  const local = await localFiles(session, table, snapshot, files, { ...fetch, keepRowNumbers });
  return rowsRelation(session, snapshot, await rowsOfFiles(local, files), options);
}

/** Deletion vectors read at once. */
const READ_AHEAD = 32;

/** The rows of each file that its deletion vector leaves. */
export async function rowsOfFiles(table: DataFiles, files: readonly AddFile[]): Promise<FileRows[]> {
  const rows: FileRows[] = [];
  for (let i = 0; i < files.length; i += READ_AHEAD) {
    rows.push(...(await Promise.all(files.slice(i, i + READ_AHEAD).map((file) => rowsOfFile(table, file)))));
  }
  return rows;
}

async function rowsOfFile(table: DataFiles, file: AddFile): Promise<FileRows> {
  const { partitionValues, deletionVector } = file;
  const localPath = localFile(table, file.path);
  if (deletionVector === undefined) return { localPath, partitionValues };
  const rows = await readDeletionVector(table.storage, deletionVector, file.path);
  return { localPath, partitionValues, mask: { rows, keep: false } };
}

/** The columns of a schema without rows: what a query means, without its files. */
export function emptyRelation(schema: StructType): string {
  return emptyRows({ schema });
}

/**
 * Files in the order people read them: by partition, then as they were added. With `rowCount`, only as many as are
 * needed for so many rows, as far as statistics tell.
 */
export function filesInOrder(
  snapshot: Snapshot,
  files: readonly AddFile[],
  rowCount = Number.POSITIVE_INFINITY,
): AddFile[] {
  const names = snapshot.partitionColumns.map((name) => {
    const field = snapshot.schema.fields.find((each) => each.name === name);
    return field === undefined ? name : storedName(field, snapshot.properties);
  });
  const keyed = files.map((file) => ({
    file,
    key: names.map((name) => file.partitionValues[name] ?? '').join('\u0000'),
  }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const taken: AddFile[] = [];
  let rows = 0;
  for (const { file } of keyed) {
    if (rows >= rowCount) break;
    rows += (parseStats(file)?.numRecords ?? 0) - (file.deletionVector?.cardinality ?? 0);
    taken.push(file);
  }
  return taken;
}

export function localFile(table: DataFiles, path: string): string {
  const local = table.localPath({ path });
  if (local !== undefined) return local;
  throw new BarlineError({
    code: 'QUERY_REMOTE_FILE',
    message: `the data file ${path} of ${table.uri} does not lie on this machine`,
    hint: 'copy the table to a local folder and read it there',
    facts: { table: table.uri, path },
  });
}
