import {
  assembleFile,
  type ColumnData,
  type EncodedRowGroup,
  encodeRowGroup,
  type RowGroupOptions,
} from '../parquet/index.ts';
import type { Storage } from '../storage/index.ts';
import type { AddFile, PartitionValues } from './actions.ts';
import { inSchemaOrder, parquetSchema, rowGroupStatistics } from './parquet-columns.ts';
import { encodePartitionValues } from './partition-values.ts';
import { encodePath, partitionFolder } from './paths.ts';
import type { StructType } from './schema.ts';
import { encodeStats, type FileStatistics } from './stats.ts';
import type { ValueInput } from './values.ts';

/** A Parquet file that a caller wrote into the table's folder and that no version names yet. */
export interface DataFile {
  /** Within the table's folder, as the storage names it (not percent-encoded). */
  readonly path: string;
  readonly byteLength: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  /** One for each partition column. */
  readonly partitionValues?: Readonly<Record<string, ValueInput>>;
  readonly statistics?: FileStatistics;
  readonly tags?: PartitionValues;
}

export interface TableShape {
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

/** The `add` action of a data file. */
export function addFile(shape: TableShape, file: DataFile): AddFile {
  const { schema, partitionColumns, properties } = shape;
  return {
    path: encodePath(file.path),
    partitionValues: encodePartitionValues(schema, partitionColumns, file.partitionValues ?? {}),
    size: file.byteLength,
    modificationTime: file.modifiedMs,
    dataChange: true,
    ...(file.statistics && { stats: encodeStats(schema, partitionColumns, properties, file.statistics) }),
    ...(file.tags && { tags: file.tags }),
  };
}

/**
 * A name no other file has: `month=2024-10/part-<token>-<uuid>.parquet`. The token says whose file it is, so that
 * what a crashed run leaves behind can be told from what others are writing.
 */
export function dataFilePath(
  shape: TableShape,
  partitionValues: Readonly<Record<string, ValueInput>>,
  uuid: string,
  nameToken = '00000',
): string {
  const encoded = encodePartitionValues(shape.schema, shape.partitionColumns, partitionValues);
  return `${partitionFolder(shape.partitionColumns, encoded)}part-${nameToken}-${uuid}.parquet`;
}

export interface DataFileOptions {
  readonly partitionValues?: Readonly<Record<string, ValueInput>>;
  /** Part of the file's name; see `dataFilePath`. */
  readonly nameToken?: string;
  /** Kept with the file in the log. */
  readonly tags?: PartitionValues;
  /** Key and value pairs for the file's footer. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/** Encodes columns, by name and without the partition columns, as one row group; in any thread. */
export function encodeColumns(
  shape: TableShape,
  columns: Readonly<Record<string, ColumnData>>,
  options: RowGroupOptions = {},
): EncodedRowGroup {
  const parquet = parquetSchema(shape.schema, shape.partitionColumns);
  return encodeRowGroup(parquet, inSchemaOrder(parquet, columns), options);
}

/**
 * Writes row groups as one data file, durably, and gives its `add` with statistics. No version names it yet: a
 * crash before the commit leaves it for `unreferencedFiles`.
 */
export async function writeDataFile(
  storage: Storage,
  shape: TableShape,
  rowGroups: readonly EncodedRowGroup[],
  uuid: string,
  options: DataFileOptions = {},
): Promise<AddFile> {
  const { partitionValues = {}, nameToken, metadata, tags } = options;
  const parquet = parquetSchema(shape.schema, shape.partitionColumns);
  const path = dataFilePath(shape, partitionValues, uuid, nameToken);
  const entry = await storage.write(path, assembleFile(parquet, rowGroups, metadata ? { metadata } : {}));
  const statistics = rowGroupStatistics(shape.schema, shape.partitionColumns, rowGroups);
  return addFile(shape, { ...entry, partitionValues, statistics, ...(tags && { tags }) });
}
