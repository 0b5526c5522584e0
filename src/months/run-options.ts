import type { Storage } from '../storage/index.ts';
import type { Discovery } from './discovery.ts';
import type { MonthOutcome, RunListener, RunSummary } from './events.ts';
import type { FrontOfMonths } from './fronts.ts';
import type { MonthlyLake } from './lake.ts';
import type { MemoryAdmission } from './memory-admission.ts';
import type { Month } from './month.ts';
import type { MonthRecord, PlanOptions } from './plan.ts';
import type { WorkerPool } from './pool.ts';
import type { Processing } from './processing.ts';
import type { RetryOptions } from './retry.ts';
import type { RunWorld } from './run-world.ts';
import type { StageSeconds } from './stage-clock.ts';

export interface RunOptions {
  /** Folder or bucket with the raw months. */
  readonly sourceUri: string;
  readonly lakeUri: string;
  readonly processing: Processing;
  readonly plan: PlanOptions;
  /** Threads at most. */
  readonly workers: number;
  /** What may be resident at most, of all threads together: the run does less at a time to keep it. Default: no limit. */
  readonly memoryByteLength?: number;
  readonly compressionLevel: number;
  /** Default: 3 tries, the second half a minute after the first. */
  readonly retry?: RetryOptions;
  /** A run that gave no sign of life for so long is taken for dead, and its months are taken over. Default 30. */
  readonly leaseSeconds?: number;
  readonly now: () => number;
  readonly world?: RunWorld;
  /** Aborted: months at work are given up, what is being committed is finished. */
  readonly signal: AbortSignal;
  readonly onEvent: RunListener;
}

export interface RunResult {
  readonly outcomes: readonly MonthOutcome[];
  readonly summary: RunSummary;
}

/** What the months of a run have in common. */
export interface RunContext {
  readonly source: Storage;
  readonly lake: MonthlyLake;
  readonly pool: WorkerPool;
  readonly fronts: FrontOfMonths;
  readonly runId: string;
  readonly discovery: Discovery;
  /** What the lake knew of each month when the run began, and has learnt of other runs' since. */
  readonly records: Map<Month, MonthRecord>;
  readonly admission: MemoryAdmission;
}

export interface FinishedMonth {
  readonly outcome: MonthOutcome;
  readonly stageSeconds: StageSeconds;
}
