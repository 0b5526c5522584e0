import { defaultLimits, quoteName } from '../../duckdb/index.ts';
import { type Condition, UNKNOWN } from '../condition.ts';
import type { TableShape } from '../data-file.ts';
import { deltaError } from '../delta-error.ts';
import { scanFiles } from '../scan.ts';
import { field, type StructField } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { sqlCondition } from '../sql-condition.ts';
import { commitRows } from './commit-rows.ts';
import { deltaTypeOf } from './delta-types.ts';
import { clauseNumber, type MergeClause, type MergeClauses, mergeClauses } from './merge-clauses.ts';
import { type MergeMatch, mergeMatch } from './merge-match.ts';
import { mergeOperation } from './merge-operation.ts';
import { INSERT, newRowSelect, UPDATE } from './new-rows.ts';
import { writeRowChange } from './row-change.ts';
import { checkAllGiven, type IncomingRows, openSource, type RowSource, sourceSession } from './row-source.ts';
import { keyCondition } from './source-range.ts';
import { checkExpression } from './sql-expression.ts';
import {
  beginWrite,
  type RowChangeResult,
  type SourceWriteOptions,
  type WrittenTable,
} from './table-writer.ts';
import { FILE_NUMBER, ROW_NUMBER, TargetRows } from './target-rows.ts';
import { CLAUSE, SOURCE_ROW, TouchedRows } from './touched-rows.ts';
import { checkAssignments, updatedValues } from './update-rows.ts';
import { Workplace } from './workplace.ts';

export interface MergeOptions extends SourceWriteOptions, MergeClauses {
  /**
   * Columns that the table and the source share, or SQL over `target` and `source`. A null equals nothing; in SQL
   * `IS NOT DISTINCT FROM` makes it.
   */
  readonly on: readonly string[] | string;
}

/** All that a merge has found out before it looks at a row of the table. */
interface Merge {
  readonly work: Workplace;
  readonly snapshot: Snapshot;
  readonly incoming: IncomingRows;
  /** The source's rows, kept; known by their `rowid`. */
  readonly source: string;
  readonly match: MergeMatch;
  readonly clauses: readonly MergeClause[];
}

/**
 * Changes rows of the table that match rows of a source, and inserts those of the source that match none. Reads the
 * columns of keys and conditions where the source's keys and the statistics do not rule a file out; then, of rows that
 * are updated, the columns that are not set. `DELTA_AMBIGUOUS_MERGE` when several rows of the source would change one
 * of the table.
 */
export async function mergeRows(
  table: WrittenTable,
  source: RowSource,
  options: MergeOptions,
): Promise<RowChangeResult> {
  const clauses = mergeClauses(options, table.uri);
  const removes = clauses.some(({ does }) => does !== 'insert');
  const { snapshot, transaction, done } = await beginWrite(table, options, { removes });
  if (done !== undefined) return done;
  using work = await Workplace.open(options.limits ?? defaultLimits(), sourceSession(source));
  try {
    const merge = await prepare(work, table, snapshot, source, options, clauses);
    const condition = await readCondition(merge);
    transaction.readCondition(condition);
    const target = new TargetRows(work, table, snapshot, scanFiles(snapshot, condition).files);
    const { touched, pairs } = await findTouched(merge, target);
    const written = await writeRowChange(work, {
      table,
      transaction,
      target,
      shape: merge.incoming.shape,
      touched,
      deletes: `${CLAUSE} IN (${[-1, ...numbersOf(clauses, 'delete')].join(', ')})`,
      newRows: await newRowSelects(merge, target, touched, pairs),
    });
    const sourceRows = await work.count(`SELECT count(*) FROM ${quoteName(merge.source)}`);
    const operation = mergeOperation(merge.match.sql, clauses, sourceRows, written);
    const { added } = merge.incoming;
    return await commitRows(snapshot, transaction, written, operation, { ...options, added });
  } finally {
    await work.leave();
  }
}

function numbersOf(clauses: readonly MergeClause[], does: MergeClause['does']): number[] {
  return clauses.filter((clause) => clause.does === does).map(({ number }) => number);
}

