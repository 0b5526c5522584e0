import { BarlineError, formatByteLength, usageError } from '../../base/index.ts';
import type { DeltaType, StructType } from '../../delta/index.ts';
import type { OpenedTable } from '../../query/index.ts';
import { countOption, listOption, textOption } from '../arguments.ts';
import { type CommandSpec, type NounSpec, option } from '../command.ts';
import { deliverRows, openSession, rowsTaken, SHOWN_ROWS } from '../query-output.ts';
import { lakeOf, TABLE } from '../table-argument.ts';
import { formatCount, type TextColumn, textTable } from '../text-table.ts';
import { changes } from './table-changes.ts';
import { verify } from './table-verify.ts';

const isoTime = (timeMs: number | null) => (timeMs === null ? null : new Date(timeMs).toISOString());

const list: CommandSpec = {
  name: 'list',
  summary: 'tables of the lake: version, rows, files, size, last commit',
  examples: ['barline table list', 'barline table list --lake /data/lake --json'],
  run: async (invocation) => {
    const { output } = invocation;
    const { lake } = await lakeOf(invocation);
    const { lakeTables } = await import('../../query/index.ts');
    const names = await lakeTables(lake);
    const rows: string[][] = [];
    let failed = 0;
    for (const name of names) {
      const line = await tableLine(name, lake);
      output.json(line);
      if ('error' in line) {
        failed++;
        rows.push([name, '', '', '', '', `${line.error.code}: ${line.error.message}`]);
      } else {
        const { version, rows: count, files, size_bytes: bytes, last_commit: at } = line;
        const cells = [String(version), count === null ? 'unknown' : formatCount(count), formatCount(files)];
        rows.push([name, ...cells, formatByteLength(bytes), at ?? '']);
      }
    }
    if (names.length === 0) output.note(`no tables in ${lake}`);
    else if (!output.options.json) output.text(textTable(LIST_COLUMNS, rows));
    return failed === 0 ? 0 : 1;
  },
};

const LIST_COLUMNS: readonly TextColumn[] = [
  { title: 'table' },
  { title: 'version', align: 'right' },
  { title: 'rows', align: 'right' },
  { title: 'files', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'last commit' },
];

/** One table of the list. A table that cannot be read must not hide the others. */
async function tableLine(name: string, lake: string) {
  const { lastCommitMs, openLakeTable, tableFacts } = await import('../../query/index.ts');
  try {
    const { table, snapshot } = await openLakeTable(name, lake);
    const { fileCount, byteLength, rowCount } = tableFacts(snapshot);
    return {
      name,
      version: snapshot.version,
      rows: rowCount,
      files: fileCount,
      size_bytes: byteLength,
      partition_columns: snapshot.partitionColumns,
      last_commit: isoTime(await lastCommitMs(table)),
    };
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
    return { name, error: { code: error.code, message: error.message } };
  }
}

const show: CommandSpec = {
  name: 'show',
  summary: 'a table’s schema, partitions, properties, files, size and protocol',
  arguments: [TABLE],
  examples: [
    'barline table show training_bars',
    'barline table show training_bars@v3 --json',
    'barline table show /data/elsewhere/trades',
  ],
  run: async (invocation, [text = '']) => {
    const { output } = invocation;
    const { lake } = await lakeOf(invocation);
    const { openTable } = await import('../../query/index.ts');
    const opened = await openTable(text, lake, invocation.directory);
    const facts = await tableDocument(opened);
    output.json(facts);
    if (!output.options.json) output.text(tableText(facts));
    return 0;
  },
};

async function tableDocument({ name, table, snapshot }: OpenedTable) {
  const { tableFacts } = await import('../../query/index.ts');
  const { fileCount, byteLength, rowCount } = tableFacts(snapshot);
  const [newest] = await table.history({ limit: 1 });
  const { protocol, metadata } = snapshot;
  return {
    name,
    location: table.uri,
    version: snapshot.version,
    newest_version: table.version,
    last_commit: isoTime(newest?.timestampMs ?? null),
    id: metadata.id,
    description: metadata.description ?? null,
    rows: rowCount,
    files: fileCount,
    size_bytes: byteLength,
    partition_columns: snapshot.partitionColumns,
    properties: snapshot.properties,
    protocol: {
      min_reader_version: protocol.minReaderVersion,
      min_writer_version: protocol.minWriterVersion,
      reader_features: protocol.readerFeatures ?? [],
      writer_features: protocol.writerFeatures ?? [],
    },
    schema: snapshot.schema,
  };
}

