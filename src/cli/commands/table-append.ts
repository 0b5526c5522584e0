import { textOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { ROW_FILE } from '../row-file.ts';
import { MERGE_SCHEMA, TXN, txnOption, writeFile } from '../row-write.ts';
import { PLAIN_TABLE } from '../table-argument.ts';

export const append: CommandSpec = {
  name: 'append',
  summary: 'adds the rows of a file',
  description:
    'Adds the rows of a file as one version. Columns go by name; those that the file lacks are null, or generated, or have their default. Rows that break a constraint are refused, and nothing is written then.',
  arguments: [PLAIN_TABLE, ROW_FILE],
  options: [MERGE_SCHEMA, TXN],
  examples: [
    'barline table append training_bars more.parquet',
    'barline table append ./trades trades.csv --merge-schema --txn nightly:42 --json',
    'cat rows.ndjson | barline table append trades -',
  ],
  run: (invocation, args, options) =>
    writeFile(invocation, args, ({ table, limits }, source) =>
      table.append(source, { limits, mergeSchema: options.mergeSchema === true, ...txnOption(options) }),
    ),
};

export const overwrite: CommandSpec = {
  name: 'overwrite',
  summary: 'replaces rows by those of a file',
  description:
    'Replaces the rows for which --where holds, or all of them, by the rows of a file, as one version. The new rows must meet --where themselves. Older versions keep what was replaced.',
  arguments: [PLAIN_TABLE, ROW_FILE],
  options: [
    option('--where <sql>', 'replace rows for which this SQL expression holds (default: all)'),
    MERGE_SCHEMA,
    TXN,
  ],
  examples: [
    `barline table overwrite training_bars october.parquet --where "month = '2024-10'"`,
    'barline table overwrite trades trades.csv --json',
  ],
  run: (invocation, args, options) => {
    const where = textOption(options, 'where');
    return writeFile(invocation, args, ({ table, limits }, source) =>
      table.overwrite(source, {
        limits,
        mergeSchema: options.mergeSchema === true,
        ...(where !== undefined && { where }),
        ...txnOption(options),
      }),
    );
  },
};
