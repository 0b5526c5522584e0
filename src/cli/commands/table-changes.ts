import { usageError } from '../../base/index.ts';
import { countOption, textOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { deliverRows, openSession, SHOWN_ROWS } from '../query-output.ts';
import { lakeOf } from '../table-argument.ts';

export const changes: CommandSpec = {
  name: 'changes',
  summary: 'the change data feed: rows inserted, updated and deleted between two versions',
  arguments: [['<table>', 'a table of the lake, or a path or URI of any Delta table']],
  options: [
    option('--from <version>', 'the first version whose changes are meant'),
    option('--to <version>', 'the last one (default: the newest)'),
    option('--limit <rows>', `most rows (a terminal shows ${SHOWN_ROWS} unless told)`),
    option(
      '-o, --output <file>',
      'write the rows to F.parquet, F.csv or F.ndjson; - is stdout, as JSON lines',
    ),
    option('--force', 'replace the output if it exists'),
  ],
  examples: [
    'barline table changes orders --from 5',
    'barline table changes orders --from 5 --to 7 --json',
    'barline table changes orders --from 0 --output changes.parquet',
  ],
  run: async (invocation, [text = ''], options) => {
    const { openTable } = await import('../../query/index.ts');
    const from = countOption(options, 'from');
    const to = countOption(options, 'to');
    const limit = countOption(options, 'limit');
    const output = textOption(options, 'output');
    if (from === undefined)
      throw usageError('--from is missing', 'e.g. --from 5: the changes of version 5 and later');
    const { configuration, lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    const feed = await table.changes({ from, ...(to !== undefined && { to }) });
    using session = await openSession(configuration);
    const query = await feed.relation(session);
    const what = `the changes of ${name}`;
    await deliverRows(invocation, {
      session,
      query,
      what,
      limit,
      output,
      replace: options.force === true || invocation.globals.yes === true,
      total: async () => Number(await session.value(`SELECT count(*) FROM (${query})`, what)),
      facts: { table: name, from: feed.from, to: feed.to },
    });
    return 0;
  },
};
