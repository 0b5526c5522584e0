import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { quoteText } from '../../duckdb/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { AddFile, PartitionValues } from '../actions.ts';
import { addFile, type TableShape } from '../data-file.ts';
import { decodePartitionValue } from '../partition-values.ts';
import { partitionFolder } from '../paths.ts';
import type { FileRows } from '../relation/file-rows.ts';
import { fieldIds, storedSelect, storedShape } from '../rows/stored-columns.ts';
import type { Workplace } from '../rows/workplace.ts';
import { writtenStatistics } from '../rows/written-statistics.ts';
import type { FileStatistics } from '../stats.ts';

/** A file that was written on this machine and lies in no table yet. */
export interface RewrittenFile extends FileRows {
  readonly statistics: FileStatistics;
}

export interface FileSizes {
  readonly targetBytes: number;
  readonly rowGroupRows: number;
}

/** DuckDB works through so many rows at a time. */
const VECTOR_ROWS = 2048;
const FEWEST_ROWS = 4 * VECTOR_ROWS;
const MOST_ROWS = 60 * VECTOR_ROWS;

/** Rows that take about so many bytes, as a row group may have them. */
export function rowGroupRows(byteLength: number, bytesPerRow: number): number {
  const rows = byteLength / Math.max(bytesPerRow, 1);
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.round(rows / VECTOR_ROWS) * VECTOR_ROWS));
}

/** Writes a query's rows, in its order, into files of about the target size, all of one partition. */
export async function rewriteFiles(
  work: Workplace,
  shape: TableShape,
  partitionValues: PartitionValues,
  { rows, suffix }: OrderedRows,
  sizes: FileSizes,
): Promise<RewrittenFile[]> {
  const ids = fieldIds(shape);
  const options = [
    'FORMAT parquet',
    'COMPRESSION zstd',
    'RETURN_STATS',
    `FILE_SIZE_BYTES ${Math.round(sizes.targetBytes)}`,
    `ROW_GROUP_SIZE ${sizes.rowGroupRows}`,
    ...(ids === undefined ? [] : [`FIELD_IDS ${ids}`]),
  ];
  const query = `SELECT ${storedSelect(shape)} FROM (${rows}\n) AS ordered_row ${suffix}`;
  const folder = join(work.folder, work.newName('rewritten'));
  const sql = `COPY (${query}) TO ${quoteText(folder)} (${options.join(', ')})`;
  const { schema } = storedShape(shape);
  // else DuckDB may build its hash table of the rows, which do not fit, and not of the ranks they are joined to
  await work.session.run("SET disabled_optimizers = 'join_order,build_side_probe_side'");
  const files: RewrittenFile[] = [];
  for await (const chunk of work.session.chunks(sql, 'the rows to be written again')) {
    const [paths, counts, statistics] = [0, 1, 4].map((column) => chunk.values(column));
    for (let row = 0; row < chunk.rowCount; row++) {
      const rowCount = Number(counts?.[row]);
      if (rowCount === 0) continue;
      const columns = writtenStatistics(schema, statistics?.[row] ?? null);
      files.push({ localPath: String(paths?.[row]), partitionValues, statistics: { rowCount, columns } });
    }
  }
  await work.session.run('RESET disabled_optimizers');
  return files;
}

export interface OrderedRows {
  /** A SELECT of the table's columns. */
  readonly rows: string;
  /** Joins and order, with the rows as `ordered_row`. */
  readonly suffix: string;
}

/** Brings a file into the table's folder, durably. No version names it yet. */
export async function storeFile(
  storage: Storage,
  shape: TableShape,
  { localPath, partitionValues, statistics }: RewrittenFile,
  uuid: string,
): Promise<AddFile> {
  const stored = storedShape(shape);
  const path = `${partitionFolder(stored.partitionColumns, partitionValues)}part-00000-${uuid}.parquet`;
  const entry = await storage.write(path, piecesOf(localPath));
  const values = stored.partitionColumns.map((name) => {
    const type = stored.schema.fields.find((field) => field.name === name)?.type ?? 'string';
    return [name, decodePartitionValue(type, partitionValues[name], name)] as const;
  });
  const added = addFile(stored, { ...entry, partitionValues: Object.fromEntries(values), statistics });
  // as they stand in the log, to the letter
  return { ...added, partitionValues, dataChange: false };
}

const PIECE_BYTES = 4 << 20;

/** Opens the file when the first piece is asked for: a store that fails before leaves nothing open. */
async function* piecesOf(localPath: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(localPath, { highWaterMark: PIECE_BYTES });
}
