import { usageError } from '../../base/index.ts';
import { listOption, textOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { ROW_FILE } from '../row-file.ts';
import { MERGE_SCHEMA, TXN, txnOption, writeFile } from '../row-write.ts';
import { PLAIN_TABLE } from '../table-argument.ts';

export const merge: CommandSpec = {
  name: 'merge',
  summary: 'updates rows by those of a file that have the same keys, and inserts the others',
  description:
    'As one version: rows of the table whose keys a row of the file has take its values; rows of the file whose keys the table has not are inserted. A null key equals nothing. Two rows of the file for one of the table are refused. In SQL, target is the row of the table and source that of the file.',
  arguments: [PLAIN_TABLE, ROW_FILE],
  options: [
    option('--on <a,b>', 'the keys: columns that both have'),
    option('--update-columns <c,d>', 'update these columns only (default: all that the file has)'),
    option(
      '--delete-where <sql>',
      'delete rows with the same keys for which this holds, instead of updating them',
    ),
    option('--no-insert', 'insert nothing'),
    MERGE_SCHEMA,
    TXN,
  ],
  examples: [
    'barline table merge training_bars corrections.parquet --on timestamp,symbol',
    'barline table merge trades late.csv --on id --update-columns close,volume --no-insert',
    'barline table merge trades feed.ndjson --on id --delete-where "source.deleted" --txn feed:7 --json',
  ],
  run: (invocation, args, options) => {
    const on = listOption(options, 'on');
    if (on === undefined) throw usageError('--on is missing', 'e.g. --on timestamp,symbol');
    const columns = listOption(options, 'updateColumns');
    const deleteWhere = textOption(options, 'deleteWhere');
    const set =
      columns === undefined
        ? ('all' as const)
        : Object.fromEntries(columns.map((name) => [name, `source."${name.replaceAll('"', '""')}"`]));
    return writeFile(invocation, args, ({ table, limits }, source) =>
      table.merge(source, {
        on,
        limits,
        mergeSchema: options.mergeSchema === true,
        ...(deleteWhere !== undefined && { whenMatchedDelete: { condition: deleteWhere } }),
        whenMatchedUpdate: { set },
        ...(options.insert !== false && { whenNotMatchedInsert: 'all' }),
        ...txnOption(options),
      }),
    );
  },
};
