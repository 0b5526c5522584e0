/** What a run of months came to: a table for people, lines for programs. */
import { BarlineError, formatByteLength } from '../base/index.ts';
import type { MonthOutcome, RunSummary } from '../months/index.ts';
import type { Output } from './output.ts';
import { formatCount, formatSeconds, textTable } from './text-table.ts';

/** The stable shape of a month in `months run --json`. */
export function outcomeDocument(outcome: MonthOutcome) {
  const { month, status, rows, seconds, version, error, reason } = outcome;
  return {
    month,
    status,
    reason,
    attempts: outcome.attempts,
    rows,
    quality_score: outcome.qualityScore,
    requires_reprocessing: outcome.requiresReprocessing,
    reprocessing_reasons: outcome.reasons,
    seconds,
    peak_rss_bytes: outcome.peakRssBytes,
    version,
    ...(error && { error }),
  };
}

export function printResult(
  output: Output,
  outcomes: readonly MonthOutcome[],
  summary: RunSummary,
  lake: string,
): void {
  output.json({
    summary: {
      months: summary.months,
      succeeded: summary.succeeded,
      failed: summary.failed,
      skipped: summary.skipped,
      rows: summary.rows,
      seconds: summary.seconds,
      rows_per_second: summary.rowsPerSecond,
      peak_rss_bytes: summary.peakRssBytes,
      memory_limit_bytes: summary.memoryLimitBytes,
      parallelism: summary.parallelism,
      retries: summary.retries,
      stage_seconds: summary.stageSeconds,
      not_reached: summary.notReached,
    },
  });
  const shown = outcomes.filter(({ status }) => status !== 'skipped');
  if (shown.length > 0) {
    output.text(
      textTable(
        [
          { title: 'month' },
          { title: 'status' },
          { title: 'rows', align: 'right' },
          { title: 'sessions', align: 'right' },
          { title: 'rolls', align: 'right' },
          { title: 'quarantined', align: 'right' },
          { title: 'score', align: 'right' },
          { title: 'seconds', align: 'right' },
          { title: 'version', align: 'right' },
          { title: 'taken because' },
        ],
        shown.map((each) => [
          each.month,
          each.status,
          formatCount(each.rows),
          String(each.sessions),
          String(each.rolls),
          formatCount(each.quarantined),
          each.qualityScore === null ? '-' : each.qualityScore.toFixed(2),
          each.seconds.toFixed(2),
          each.version === null ? '-' : String(each.version),
          each.reason,
        ]),
      ),
    );
    output.text('');
  }
  if (shown.length === 0 && summary.notReached.length === 0) {
    output.text(`nothing to do: ${leftText(outcomes, countOfMonths)} (--force takes them anyway)`);
    output.text(`lake: ${lake}`);
    return;
  }
  output.text(
    `${summary.succeeded} succeeded, ${summary.failed} failed, ${leftText(outcomes, String)}: ` +
      `${formatCount(summary.rows)} rows in ${formatSeconds(summary.seconds)} ` +
      `(${formatCount(Math.round(summary.rowsPerSecond))} rows/s), peak memory ${formatByteLength(summary.peakRssBytes)}`,
  );
  const { requests, months } = summary.retries;
  if (requests + months > 0) {
    output.text(`tried again: ${formatCount(requests)} requests, ${countOfMonths(months)}`);
  }
  if (output.options.verbose) output.text(stagesTable(summary));
  if (summary.notReached.length > 0) output.text(`not reached: ${summary.notReached.join(', ')}`);
  output.text(`lake: ${lake}`);
  for (const { month, error } of outcomes) {
    if (error !== null && !output.options.json) {
      const { code, message, hint } = error;
      output.error(new BarlineError({ code, message: `${month}: ${message}`, hint: hint ?? undefined }));
    }
  }
}

/** Where the time of all threads went, the longest stage first. */
function stagesTable({ stageSeconds }: RunSummary): string {
  const stages = Object.entries(stageSeconds).sort(([, a], [, b]) => b - a);
  const total = stages.reduce((sum, [, seconds]) => sum + seconds, 0);
  const row = (name: string, seconds: number) => [
    name,
    seconds.toFixed(3),
    `${((100 * seconds) / total).toFixed(1)} %`,
  ];
  return textTable(
    [
      { title: 'stage' },
      { title: 'seconds, all threads', align: 'right' },
      { title: 'share', align: 'right' },
    ],
    [...stages.map(([name, seconds]) => row(name, seconds)), row('all', total)],
  );
}

/** `3 up to date`, and where the options left others: `1 up to date, 2 left as they are (missing)`. */
function leftText(outcomes: readonly MonthOutcome[], count: (months: number) => string): string {
  const skipped = outcomes.filter(({ status }) => status === 'skipped').map(({ reason }) => reason);
  const left = skipped.filter((reason) => reason !== 'up to date');
  const current = skipped.length - left.length;
  if (left.length === 0) return `${count(current)} up to date`;
  const others = `${count(left.length)} left as ${left.length === 1 ? 'it is' : 'they are'} (${[...new Set(left)].join(', ')})`;
  return current === 0 ? others : `${count(current)} up to date, ${others}`;
}

export function countOfMonths(count: number): string {
  return count === 1 ? '1 month' : `${formatCount(count)} months`;
}
