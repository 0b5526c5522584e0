import { type DuckDbSession, quoteName, quotePath, quoteText } from '../../duckdb/index.ts';
import type { PartitionValues } from '../actions.ts';
import { mappingMode, storedName } from '../column-identity.ts';
import { decodePartitionValue } from '../partition-values.ts';
import { containsType, type DeltaType, type StructField, type StructType } from '../schema.ts';
import { duckdbType } from './duckdb-types.ts';
import { type FileLayout, LOG_LAYOUT, readLayouts } from './file-layout.ts';
import { type ColumnReading, readColumn } from './projection.ts';
import { bitsLiteral, maskColumnCondition, maskCondition, type RowMask } from './row-mask.ts';
import { sqlLiteral } from './sql-literal.ts';
import { registerVariantFunction } from './variant-function.ts';

/** Rows of one data file. */
export interface FileRows {
  /** Of this machine. */
  readonly localPath: string;
  readonly partitionValues: PartitionValues;
  /** All rows without one. */
  readonly mask?: RowMask;
  /** A literal for each extra column. */
  readonly extras?: readonly string[];
}

export interface RowsShape {
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

export interface RowsOptions {
  /** Up to so many runs of like files are planned one by one and read in order; beyond, they are joined. Default 32. */
  readonly mostBranches?: number;
  /** Names of columns that say where each row lies: its file's path, and its number in it from 0. */
  readonly positions?: { readonly file: string; readonly row: string };
  /** Columns after the table's: the files' `extras`, by name and DuckDB's type. */
  readonly extraColumns?: readonly (readonly [name: string, type: string])[];
  /** Columns that the data files hold and the table does not name; they come last. */
  readonly storedColumns?: readonly StructField[];
}

export const DEFAULT_BRANCHES = 32;

/** Files that lie together and are read alike. */
interface Run {
  readonly key: string;
  readonly literals: readonly string[];
  readonly layout: FileLayout;
  readonly mask: RowMask | undefined;
  readonly paths: string[];
}

/**
 * A SELECT over exactly these rows, with the table's columns in the schema's order and of its types. Columns of the
 * partition are the log's, by file; a column that a file lacks is null. Opens no data file, but for footers where
 * columns are found by id or a variant may be stored in two ways.
 */
export async function rowsRelation(
  session: DuckDbSession,
  shape: RowsShape,
  files: readonly FileRows[],
  options: RowsOptions = {},
): Promise<string> {
  if (files.length === 0) return emptyRows(shape, options);
  const layouts = await layoutsOf(session, shape, files);
  const runs = runsOf(shape, files, layouts);
  const relation = new Relation(shape, options);
  if (runs.length <= (options.mostBranches ?? DEFAULT_BRANCHES) || runs.length === 1) {
    return runs.map((run) => relation.branch(run)).join(' UNION ALL ');
  }
  const byLayout = Map.groupBy(runs, (run) => run.layout.key);
  return [...byLayout.values()].map((group) => relation.joined(group)).join(' UNION ALL ');
}

async function layoutsOf(
  session: DuckDbSession,
  { schema, properties }: RowsShape,
  files: readonly FileRows[],
): Promise<ReadonlyMap<string, FileLayout>> {
  const types = containsType(schema, 'variant');
  if (types) await registerVariantFunction(session);
  const ids = mappingMode(properties) === 'id';
  if (!types && !ids) return new Map();
  const paths = [...new Set(files.map((file) => file.localPath))];
  return readLayouts(session, paths, { ids, types });
}

function runsOf(
  { schema, partitionColumns, properties }: RowsShape,
  files: readonly FileRows[],
  layouts: ReadonlyMap<string, FileLayout>,
): Run[] {
  const partitionFields = partitionColumns.flatMap(
    (name) => schema.fields.find((f) => f.name === name) ?? [],
  );
  const runs: Run[] = [];
  for (const { localPath, partitionValues, mask, extras = [] } of files) {
    const literals = partitionFields.map((field) => {
      const text = partitionValues[storedName(field, properties)];
      return sqlLiteral(field.type, decodePartitionValue(field.type, text, field.name));
    });
    literals.push(...extras);
    const layout = layouts.get(localPath) ?? LOG_LAYOUT;
    const key = `${literals.join(', ')}\n${layout.key}`;
    const last = runs.at(-1);
    if (last?.key === key && last.mask === undefined && mask === undefined) last.paths.push(localPath);
    else runs.push({ key, literals, layout, mask, paths: [localPath] });
  }
  return runs;
}

/** Names that DuckDB gives to more than a column of the file. */
const TAKEN = /^(filename|file_row_number|file_index|rowid|barline_file)$/i;

class Relation {
  readonly #shape: RowsShape;
  readonly #options: RowsOptions;
  readonly #stored: readonly { readonly field: StructField; readonly alias: string }[];

  constructor(shape: RowsShape, options: RowsOptions) {
    this.#shape = shape;
    this.#options = options;
    const fields = [...shape.schema.fields, ...(options.storedColumns ?? [])];
    this.#stored = fields
      .filter(({ name, type }) => !shape.partitionColumns.includes(name) && type !== 'void')
      .map((field, i) => ({ field, alias: TAKEN.test(field.name) ? `barline_column_${i}` : field.name }));
  }

