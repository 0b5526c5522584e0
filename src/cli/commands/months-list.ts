import { formatByteLength } from '../../base/index.ts';
import { type CommandSpec, choice } from '../command.ts';
import { openMonthsRequest, rangeOptions, sourceOption } from '../months-request.ts';
import { processingOptions } from '../processing-options.ts';
import { countOfMonths } from '../run-result.ts';
import { formatCount, textTable } from '../text-table.ts';

export const list: CommandSpec = {
  name: 'list',
  summary: 'one line per month: what is there, what is made, what is stale, what failed',
  options: [
    sourceOption(),
    ...rangeOptions(),
    choice('--state <state>', 'only these', ['all', 'stale', 'missing', 'failed'], 'all'),
    ...processingOptions(),
  ],
  examples: [
    'barline months list',
    'barline months list --source data --lake lake --state stale',
    'barline months list --json',
  ],
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const { listFailures, planRun } = await import('../../months/index.ts');
    const { openStorage } = await import('../../storage/index.ts');
    const { range, ...request } = await openMonthsRequest(invocation, options);
    const { discovery, planned, records } = await planRun({
      ...request,
      plan: { ...range, take: 'default' },
    });
    const noted = await listFailures(openStorage(request.lakeUri));
    const failures = new Map(noted.map((failure) => [failure.month, failure]));
    const wanted = planned.filter(({ raw, reason }) => {
      if (options.state === 'failed') return failures.has(raw.month);
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
        quality_score: record?.qualityScore ?? null,
        failure: failures.get(raw.month) ?? null,
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
          { title: 'score', align: 'right' },
          { title: 'size', align: 'right' },
          { title: 'file' },
        ],
        wanted.map(({ raw, reason }) => [
          raw.month,
          failures.has(raw.month) ? `failed (${reason})` : reason,
          records.has(raw.month) ? formatCount(records.get(raw.month)?.rowCount ?? 0) : '-',
          records.get(raw.month)?.qualityScore?.toFixed(2) ?? '-',
          formatByteLength(raw.byteLength),
          raw.path,
        ]),
      ),
    );
    for (const { raw } of wanted) {
      const { code, message, attempts } = failures.get(raw.month) ?? {};
      if (code === undefined) continue;
      output.text(
        `${raw.month} failed (${attempts === 1 ? '1 try' : `${attempts} tries`}): ${code}: ${message}`,
      );
    }
    return 0;
  },
};
