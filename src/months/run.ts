import { openStorage, retriedRequests } from '../storage/index.ts';
import { type Discovery, discoverMonths } from './discovery.ts';
import { isRemote } from './fetch.ts';
import { summarise } from './finished-month.ts';
import { FrontOfMonths } from './fronts.ts';
import { MonthlyLake } from './lake.ts';
import type { Month } from './month.ts';
import type { MonthRecord, PlannedMonth } from './plan.ts';
import { planMonths } from './planning.ts';
import { WorkerPool } from './pool.ts';
import type { Processing } from './processing.ts';
import { newRunId } from './run-id.ts';
import { admissionOf, likelyWorkers } from './run-memory.ts';
import type { RunOptions, RunResult } from './run-options.ts';
import { RunSession } from './run-session.ts';
import { RunWork } from './run-work.ts';
import { QUARANTINE_TABLE, ROLLS_TABLE, STATISTICS_TABLE, trainingBarsTable } from './tables.ts';

export function openMonthlyLake(uri: string, runId: string, processing: Processing): Promise<MonthlyLake> {
  return MonthlyLake.open(uri, runId, {
    quarantine: QUARANTINE_TABLE,
    rolls: ROLLS_TABLE,
    monthly_statistics: STATISTICS_TABLE,
    training_bars: trainingBarsTable(processing.labels.modes),
  });
}

/** What the source has, what the lake has of it, and which months a run would take. Writes nothing. */
export async function planRun(
  options: Pick<RunOptions, 'sourceUri' | 'lakeUri' | 'processing' | 'plan'>,
): Promise<{ discovery: Discovery; records: Map<Month, MonthRecord>; planned: PlannedMonth[] }> {
  const source = openStorage(options.sourceUri);
  const discovery = await discoverMonths(source);
  const lake = await openMonthlyLake(options.lakeUri, 'plan', options.processing);
  const records = await lake.records();
  const planned = await planMonths(source, discovery, records, options.processing, options.plan);
  return { discovery, records, planned };
}

/**
 * Takes months through decode, contract, session, cleaning, grid, labels, features and encoding on worker threads,
 * and commits each as one replacement. A month that fails is tried again where that may help, else recorded, and the
 * run goes on. Any number of runs, on any machines, share the months of a lake. No data is written for a month before
 * all of its stages are through. The result never depends on `workers` or on which months run together.
 */
export async function runMonths(options: RunOptions): Promise<RunResult> {
  const { now, onEvent, signal } = options;
  const startedMs = now();
  const fronts = new FrontOfMonths();
  // threads load their modules while the run is planned
  const pool = new WorkerPool(options.workers, likelyWorkers(options), (message) => fronts.found(message));
  const runId = newRunId(startedMs);
  const stopThreads = () => void pool.destroy();
  signal.addEventListener('abort', stopThreads);
  try {
    const source = openStorage(options.sourceUri);
    const retriedBefore = retriedRequests([source, openStorage(options.lakeUri)]);
    const discovery = await discoverMonths(source);
    const lake = await openMonthlyLake(options.lakeUri, runId, options.processing);
    const session = new RunSession(lake, runId, options);
    await session.clearLeftovers();
    const records = await lake.records();
    const planned = await planMonths(source, discovery, records, options.processing, options.plan);
    const admission = admissionOf(options, planned, isRemote(source), pool);
    const context = { source, lake, pool, fronts, runId, discovery, records, admission };
    const outcomes = await new RunWork(options, context, session)
      .take(planned)
      .finally(() => admission.stop());
    const summary = summarise(outcomes, planned, {
      seconds: (now() - startedMs) / 1000,
      interrupted: signal.aborted,
      retriedRequests: retriedRequests([source, lake.storage]) - retriedBefore,
      parallelism: admission.parallelism,
      memoryLimitBytes: options.memoryByteLength ?? null,
    });
    onEvent({ type: 'run-finished', summary });
    return { outcomes: outcomes.map(({ outcome }) => outcome), summary };
  } finally {
    signal.removeEventListener('abort', stopThreads);
    await pool.destroy();
  }
}
