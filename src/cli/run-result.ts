/** What a run of months came to: a table for people, lines for programs. */
import { BarlineError, formatByteLength } from '../base/index.ts';
import type { MonthOutcome, RunSummary } from '../months/index.ts';
import type { Output } from './output.ts';
import { formatCount, formatSeconds, textTable } from './text-table.ts';

/** The stable shape of a month in `months run --json`. */
export function outcomeDocument({ month, status, rows, seconds, version, error, reason }: MonthOutcome) {
  return {
    month,
    status,
    reason,
    rows,
    quality_score: null,
    seconds,
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
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
      stage_seconds: summary.stageSeconds,
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
          each.seconds.toFixed(2),
          each.version === null ? '-' : String(each.version),
          each.reason,
        ]),
      ),
    );
    output.text('');
  }
  if (shown.length === 0) {
    output.text(`nothing to do: ${countOfMonths(summary.skipped)} up to date (--force takes them anyway)`);
    output.text(`lake: ${lake}`);
    return;
  }
  output.text(
    `${summary.succeeded} succeeded, ${summary.failed} failed, ${summary.skipped} up to date: ` +
      `${formatCount(summary.rows)} rows in ${formatSeconds(summary.seconds)} ` +
      `(${formatCount(Math.round(summary.rowsPerSecond))} rows/s), peak memory ${formatByteLength(summary.peakRssBytes)}`,
  );
  if (output.options.verbose) {
    const stages = Object.entries(summary.stageSeconds).map(
      ([stage, seconds]) => `${stage} ${seconds.toFixed(3)}`,
    );
    output.text(`seconds by stage, over all threads: ${stages.join(', ')}`);
  }
  output.text(`lake: ${lake}`);
  for (const { month, error } of outcomes) {
    if (error !== null && !output.options.json) {
      const { code, message, hint } = error;
      output.error(new BarlineError({ code, message: `${month}: ${message}`, hint: hint ?? undefined }));
    }
  }
}

export function countOfMonths(count: number): string {
  return count === 1 ? '1 month' : `${formatCount(count)} months`;
}
