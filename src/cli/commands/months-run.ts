import { formatByteLength, usageError } from '../../base/index.ts';
import type { PlannedMonth, RunEstimate } from '../../months/index.ts';
import { type CommandSpec, option } from '../command.ts';
import { openMonthsRequest, rangeOptions, sourceOption, workOptions } from '../months-request.ts';
import type { Output } from '../output.ts';
import { processingOptions } from '../processing-options.ts';
import { runAndPrint, workOf } from '../run-months.ts';
import { countOfMonths } from '../run-result.ts';
import { formatSeconds, textTable } from '../text-table.ts';

function takeOf(options: Readonly<Record<string, unknown>>): 'default' | 'missing' | 'stale' | 'force' {
  const chosen = (['skipExisting', 'stale', 'force'] as const).filter((name) => options[name] === true);
  if (chosen.length > 1) {
    throw usageError('--skip-existing, --stale and --force exclude each other', 'give one of them');
  }
  return chosen[0] === 'skipExisting' ? 'missing' : (chosen[0] ?? 'default');
}

export const run: CommandSpec = {
  name: 'run',
  summary: 'raw months in, training table out',
  description:
    'Takes the raw months that are missing or stale through contract, session, cleaning, grid, labels and features, ' +
    'and replaces each in the lake by one commit. Running it again changes nothing. Any number of runs share a lake, on one machine or several.',
  options: [
    sourceOption(),
    ...rangeOptions(),
    option('--skip-existing', 'take only months that are missing'),
    option('--stale', 'take only months whose source, configuration or kernels changed'),
    option('--force', 'take everything asked for'),
    ...workOptions(),
    option('--dry-run', 'say what would run and why, and write nothing'),
    ...processingOptions(),
  ],
  examples: [
    'barline months run --source data --lake lake',
    'barline months run --from 2024-01 --to 2024-12 --workers 4',
    'barline months run --month 2024-10 --force --json',
  ],
  keepsWorking: true,
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const request = await openMonthsRequest(invocation, options);
    const months = await import('../../months/index.ts');
    const { sourceUri, lakeUri, processing } = request;
    const plan = { ...request.range, take: takeOf(options) };
    if (options.dryRun === true) {
      const { planned, records } = await months.planRun({ sourceUri, lakeUri, processing, plan });
      const work = { sourceUri, lakeUri, ...workOf(request.settings) };
      printPlan(output, planned, await months.estimateRun(work, records, planned));
      return 0;
    }
    return runAndPrint(invocation, request, plan);
  },
};

function printPlan(output: Output, planned: readonly PlannedMonth[], estimate: RunEstimate): void {
  output.json({
    plan: planned.map(({ raw, reason, take }) => ({
      month: raw.month,
      file: raw.path,
      bytes: raw.byteLength,
      take,
      reason,
    })),
    estimate: {
      months: estimate.months,
      source_bytes: estimate.sourceBytes,
      lake_bytes: estimate.lakeBytes,
      free_bytes: estimate.freeBytes,
      seconds: estimate.seconds,
      earlier_months: estimate.earlierMonths,
      parallelism: estimate.parallelism,
    },
  });
  output.text(
    textTable(
      [
        { title: 'month' },
        { title: 'would run' },
        { title: 'why' },
        { title: 'size', align: 'right' },
        { title: 'file' },
      ],
      planned.map(({ raw, reason, take }) => [
        raw.month,
        take ? 'yes' : 'no',
        reason,
        formatByteLength(raw.byteLength),
        raw.path,
      ]),
    ),
  );
  if (estimate.months > 0) output.text(`\n${estimateText(estimate)}`);
}

function estimateText({ months, earlierMonths, freeBytes, ...estimate }: RunEstimate): string {
  const { workers, months: atATime } = estimate.parallelism;
  const free = freeBytes === null ? '' : ` (${formatByteLength(freeBytes)} free)`;
  const tooMuch = freeBytes !== null && estimate.lakeBytes > freeBytes ? '; the disk is too small' : '';
  const basis =
    earlierMonths === 0
      ? 'reckoned by usual rates, as the lake holds no month yet'
      : `reckoned from ${earlierMonths === 1 ? 'the month' : `the newest ${countOfMonths(earlierMonths)}`} in the lake`;
  return (
    `${countOfMonths(months)} of ${formatByteLength(estimate.sourceBytes)}: about ${formatSeconds(estimate.seconds)} ` +
    `on ${workers === 1 ? '1 thread' : `${workers} threads`}, ${countOfMonths(atATime)} at a time, ` +
    `and ${formatByteLength(estimate.lakeBytes)} in the lake${free}${tooMuch}, ${basis}`
  );
}