async function prepare(
  work: Workplace,
  table: WrittenTable,
  snapshot: Snapshot,
  source: RowSource,
  options: MergeOptions,
  clauses: readonly MergeClause[],
): Promise<Merge> {
  const opened = await openSource(work, snapshot, source, { ...options, extraColumns: true }, () =>
    table.uuid(),
  );
  const inserts = clauses.filter((clause) => clause.does === 'insert');
  if (inserts.some((clause) => clause.set === 'all')) checkAllGiven(opened, snapshot.table);
  for (const { condition } of clauses) {
    if (condition === undefined) continue;
    await checkExpression(work.session, condition, `the condition ${JSON.stringify(condition)}`);
  }
  const kept = await work.keep('source', opened.query, 'the source of the merge');
  const columns = await work.session.columns(`SELECT * FROM ${quoteName(kept)}`);
  const fields = columns.map(({ name, type }): StructField => field(name, deltaTypeOf(type) ?? 'void'));
  const match = await mergeMatch(work, snapshot, fields, options.on);
  return { work, snapshot, incoming: opened, source: kept, match, clauses };
}

/** Of the table's rows: those that can match, and those that a clause takes because they match nothing. */
async function readCondition({ work, snapshot, source, match, clauses }: Merge): Promise<Condition> {
  const keys = await keyCondition(work, snapshot, source, match.keys);
  const parts: Condition[] = [{ kind: 'all', parts: [match.condition, keys] }];
  for (const { when, condition } of clauses) {
    if (when !== 'not-matched-by-source') continue;
    const { schema, properties } = snapshot;
    parts.push(
      condition === undefined
        ? UNKNOWN
        : await sqlCondition(work.session, condition, schema, properties, 'target'),
    );
  }
  return { kind: 'any', parts };
}

interface Found {
  /** Rows of the table that a clause takes, each once. */
  readonly touched: string;
  /** Every pair that matches, with the clause that takes it, if any. */
  readonly pairs: string;
}

async function findTouched(merge: Merge, target: TargetRows): Promise<Found> {
  const { work, snapshot, source, match, clauses } = merge;
  const matched = clauses.filter(({ when }) => when === 'matched');
  const bySource = clauses.filter(({ when }) => when === 'not-matched-by-source');
  const inserts = clauses.some(({ when }) => when === 'not-matched');
  const what = `the merge on ${match.sql}`;
  const joined = (name: string) =>
    `SELECT ${clauseNumber(matched)} FROM ${name} AS target JOIN ${quoteName(source)} AS source ON (${match.sql}\n)`;
  const rows = await target.relation(target.files, joined);
  const place = `target.${FILE_NUMBER}, target.${ROW_NUMBER}`;
  const all =
    `SELECT ${place}, ${clauseNumber(matched)} AS ${CLAUSE}, source.rowid AS ${SOURCE_ROW} ` +
    `FROM (${rows}) AS target JOIN ${quoteName(source)} AS source ON (${match.sql}\n)`;
  const needsAll = inserts || bySource.length > 0;
  const taken = needsAll ? all : `SELECT * FROM (${all}) WHERE ${CLAUSE} IS NOT NULL`;
  const pairs = await work.keep('pairs', taken, what);
  await checkUnambiguous(merge, pairs);
  const deletes = numbersOf(clauses, 'delete');
  const isOnlyDelete = matched.every(({ does }) => does === 'delete');
  // several deletes of one row are one
  const once =
    isOnlyDelete && deletes.length > 0
      ? `SELECT ${FILE_NUMBER}, ${ROW_NUMBER}, min(${CLAUSE}) AS ${CLAUSE}, min(${SOURCE_ROW}) AS ${SOURCE_ROW} FROM ${quoteName(pairs)} WHERE ${CLAUSE} IS NOT NULL GROUP BY ALL`
      : `SELECT * FROM ${quoteName(pairs)} WHERE ${CLAUSE} IS NOT NULL`;
  if (bySource.length === 0) {
    return { touched: needsAll || isOnlyDelete ? await work.keep('touched', once) : pairs, pairs };
  }
  const alone = (name: string) => `SELECT ${clauseNumber(bySource)} FROM ${name} AS target`;
  const unmatched = await target.relation(target.files, alone);
  const others =
    `SELECT * FROM (SELECT ${place}, ${clauseNumber(bySource)} AS ${CLAUSE}, NULL::BIGINT AS ${SOURCE_ROW} ` +
    `FROM (${unmatched}) AS target ANTI JOIN ${quoteName(pairs)} AS touched ON ${TouchedRows.samePlace('target')}) ` +
    `WHERE ${CLAUSE} IS NOT NULL`;
  return {
    touched: await work.keep('touched', `${once} UNION ALL ${others}`, `${what} in ${snapshot.table}`),
    pairs,
  };
}

