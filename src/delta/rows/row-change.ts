import { quoteName } from '../../duckdb/index.ts';
import type { AddCdcFile, AddFile, DeletionVector } from '../actions.ts';
import type { TableShape } from '../data-file.ts';
import { VectorWriter } from '../deletion-vectors/vector-writer.ts';
import { supportedFeatures } from '../protocol-upgrade.ts';
import { parseStats } from '../stats.ts';
import type { Transaction } from '../transaction.ts';
import { CHANGE_TYPE, type FileTarget, writeChangeRows, writeRows } from './file-writer.ts';
import { keptColumns } from './new-rows.ts';
import { brokenRule, checkRules, rowRules, ruleGuard, unfitValue } from './row-rules.ts';
import type { WrittenTable } from './table-writer.ts';
import type { TargetRows } from './target-rows.ts';
import { countOf, type TouchedFile, TouchedRows } from './touched-rows.ts';
import type { Workplace } from './workplace.ts';

/** Rows that go and rows that come, found already; nothing of it is written yet. */
export interface RowChange {
  readonly table: WrittenTable;
  readonly transaction: Transaction;
  readonly target: TargetRows;
  /** The table's as it will be. */
  readonly shape: TableShape;
  /** A table of touched rows, each once; see `TouchedRows`. None where rows only come. */
  readonly touched?: string;
  /** Files of which every row is deleted, without a look at them. */
  readonly removed?: readonly AddFile[];
  /** True of the clauses that delete; the others replace their row by a new one. SQL over `CLAUSE`. */
  readonly deletes: string;
  /** SELECTs of new rows, by `newRowSelect`. */
  readonly newRows: readonly string[];
}

/** What was written and is now part of the transaction. */
export interface WrittenChange {
  readonly rowsWritten: number;
  readonly rowsReplaced: number;
  readonly rowsDeleted: number;
  readonly rowsCopied: number;
  readonly added: readonly AddFile[];
  readonly removed: readonly AddFile[];
  readonly vectorsAdded: number;
  readonly changeFiles: readonly AddCdcFile[];
}

const KEPT = 'barline_kept';

/**
 * Writes what a change needs and gathers it in its transaction, which is still to be committed: new rows as data
 * files; rows that go by deletion vectors where the table has them on, else by writing their files again; change
 * files where the feed is on and could not tell the change from the files themselves.
 */
export async function writeRowChange(work: Workplace, change: RowChange): Promise<WrittenChange> {
  try {
    return await writeChange(work, change);
  } catch (error) {
    throw unfitValue(error, change.table.uri);
  }
}

async function writeChange(work: Workplace, change: RowChange): Promise<WrittenChange> {
  const { table, transaction, target, shape } = change;
  const touched = change.touched === undefined ? undefined : new TouchedRows(work, target, change.touched);
  const touchedFiles = (await touched?.files()) ?? [];
  const replaced = (await touched?.count(`NOT (${change.deletes})`)) ?? 0;
  const partly = touchedFiles.filter(({ keptCount }) => keptCount > 0);
  const marks = usesVectors(target);
  const rewritten = marks ? [] : partly;
  const files: FileTarget = { storage: table.storage, shape, uuid: () => table.uuid() };
  const feeds = shape.properties['delta.enableChangeDataFeed'] === 'true';
  const needsFeed = feeds && (replaced > 0 || rewritten.length > 0);
  const newRows = await incoming(work, change, needsFeed);
  const added = await writeData(work, change, files, newRows, touched, rewritten);
  const changeFiles = needsFeed ? await writeFeed(work, change, files, newRows, touched) : [];
  const vectors =
    marks && touched !== undefined && partly.length > 0 ? await writeVectors(change, touched, partly) : [];

  const removed = [...(change.removed ?? []), ...touchedFiles.map(({ file }) => file)];
  for (const file of removed) transaction.remove(file);
  for (const file of added) transaction.add(file);
  for (const [i, { file }] of (marks ? partly : []).entries()) {
    const vector = vectors[i];
    if (vector === undefined) throw new Error('a vector is missing');
    transaction.add(withVector(file, vector, partly[i]?.touchedCount ?? 0, partly[i]?.keptCount ?? 0));
  }
  for (const file of changeFiles) transaction.addChangeFile(file);
  if (added.length > 0 || partly.length > 0) transaction.rowsChecked();

  const rowsCopied = rewritten.reduce((sum, { keptCount }) => sum + keptCount, 0);
  const written = added.reduce((sum, file) => sum + (parseStats(file)?.numRecords ?? 0), 0);
  const touchedCount = touchedFiles.reduce((sum, file) => sum + file.touchedCount, 0);
  return {
    rowsWritten: written - rowsCopied,
    rowsReplaced: replaced,
    rowsDeleted: touchedCount - replaced + (await removedRows(work, change)),
    rowsCopied,
    added,
    removed: marks ? removed.filter((file) => !partly.some((each) => each.file === file)) : removed,
    vectorsAdded: vectors.length,
    changeFiles,
  };
}

/** Whether rows may be marked as deleted: the table says so, and its protocol makes readers heed it. */
export function usesVectors({ snapshot }: TargetRows): boolean {
  const { properties, protocol } = snapshot;
  return (
    properties['delta.enableDeletionVectors'] === 'true' && supportedFeatures(protocol).has('deletionVectors')
  );
}

