/** The reports of months as `--json` shows them. */
import type { MonthReport, MonthsReport } from '../months/index.ts';
import { reportDocument } from './process-report.ts';

/** All months together. */
export function monthsReportDocument(report: MonthsReport): unknown {
  const { months, ...rest } = report;
  return reportDocument({
    ...rest,
    months: months.map(({ isReady, ...line }) => ({ ...line, ready: isReady })),
  });
}

/** One month; what the report adds up comes before what it takes from the month's statistics. */
export function monthReportDocument({ recorded, ...rest }: MonthReport): unknown {
  if (recorded === null) return reportDocument({ ...rest, recorded });
  const { statistics, isReady, ...added } = recorded;
  const document = reportDocument({ ...rest, recorded: { ...added, ready: isReady } });
  return {
    ...Object(document),
    quality_score: statistics.quality_score,
    quality_parts: statistics.quality_parts,
    requires_reprocessing: statistics.requires_reprocessing,
    reprocessing_priority: statistics.reprocessing_priority,
    reprocessing_reasons: statistics.reprocessing_reasons,
    warnings: statistics.warnings,
    fill_share: statistics.fill_share,
    missing_sessions: statistics.missing_sessions,
    cleaning_rules: statistics.cleaning_rules,
    rollover_events: statistics.rollover_events,
    bars_excluded_rollover: statistics.bars_excluded_rollover,
    performance: statistics.performance,
  };
}
