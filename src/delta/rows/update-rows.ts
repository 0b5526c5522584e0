import { defaultLimits, quoteName } from '../../duckdb/index.ts';
import type { Operation } from '../commit-info.ts';
import { deltaError } from '../delta-error.ts';
import type { Where } from '../predicate.ts';
import { scanFiles } from '../scan.ts';
import type { Snapshot } from '../snapshot.ts';
import { fieldNamed } from './assignable.ts';
import { commitRows, metricsOf } from './commit-rows.ts';
import { touchedQuery } from './delete-rows.ts';
import { newRowSelect, UPDATE } from './new-rows.ts';
import { type WrittenChange, writeRowChange } from './row-change.ts';
import { rowCondition } from './row-condition.ts';
import { generationOf } from './row-rules.ts';
import { checkExpression } from './sql-expression.ts';
import { beginWrite, type RowChangeResult, type RowWriteOptions, type WrittenTable } from './table-writer.ts';
import { TargetRows } from './target-rows.ts';
import { TouchedRows } from './touched-rows.ts';
import { Workplace } from './workplace.ts';

/** SQL by column: `{close: 'close * 2'}`. */
export type Assignments = Readonly<Record<string, string>>;

/** Sets columns of the rows of a condition; of all rows without one. Reads what `deleteRows` does, and those rows. */
export async function updateRows(
  table: WrittenTable,
  where: Where | string | undefined,
  set: Assignments,
  options: RowWriteOptions = {},
): Promise<RowChangeResult> {
  const { snapshot, transaction, done } = await beginWrite(table, options, { removes: true });
  if (done !== undefined) return done;
  using work = await Workplace.open(options.limits ?? defaultLimits());
  const { sql, condition, text } = await rowCondition(work, snapshot, where);
  const assigned = await checkAssignments(work, snapshot, set);
  transaction.readCondition(condition);
  const { files } = scanFiles(snapshot, condition);
  const target = new TargetRows(work, table, snapshot, files);
  const what = sql === undefined ? 'the update' : `the condition ${sql}`;
  const touched = await work.keep('touched', await touchedQuery(target, sql), what);
  const places = new TouchedRows(work, target, touched);
  const touchedFiles = (await places.files()).map(({ file }) => file);
  const values = updatedValues(snapshot, assigned);
  const asked = (name: string) => `SELECT ${[...values.values()].join(', ')} FROM ${name} AS target`;
  const rows = await target.relation(touchedFiles, asked);
  const newRows = newRowSelect(snapshot, {
    change: UPDATE,
    values,
    from: `(${rows}) AS target JOIN ${places.table} AS touched ON ${TouchedRows.samePlace('target')}`,
  });
  const written = await writeRowChange(work, {
    table,
    transaction,
    target,
    shape: snapshot,
    touched,
    deletes: 'false',
    newRows: touchedFiles.length === 0 ? [] : [newRows],
  });
  return commitRows(snapshot, transaction, written, updateOperation(text, written), options);
}

/** Expressions by the table's columns. `DELTA_BAD_WRITE` names one it has not. */
export async function checkAssignments(
  work: Workplace,
  { schema, table }: Pick<Snapshot, 'schema' | 'table'>,
  set: Assignments,
): Promise<Map<string, string>> {
  const assigned = new Map<string, string>();
  for (const [name, expression] of Object.entries(set)) {
    const column = fieldNamed(schema.fields, name);
    if (column === undefined || assigned.has(column.name)) {
      throw deltaError({
        code: 'DELTA_BAD_WRITE',
        message: `${table}: cannot set ${name}: ${column === undefined ? 'there is no such column' : 'it is set twice'}`,
        hint: `its columns are ${schema.fields.map((field) => field.name).join(', ')}`,
        facts: { table, column: name },
      });
    }
    await checkExpression(work.session, expression, `the value of ${name}, ${JSON.stringify(expression)},`);
    assigned.set(column.name, expression);
  }
  return assigned;
}

/** The assigned columns, and the others as they are in `target`; generated ones are made anew. */
export function updatedValues(
  { schema }: Pick<Snapshot, 'schema'>,
  assigned: ReadonlyMap<string, string>,
): Map<string, string> {
  const values = new Map(assigned);
  for (const field of schema.fields) {
    if (values.has(field.name) || generationOf(field) !== undefined) continue;
    values.set(field.name, `target.${quoteName(field.name)}`);
  }
  return values;
}

function updateOperation(text: string | undefined, written: WrittenChange): Operation {
  return {
    name: 'UPDATE',
    parameters: { predicate: JSON.stringify(text === undefined ? [] : [text]) },
    metrics: metricsOf({
      numRemovedFiles: written.removed.length,
      numAddedFiles: written.added.length,
      numUpdatedRows: written.rowsReplaced,
      numCopiedRows: written.rowsCopied,
      numDeletionVectorsAdded: written.vectorsAdded,
      numAddedChangeFiles: written.changeFiles.length,
    }),
  };
}
