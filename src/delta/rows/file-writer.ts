import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBValue } from '@duckdb/node-api';
import { quoteName, quoteText } from '../../duckdb/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { AddCdcFile, AddFile } from '../actions.ts';
import { addFile, type TableShape } from '../data-file.ts';
import { encodePartitionValues } from '../partition-values.ts';
import { encodePath, partitionFolder } from '../paths.ts';
import { rowValueOf } from '../relation/row-values.ts';
import type { FileStatistics } from '../stats.ts';
import type { ValueInput } from '../values.ts';
import { fieldIds, storedSelect, storedShape } from './stored-columns.ts';
import type { Workplace } from './workplace.ts';
import { writtenStatistics } from './written-statistics.ts';

/** Where files are written, and what as. */
export interface FileTarget {
  readonly storage: Storage;
  readonly shape: TableShape;
  uuid(): string;
}

interface WrittenFile {
  readonly localPath: string;
  readonly partition: number;
  readonly statistics: FileStatistics;
}

type PartitionInputs = Readonly<Record<string, ValueInput>>;

const CHANGE_FOLDER = '_change_data/';
export const CHANGE_TYPE = '_change_type';
const PARTITION = 'barline_partition';
const DEFAULT_FILE_BYTES = 256 * 2 ** 20;

/**
 * Writes a query's rows, which have the table's columns by name, as data files, durably; no version names them yet.
 * `guard` is laid around the first column, to stop at a row that may not be written.
 */
export async function writeRows(
  work: Workplace,
  target: FileTarget,
  query: string,
  guard?: (value: string) => string,
): Promise<AddFile[]> {
  const { storage, shape } = target;
  const stored = storedShape(shape);
  const { files, partitions } = await copyRows(work, target, query, storedSelect(shape, guard));
  const added: AddFile[] = [];
  for (const { localPath, partition, statistics } of files) {
    const partitionValues = partitions[partition] ?? {};
    const folder = folderOf(stored, partitionValues);
    const path = `${folder}part-00000-${target.uuid()}.parquet`;
    const entry = await storage.write(path, piecesOf(localPath));
    await rm(localPath);
    added.push(addFile(stored, { ...entry, partitionValues, statistics }));
  }
  return added;
}

/** The same for rows that were changed, with `_change_type` as their last column. */
export async function writeChangeRows(
  work: Workplace,
  target: FileTarget,
  query: string,
): Promise<AddCdcFile[]> {
  const { storage, shape } = target;
  const stored = storedShape(shape);
  const select = `${storedSelect(shape)}, ${CHANGE_TYPE}`;
  const { files, partitions } = await copyRows(work, target, query, select);
  const changes: AddCdcFile[] = [];
  for (const { localPath, partition } of files) {
    const partitionValues = partitions[partition] ?? {};
    const path = `${CHANGE_FOLDER}${folderOf(stored, partitionValues)}cdc-00000-${target.uuid()}.parquet`;
    const entry = await storage.write(path, piecesOf(localPath));
    await rm(localPath);
    changes.push({
      path: encodePath(path),
      partitionValues: encodePartitionValues(stored.schema, stored.partitionColumns, partitionValues),
      size: entry.byteLength,
      dataChange: false,
    });
  }
  return changes;
}

const PIECE_BYTES = 4 * 2 ** 20;

/** A file's bytes; it is opened when the first are asked for. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

function folderOf({ schema, partitionColumns }: TableShape, values: PartitionInputs): string {
  return partitionFolder(partitionColumns, encodePartitionValues(schema, partitionColumns, values));
}

interface CopiedRows {
  readonly files: readonly WrittenFile[];
  /** By number; by the stored names of the partition columns. */
  readonly partitions: readonly PartitionInputs[];
}

