import { usageError } from '../../base/index.ts';
import type { OpenedTable } from '../../query/index.ts';
import { countOption, listOption, textOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import type { Settings } from '../configuration.ts';
import { deliverRows, openSession, rowsTaken, SHOWN_ROWS } from '../query-output.ts';
import { lakeOf, TABLE } from '../table-argument.ts';

export const read: CommandSpec = {
  name: 'read',
  summary: 'rows of a table at any version, on screen or into a file',
  arguments: [TABLE],
  options: [
    option('--columns <a,b>', 'these columns, in this order'),
    option('--where <sql>', 'rows for which this SQL expression holds'),
    option('--order-by <columns>', 'sort by these, each may be followed by desc'),
    option(
      '--decay-reference [month]',
      'count the decay of weights from this month, YYYY-MM (default: the newest of the rows asked for)',
    ),
    option('--limit <rows>', `most rows (a terminal shows ${SHOWN_ROWS} unless told)`),
    option(
      '-o, --output <file>',
      'write the rows to F.parquet, F.csv or F.ndjson; - is stdout, as JSON lines',
    ),
    option('--force', 'replace the output if it exists'),
  ],
  examples: [
    'barline table read training_bars --limit 5',
    `barline table read training_bars@2025-12-13 --columns timestamp,close --where "month = '2024-10'" --json`,
    'barline table read training_bars --decay-reference 2025-10 --output bars.parquet',
    'barline table read training_bars@v3 --order-by "timestamp desc" --output bars.parquet',
  ],
  run: async (invocation, [text = ''], options) => {
    const { emptyRelation, openTable, tableFacts } = await import('../../query/index.ts');
    const { signal } = invocation;
    const limit = countOption(options, 'limit');
    const columns = listOption(options, 'columns');
    const order = listOption(options, 'orderBy');
    const where = textOption(options, 'where');
    const output = textOption(options, 'output');
    const { configuration, lake } = await lakeOf(invocation);
    const opened = await openTable(text, lake, invocation.directory);
    const { name, snapshot } = opened;
    const select = columns === undefined ? '*' : await columnNames(columns, opened);
    const orderBy = order === undefined ? '' : ` ORDER BY ${await sortKeys(order, opened)}`;
    const isPlain = where === undefined && order === undefined;
    using session = await openSession(configuration);
    const taken = isPlain ? rowsTaken(invocation, { limit, output }) : undefined;
    const what = where === undefined ? `table ${name}` : `--where ${JSON.stringify(where)}`;
    const empty = emptyRelation(snapshot.schema);
    if (where !== undefined) await checkWhere(session, empty, where, what);
    const filter = where === undefined ? '' : ` WHERE (${where}\n)`;
    const storedOf = (rows: string) => `SELECT * FROM ${rows} AS asked_table${filter}`;
    const rebased = await rebasing(options.decayReference, opened, configuration.value, async (newest) => {
      const relation = await relationOf(session, opened, {
        where,
        asked: (rows) => newest(storedOf(rows)),
        signal,
      });
      return session.value(newest(storedOf(`(${relation})`)), what);
    });
    const filteredOf = (rows: string) => rebased(storedOf(rows));
    const asked = (rows: string) => `SELECT ${select} FROM (${filteredOf(rows)})${orderBy}`;
    const relation = await relationOf(session, opened, { rowCount: taken, where, asked, signal });
    await deliverRows(invocation, {
      session,
      query: asked(`(${relation})`),
      columnsOf: `SELECT ${select} FROM (${empty})`,
      what,
      limit,
      output,
      replace: options.force === true || invocation.globals.yes === true,
      total: async () => {
        const fromLog = where === undefined ? tableFacts(snapshot).rowCount : null;
        if (fromLog !== null) return fromLog;
        const counted = (rows: string) => `SELECT count(*) FROM (${filteredOf(rows)})`;
        const all = isPlain ? await relationOf(session, opened, { asked: counted, signal }) : relation;
        return Number(await session.value(counted(`(${all})`), what));
      },
      facts: { table: name, version: snapshot.version },
    });
    return 0;
  },
};

/**
 * What makes of a query of stored rows one with weights counted from the month asked for; the same query without
 * `--decay-reference`. `ask` gives the answer to a query over the rows.
 */
async function rebasing(
  reference: unknown,
  { name, snapshot }: OpenedTable,
  settings: Settings,
  ask: (query: (rows: string) => string) => Promise<unknown>,
): Promise<(rows: string) => string> {
  if (reference === undefined) return (rows) => rows;
  const { decayingColumns, rebasedRelation, utcMonthSql } = await import('../../labels/index.ts');
  const { parseMonth } = await import('../../months/index.ts');
  const columns = snapshot.schema.fields.map((field) => field.name);
  if (!columns.includes('timestamp') || decayingColumns(columns).length === 0) {
    throw usageError(
      `--decay-reference: table ${name} has no weights`,
      'it is for tables with timestamp, label_<mode> and weight_<mode>, such as training_bars',
    );
  }
  let referenceMonth: number;
  if (typeof reference === 'string') {
    const [year = 0, month = 0] = parseMonth(reference, '--decay-reference').split('-').map(Number);
    referenceMonth = (year - 1970) * 12 + month - 1;
  } else
    referenceMonth = Number(await ask((rows) => `SELECT max(${utcMonthSql('"timestamp"')}) FROM (${rows})`));
  const decay = { perMonth: settings.labels.decay_per_month, referenceMonth };
  return (rows) => rebasedRelation(`(${rows})`, columns, decay);
}

interface Asked {
  readonly rowCount?: number | undefined;
  readonly where?: string | undefined;
  readonly asked: (rows: string) => string;
  readonly signal: AbortSignal;
}

/**
 * The SELECT that reads a table in the order of its files; with `rowCount`, only files that so many rows need; with
 * `where`, only files that may hold such rows.
 */
async function relationOf(
  session: Awaited<ReturnType<typeof openSession>>,
  { table, snapshot }: OpenedTable,
  { rowCount, where, asked, signal }: Asked,
): Promise<string> {
  const { filesInOrder, tableRelation } = await import('../../query/index.ts');
  const { files } = await table.scan({ version: snapshot.version, ...(where !== undefined && { where }) });
  const ordered = filesInOrder(snapshot, files, rowCount);
  return tableRelation(session, table, snapshot, ordered, {
    mostBranches: Number.POSITIVE_INFINITY,
    fetch: { asked, signal, ...(rowCount !== undefined && { rowCount }) },
  });
}

async function columnNames(names: readonly string[], opened: OpenedTable): Promise<string> {
  const { quoteName } = await import('../../query/index.ts');
  const found = await Promise.all(names.map((name) => columnOf(name, opened, '--columns')));
  return found.map(quoteName).join(', ');
}

async function sortKeys(keys: readonly string[], opened: OpenedTable): Promise<string> {
  const { quoteName } = await import('../../query/index.ts');
  const sorted = keys.map(async (key) => {
    const [, name = '', direction = ''] = /^(.*?)(?:\s+(asc|desc))?$/i.exec(key) ?? [];
    return `${quoteName(await columnOf(name, opened, '--order-by'))} ${direction}`.trim();
  });
  return (await Promise.all(sorted)).join(', ');
}

/** The column as the schema writes it; a usage error with near names when it has none such. */
async function columnOf(name: string, { name: table, snapshot }: OpenedTable, flag: string): Promise<string> {
  const { nearNamesHint } = await import('../../query/index.ts');
  const columns = snapshot.schema.fields.map((field) => field.name);
  const found =
    columns.find((each) => each === name) ??
    columns.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw usageError(
    `${flag}: table ${table} has no column ${JSON.stringify(name)}`,
    nearNamesHint(name, columns, 'its columns'),
    { column: name, columns },
  );
}

/** The expression must be one by itself, before it is put into brackets. */
async function checkWhere(
  session: Awaited<ReturnType<typeof openSession>>,
  empty: string,
  where: string,
  what: string,
): Promise<void> {
  const count = await session.statementCount(`SELECT 1 WHERE ${where}`, what);
  if (count !== 1) throw usageError(`${what} holds ${count} statements; expected one expression`);
  await session.columns(`SELECT 1 FROM (${empty}) AS asked_table WHERE (${where}\n)`, what);
}