async function checkUnambiguous({ work, snapshot, clauses }: Merge, pairs: string): Promise<void> {
  const updates = clauses.filter(({ when, does }) => when === 'matched' && does === 'update');
  if (updates.length === 0) return;
  const query =
    `SELECT count(*) FROM (SELECT 1 FROM ${quoteName(pairs)} WHERE ${CLAUSE} IS NOT NULL ` +
    `GROUP BY ${FILE_NUMBER}, ${ROW_NUMBER} HAVING count(*) > 1)`;
  const count = await work.count(query);
  if (count === 0) return;
  throw deltaError({
    code: 'DELTA_AMBIGUOUS_MERGE',
    message: `cannot merge into ${snapshot.table}: ${count} of its rows match several rows of the source, and any of these could be taken`,
    hint: 'leave one row for each key in the source, or match by more columns',
    facts: { table: snapshot.table, rows: count },
  });
}

async function newRowSelects(
  merge: Merge,
  target: TargetRows,
  touched: string,
  pairs: string,
): Promise<string[]> {
  const { work, source, clauses, incoming } = merge;
  const upsert = await plainUpsert(merge, pairs);
  if (upsert !== undefined) return [upsert];
  const places = new TouchedRows(work, target, touched);
  const selects: string[] = [];
  for (const clause of clauses) {
    if (clause.does !== 'update') continue;
    if ((await places.count(`${CLAUSE} = ${clause.number}`)) === 0) continue;
    const assigned = await assignedValues(merge, clause.set);
    const values = updatedValues(oldColumns(merge), assigned);
    const needsTarget = clause.set !== 'all' || values.size > assigned.size;
    const touchedFiles = (await places.files()).map(({ file }) => file);
    const other = clause.when === 'matched' ? `, ${quoteName(source)} AS source` : '';
    const asked = (name: string) =>
      `SELECT ${[...values.values()].join(', ')} FROM ${name} AS target${other}`;
    const from = [
      `(SELECT * FROM ${places.table} WHERE ${CLAUSE} = ${clause.number}) AS touched`,
      ...(needsTarget
        ? [
            `JOIN (${await target.relation(touchedFiles, asked)}) AS target ON ${TouchedRows.samePlace('target')}`,
          ]
        : []),
      ...(clause.when === 'matched'
        ? [`JOIN ${quoteName(source)} AS source ON source.rowid = touched.${SOURCE_ROW}`]
        : []),
    ];
    selects.push(newRowSelect(incoming.shape, { change: UPDATE, values, from: from.join(' ') }));
  }
  const inserts = clauses.filter((clause) => clause.does === 'insert');
  for (const clause of inserts) {
    const from =
      `(SELECT source.* FROM ${quoteName(source)} AS source ` +
      `ANTI JOIN ${quoteName(pairs)} AS pair ON pair.${SOURCE_ROW} = source.rowid ` +
      `WHERE (${clauseNumber(inserts)}) = ${clause.number}) AS source`;
    const values = await assignedValues(merge, clause.set);
    selects.push(newRowSelect(incoming.shape, { change: INSERT, values, from }));
  }
  return selects;
}

/**
 * Where every row of the source is written, as an update or as an insert, with all its columns: one pass over it
 * instead of two. A row of the source that several of the table match is written as often.
 */
async function plainUpsert(merge: Merge, pairs: string): Promise<string | undefined> {
  const { source, clauses, incoming } = merge;
  const [first, second, ...others] = clauses;
  const both = [first?.does, second?.does].sort().join(' ') === 'insert update';
  if (!both || others.length > 0 || first?.when === 'not-matched-by-source') return undefined;
  if (second?.when === 'not-matched-by-source') return undefined;
  const isWhole = [first, second].every((clause) => {
    const sets = clause !== undefined && 'set' in clause ? clause.set : undefined;
    return clause?.condition === undefined && sets === 'all';
  });
  const values = await assignedValues(merge, 'all');
  if (!isWhole || values.size < incoming.shape.schema.fields.length) return undefined;
  return newRowSelect(incoming.shape, {
    change: `CASE WHEN pair.${SOURCE_ROW} IS NULL THEN ${INSERT} ELSE ${UPDATE} END`,
    values,
    from: `${quoteName(source)} AS source LEFT JOIN ${quoteName(pairs)} AS pair ON pair.${SOURCE_ROW} = source.rowid`,
  });
}

/** Columns that rows of the table have; those that come with the source are null in them. */
function oldColumns({ snapshot }: Merge): Pick<Snapshot, 'schema'> {
  return { schema: snapshot.schema };
}

/** SQL by the table's column. */
async function assignedValues(
  { work, snapshot, incoming }: Merge,
  set: 'all' | Readonly<Record<string, string>>,
): Promise<Map<string, string>> {
  if (set === 'all') {
    return new Map([...incoming.columns].map(([name, column]) => [name, `source.${quoteName(column)}`]));
  }
  const shape: TableShape = incoming.shape;
  return checkAssignments(work, { schema: shape.schema, table: snapshot.table }, set);
}
