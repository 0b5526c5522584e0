/** A version of a Delta table as a relation of SQL. */
import { BarlineError } from '../../base/index.ts';
import { quoteName, quotePath, quoteText } from '../../duckdb/index.ts';
import type { AddFile } from '../actions.ts';
import { decodePartitionValue, encodePartitionValue } from '../partition-values.ts';
import type { DeltaType, StructType } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { parseStats } from '../stats.ts';
import type { DeltaTable } from '../table.ts';
import { duckdbType } from './duckdb-types.ts';

/** Files of one partition. */
interface Partition {
  /** A literal for each partition column. */
  readonly literals: readonly string[];
  readonly paths: string[];
}

/**
 * A SELECT over exactly these files, with the table's columns in the schema's order and of its types. A file that
 * lacks a column gives nulls. Partition values are the log's, by file; DuckDB opens only the files of the partitions
 * that a query asks for. Opens no data file. Throws `QUERY_REMOTE_FILE` for one that does not lie on this machine.
 *
 * Up to `mostBranches` partitions, rows come in the files' order, at about 2 ms a partition for planning. With more
 * the values are joined: planned in no time, read in any order.
 */
export function tableRelation(
  table: DeltaTable,
  snapshot: Snapshot,
  files: readonly AddFile[],
  mostBranches: number,
): string {
  if (files.length === 0) return emptyRelation(snapshot.schema);
  const partitions = partitionsOf(table, snapshot, files);
  if (snapshot.partitionColumns.length === 0 || partitions.length <= mostBranches) {
    return partitions.map((partition) => branch(snapshot, partition)).join(' UNION ALL ');
  }
  return joined(snapshot, partitions);
}

/** The columns of a schema without rows: what a query means, without its files. */
export function emptyRelation(schema: StructType): string {
  const nulls = schema.fields.map(({ name, type }) => `NULL::${duckdbType(type)} AS ${quoteName(name)}`);
  return `SELECT ${nulls.join(', ')} WHERE false`;
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
  const keyed = files.map((file) => ({
    file,
    key: snapshot.partitionColumns.map((name) => file.partitionValues[name] ?? '').join('\u0000'),
  }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const taken: AddFile[] = [];
  let rows = 0;
  for (const { file } of keyed) {
    if (rows >= rowCount) break;
    rows += parseStats(file)?.numRecords ?? 0;
    taken.push(file);
  }
  return taken;
}

function partitionsOf(table: DeltaTable, snapshot: Snapshot, files: readonly AddFile[]): Partition[] {
  const partitions = new Map<string, Partition>();
  for (const file of files) {
    const literals = snapshot.partitionColumns.map((name) =>
      partitionLiteral(typeOf(snapshot, name), file.partitionValues[name] ?? null, name),
    );
    const key = literals.join(', ');
    const partition = partitions.get(key) ?? { literals, paths: [] };
    partition.paths.push(localPath(table, file.path));
    partitions.set(key, partition);
  }
  return [...partitions.values()];
}

function branch(snapshot: Snapshot, { literals, paths }: Partition): string {
  const columns = snapshot.schema.fields.map(({ name, type }) => {
    const place = snapshot.partitionColumns.indexOf(name);
    if (place >= 0) return `${literals[place]} AS ${quoteName(name)}`;
    return type === 'void' ? `NULL::INTEGER AS ${quoteName(name)}` : quoteName(name);
  });
  return `SELECT ${columns.join(', ')} FROM ${parquetFiles(snapshot, paths)}`;
}

/** Each file's path joined to its values: DuckDB turns a condition on these into one on the paths. */
function joined(snapshot: Snapshot, partitions: readonly Partition[]): string {
  const file = fileColumnName(snapshot);
  const columns = snapshot.schema.fields.map(({ name, type }) => {
    if (type === 'void') return `NULL::INTEGER AS ${quoteName(name)}`;
    return `${snapshot.partitionColumns.includes(name) ? 'partition' : 'data'}.${quoteName(name)}`;
  });
  const rows = partitions.flatMap(({ literals, paths }) =>
    paths.map((path) => `(${[quoteText(path), ...literals].join(', ')})`),
  );
  const paths = partitions.flatMap((partition) => partition.paths);
  return (
    `SELECT ${columns.join(', ')} FROM ${parquetFiles(snapshot, paths, file)} AS data ` +
    `JOIN (VALUES ${rows.join(', ')}) AS partition(file, ${snapshot.partitionColumns.map(quoteName).join(', ')}) ` +
    `ON data.${quoteName(file)} = partition.file`
  );
}

function parquetFiles(snapshot: Snapshot, paths: readonly string[], fileColumn?: string): string {
  const types = snapshot.schema.fields
    .filter(({ name, type }) => !snapshot.partitionColumns.includes(name) && type !== 'void')
    .map(
      ({ name, type }) =>
        `${quoteText(name)}: {name: ${quoteText(name)}, type: ${quoteText(duckdbType(type))}, default_value: NULL}`,
    );
  const file = fileColumn === undefined ? '' : `, filename = ${quoteText(fileColumn)}`;
  return `read_parquet([${paths.map(quotePath).join(', ')}], schema = MAP {${types.join(', ')}}${file}, hive_partitioning = false)`;
}

function localPath(table: DeltaTable, path: string): string {
  const local = table.localPath({ path });
  if (local !== undefined) return local;
  throw new BarlineError({
    code: 'QUERY_REMOTE_FILE',
    message: `the data file ${path} of ${table.uri} does not lie on this machine`,
    hint: 'copy the table to a local folder and read it there',
    facts: { table: table.uri, path },
  });
}

/** A name for the path's column that no column of the table has, whatever the case. */
function fileColumnName(snapshot: Snapshot): string {
  const taken = new Set(snapshot.schema.fields.map((field) => field.name.toLowerCase()));
  let name = 'barline_file';
  while (taken.has(name)) name += '_';
  return name;
}

function typeOf(snapshot: Snapshot, column: string): DeltaType {
  return snapshot.schema.fields.find((field) => field.name === column)?.type ?? 'string';
}

function partitionLiteral(type: DeltaType, text: string | null, column: string): string {
  const sqlType = duckdbType(type);
  const canonical = encodePartitionValue(type, decodePartitionValue(type, text, column), column);
  if (canonical === null) return `NULL::${sqlType}`;
  return type === 'binary' ? `encode(${quoteText(canonical)})` : `${quoteText(canonical)}::${sqlType}`;
}