/** The new rows as one query, or none. Kept where they are needed twice, since an expression may be of chance. */
async function incoming(work: Workplace, change: RowChange, twice: boolean): Promise<string | undefined> {
  if (change.newRows.length === 0) return undefined;
  const query = change.newRows.join(' UNION ALL ');
  if (!twice) return query;
  return `SELECT * FROM ${quoteName(await work.keep('new', query, 'the rows to be written'))}`;
}

async function writeData(
  work: Workplace,
  change: RowChange,
  files: FileTarget,
  newRows: string | undefined,
  touched: TouchedRows | undefined,
  rewritten: readonly TouchedFile[],
): Promise<AddFile[]> {
  const { table, shape } = change;
  const rules = newRows === undefined ? [] : rowRules(shape);
  await checkRules(work.session, shape, rules, table.uri);
  const kept = await keptRows(change, touched, rewritten);
  if (newRows === undefined) return kept === undefined ? [] : writeRows(work, files, kept);
  try {
    const plain = `SELECT * EXCLUDE (${CHANGE_TYPE})`;
    if (kept === undefined) {
      return await writeRows(work, files, `${plain} FROM (${newRows})`, ruleGuard(rules));
    }
    const both =
      `${plain}, false AS ${KEPT} FROM (${newRows}) ` + `UNION ALL SELECT *, true AS ${KEPT} FROM (${kept})`;
    return await writeRows(work, files, both, ruleGuard(rules, KEPT));
  } catch (error) {
    throw brokenRule(error, rules, table.uri);
  }
}

async function keptRows(
  { target, shape }: RowChange,
  touched: TouchedRows | undefined,
  rewritten: readonly TouchedFile[],
): Promise<string | undefined> {
  if (touched === undefined || rewritten.length === 0) return undefined;
  const rows = await target.relation(rewritten.map(({ file }) => file));
  const columns = keptColumns(shape, target.snapshot.schema.fields, 'target');
  return `SELECT ${columns} FROM (${rows}) AS target ANTI JOIN ${touched.table} AS touched ON ${TouchedRows.samePlace('target')}`;
}

async function writeVectors(
  { table }: RowChange,
  touched: TouchedRows,
  partly: readonly TouchedFile[],
): Promise<DeletionVector[]> {
  const writer = new VectorWriter(table.storage, table.uuid());
  await touched.addVectors(
    writer,
    table,
    partly.map(({ file }) => file),
  );
  return writer.finish();
}

/** Everything that happened to rows: readers then take a commit's changes from such files alone. */
async function writeFeed(
  work: Workplace,
  change: RowChange,
  files: FileTarget,
  newRows: string | undefined,
  touched: TouchedRows | undefined,
): Promise<AddCdcFile[]> {
  const { target, shape } = change;
  const parts: string[] = [];
  const columns = keptColumns(shape, target.snapshot.schema.fields, 'target');
  if (touched !== undefined) {
    const touchedFiles = (await touched.files()).map(({ file }) => file);
    const rows = await target.relation(touchedFiles);
    parts.push(
      `SELECT ${columns}, CASE WHEN ${change.deletes} THEN 'delete' ELSE 'update_preimage' END AS ${CHANGE_TYPE} ` +
        `FROM (${rows}) AS target JOIN ${touched.table} AS touched ON ${TouchedRows.samePlace('target')}`,
    );
  }
  if (change.removed !== undefined && change.removed.length > 0) {
    const rows = await target.relation(change.removed);
    parts.push(`SELECT ${columns}, 'delete' AS ${CHANGE_TYPE} FROM (${rows}) AS target`);
  }
  if (newRows !== undefined) parts.push(newRows);
  return writeChangeRows(work, files, parts.join(' UNION ALL '));
}

/** The file with its rows marked. Its statistics stay those of all its rows, so its bounds may be wide. */
function withVector(
  file: AddFile,
  deletionVector: DeletionVector,
  touchedCount: number,
  keptCount: number,
): AddFile {
  const physical = touchedCount + keptCount + (file.deletionVector?.cardinality ?? 0);
  return { ...file, dataChange: true, deletionVector, stats: wideStats(file.stats, physical) };
}

/** Put in as text, since numbers beyond 2^53 would not survive being parsed. */
function wideStats(stats: string | undefined, rowCount: number): string {
  const counted = stats !== undefined && parseStats({ stats })?.numRecords !== undefined;
  if (!counted) return `{"numRecords":${rowCount},"tightBounds":false}`;
  const known = /"tightBounds"\s*:\s*(true|false)/;
  if (known.test(stats)) return stats.replace(known, '"tightBounds":false');
  return stats.replace(/\}\s*$/, ',"tightBounds":false}');
}

async function removedRows(work: Workplace, { removed = [], target }: RowChange): Promise<number> {
  let total = 0;
  const unknown: AddFile[] = [];
  for (const file of removed) {
    const count = parseStats(file)?.numRecords;
    if (count === undefined) unknown.push(file);
    else total += count - (file.deletionVector?.cardinality ?? 0);
  }
  if (unknown.length === 0) return total;
  return total + (await work.count(`SELECT count(*) FROM (${await target.relation(unknown, countOf)})`));
}
