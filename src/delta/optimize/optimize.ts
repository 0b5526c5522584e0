import { defaultLimits, type SessionLimits } from '../../duckdb/index.ts';
import type { CommitResult } from '../commit-info.ts';
import { deltaError } from '../delta-error.ts';
import type { Where } from '../predicate.ts';
import { checkWritable } from '../protocol.ts';
import { scanTable } from '../relation/table-scan.ts';
import { targetBytes } from '../rows/file-writer.ts';
import type { WrittenTable } from '../rows/table-writer.ts';
import { Workplace } from '../rows/workplace.ts';
import type { Snapshot } from '../snapshot.ts';
import { byPartition, compactionBins } from './bins.ts';
import { Rewrite } from './rewrite.ts';
import type { OrderColumn } from './z-order.ts';

export interface OptimizeOptions {
  /** Rows with near values in these columns come to lie together. Without it only small files are joined. */
  readonly zOrderBy?: readonly string[];
  /** Bytes of a file. Default: `delta.targetFileSize`, else 256 MiB. */
  readonly targetFileSize?: number;
  /** Only files that may hold such rows, e.g. those of some partitions. */
  readonly where?: Where | string;
  /** What the work may use; see `defaultLimits`. */
  readonly limits?: SessionLimits;
  readonly onProgress?: (progress: OptimizeProgress) => void;
  /** Stops the work between two of its stages; nothing is committed then. */
  readonly signal?: AbortSignal;
}

export interface OptimizeProgress {
  readonly stage: 'count' | 'order' | 'write' | 'prove' | 'store';
  /** Groups of files done, and all of them. */
  readonly done: number;
  readonly total: number;
  /** Rows of the groups done. */
  readonly rows: number;
}

export interface OptimizeResult extends CommitResult {
  readonly filesRemoved: number;
  readonly filesAdded: number;
  readonly bytesRemoved: number;
  readonly bytesAdded: number;
  readonly rows: number;
  /** Files that were left as they are, of those asked for. */
  readonly filesSkipped: number;
  readonly deletionVectorsRemoved: number;
}

export interface OptimizeRequest extends OptimizeOptions {
  /** True of work that a commit brought about by itself. */
  readonly auto?: boolean;
  /** Only files smaller than this are joined. Default: three quarters of the target. */
  readonly smallBytes?: number;
}

/**
 * Writes files again: small ones together, or all of a partition along a Z curve through the columns named. Rows do
 * not change: before anything is stored, the count and a hash of the rows in the new files, read as a reader would,
 * are proved equal to those of the old ones (`DELTA_NOT_THE_SAME` else). Goes together with appends; leaves out groups of
 * files of which another writer removed or changed one meanwhile, and fails with `ConcurrentModificationError` when no
 * other is left. Memory is that of
 * `limits`, and what does not fit goes to its temporary folder. A crash leaves files that no version names.
 */
export async function optimizeTable(table: WrittenTable, request: OptimizeRequest): Promise<OptimizeResult> {
  const snapshot = await table.refresh();
  checkWritable(snapshot.protocol, snapshot.metadata, snapshot.schema, snapshot.table, 'checked');
  const columns = orderColumns(snapshot, request.zOrderBy ?? []);
  const transaction = table.transaction();
  const limits = request.limits ?? defaultLimits();
  using work = await Workplace.open(limits);
  const target = request.targetFileSize ?? targetBytes(snapshot.properties);
  const { files } = await scanTable(table, snapshot, { where: request.where ?? {}, limits }, work.session);
  const bins = columns.length > 0 ? byPartition(files) : compactionBins(files, target, request.smallBytes);
  const rewrite = new Rewrite(table, snapshot, work, { columns, target, request });
  for (const [done, bin] of bins.entries()) await rewrite.bin(bin, done, bins.length);
  return rewrite.commit(transaction, files.length);
}

function orderColumns(
  { schema, partitionColumns, table }: Snapshot,
  names: readonly string[],
): OrderColumn[] {
  const wrong = (message: string) =>
    deltaError({ code: 'DELTA_BAD_WRITE', message, exitCode: 2, facts: { table, columns: names } });
  if (new Set(names).size !== names.length) throw wrong(`${table}: a column to order by is named twice`);
  return names.map((name) => {
    const found = schema.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      const there = schema.fields.map((field) => field.name).join(', ');
      throw wrong(`${table} has no column ${name} to order by; it has ${there}`);
    }
    if (partitionColumns.includes(found.name)) {
      throw wrong(`${table} is partitioned by ${found.name}: its rows lie together by it already`);
    }
    if (typeof found.type !== 'string' || /^(void|variant)$/.test(found.type)) {
      throw wrong(`${table}: rows cannot be ordered by ${found.name}, whose values have no order`);
    }
    return { name: found.name, type: found.type };
  });
}
