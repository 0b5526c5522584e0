/** SQL over the tables of a lake, each a view that is made when a query names it. */
import { BarlineError } from '../base/index.ts';
import {
  emptyRelation,
  filesInOrder,
  scanFiles,
  type TableNeeds,
  tableNeeds,
  tableRelation,
} from '../delta/index.ts';
import { type DuckDbSession, quoteName } from '../duckdb/index.ts';
import { lakeTables, type OpenedTable, openLakeTable, openTable } from './lake.ts';
import { nearNamesHint } from './near-names.ts';
import { type ReadStatement, readStatement, rowsQuery } from './statement.ts';
import { rewriteTimeTravel } from './time-travel.ts';
import { nameOf, tokenize } from './tokens.ts';

/** Where DuckDB lists its tables: a query that reads these sees all of the lake's. */
const CATALOGS = /^(information_schema|duckdb_(tables|views|columns)|pg_catalog|sqlite_master)$/i;

export interface LakeQuery extends ReadStatement {
  /** The tables it reads, in the order it names them. */
  readonly tables: readonly OpenedTable[];
}

/**
 * Checks a query and makes views of the lake's tables that it names, at the versions it names. A lake that is not
 * there has no tables. Throws a usage error for a statement that is no query, and what opening a table throws.
 */
export async function prepareLakeQuery(
  session: DuckDbSession,
  text: string,
  lake: string,
  directory: string,
  signal?: AbortSignal,
): Promise<LakeQuery> {
  const travelled = rewriteTimeTravel(text);
  const statement = await readStatement(session, travelled.sql);
  const names = namesIn(travelled.sql);
  const known = await lakeTables(lake).catch((error: unknown) => {
    if (error instanceof BarlineError && error.code === 'LAKE_NOT_FOUND') return [];
    throw error;
  });
  const isCatalog = statement.keyword === 'SHOW' || [...names].some((name) => CATALOGS.test(name));
  const wanted = known.filter((name) => isCatalog || names.has(name.toLowerCase()));
  const tables = new Map<string, OpenedTable>();
  for (const name of wanted) {
    const opened = await openLakeTable(name, lake).catch((error: unknown) => {
      // the name may be a column's, and the table none of the query's business
      if (isCatalog || !session.tableNames(statement.sql).some((each) => sameName(each, name)))
        return undefined;
      throw error;
    });
    if (opened !== undefined) tables.set(name, opened);
  }
  for (const [name, { table }] of travelled.references) {
    const inLake = known.find((each) => each === table) ?? known.find((each) => sameName(each, table));
    const opened = await openTable(
      inLake === undefined ? name : `${inLake}${name.slice(table.length)}`,
      lake,
      directory,
    );
    tables.set(name, opened);
  }
  await createViews(session, statement, tables, signal);
  return { ...statement, tables: [...tables.values()] };
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Every name in the SQL, in lower case: as many as there are, more than the tables. */
function namesIn(sql: string): Set<string> {
  const names = tokenize(sql).flatMap((token) => nameOf(token)?.toLowerCase() ?? []);
  return new Set(names);
}

/** Each over the files, and of those in a bucket the parts, that may hold what the query asks for. */
async function createViews(
  session: DuckDbSession,
  statement: ReadStatement,
  tables: ReadonlyMap<string, OpenedTable>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const query = rowsQuery(statement);
  const named = [...tables].map(([name, { snapshot }]) => ({ name, snapshot }));
  const needs = query === undefined ? new Map() : await tableNeeds(session, query, named);
  for (const [name, opened] of tables) {
    const isRead = query !== undefined && (needs.has(name) || mayRead(session, query, name));
    const relation = isRead
      ? await relationOf(session, opened, needs.get(name), signal)
      : emptyRelation(opened.snapshot.schema);
    await session.run(`CREATE OR REPLACE VIEW ${quoteName(name)} AS ${relation}`, `table ${name}`);
  }
}

/** Of a PIVOT DuckDB does not tell; a table may also be there for the catalog alone. */
function mayRead(session: DuckDbSession, query: string, name: string): boolean {
  return /\b(UN)?PIVOT\b/i.test(query) || session.tableNames(query).some((each) => sameName(each, name));
}

/** The SELECT that reads a table, in any order. */
async function relationOf(
  session: DuckDbSession,
  { table, snapshot }: OpenedTable,
  needs: TableNeeds | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const files = needs === undefined ? [...snapshot.files()] : scanFiles(snapshot, needs.condition).files;
  const fetch = { ...needs, ...(signal && { signal }) };
  return tableRelation(session, table, snapshot, filesInOrder(snapshot, files), { fetch });
}

/** Adds the lake's near names to DuckDB's "table does not exist". */
export async function withLakeHint(error: unknown, lake: string): Promise<unknown> {
  if (!(error instanceof BarlineError) || error.code !== 'SQL_INVALID') return error;
  const missing = /Table with name (.+?) does not exist/.exec(error.message)?.[1];
  if (missing === undefined) return error;
  const known = await lakeTables(lake).catch(() => []);
  return new BarlineError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table ${JSON.stringify(missing)} in the lake ${lake}`,
    hint: nearNamesHint(missing, known, 'tables in the lake'),
    cause: error.cause,
    facts: { table: missing, lake, tables: known },
  });
}
