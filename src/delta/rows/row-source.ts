import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type DuckDbSession, quoteName, quotePath } from '../../duckdb/index.ts';
import { type ColumnData, encodeParquet, type ParquetField, type ParquetType } from '../../parquet/index.ts';
import type { TableShape } from '../data-file.ts';
import { deltaError } from '../delta-error.ts';
import { parquetSchema } from '../parquet-columns.ts';
import { duckdbType } from '../relation/duckdb-types.ts';
import { field, type StructField, type StructType, struct } from '../schema.ts';
import { mergeSchema } from '../schema-merge.ts';
import type { Snapshot } from '../snapshot.ts';
import { isWider } from '../type-widening.ts';
import { fieldNamed, unassignable } from './assignable.ts';
import { deltaTypeOf } from './delta-types.ts';
import { defaultOf, generationOf } from './row-rules.ts';
import { type InputRow, linesQuery, rowLine } from './row-text.ts';
import { checkExpression } from './sql-expression.ts';
import type { SourceWriteOptions } from './table-writer.ts';
import type { Workplace } from './workplace.ts';

/**
 * Rows from outside: objects; columns of typed arrays (as the Parquet writer takes them); a Parquet file on this
 * machine; or a SELECT, run in the session given. Columns go by name; those the source lacks are null (or generated,
 * or have their default).
 */
export type RowSource =
  | { readonly rows: Iterable<InputRow> | AsyncIterable<InputRow> }
  | { readonly columns: Readonly<Record<string, ColumnData>> }
  | { readonly parquet: string }
  | { readonly relation: string; readonly session: DuckDbSession };

export function sourceSession(source: RowSource): DuckDbSession | undefined {
  return 'session' in source ? source.session : undefined;
}

interface SourceOptions extends SourceWriteOptions {
  /** True where columns that the table lacks are of use to expressions, and otherwise passed over. */
  readonly extraColumns?: boolean;
}

/** A source that can be read, and how its columns become the table's. */
export interface IncomingRows {
  /** A SELECT. */
  readonly query: string;
  /** The table as it will be. */
  readonly shape: TableShape;
  /** The schema to be merged into the table's; undefined when nothing is new. */
  readonly added: StructType | undefined;
  /** Names of the source's columns by those of the table. */
  readonly columns: ReadonlyMap<string, string>;
}

/**
 * Looks at a source's columns. `DELTA_SCHEMA_MISMATCH` names one that the table lacks (unless schemas are merged), one
 * of a type that does not go into its column, or one that is missing and may not be null.
 */
export async function openSource(
  work: Workplace,
  snapshot: Snapshot,
  source: RowSource,
  options: SourceOptions,
  uuid: () => string,
): Promise<IncomingRows> {
  const query = await sourceQuery(work, snapshot, source, options);
  const found = await work.session.columns(query, 'the rows to be written');
  const fields = found.map(({ name, type }) => fieldOf(snapshot, name, type));
  return { query, ...incomingColumns(snapshot, fields, options, uuid) };
}

function incomingColumns(
  snapshot: Snapshot,
  fields: readonly StructField[],
  options: SourceOptions,
  uuid: () => string,
): Omit<IncomingRows, 'query'> {
  const { schema, partitionColumns, properties, table } = snapshot;
  const merges = options.mergeSchema !== undefined && options.mergeSchema !== false;
  const merged = merges ? mergeSchema(snapshot, asTable(snapshot, fields), uuid) : undefined;
  const shape: TableShape = {
    schema: merged?.schema ?? schema,
    partitionColumns,
    properties: merged?.configuration ?? properties,
  };
  const columns = new Map<string, string>();
  for (const { name, type } of fields) {
    const target = fieldNamed(shape.schema.fields, name);
    if (target === undefined && options.extraColumns === true) continue;
    if (target === undefined) throw extraColumn(table, name, schema);
    if (columns.has(target.name)) throw mismatch(table, name, `is there twice`);
    const place = unassignable(type, target.type);
    if (place !== undefined) {
      const at = place === '' ? name : `${name}.${place}`;
      const expected = duckdbType(target.type);
      throw mismatch(table, at, `expected ${expected}, found ${duckdbType(type)}`);
    }
    columns.set(target.name, name);
  }
  return { shape, added: merged?.schema, columns };
}

/** The columns as they are to be merged: a type that goes into the table's column keeps it, unless it widens it. */
function asTable({ schema, properties }: Snapshot, fields: readonly StructField[]): StructType {
  const widens = properties['delta.enableTypeWidening'] === 'true';
  return struct(
    fields.map((incoming) => {
      const type = fieldNamed(schema.fields, incoming.name)?.type;
      if (type === undefined || typeof type !== 'string' || typeof incoming.type !== 'string')
        return incoming;
      const isWidening = widens && isWider(type, incoming.type);
      return isWidening || unassignable(incoming.type, type) !== undefined ? incoming : { ...incoming, type };
    }),
  );
}