  branch({ literals, layout, mask, paths }: Run): string {
    const readings = this.#readings(layout);
    const selected = this.#select(readings, (i) => literals[i] ?? 'NULL', 'filename');
    const where = mask === undefined ? '' : ` WHERE ${maskCondition(mask, 'file_row_number')}`;
    return `SELECT ${selected} FROM ${this.#parquet(readings, paths)} AS data${where}`;
  }

  /** Each file's path joined to its values: DuckDB turns a condition on these into one on the paths. */
  joined(runs: readonly Run[]): string {
    const layout = runs[0]?.layout ?? LOG_LAYOUT;
    const readings = this.#readings(layout);
    const hasMasks = runs.some(({ mask }) => mask !== undefined);
    const literalCount = runs[0]?.literals.length ?? 0;
    const names = ['file', ...Array.from({ length: literalCount }, (_, i) => `p${i}`)];
    if (hasMasks) names.push('bits', 'keep');
    const values = runs.flatMap(({ literals, mask, paths }) =>
      paths.map((path) => {
        const row = [quoteText(path), ...literals];
        if (hasMasks) row.push(maskBits(mask), mask?.keep === true ? '1' : '0');
        return `(${row.join(', ')})`;
      }),
    );
    const selected = this.#select(readings, (i) => `partition.p${i}`, 'barline_file');
    const paths = runs.flatMap((run) => run.paths);
    const where = hasMasks
      ? ` WHERE ${maskColumnCondition('partition.bits', 'partition.keep', 'data.file_row_number')}`
      : '';
    return (
      `SELECT ${selected} FROM ${this.#parquet(readings, paths, 'barline_file')} AS data ` +
      `JOIN (VALUES ${values.join(', ')}) AS partition(${names.join(', ')}) ` +
      `ON data.barline_file = partition.file${where}`
    );
  }

  #readings(layout: FileLayout): Map<string, ColumnReading> {
    const naming = { properties: this.#shape.properties, layout };
    return new Map(this.#stored.map(({ field }) => [field.name, readColumn(field, naming)]));
  }

  #select(
    readings: ReadonlyMap<string, ColumnReading>,
    literal: (index: number) => string,
    fileColumn: string,
  ): string {
    const { schema, partitionColumns } = this.#shape;
    const { positions, extraColumns = [], storedColumns = [] } = this.#options;
    const aliases = new Map(this.#stored.map(({ field, alias }) => [field.name, alias]));
    const columns = [...schema.fields, ...storedColumns].map(({ name, type }) => {
      const place = partitionColumns.indexOf(name);
      const value = place >= 0 ? literal(place) : this.#value(name, type, aliases, readings);
      return `${value} AS ${quoteName(name)}`;
    });
    for (const [i, [name]] of extraColumns.entries()) {
      columns.push(`${literal(partitionColumns.length + i)} AS ${quoteName(name)}`);
    }
    if (positions !== undefined) {
      columns.push(`data.${fileColumn} AS ${quoteName(positions.file)}`);
      columns.push(`data.file_row_number AS ${quoteName(positions.row)}`);
    }
    return columns.join(', ');
  }

  #value(
    name: string,
    type: DeltaType,
    aliases: ReadonlyMap<string, string>,
    readings: ReadonlyMap<string, ColumnReading>,
  ): string {
    if (type === 'void') return `NULL::${duckdbType(type)}`;
    const column = `data.${quoteName(aliases.get(name) ?? name)}`;
    const convert = readings.get(name)?.convert;
    return convert === undefined ? column : convert(column, 0);
  }

  #parquet(
    readings: ReadonlyMap<string, ColumnReading>,
    paths: readonly string[],
    fileColumn?: string,
  ): string {
    const columns = this.#stored.flatMap(({ field, alias }) => {
      const { source, readType } = readings.get(field.name) ?? {};
      if (source === undefined || readType === undefined) return [];
      return `${quoteText(source)}: {name: ${quoteText(alias)}, type: ${quoteText(readType)}, default_value: NULL}`;
    });
    const file = fileColumn === undefined ? '' : `, filename = ${quoteText(fileColumn)}`;
    const schema = columns.length === 0 ? '' : `, schema = MAP {${columns.join(', ')}}`;
    return `read_parquet([${paths.map(quotePath).join(', ')}]${schema}${file}, hive_partitioning = false)`;
  }
}

function maskBits(mask: RowMask | undefined): string {
  if (mask === undefined) return 'NULL::BIT';
  return mask.rows.length === 0 ? "'0'::BIT" : bitsLiteral(mask.rows);
}

/** The columns without rows: what a query means, without its files. */
export function emptyRows({ schema }: Pick<RowsShape, 'schema'>, options: RowsOptions = {}): string {
  const { positions, extraColumns = [], storedColumns = [] } = options;
  const columns: (readonly [string, string])[] = [...schema.fields, ...storedColumns].map(
    ({ name, type }) => [name, duckdbType(type)],
  );
  columns.push(...extraColumns);
  if (positions !== undefined) columns.push([positions.file, 'VARCHAR'], [positions.row, 'BIGINT']);
  return `SELECT ${columns.map(([name, type]) => `NULL::${type} AS ${quoteName(name)}`).join(', ')} WHERE false`;
}