async function copyRows(
  work: Workplace,
  { shape }: FileTarget,
  query: string,
  select: string,
): Promise<CopiedRows> {
  const folder = join(work.folder, work.newName('files'));
  await mkdir(folder);
  if (shape.partitionColumns.length === 0) {
    const files = await copyInto(work, shape, `SELECT ${select} FROM (${query}) AS new_row`, folder);
    return { files, partitions: [{}] };
  }
  const rows = quoteName(await work.keep('rows', query, 'the rows to be written'));
  const { table, partitions } = await listPartitions(work, shape, rows);
  if (partitions.length <= 1) {
    const files = await copyInto(work, shape, `SELECT ${select} FROM ${rows} AS new_row`, folder);
    return { files, partitions };
  }
  const match = shape.partitionColumns.map(
    (name, i) => `new_row.${quoteName(name)} IS NOT DISTINCT FROM partition.c${i}`,
  );
  const numbered = `SELECT ${select}, partition.${PARTITION} FROM ${rows} AS new_row JOIN ${quoteName(table)} AS partition ON ${match.join(' AND ')}`;
  return { files: await copyInto(work, shape, numbered, folder, true), partitions };
}

async function listPartitions(
  work: Workplace,
  shape: TableShape,
  rows: string,
): Promise<{ table: string; partitions: PartitionInputs[] }> {
  const { schema, partitionColumns } = shape;
  const names = partitionColumns.map(quoteName);
  const columns = names.map((name, i) => `${name} AS c${i}`).join(', ');
  const table = await work.keep(
    'partitions',
    `SELECT row_number() OVER () - 1 AS ${PARTITION}, * FROM (SELECT DISTINCT ${columns} FROM ${rows})`,
  );
  const stored = storedShape(shape).partitionColumns;
  const converters = partitionColumns.map((name) => {
    const type = schema.fields.find((field) => field.name === name)?.type ?? 'string';
    return rowValueOf(type);
  });
  const partitions: PartitionInputs[] = [];
  const ordered = `SELECT * EXCLUDE (${PARTITION}) FROM ${quoteName(table)} ORDER BY ${PARTITION}`;
  for await (const chunk of work.session.chunks(ordered)) {
    const columnsOf = converters.map((convert, i) => chunk.values(i).map((value) => inputOf(convert(value))));
    for (let row = 0; row < chunk.rowCount; row++) {
      partitions.push(Object.fromEntries(stored.map((name, i) => [name, columnsOf[i]?.[row] ?? null])));
    }
  }
  return { table, partitions };
}

function inputOf(value: ReturnType<ReturnType<typeof rowValueOf>>): ValueInput {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return typeof value === 'object' ? null : value;
}

/** One statement of DuckDB's: it says of each file how many rows it has, and their bounds. */
async function copyInto(
  work: Workplace,
  shape: TableShape,
  query: string,
  folder: string,
  isPartitioned = false,
): Promise<WrittenFile[]> {
  const ids = fieldIds(shape);
  const options = [
    'FORMAT parquet',
    'COMPRESSION zstd',
    'COMPRESSION_LEVEL 1',
    'RETURN_STATS',
    isPartitioned ? `PARTITION_BY (${PARTITION})` : `FILE_SIZE_BYTES ${targetBytes(shape.properties)}`,
    ...(ids === undefined ? [] : [`FIELD_IDS ${ids}`]),
  ];
  const sql = `COPY (${query}\n) TO ${quoteText(join(folder, 'rows'))} (${options.join(', ')})`;
  const { schema } = storedShape(shape);
  const files: WrittenFile[] = [];
  for await (const chunk of work.session.chunks(sql, 'the rows to be written')) {
    const [paths, counts, statistics, keys] = [0, 1, 4, 5].map((column) => chunk.values(column));
    for (let row = 0; row < chunk.rowCount; row++) {
      const rowCount = Number(counts?.[row]);
      if (rowCount === 0) continue;
      files.push({
        localPath: String(paths?.[row]),
        partition: isPartitioned ? partitionOf(keys?.[row] ?? null) : 0,
        statistics: { rowCount, columns: writtenStatistics(schema, statistics?.[row] ?? null) },
      });
    }
  }
  return files;
}

function partitionOf(keys: DuckDBValue): number {
  if (typeof keys !== 'object' || keys === null || !('entries' in keys)) return -1;
  return Array.isArray(keys.entries) ? Number(keys.entries[0]?.value) : -1;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `delta.targetFileSize`: bytes, or e.g. `128mb`. */
export function targetBytes(properties: Readonly<Record<string, string>>): number {
  const [, amount, unit = ''] =
    /^(\d+)\s*([kmgt]?)i?b?$/i.exec(properties['delta.targetFileSize'] ?? '') ?? [];
  return amount === undefined ? DEFAULT_FILE_BYTES : Number(amount) * (UNITS[unit.toLowerCase()] ?? 1);
}
