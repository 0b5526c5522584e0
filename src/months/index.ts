export { type Discovery, discoverMonths, type RawMonth } from './discovery.ts';
export type { MonthOutcome, MonthReason, RunEvent, RunListener, RunSummary, Stage } from './events.ts';
export { type Month, parseMonth, shiftMonth } from './month.ts';
export type { MonthRecord, PlannedMonth, PlanOptions } from './plan.ts';
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
  type MonthRollback,
  planRollback,
  type RollbackPlan,
  type RollbackRequest,
  rollBack,
  staleByMaking,
} from './rollback.ts';
export { planRun, type RunOptions, type RunResult, runMonths } from './run.ts';
export { MONTH_TABLES, trainingBarsTable } from './tables.ts';
