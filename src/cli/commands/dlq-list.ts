import type { DeadLetter } from '../../quality/index.ts';
import type { CommandSpec } from '../command.ts';
import { chosenLetters, FILTERS, LETTER, openDeadLetters, streamText } from '../dead-letter-choice.ts';
import { formatCount, textTable } from '../text-table.ts';

export const list: CommandSpec = {
  name: 'list',
  summary: 'the dead letters of the lake, oldest first',
  options: FILTERS,
  examples: ['barline dlq list', 'barline dlq list --assets BTCUSD --timeframes 1m --json'],
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const rows: string[][] = [];
    for await (const letter of chosenLetters(invocation, options)) {
      const { id, path, timestamp, error, context, records } = letter;
      output.json({ id, file: path, timestamp, error, context, records: records.length });
      rows.push([id, timestamp, streamText(context), formatCount(records.length), error]);
    }
    const columns = [
      ...['id', 'when', 'of'].map((title) => ({ title })),
      { title: 'records', align: 'right' as const },
      { title: 'error' },
    ];
    output.text(rows.length === 0 ? 'no dead letters' : textTable(columns, rows));
    return 0;
  },
};

export const show: CommandSpec = {
  name: 'show',
  summary: 'one dead letter with its records and why each failed',
  arguments: [LETTER],
  examples: ['barline dlq show 9f3c1a2b4d5e', 'barline dlq show 9f3c1a2b4d5e --json | jq .records[].reason'],
  run: async (invocation, [id = '']) => {
    const { output } = invocation;
    const letter = await (await openDeadLetters(invocation)).find(id);
    const { path, timestamp, error, context, records } = letter;
    output.json({ id: letter.id, file: path, timestamp, error, context, records });
    output.text(`${path}\n${timestamp}  ${streamText(context)}\n${error}`);
    for (const { reason, ...record } of records) output.text(`\n${reason}\n  ${JSON.stringify(record)}`);
    return 0;
  },
};

export const stats: CommandSpec = {
  name: 'stats',
  summary: 'how many records failed, by reason and by where they came from',
  options: FILTERS,
  examples: ['barline dlq stats', 'barline dlq stats --provider coinbase --json'],
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const byReason = new Map<string, number>();
    const byStream = new Map<string, number>();
    let [letters, records] = [0, 0];
    let times: string[] = [];
    for await (const letter of chosenLetters(invocation, options)) {
      letters++;
      records += letter.records.length;
      times = [times[0] ?? letter.timestamp, letter.timestamp];
      countLetter(letter, byReason, byStream);
    }
    const by_reason = Object.fromEntries([...byReason].sort((a, b) => b[1] - a[1]));
    const by_stream = Object.fromEntries([...byStream].sort((a, b) => b[1] - a[1]));
    output.json({
      letters,
      records,
      oldest: times[0] ?? null,
      newest: times[1] ?? null,
      by_reason,
      by_stream,
    });
    const table = (title: string, counts: Readonly<Record<string, number>>) =>
      textTable(
        [{ title: 'records', align: 'right' }, { title }],
        Object.entries(counts).map(([name, count]) => [formatCount(count), name]),
      );
    output.text(`${formatCount(records)} records in ${formatCount(letters)} dead letters`);
    if (records > 0) output.text(`\n${table('reason', by_reason)}\n\n${table('of', by_stream)}`);
    return 0;
  },
};

/** A record that failed for two reasons counts for both. */
function countLetter(
  { context, records }: DeadLetter,
  byReason: Map<string, number>,
  byStream: Map<string, number>,
): void {
  const add = (counts: Map<string, number>, name: string, count: number) =>
    counts.set(name, (counts.get(name) ?? 0) + count);
  add(byStream, streamText(context), records.length);
  for (const { reason } of records) for (const each of reason.split('; ')) add(byReason, each, 1);
}