function tableText(facts: Awaited<ReturnType<typeof tableDocument>>): string {
  const { protocol, properties } = facts;
  const features = [...new Set([...protocol.reader_features, ...protocol.writer_features])];
  const newest = facts.version === facts.newest_version ? '' : ` (the newest is ${facts.newest_version})`;
  const lines: [string, string][] = [
    ['table', facts.name],
    ['location', facts.location],
    ['version', `${facts.version}${newest}, last commit ${facts.last_commit ?? 'unknown'}`],
    ['rows', facts.rows === null ? 'unknown (files without statistics)' : formatCount(facts.rows)],
    ['files', `${formatCount(facts.files)}, ${formatByteLength(facts.size_bytes)}`],
    ['partitioned by', facts.partition_columns.join(', ') || 'nothing'],
    [
      'protocol',
      `reader ${protocol.min_reader_version}, writer ${protocol.min_writer_version}${features.length > 0 ? `, features ${features.join(', ')}` : ''}`,
    ],
  ];
  for (const [key, value] of Object.entries(properties)) lines.push(['property', `${key} = ${value}`]);
  const columns: TextColumn[] = [{ title: 'column' }, { title: 'type' }, { title: 'null' }];
  const head = lines.map(([key, value]) => `${key.padEnd(16)}${value}`).join('\n');
  return `${head}\n\n${textTable(columns, schemaRows(facts.schema))}`;
}

function schemaRows(schema: StructType): string[][] {
  return schema.fields.map(({ name, type, nullable }) => [name, typeText(type), nullable ? 'yes' : 'no']);
}

function typeText(type: DeltaType): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'array':
      return `array<${typeText(type.elementType)}>`;
    case 'map':
      return `map<${typeText(type.keyType)}, ${typeText(type.valueType)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
  }
}

const history: CommandSpec = {
  name: 'history',
  summary: 'a table’s commits, newest first',
  arguments: [TABLE],
  options: [option('--limit <commits>', 'most commits', '20')],
  examples: ['barline table history training_bars', 'barline table history training_bars --limit 100 --json'],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const limit = countOption(options, 'limit', 1) ?? 20;
    const { lake } = await lakeOf(invocation);
    const { openTable } = await import('../../query/index.ts');
    const { table, snapshot } = await openTable(text, lake, invocation.directory);
    const newer = table.version - snapshot.version;
    const entries = (await table.history({ limit: limit + newer })).filter(
      (entry) => entry.version <= snapshot.version,
    );
    const commits = entries.slice(0, limit).map((entry) => ({
      version: entry.version,
      timestamp: isoTime(entry.timestampMs),
      operation: entry.operation ?? null,
      parameters: entry.operationParameters,
      metrics: entry.operationMetrics,
      engine: entry.commitInfo.engineInfo ?? null,
    }));
    for (const commit of commits) output.json(commit);
    if (output.options.json) return 0;
    const rows = commits.map((commit) => [
      String(commit.version),
      commit.timestamp ?? '',
      commit.operation ?? 'unknown',
      pairs(commit.parameters),
      pairs(commit.metrics),
    ]);
    output.text(textTable(HISTORY_COLUMNS, rows));
    return 0;
  },
};

const HISTORY_COLUMNS: readonly TextColumn[] = [
  { title: 'version', align: 'right' },
  { title: 'time' },
  { title: 'operation' },
  { title: 'parameters' },
  { title: 'metrics' },
];

function pairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

const read: CommandSpec = {
  name: 'read',
  summary: 'rows of a table at any version, on screen or into a file',
  arguments: [TABLE],
  options: [
    option('--columns <a,b>', 'these columns, in this order'),
    option('--where <sql>', 'rows for which this SQL expression holds'),
    option('--order-by <columns>', 'sort by these, each may be followed by desc'),
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
    'barline table read training_bars@v3 --order-by "timestamp desc" --output bars.parquet',
  ],
  run: async (invocation, [text = ''], options) => {
    const { emptyRelation, openTable, tableFacts } = await import('../../query/index.ts');
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
    const relation = await relationOf(session, opened, taken, where);
    const filtered = `SELECT * FROM (${relation}) AS asked_table${where === undefined ? '' : ` WHERE (${where}\n)`}`;
    await deliverRows(invocation, {
      session,
      query: `SELECT ${select} FROM (${filtered})${orderBy}`,
      columnsOf: `SELECT ${select} FROM (${empty})`,
      what,
      limit,
      output,
      replace: options.force === true || invocation.globals.yes === true,
      total: async () => {
        const fromLog = where === undefined ? tableFacts(snapshot).rowCount : null;
        if (fromLog !== null) return fromLog;
        const all = isPlain ? await relationOf(session, opened, undefined) : filtered;
        return Number(await session.value(`SELECT count(*) FROM (${all})`, what));
      },
      facts: { table: name, version: snapshot.version },
    });
    return 0;
  },
};

/**
 * The SELECT that reads a table in the order of its files; with `rowCount`, only files that so many rows need; with
 * `where`, only files that may hold such rows.
 */
async function relationOf(
  session: Awaited<ReturnType<typeof openSession>>,
  { table, snapshot }: OpenedTable,
  rowCount: number | undefined,
  where?: string,
): Promise<string> {
  const { filesInOrder, tableRelation } = await import('../../query/index.ts');
  const { files } = await table.scan({ version: snapshot.version, ...(where !== undefined && { where }) });
  const ordered = filesInOrder(snapshot, files, rowCount);
  return tableRelation(session, table, snapshot, ordered, { mostBranches: Number.POSITIVE_INFINITY });
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

export const table: NounSpec = {
  name: 'table',
  summary: 'tables of the lake and any other Delta table',
  verbs: [list, show, history, read, changes, verify],
};
