/** A version of a Delta table as a relation of SQL. */
import { BarlineError } from '../base/index.ts';
import {
  type DeltaTable,
  type DeltaType,
  decodePartitionValue,
  encodePartitionValue,
  type Scan,
  type Snapshot,
} from '../delta/index.ts';
import { duckdbType } from './duckdb-types.ts';
import { quoteName, quotePath, quoteText } from './sql-text.ts';

/**
 * A SELECT over exactly the files of a scan, with the table's columns in the schema's order and of its types. A file
 * that lacks a column gives nulls. Partition values are the log's: each file's path is joined to them, by which
 * DuckDB opens only the files whose values a query asks for. Opens no data file. Throws `QUERY_REMOTE_FILE` for a
 * file that does not lie on this machine.
 */
export function tableRelation(table: DeltaTable, snapshot: Snapshot, scan: Scan): string {
  const { schema } = snapshot;
  const partitions = new Set(snapshot.partitionColumns);
  if (scan.files.length === 0) {
    const nulls = schema.fields.map(({ name, type }) => `NULL::${duckdbType(type)} AS ${quoteName(name)}`);
    return `SELECT ${nulls.join(', ')} WHERE false`;
  }
  const paths = scan.files.map((file) => localPath(table, file.path));
  const stored = schema.fields.filter(({ name, type }) => !partitions.has(name) && type !== 'void');
  const columns = schema.fields.map(({ name, type }) => {
    if (type === 'void') return `NULL::INTEGER AS ${quoteName(name)}`;
    return `${partitions.has(name) ? 'partition' : 'data'}.${quoteName(name)}`;
  });
  const types = stored.map(
    ({ name, type }) =>
      `${quoteText(name)}: {name: ${quoteText(name)}, type: ${quoteText(duckdbType(type))}, default_value: NULL}`,
  );
  const fileColumn = partitions.size === 0 ? '' : `, filename = ${quoteText(fileColumnName(snapshot))}`;
  const files = `read_parquet([${paths.map(quotePath).join(', ')}], schema = MAP {${types.join(', ')}}${fileColumn}, hive_partitioning = false)`;
  if (partitions.size === 0) return `SELECT ${columns.join(', ')} FROM ${files} AS data`;
  return `SELECT ${columns.join(', ')} FROM ${files} AS data JOIN ${partitionValues(snapshot, scan, paths)} ON data.${quoteName(fileColumnName(snapshot))} = partition.file`;
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

function partitionValues(snapshot: Snapshot, scan: Scan, paths: readonly string[]): string {
  const types = new Map(snapshot.schema.fields.map((field) => [field.name, field.type]));
  const rows = scan.files.map((file, i) => {
    const values = snapshot.partitionColumns.map((name) =>
      partitionLiteral(types.get(name) ?? 'string', file.partitionValues[name] ?? null, name),
    );
    return `(${[quoteText(paths[i]), ...values].join(', ')})`;
  });
  return `(VALUES ${rows.join(', ')}) AS partition(file, ${snapshot.partitionColumns.map(quoteName).join(', ')})`;
}

function partitionLiteral(type: DeltaType, text: string | null, column: string): string {
  const sqlType = duckdbType(type);
  const canonical = encodePartitionValue(type, decodePartitionValue(type, text, column), column);
  if (canonical === null) return `NULL::${sqlType}`;
  return type === 'binary' ? `encode(${quoteText(canonical)})` : `${quoteText(canonical)}::${sqlType}`;
}
