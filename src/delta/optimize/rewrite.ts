import { rm } from 'node:fs/promises';
import { BarlineError } from '../../base/index.ts';
import type { AddFile } from '../actions.ts';
import type { CommitResult } from '../commit-info.ts';
import type { TableShape } from '../data-file.ts';
import { ConcurrentModificationError, deltaError } from '../delta-error.ts';
import { optimizeOperation } from '../operations.ts';
import { decodePath } from '../paths.ts';
import { whereToSql } from '../predicate.ts';
import { rowsRelation } from '../relation/file-rows.ts';
import { tableRelation } from '../relation/relation.ts';
import { fileKey } from '../replay.ts';
import type { WrittenTable } from '../rows/table-writer.ts';
import type { Workplace } from '../rows/workplace.ts';
import type { StructType } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Transaction } from '../transaction.ts';
import type { Bin } from './bins.ts';
import { contentOf, sameContent } from './content.ts';
import type { OptimizeProgress, OptimizeRequest, OptimizeResult } from './optimize.ts';
import {
  type OrderedRows,
  type RewrittenFile,
  rewriteFiles,
  rowGroupRows,
  storeFile,
} from './rewritten-files.ts';
import { type OrderColumn, stretchesOf, zOrder } from './z-order.ts';

/** Bytes of a row group: what a query of a few rows reads at least. Ordered ones are small, as their bounds are narrow. */
const ORDERED_ROW_GROUP = 256 << 10;
const ROW_GROUP = 4 << 20;
/** A file of one group is not cut for a few bytes above its target. */
const UNCUT = 2;
/** Of the memory allowed; rows that come to more are sorted in stretches. */
const MOST_SORTED = 1.5;

/** Files that became others. */
interface Part {
  readonly bin: Bin;
  readonly added: readonly AddFile[];
  readonly rows: number;
}

export interface RewritePlan {
  readonly columns: readonly OrderColumn[];
  readonly target: number;
  readonly request: OptimizeRequest;
}

/** Files of a version written again, group by group, and committed together. */
export class Rewrite {
  readonly #table: WrittenTable;
  readonly #snapshot: Snapshot;
  readonly #shape: TableShape;
  readonly #work: Workplace;
  readonly #plan: RewritePlan;
  #parts: Part[] = [];

  constructor(table: WrittenTable, snapshot: Snapshot, work: Workplace, plan: RewritePlan) {
    const { schema, partitionColumns, properties } = snapshot;
    this.#table = table;
    this.#snapshot = snapshot;
    this.#shape = { schema, partitionColumns, properties };
    this.#work = work;
    this.#plan = plan;
  }

  /** Writes one group's files again; what was written goes when it fails. */
  async bin(bin: Bin, done: number, total: number): Promise<void> {
    try {
      await this.#rewrite(bin, done, total);
    } catch (error) {
      await this.#discard(this.#parts);
      throw error;
    }
  }

