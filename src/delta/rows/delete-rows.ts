import { defaultLimits } from '../../duckdb/index.ts';
import type { AddFile } from '../actions.ts';
import type { Operation } from '../commit-info.ts';
import type { Where } from '../predicate.ts';
import { scanFiles } from '../scan.ts';
import { commitRows, metricsOf } from './commit-rows.ts';
import { type RowChange, type WrittenChange, writeRowChange } from './row-change.ts';
import { isOfPartitions, type RowCondition, rowCondition } from './row-condition.ts';
import { bracketed } from './sql-expression.ts';
import { beginWrite, type RowChangeResult, type RowWriteOptions, type WrittenTable } from './table-writer.ts';
import { FILE_NUMBER, ROW_NUMBER, TargetRows } from './target-rows.ts';
import { CLAUSE, SOURCE_ROW } from './touched-rows.ts';
import { Workplace } from './workplace.ts';

/**
 * Deletes the rows of a condition; all of them without one. Whole partitions, and all rows, go without a look at
 * their files; of others the columns that the condition names are read where statistics do not rule the file out.
 */
export async function deleteRows(
  table: WrittenTable,
  where: Where | string | undefined,
  options: RowWriteOptions = {},
): Promise<RowChangeResult> {
  const { snapshot, transaction, done } = await beginWrite(table, options, { removes: true });
  if (done !== undefined) return done;
  using work = await Workplace.open(options.limits ?? defaultLimits());
  const condition = await rowCondition(work, snapshot, where);
  transaction.readCondition(condition.condition);
  const { files } = scanFiles(snapshot, condition.condition);
  const target = new TargetRows(work, table, snapshot, files);
  const gone = await rowsThatGo(work, target, condition);
  const change: RowChange = {
    table,
    transaction,
    target,
    shape: snapshot,
    deletes: 'true',
    newRows: [],
    ...gone,
  };
  const written = await writeRowChange(work, change);
  return commitRows(snapshot, transaction, written, deleteOperation(condition, written), options);
}

/** Files of which all rows meet the condition, or else a table of those that do. */
export async function rowsThatGo(
  work: Workplace,
  target: TargetRows,
  { sql, condition }: RowCondition,
): Promise<{ readonly removed: readonly AddFile[] } | { readonly touched: string }> {
  const isWhole = sql === undefined || isOfPartitions(condition, target.snapshot.partitionColumns);
  if (isWhole || target.files.length === 0) return { removed: target.files };
  return { touched: await work.keep('touched', await touchedQuery(target, sql), `the condition ${sql}`) };
}

export async function touchedQuery(target: TargetRows, sql: string | undefined): Promise<string> {
  const where = sql === undefined ? '' : ` WHERE ${bracketed(sql)}`;
  const asked = (table: string) => `SELECT count(*) FROM ${table} AS target${where}`;
  const rows = await target.relation(target.files, asked);
  return (
    `SELECT ${FILE_NUMBER}, ${ROW_NUMBER}, 0 AS ${CLAUSE}, NULL::BIGINT AS ${SOURCE_ROW} ` +
    `FROM (${rows}) AS target${where}`
  );
}

function deleteOperation({ text }: RowCondition, written: WrittenChange): Operation {
  return {
    name: 'DELETE',
    parameters: { predicate: JSON.stringify(text === undefined ? [] : [text]) },
    metrics: metricsOf({
      numRemovedFiles: written.removed.length,
      numAddedFiles: written.added.length,
      numDeletedRows: written.rowsDeleted,
      numCopiedRows: written.rowsCopied,
      numDeletionVectorsAdded: written.vectorsAdded,
      numAddedChangeFiles: written.changeFiles.length,
    }),
  };
}
