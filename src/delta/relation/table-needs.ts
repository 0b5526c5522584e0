/** What a query needs of the tables it reads, told before any of their files is opened. */
import { type DuckDbSession, quoteName, quoteText } from '../../duckdb/index.ts';
import { type Condition, UNKNOWN } from '../condition.ts';
import { compileWhere } from '../predicate.ts';
import { isRecord, type StructField } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { emptyRows } from './file-rows.ts';
import { filterConstraint } from './pushed-filter.ts';

export interface TableNeeds {
  /** Columns that are read, those of conditions included; in the schema's order. */
  readonly columns: readonly string[];
  /** What every row that is read meets. */
  readonly condition: Condition;
}

/** A table as the query names it. */
export interface NamedTable {
  readonly name: string;
  readonly snapshot: Snapshot;
}

/** These would answer from the statistics of the empty tables, or read one of them twice. */
const DISABLED_OPTIMIZERS = 'statistics_propagation,late_materialization';

/**
 * DuckDB plans the query over empty tables of these names and columns, and what its optimizer pushes into the reading
 * of each is what all rows read must meet: through joins, views and subqueries. A table that the plan does not show,
 * and every table of a query that cannot be planned so, is left out: all of it may be needed. Names must be free in
 * the session. Costs a few milliseconds; runs nothing.
 */
export async function tableNeeds(
  session: DuckDbSession,
  query: string,
  tables: readonly NamedTable[],
): Promise<Map<string, TableNeeds>> {
  const gets = await plannedReads(session, query, tables);
  const needs = new Map<string, TableNeeds>();
  for (const { name, snapshot } of tables) {
    const reads = gets.filter((get) => tableOf(get)?.toLowerCase() === name.toLowerCase());
    if (reads.length > 0) needs.set(name, needsOf(snapshot, reads));
  }
  return needs;
}

type JsonObject = Readonly<Record<string, unknown>>;

async function plannedReads(
  session: DuckDbSession,
  query: string,
  tables: readonly NamedTable[],
): Promise<JsonObject[]> {
  const made: string[] = [];
  await session.run(`SET disabled_optimizers = '${DISABLED_OPTIMIZERS}'`);
  try {
    for (const { name, snapshot } of tables) {
      await session.run(`CREATE TABLE ${quoteName(name)} AS ${emptyRows(snapshot)}`);
      made.push(name);
    }
    const options = 'optimize := true, skip_null := false, skip_empty := false, skip_default := false';
    const plan = await session.value(`SELECT json_serialize_plan(${quoteText(query)}, ${options})`);
    return readsIn(JSON.parse(String(plan)));
  } catch {
    // a query that is wrong says so when it is run
    return [];
  } finally {
    for (const name of made) await session.run(`DROP TABLE ${quoteName(name)}`);
    await session.run('RESET disabled_optimizers');
  }
}

function readsIn(node: unknown): JsonObject[] {
  if (Array.isArray(node)) return node.flatMap(readsIn);
  if (!isRecord(node)) return [];
  const within = Object.values(node).flatMap(readsIn);
  return node.type === 'LOGICAL_GET' ? [node, ...within] : within;
}

function tableOf({ function_data: data }: JsonObject): string | undefined {
  return isRecord(data) && typeof data.table === 'string' ? data.table : undefined;
}

/** A table that is read more than once needs what any of the reads does. */
function needsOf(snapshot: Snapshot, reads: readonly JsonObject[]): TableNeeds {
  const wanted = new Set<number>();
  const parts: Condition[] = [];
  for (const read of reads) {
    const filters = filtersOf(read);
    for (const index of [...columnsOf(read, snapshot), ...filters.map(([column]) => column)])
      wanted.add(index);
    parts.push({ kind: 'all', parts: filters.map(([column, filter]) => about(snapshot, column, filter)) });
  }
  const columns = snapshot.schema.fields.filter((_, index) => wanted.has(index)).map(({ name }) => name);
  return { columns, condition: { kind: 'any', parts } };
}

/** By their place in the table; a place beyond the last is that of row ids, asked for where rows are only counted. */
function columnsOf({ column_indexes: indexes }: JsonObject, { schema }: Snapshot): number[] {
  if (!Array.isArray(indexes)) return schema.fields.map((_, index) => index);
  return indexes.map((each) => Number(isRecord(each) ? each.index : each));
}

function filtersOf({ table_filters: found }: JsonObject): (readonly [column: number, filter: unknown])[] {
  if (!isRecord(found) || !Array.isArray(found.filters)) return [];
  return found.filters.map((each) => [Number(isRecord(each) && each.key), isRecord(each) && each.value]);
}

function about(snapshot: Snapshot, column: number, filter: unknown): Condition {
  const field = snapshot.schema.fields[column];
  if (field === undefined || !isRecord(filter)) return UNKNOWN;
  const children = Array.isArray(filter.child_filters) ? filter.child_filters : [];
  switch (filter.filter_type) {
    case 'CONJUNCTION_AND':
      return { kind: 'all', parts: children.map((child) => about(snapshot, column, child)) };
    case 'CONJUNCTION_OR':
      return { kind: 'any', parts: children.map((child) => about(snapshot, column, child)) };
    case 'OPTIONAL_FILTER':
      return about(snapshot, column, filter.child_filter);
    default:
      return termOf(snapshot, field, filter);
  }
}

function termOf({ schema, properties }: Snapshot, field: StructField, filter: JsonObject): Condition {
  const constraint = filterConstraint(field.type, filter);
  if (constraint === undefined) return UNKNOWN;
  const [term] = compileWhere(schema, { [field.name]: constraint }, properties);
  return term === undefined ? UNKNOWN : { kind: 'term', term };
}
