import { rm } from 'node:fs/promises';
import { defaultLimits, type SessionLimits } from '../../duckdb/index.ts';
import type { AddFile } from '../actions.ts';
import type { CommitResult } from '../commit-info.ts';
import type { TableShape } from '../data-file.ts';
import { deltaError } from '../delta-error.ts';
import { optimizeOperation } from '../operations.ts';
import { decodePath } from '../paths.ts';
import { type Where, whereToSql } from '../predicate.ts';
import { checkWritable } from '../protocol.ts';
import { rowsRelation } from '../relation/file-rows.ts';
import { tableRelation } from '../relation/relation.ts';
import { scanTable } from '../relation/table-scan.ts';
import { targetBytes } from '../rows/file-writer.ts';
import type { WrittenTable } from '../rows/table-writer.ts';
import { Workplace } from '../rows/workplace.ts';
import type { Snapshot } from '../snapshot.ts';
import { parseStats } from '../stats.ts';
import type { Transaction } from '../transaction.ts';
import { type Bin, byPartition, compactionBins } from './bins.ts';
import { contentOf, sameContent } from './content.ts';
import {
  type OrderedRows,
  type RewrittenFile,
  rewriteFiles,
  rowGroupRows,
  storeFile,
} from './rewritten-files.ts';
import { type OrderColumn, zOrder } from './z-order.ts';

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

/** Bytes of a row group: what a query of a few rows reads at least. Ordered ones are small, as their bounds are narrow. */
const ORDERED_ROW_GROUP = 256 << 10;
const ROW_GROUP = 4 << 20;
/** A file of one group is not cut for a few bytes above its target. */
const UNCUT = 2;

/**
 * Writes files again: small ones together, or all of a partition along a Z curve through the columns named. Rows do
 * not change: before anything is stored, the count and a hash of the rows in the new files, read as a reader would,
 * are proved equal to those of the old ones (`DELTA_NOT_THE_SAME` else). Goes together with appends; fails with
 * `ConcurrentModificationError` when another writer removed or changed one of the files meanwhile. Memory is that of
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
  try {
    for (const [done, bin] of bins.entries()) await rewrite.bin(bin, done, bins.length);
    return await rewrite.commit(transaction, files.length);
  } catch (error) {
    await rewrite.discard();
    throw error;
  }
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

interface Plan {
  readonly columns: readonly OrderColumn[];
  readonly target: number;
  readonly request: OptimizeRequest;
}

class Rewrite {
  readonly #table: WrittenTable;
  readonly #snapshot: Snapshot;
  readonly #shape: TableShape;
  readonly #work: Workplace;
  readonly #plan: Plan;
  readonly #removed: AddFile[] = [];
  readonly #added: AddFile[] = [];
  #rows = 0;

  constructor(table: WrittenTable, snapshot: Snapshot, work: Workplace, plan: Plan) {
    const { schema, partitionColumns, properties } = snapshot;
    this.#table = table;
    this.#snapshot = snapshot;
    this.#shape = { schema, partitionColumns, properties };
    this.#work = work;
    this.#plan = plan;
  }

  async bin(bin: Bin, done: number, total: number): Promise<void> {
    const { session } = this.#work;
    const { schema, table } = this.#snapshot;
    const { onProgress, signal } = this.#plan.request;
    const say = (stage: OptimizeProgress['stage']) => {
      signal?.throwIfAborted();
      onProgress?.({ stage, done, total, rows: this.#rows });
    };
    say('count');
    const rows = await tableRelation(session, this.#table, this.#snapshot, bin, { mostBranches: 256 });
    const before = await contentOf(session, schema, rows, `the files of ${table}`);
    say('order');
    const ordered = await this.#ordered(rows);
    say('write');
    const written = await this.#write(bin, ordered);
    say('prove');
    const again = await rowsRelation(session, this.#snapshot, written);
    const after = await contentOf(session, schema, again, `the files written for ${table}`);
    if (!sameContent(before, after)) throw notTheSame(table, before, after);
    say('store');
    for (const file of written) {
      this.#added.push(await storeFile(this.#table.storage, this.#shape, file, this.#table.uuid()));
      await rm(file.localPath);
    }
    this.#removed.push(...bin);
    this.#rows += before.rowCount;
  }

  async #ordered(rows: string): Promise<OrderedRows> {
    const { columns } = this.#plan;
    if (columns.length === 0) return { rows, suffix: '' };
    const { joins, order } = await zOrder(this.#work, columns, rows);
    return { rows, suffix: `${joins} ORDER BY ${order}` };
  }

  #write(bin: Bin, ordered: OrderedRows): Promise<RewrittenFile[]> {
    const { columns, target } = this.#plan;
    const isOrdered = columns.length > 0;
    const rowCount = bin.reduce((sum, file) => sum + (parseStats(file)?.numRecords ?? 0), 0);
    const bytesPerRow = rowCount === 0 ? 64 : bytesOf(bin) / rowCount;
    return rewriteFiles(this.#work, this.#shape, bin[0]?.partitionValues ?? {}, ordered, {
      targetBytes: isOrdered ? target : UNCUT * target,
      rowGroupRows: rowGroupRows(isOrdered ? ORDERED_ROW_GROUP : ROW_GROUP, bytesPerRow),
    });
  }

  async commit(transaction: Transaction, asked: number): Promise<OptimizeResult> {
    const [removed, added] = [this.#removed, this.#added];
    const result = {
      filesRemoved: removed.length,
      filesAdded: added.length,
      bytesRemoved: bytesOf(removed),
      bytesAdded: bytesOf(added),
      rows: this.#rows,
      filesSkipped: asked - removed.length,
      deletionVectorsRemoved: removed.filter((file) => file.deletionVector !== undefined).length,
    };
    if (removed.length === 0) {
      return { version: this.#snapshot.version, alreadyCommitted: false, ...result };
    }
    transaction.readFiles(removed);
    for (const file of removed) transaction.remove(file, { dataChange: false });
    for (const file of added) transaction.add(file);
    const { where, auto = false } = this.#plan.request;
    const predicate = where === undefined ? [] : [typeof where === 'string' ? where : whereToSql(where)];
    const zOrderBy = this.#plan.columns.map(({ name }) => name);
    transaction.operation(optimizeOperation({ predicate, zOrderBy, auto }, removed, added));
    return { ...(await transaction.commit()), ...result };
  }

  /** Nothing names these files; what cannot be removed now is vacuum's. */
  async discard(): Promise<void> {
    const removals = this.#added.map(({ path }) => this.#table.storage.delete(decodePath(path)));
    await Promise.allSettled(removals);
  }
}

function bytesOf(files: readonly AddFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

function notTheSame(table: string, before: { rowCount: number }, after: { rowCount: number }) {
  return deltaError({
    code: 'DELTA_NOT_THE_SAME',
    message: `${table}: the files written again hold other rows than before: expected ${before.rowCount} rows, found ${after.rowCount}${before.rowCount === after.rowCount ? ' with other values' : ''}`,
    hint: 'nothing was committed and the table is as it was; this is a fault of the program or of the disk: please report it',
    facts: { table, expected: before.rowCount, found: after.rowCount },
  });
}
