import { usageError } from '../../base/index.ts';
import { textOption } from '../arguments.ts';
import { pairsOption } from '../assignments.ts';
import { type CommandSpec, option, repeatable } from '../command.ts';
import { openForWrite, reportWrite, TXN, txnOption } from '../row-write.ts';
import { PLAIN_TABLE } from '../table-argument.ts';

const WHERE = option('--where <sql>', 'rows for which this SQL expression holds; true for all of them');

export const deleteRows: CommandSpec = {
  name: 'delete',
  summary: 'deletes rows for which an SQL expression holds',
  description:
    'Deletes rows as one version: by deletion vectors where the table has them on, else by writing the files that hold them again. Older versions keep the rows.',
  arguments: [PLAIN_TABLE],
  options: [WHERE, TXN],
  examples: [
    `barline table delete training_bars --where "month = '2024-10'"`,
    'barline table delete trades --where "volume = 0 OR close IS NULL" --json',
  ],
  run: async (invocation, [text = ''], options) => {
    const where = whereOption(options);
    const txn = txnOption(options);
    const { name, table, limits } = await openForWrite(invocation, text);
    reportWrite(invocation, name, await table.delete(where, { limits, ...txn }));
    return 0;
  },
};

export const updateRows: CommandSpec = {
  name: 'update',
  summary: 'sets columns of rows for which an SQL expression holds',
  description:
    'Sets columns as one version. Each --set gives a column an SQL expression over the row as it was.',
  arguments: [PLAIN_TABLE],
  options: [
    WHERE,
    repeatable('--set <column=sql>', 'what the column becomes; may be given several times'),
    TXN,
  ],
  examples: [
    `barline table update trades --where "venue = 'XCME'" --set "venue = 'GLBX'"`,
    'barline table update trades --where true --set "close = close / 4" --set "volume = volume * 4" --json',
  ],
  run: async (invocation, [text = ''], options) => {
    const where = whereOption(options);
    const txn = txnOption(options);
    const set = pairsOption(options, 'set', '--set', 'column = expression');
    if (set.length === 0) throw usageError('--set is missing', 'e.g. --set "close = close / 4"');
    const { name, table, limits } = await openForWrite(invocation, text);
    const result = await table.update(where, Object.fromEntries(set), { limits, ...txn });
    reportWrite(invocation, name, result);
    return 0;
  },
};

function whereOption(options: Readonly<Record<string, unknown>>): string {
  const where = textOption(options, 'where');
  if (where !== undefined && where.trim() !== '') return where;
  throw usageError('--where is missing', 'say which rows, or --where true for all of them');
}