  async #rewrite(bin: Bin, done: number, total: number): Promise<void> {
    const { session } = this.#work;
    const { schema, table } = this.#snapshot;
    const { onProgress, signal } = this.#plan.request;
    const say = (stage: OptimizeProgress['stage']) => {
      signal?.throwIfAborted();
      onProgress?.({ stage, done, total, rows: this.#rows() });
    };
    say('count');
    const rows = await tableRelation(session, this.#table, this.#snapshot, bin, { mostBranches: 256 });
    const before = await contentOf(session, schema, rows, `the files of ${table}`);
    say('order');
    const ordered = await this.#ordered(rows, before.rowCount);
    say('write');
    const written = await this.#write(bin, ordered, before.rowCount);
    say('prove');
    const again = await rowsRelation(session, this.#snapshot, written);
    const after = await contentOf(session, schema, again, `the files written for ${table}`);
    if (!sameContent(before, after)) throw notTheSame(table, before, after);
    say('store');
    const added: AddFile[] = [];
    this.#parts.push({ bin, added, rows: before.rowCount });
    for (const file of written) {
      added.push(await storeFile(this.#table.storage, this.#shape, file, this.#table.uuid()));
      await rm(file.localPath);
    }
  }

  #rows(): number {
    return this.#parts.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** In stretches that a sort can hold: DuckDB's own spilling ends where some times its memory is to be sorted. */
  async #ordered(rows: string, rowCount: number): Promise<OrderedRows[]> {
    const { columns } = this.#plan;
    if (columns.length === 0) return [{ rows, suffix: '' }];
    const order = await zOrder(this.#work, columns, rows);
    const byteLength = rowCount * rowBytes(this.#snapshot.schema);
    const count = Math.ceil(byteLength / (MOST_SORTED * this.#work.limits.memoryByteLength));
    const stretches = await stretchesOf(this.#work, rows, order, count);
    return stretches.map((where) => ({
      rows,
      suffix: `${order.joins} WHERE ${where} ORDER BY ${order.order}`,
    }));
  }

  async #write(bin: Bin, ordered: readonly OrderedRows[], rowCount: number): Promise<RewrittenFile[]> {
    const { columns, target } = this.#plan;
    const isOrdered = columns.length > 0;
    const bytesPerRow = rowCount === 0 ? 64 : bytesOf(bin) / rowCount;
    const sizes = {
      targetBytes: isOrdered ? target : UNCUT * target,
      rowGroupRows: rowGroupRows(isOrdered ? ORDERED_ROW_GROUP : ROW_GROUP, bytesPerRow),
    };
    const files: RewrittenFile[] = [];
    for (const part of ordered) {
      const partitionValues = bin[0]?.partitionValues ?? {};
      files.push(...(await rewriteFiles(this.#work, this.#shape, partitionValues, part, sizes)));
    }
    return files;
  }

  /** Groups that another writer got in the way of are left out, as long as there are others. */
  async commit(transaction: Transaction, asked: number): Promise<OptimizeResult> {
    let current = transaction;
    for (;;) {
      try {
        return await this.#commitOnce(current, asked);
      } catch (error) {
        // after any other error the commit may stand: its files are not to be touched
        if (!isLost(error)) throw error;
        const kept = error instanceof ConcurrentModificationError ? await this.#unaffected() : [];
        await this.#discard(this.#parts.filter((part) => !kept.includes(part)));
        if (kept.length === 0) throw error;
        this.#parts = kept;
        current = this.#table.transaction();
      }
    }
  }

  async #commitOnce(transaction: Transaction, asked: number): Promise<OptimizeResult> {
    const removed = this.#parts.flatMap(({ bin }) => bin);
    const added = this.#parts.flatMap((part) => part.added);
    const result = {
      filesRemoved: removed.length,
      filesAdded: added.length,
      bytesRemoved: bytesOf(removed),
      bytesAdded: bytesOf(added),
      rows: this.#rows(),
      filesSkipped: asked - removed.length,
      deletionVectorsRemoved: removed.filter((file) => file.deletionVector !== undefined).length,
    };
    const nothing: CommitResult = { version: this.#snapshot.version, alreadyCommitted: false };
    if (removed.length === 0) return { ...nothing, ...result };
    transaction.readFiles(removed);
    for (const file of removed) transaction.remove(file, { dataChange: false });
    for (const file of added) transaction.add(file);
    const { where, auto = false } = this.#plan.request;
    const predicate = where === undefined ? [] : [typeof where === 'string' ? where : whereToSql(where)];
    const zOrderBy = this.#plan.columns.map(({ name }) => name);
    transaction.operation(optimizeOperation({ predicate, zOrderBy, auto }, removed, added));
    return { ...(await transaction.commit()), ...result };
  }

  /** Groups whose files are all still there, as they were read; none when the table is defined otherwise now. */
  async #unaffected(): Promise<Part[]> {
    const latest = await this.#table.refresh();
    const definition = ({ metadata, protocol }: Snapshot) => JSON.stringify([metadata, protocol]);
    if (definition(latest) !== definition(this.#snapshot)) return [];
    const kept = this.#parts.filter(({ bin }) => bin.every((file) => latest.state.files.has(fileKey(file))));
    return kept.length < this.#parts.length ? kept : [];
  }

  /** Nothing names these files; what cannot be removed now is vacuum's. */
  async #discard(parts: readonly Part[]): Promise<void> {
    const removals = parts
      .flatMap(({ added }) => added)
      .map(async ({ path }) => this.#table.storage.delete(decodePath(path)));
    await Promise.allSettled(removals);
  }
}

/** True when it is sure that nothing was committed. */
function isLost(error: unknown): boolean {
  if (error instanceof ConcurrentModificationError) return true;
  return error instanceof BarlineError && error.code === 'DELTA_COMMIT_CONTENDED';
}

function bytesOf(files: readonly AddFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

/** About what a row takes while it is sorted. */
function rowBytes({ fields }: StructType): number {
  const isWide = (type: unknown) => typeof type !== 'string' || /^(string|binary|variant|decimal)/.test(type);
  return fields.reduce((sum, { type }) => sum + (isWide(type) ? 32 : 8), 16);
}

function notTheSame(table: string, before: { rowCount: number }, after: { rowCount: number }) {
  return deltaError({
    code: 'DELTA_NOT_THE_SAME',
    message: `${table}: the files written again hold other rows than before: expected ${before.rowCount} rows, found ${after.rowCount}${before.rowCount === after.rowCount ? ' with other values' : ''}`,
    hint: 'nothing was committed and the table is as it was; this is a fault of the program or of the disk: please report it',
    facts: { table, expected: before.rowCount, found: after.rowCount },
  });
}