/** `DELTA_SCHEMA_MISMATCH` names a column that must not be null, has no default, and that the source lacks. */
export function checkAllGiven({ shape, columns }: IncomingRows, table: string): void {
  for (const column of shape.schema.fields) {
    const isOptional =
      column.nullable || generationOf(column) !== undefined || defaultOf(column) !== undefined;
    if (!isOptional && !columns.has(column.name)) {
      throw mismatch(table, column.name, 'must not be null, and the rows to be written lack it');
    }
  }
}

function fieldOf(snapshot: Snapshot, name: string, type: string): StructField {
  const found = deltaTypeOf(type);
  if (found !== undefined) return field(name, found);
  throw mismatch(snapshot.table, name, `is of the type ${type}, which Delta has not`);
}

async function sourceQuery(
  work: Workplace,
  snapshot: Snapshot,
  source: RowSource,
  { mergeSchema: merging }: SourceWriteOptions,
): Promise<string> {
  if ('relation' in source) {
    await checkExpression(source.session, source.relation, 'the query of the rows to be written');
    return source.relation;
  }
  if ('parquet' in source) return parquetQuery(source.parquet);
  const path = join(work.folder, work.newName('source'));
  if ('columns' in source) {
    const fields = columnFields(snapshot, source.columns);
    const values = fields.map(({ name }) => source.columns[name] ?? { values: [] });
    await writeFile(path, encodeParquet({ fields }, values));
    return parquetQuery(path);
  }
  const known = typeof merging === 'object' ? mergedFields(snapshot.schema, merging) : snapshot.schema;
  const rows = source.rows;
  const present = new Set<string>();
  async function* lines() {
    for await (const row of rows) {
      for (const name of Object.keys(row)) present.add(name);
      yield rowLine(known, row, snapshot.table);
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  const given = struct(known.fields.filter((each) => present.has(each.name)));
  if (given.fields.length > 0) return linesQuery(given, path);
  return `SELECT ${known.fields.map(({ name, type }) => `NULL::${duckdbType(type)} AS ${quoteName(name)}`).join(', ')} WHERE false`;
}

/** The columns in the file; a folder named `a=b` adds none. */
function parquetQuery(path: string): string {
  return `SELECT * FROM read_parquet(${quotePath(path)}, hive_partitioning = false)`;
}

function mergedFields(schema: StructType, more: StructType): StructType {
  const added = more.fields.filter((each) => fieldNamed(schema.fields, each.name) === undefined);
  return struct([...schema.fields, ...added]);
}

/** Of the table's types where it has the column; else of what the arrays are. */
function columnFields(
  { schema }: Snapshot,
  columns: Readonly<Record<string, ColumnData>>,
): readonly ParquetField[] {
  return Object.entries(columns).map(([name, { values }]) => {
    const known = fieldNamed(schema.fields, name);
    if (known === undefined) return { name, type: arrayType(values) };
    const [parquet] = parquetSchema(struct([{ ...known, name, nullable: true }]), []).fields;
    return parquet ?? { name, type: arrayType(values) };
  });
}

function arrayType(values: ColumnData['values']): ParquetType {
  if (values instanceof Float64Array) return 'double';
  if (values instanceof Float32Array) return 'float';
  if (values instanceof BigInt64Array) return 'int64';
  if (values instanceof Int32Array) return 'int32';
  if (values instanceof Int16Array) return 'int16';
  if (values instanceof Int8Array) return 'int8';
  if (values instanceof Uint8Array) return 'boolean';
  const first = 'codes' in values ? '' : values.find((value) => value !== null);
  return typeof first === 'bigint'
    ? { kind: 'decimal', precision: 38, scale: 0 }
    : first instanceof Uint8Array
      ? 'binary'
      : 'string';
}

function extraColumn(table: string, column: string, schema: StructType) {
  return deltaError({
    code: 'DELTA_SCHEMA_MISMATCH',
    message: `${table} has no column ${column}, which the rows to be written have`,
    hint: `its columns are ${schema.fields.map(({ name }) => name).join(', ')}; ask for mergeSchema to add it`,
    facts: { table, column },
  });
}

function mismatch(table: string, column: string, why: string) {
  return deltaError({
    code: 'DELTA_SCHEMA_MISMATCH',
    message: `${table}: column ${column}: ${why}`,
    hint: 'cast the column before it is written',
    facts: { table, column },
  });
}
