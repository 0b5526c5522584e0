export { monthsAtWork } from './claims.ts';
export { type Discovery, discoverMonths, type RawMonth } from './discovery.ts';
export type {
  MonthOutcome,
  MonthReason,
  OtherRun,
  RunEvent,
  RunListener,
  RunSummary,
  Stage,
} from './events.ts';
export { listFailures, type MonthFailure } from './failures.ts';
export { type Month, parseMonth, shiftMonth } from './month.ts';
export type { MonthRecord, PlannedMonth, PlanOptions } from './plan.ts';
export { hoursOf } from './prepare.ts';
export {
  checkStages,
  PROCESS_STAGES,
  type ProcessedBars,
  type ProcessReport,
  type ProcessStage,
  processBars,
} from './process-bars.ts';
export { configHash, KERNEL_VERSIONS, type Processing } from './processing.ts';
export {
  type Block,
  type MonthReport,
  type MonthsReport,
  monthPage,
  monthReport,
  monthsPage,
  monthsReport,
  type Page,
  parseStatistics,
  type RecordedStatistics,
  type ReportRequest,
  readRecordedLake,
  renderHtml,
  renderMarkdown,
  type Table,
  TRAINING_STANDARD,
} from './report/index.ts';
export { rollBack } from './rollback.ts';
export {
  type MonthRollback,
  planRollback,
  type RollbackPlan,
  type RollbackRequest,
  staleByMaking,
} from './rollback-plan.ts';
export { planRun, runMonths } from './run.ts';
export { estimateRun, type RunEstimate } from './run-estimate.ts';
export type { RunOptions, RunResult } from './run-options.ts';
export { statisticsPath } from './statistics-file.ts';
export { MONTH_TABLES, trainingBarsTable } from './tables.ts';
