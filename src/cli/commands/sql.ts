import { text as readAll } from 'node:stream/consumers';
import { usageError } from '../../base/index.ts';
import { countOption, textOption } from '../arguments.ts';
import { type CommandSpec, type Invocation, option } from '../command.ts';
import { deliverRows, openSession, SHOWN_ROWS } from '../query-output.ts';

export const sql: CommandSpec = {
  name: 'sql',
  summary: 'SQL over every table of the lake',
  description:
    'Runs one query of DuckDB’s SQL. Every table of the lake is there by its name; table@v12, table@2025-12-13 and table@2025-12-13T12:00:00Z read an earlier version. Nothing can be written.',
  arguments: [['<query>', 'the query; - reads it from stdin']],
  options: [
    option(
      '-o, --output <file>',
      'write the rows to F.parquet, F.csv or F.ndjson; - is stdout, as JSON lines',
    ),
    option('--limit <rows>', `most rows (a terminal shows ${SHOWN_ROWS} unless told)`),
    option('--force', 'replace the output if it exists'),
  ],
  examples: [
    'barline sql "SELECT month, count(*) FROM training_bars GROUP BY month ORDER BY month"',
    'barline sql "SELECT * FROM training_bars@v3 EXCEPT SELECT * FROM training_bars@v2" --json',
    'barline sql "FROM monthly_statistics" --output statistics.parquet',
    'barline sql - < query.sql',
  ],
  run: async (invocation, [query = ''], options) => {
    const { globals, directory } = invocation;
    const { loadSettings, locate } = await import('../configuration.ts');
    const limit = countOption(options, 'limit');
    const text = query === '-' ? await readAll(process.stdin) : query;
    const configuration = await loadSettings(invocation);
    const lake = locate(configuration.value.lake, configuration, 'lake', directory);
    const { prepareLakeQuery, withLakeHint } = await import('../../query/index.ts');
    using session = await openSession(configuration);
    try {
      const prepared = await prepareLakeQuery(session, text, lake, directory, invocation.signal);
      if (prepared.keyword === 'EXPLAIN') {
        await printPlan(invocation, session, prepared.sql, textOption(options, 'output'));
        return 0;
      }
      await deliverRows(invocation, {
        session,
        query: prepared.sql,
        what: 'the query',
        limit,
        output: textOption(options, 'output'),
        replace: options.force === true || globals.yes === true,
        total: async () => null,
        facts: { tables: prepared.tables.map(({ name, snapshot }) => ({ name, version: snapshot.version })) },
      });
    } catch (error) {
      throw await withLakeHint(error, lake);
    }
    return 0;
  },
};

async function printPlan(
  { output, signal }: Invocation,
  session: Awaited<ReturnType<typeof openSession>>,
  query: string,
  file: string | undefined,
): Promise<void> {
  if (file !== undefined) throw usageError('a plan is text, not rows: --output does not apply to EXPLAIN');
  for await (const rows of session.textRows(query, { signal })) {
    for (const [kind, plan] of rows) {
      output.json({ kind, plan });
      output.text(plan ?? '');
    }
  }
}
