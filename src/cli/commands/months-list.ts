import { formatByteLength } from '../../base/index.ts';
import { type CommandSpec, choice } from '../command.ts';
import { openMonthsRequest, rangeOptions, sourceOption } from '../months-request.ts';
import { processingOptions } from '../processing-options.ts';
import { countOfMonths } from '../run-result.ts';
import { formatCount, textTable } from '../text-table.ts';

export const list: CommandSpec = {
  name: 'list',
  summary: 'one line per month: what is there, what is made, what is stale',
  options: [
    sourceOption(),
    ...rangeOptions(),
    choice('--state <state>', 'only these', ['all', 'stale', 'missing'], 'all'),
    ...processingOptions(),
  ],
  examples: [
    'barline months list',
    'barline months list --source data --lake lake --state stale',
    'barline months list --json',
  ],
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const { planRun } = await import('../../months/index.ts');
    const { range, ...request } = await openMonthsRequest(invocation, options);
    const { discovery, planned, records } = await planRun({
      ...request,
      plan: { ...range, take: 'default' },
    });
    const wanted = planned.filter(({ reason }) => {
      if (options.state === 'missing') return reason === 'missing';
      return options.state !== 'stale' || (reason !== 'missing' && reason !== 'up to date');
    });
    for (const { raw, reason } of wanted) {
      const record = records.get(raw.month);
      output.json({
        month: raw.month,
        file: raw.path,
        bytes: raw.byteLength,
        state: reason,
        rows: record?.rowCount ?? null,
      });
    }
    if (options.state === 'all') {
      for (const { path, reason } of discovery.ignored) {
        output.json({ file: path, left_out: reason });
        output.note(`left out ${path}: ${reason}`);
      }
    }
    if (wanted.length === 0) {
      output.note(`none of ${countOfMonths(planned.length)} is ${options.state}`);
      return 0;
    }
    output.text(
      textTable(
        [
          { title: 'month' },
          { title: 'state' },
          { title: 'rows', align: 'right' },
          { title: 'size', align: 'right' },
          { title: 'file' },
        ],
        wanted.map(({ raw, reason }) => [
          raw.month,
          reason,
          records.has(raw.month) ? formatCount(records.get(raw.month)?.rowCount ?? 0) : '-',
          formatByteLength(raw.byteLength),
          raw.path,
        ]),
      ),
    );
    return 0;
  },
};
