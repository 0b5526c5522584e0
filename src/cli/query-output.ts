/** Rows of a query: a table for people, JSON lines, or a file. */
import { tmpdir } from 'node:os';
import { type Configuration, formatByteLength, parseByteLength } from '../base/index.ts';
import type { DuckDbSession } from '../query/index.ts';
import type { Invocation } from './command.ts';
import type { Settings } from './configuration.ts';
import { formatCount, formatSeconds } from './text-table.ts';
import { TextTableWriter } from './text-table-writer.ts';

/** Rows shown to people unless they ask for another number; JSON lines and files have them all. */
export const SHOWN_ROWS = 40;

/** A database within the limits of the configuration. */
export async function openSession(configuration: Configuration<Settings>): Promise<DuckDbSession> {
  const { DuckDbSession } = await import('../query/index.ts');
  const { memory, workers } = configuration.value.run;
  return DuckDbSession.open({
    memoryByteLength: parseByteLength(memory) ?? 2e9,
    threads: workers,
    temporaryFolder: tmpdir(),
  });
}

export interface QueryOutput {
  readonly session: DuckDbSession;
  /** Returns rows; no semicolon at its end. */
  readonly query: string;
  /** A query of the same columns that costs nothing to plan; the query itself unless given. */
  readonly columnsOf?: string;
  /** What begins the message of an error. */
  readonly what: string;
  /** The most rows wanted, if the user said. */
  readonly limit: number | undefined;
  /** Where to, if the user said; `-` is stdout. */
  readonly output: string | undefined;
  readonly replace: boolean;
  /** How many rows there are in all, asked only when not all are shown; null when that is not known cheaply. */
  readonly total: () => Promise<number | null>;
  /** What else the JSON of a written file says. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The most rows that will be taken of a request, one more to know whether there are more; undefined: all. */
export function rowsTaken(
  invocation: Invocation,
  request: Pick<QueryOutput, 'limit' | 'output'>,
): number | undefined {
  const forPeople = request.output === undefined && !invocation.output.options.json;
  return forPeople ? (request.limit ?? SHOWN_ROWS) + 1 : request.limit;
}

/** Prints or writes the rows as the options say. */
export async function deliverRows(invocation: Invocation, request: QueryOutput): Promise<void> {
  if (request.output !== undefined && request.output !== '-')
    return writeRows(invocation, request, request.output);
  if (invocation.output.options.json || request.output === '-') return printJsonRows(invocation, request);
  return printRows(invocation, request);
}

function limited(query: string, limit: number | undefined): string {
  return limit === undefined ? query : `SELECT * FROM (${query}\n) LIMIT ${limit}`;
}

async function printJsonRows({ output, signal }: Invocation, request: QueryOutput): Promise<void> {
  const { jsonQuery } = await import('../query/index.ts');
  const { session, query, what, limit } = request;
  const columns = await session.columns(request.columnsOf ?? query, what);
  for await (const rows of session.textRows(jsonQuery(limited(query, limit), columns), { what, signal })) {
    await output.raw(`${rows.map(([line]) => line ?? 'null').join('\n')}\n`);
  }
}

async function printRows({ output, signal }: Invocation, request: QueryOutput): Promise<void> {
  const { cellsQuery, isNumeric } = await import('../query/index.ts');
  const { session, query, what, limit = SHOWN_ROWS } = request;
  const columns = await session.columns(request.columnsOf ?? query, what);
  const table = new TextTableWriter(
    output,
    columns.map((column) => ({ title: column.name, align: isNumeric(column) ? 'right' : 'left' })),
  );
  let shown = 0;
  let hasMore = false;
  for await (const rows of session.textRows(cellsQuery(limited(query, limit + 1), columns), {
    what,
    signal,
  })) {
    const wanted = rows.slice(0, limit - shown);
    hasMore ||= wanted.length < rows.length;
    shown += wanted.length;
    await table.write(wanted);
  }
  await table.end();
  const hidden = table.hiddenTitles;
  if (hidden.length > 0) {
    output.note(
      `${hidden.length} more ${hidden.length === 1 ? 'column does' : 'columns do'} not fit here (--columns chooses, --output FILE has all): ` +
        `${hidden.slice(0, 5).join(', ')}${hidden.length > 5 ? ' …' : ''}`,
    );
  }
  if (!hasMore) {
    output.note(`${formatCount(shown)} ${shown === 1 ? 'row' : 'rows'}`);
    return;
  }
  const total = await request.total();
  const share =
    total === null
      ? `the first ${formatCount(shown)} rows, there are more`
      : `the first ${formatCount(shown)} of ${formatCount(total)} rows`;
  // who named a limit knows how
  const advice = request.limit === undefined ? ' (--limit N shows N; --json and --output FILE take all)' : '';
  output.note(`${share}${advice}`);
}

const COPY_FORMATS = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER true',
  ndjson: 'FORMAT json',
} as const;

async function writeRows(
  { output, signal, now }: Invocation,
  request: QueryOutput,
  name: string,
): Promise<void> {
  const { fillOutputFile, outputFile, outputFormat } = await import('../export/index.ts');
  const { fileQuery } = await import('../query/index.ts');
  const { session, query, what, limit } = request;
  const started = now();
  const format = outputFormat(name, ['parquet', 'csv', 'ndjson']);
  const target = await outputFile(name, { replace: request.replace });
  const columns = await session.columns(request.columnsOf ?? query, what);
  const rowsQuery = limited(query, limit);
  const copied = format === 'parquet' ? rowsQuery : fileQuery(rowsQuery, columns, format === 'ndjson');
  let rows = 0;
  const bytes = await fillOutputFile(target, async (path) => {
    rows = await session.copy(copied, path, COPY_FORMATS[format], { what, signal });
  });
  const seconds = (now() - started) / 1000;
  output.text(`${name}: ${formatCount(rows)} rows, ${formatByteLength(bytes)} in ${formatSeconds(seconds)}`);
  output.json({ output: name, format, rows, bytes, seconds, ...request.facts });
}
