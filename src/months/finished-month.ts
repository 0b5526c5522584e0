import type { BarlineError } from '../base/index.ts';
import type { RawMonth } from './discovery.ts';
import type { MonthOutcome, MonthReason, RunSummary } from './events.ts';
import type { PlannedMonth } from './plan.ts';
import type { FinishedMonth } from './run-options.ts';
import { addSeconds } from './stage-clock.ts';

const NOTHING = {
  rows: 0,
  sessions: 0,
  rolls: 0,
  quarantined: 0,
  version: null,
  qualityScore: null,
  requiresReprocessing: false,
  reasons: [],
  peakRssBytes: null,
} as const;

/** A month that this run leaves as it is. */
export function unchanged(raw: RawMonth, reason: MonthReason): FinishedMonth {
  return {
    outcome: {
      month: raw.month,
      status: 'skipped',
      reason,
      ...NOTHING,
      seconds: 0,
      error: null,
      attempts: 0,
    },
    stageSeconds: {},
  };
}

export function failed(
  { raw, reason }: PlannedMonth,
  {
    code,
    message,
    hint,
  }: Pick<BarlineError, 'code' | 'message'> & { readonly hint?: string | null | undefined },
  { seconds, attempts }: { readonly seconds: number; readonly attempts: number },
): FinishedMonth {
  const error = { code, message, hint: hint ?? null };
  return {
    outcome: { month: raw.month, status: 'failed', reason, ...NOTHING, seconds, error, attempts },
    stageSeconds: {},
  };
}

interface RunFacts extends Pick<RunSummary, 'seconds' | 'interrupted' | 'memoryLimitBytes' | 'parallelism'> {
  readonly retriedRequests: number;
}

export function summarise(
  finished: readonly FinishedMonth[],
  planned: readonly PlannedMonth[],
  run: RunFacts,
): RunSummary {
  const { seconds, interrupted } = run;
  const outcomes = finished.map(({ outcome }) => outcome);
  const reached = new Set(outcomes.map(({ month }) => month));
  const count = (status: MonthOutcome['status']) => outcomes.filter((each) => each.status === status).length;
  const rows = outcomes.reduce((sum, each) => sum + each.rows, 0);
  return {
    months: outcomes.length,
    succeeded: count('succeeded'),
    failed: count('failed'),
    skipped: count('skipped'),
    rows,
    seconds,
    rowsPerSecond: seconds > 0 ? rows / seconds : 0,
    // threads share the process, so its peak is that of all of them together; ru_maxrss counts in kB
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    memoryLimitBytes: run.memoryLimitBytes,
    parallelism: run.parallelism,
    retries: {
      requests: run.retriedRequests,
      months: outcomes.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
    },
    stageSeconds: finished.reduce((sum, each) => addSeconds(sum, each.stageSeconds), {}),
    interrupted,
    notReached: planned.map(({ raw }) => raw.month).filter((month) => !reached.has(month)),
  };
}
