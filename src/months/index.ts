export { barColumns, buildRowGroup, rowGroupSessions, sliceSessions, trainingColumns } from './build.ts';
export { type Discovery, discoverMonths, type RawMonth } from './discovery.ts';
export type { MonthOutcome, MonthReason, RunEvent, RunListener, RunSummary, Stage } from './events.ts';
export { type Month, parseMonth, shiftMonth } from './month.ts';
export type { MonthRecord, PlannedMonth, PlanOptions } from './plan.ts';
export { hoursOf } from './prepare.ts';
export { configHash, KERNEL_VERSIONS, type Processing } from './processing.ts';
export { planRun, type RunOptions, type RunResult, runMonths } from './run.ts';
export { inSchemaOrder, MONTH_TABLES, parquetSchemaOf, trainingBarsTable } from './tables.ts';
