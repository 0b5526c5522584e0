import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BarlineError } from '../base/index.ts';
import { openStorage, type Storage } from '../storage/index.ts';
import { type Discovery, discoverMonths, type RawMonth } from './discovery.ts';
import type { MonthOutcome, RunListener, RunSummary } from './events.ts';
import { FrontOfMonths } from './fronts.ts';
import { MonthlyLake } from './lake.ts';
import type { Month } from './month.ts';
import { makeMonth } from './month-job.ts';
import type { MonthRecord, PlannedMonth, PlanOptions } from './plan.ts';
import { planMonths } from './planning.ts';
import { WorkerPool } from './pool.ts';
import { currentProcess, probeProcess } from './process-identity.ts';
import type { Processing } from './processing.ts';
import { claimLake, closeJournal, removeLeftovers, removeUnreferenced } from './run-journal.ts';
import { addSeconds, type StageSeconds } from './stage-clock.ts';
import {
  MONTH_TABLES,
  QUARANTINE_TABLE,
  ROLLS_TABLE,
  STATISTICS_TABLE,
  trainingBarsTable,
} from './tables.ts';

export interface RunOptions {
  /** Folder with the raw months. */
  readonly sourceUri: string;
  readonly lakeUri: string;
  readonly processing: Processing;
  readonly plan: PlanOptions;
  readonly workers: number;
  readonly compressionLevel: number;
  readonly now: () => number;
  /** Aborted: months at work are given up, what is being committed is finished. */
  readonly signal: AbortSignal;
  readonly onEvent: RunListener;
}

export interface RunResult {
  readonly outcomes: readonly MonthOutcome[];
  readonly summary: RunSummary;
}

/** Errors that every further month would meet as well. */
const FATAL = new Set(['STORAGE_NO_SPACE', 'STORAGE_READ_ONLY', 'RUN_IN_PROGRESS']);

/** Between two looks at a run that came at the same moment. */
const LOOK_AGAIN_MS = 100;

/** A run's id stands in the names of all files it writes. */
function newRunId(nowMs: number): string {
  return `run${nowMs.toString(36)}${randomBytes(4).toString('hex')}`;
}

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
 * and commits each as one replacement. A month that fails is reported and the run goes on. Nothing is written for a
 * month before all of its stages are through. The result never depends on `workers` or on which months run together.
 */
export async function runMonths(options: RunOptions): Promise<RunResult> {
  const { now, onEvent, signal } = options;
  const startedMs = now();
  const fronts = new FrontOfMonths();
  // threads load their modules while the run is planned
  const pool = new WorkerPool(options.workers, (message) => fronts.found(message));
  const runId = newRunId(startedMs);
  const stopThreads = () => void pool.destroy();
  signal.addEventListener('abort', stopThreads);
  try {
    const source = openStorage(options.sourceUri);
    const discovery = await discoverMonths(source);
    const lake = await openMonthlyLake(options.lakeUri, runId, options.processing);
    await clearLeftovers(lake, onEvent);
    const records = await lake.records();
    const planned = await planMonths(source, discovery, records, options.processing, options.plan);
    const outcomes = await new Run(options, { source, lake, pool, fronts, runId, discovery, records }).take(
      planned,
    );
    const summary = summarise(outcomes, planned, (now() - startedMs) / 1000, signal.aborted);
    onEvent({ type: 'run-finished', summary });
    return { outcomes: outcomes.map(({ outcome }) => outcome), summary };
  } finally {
    signal.removeEventListener('abort', stopThreads);
    await pool.destroy();
  }
}

async function clearLeftovers(lake: MonthlyLake, onEvent: RunListener): Promise<void> {
  const files = await removeLeftovers(
    lake.storage,
    MONTH_TABLES,
    (table) => lake.referencedPaths(table),
    probeProcess,
  );
  if (files.length > 0) onEvent({ type: 'leftovers-removed', files });
}

export interface RunContext {
  readonly source: Storage;
  readonly lake: MonthlyLake;
  readonly pool: WorkerPool;
  readonly fronts: FrontOfMonths;
  readonly runId: string;
  readonly discovery: Discovery;
  readonly records: ReadonlyMap<Month, MonthRecord>;
}

export interface FinishedMonth {
  readonly outcome: MonthOutcome;
  readonly stageSeconds: StageSeconds;
}

class Run {
  readonly #options: RunOptions;
  readonly #context: RunContext;
  #journal: Promise<void> | undefined;
  #commits: Promise<unknown> = Promise.resolve();
  #fatal: BarlineError | undefined;

  constructor(options: RunOptions, context: RunContext) {
    this.#options = options;
    this.#context = context;
  }

  async take(planned: readonly PlannedMonth[]): Promise<FinishedMonth[]> {
    const { onEvent } = this.#options;
    const taken = planned.filter(({ take }) => take);
    const skipped = planned.filter(({ take }) => !take);
    onEvent({
      type: 'run-started',
      months: taken.map(({ raw }) => raw.month),
      skipped: skipped.map(({ raw }) => raw.month),
    });
    const finished: FinishedMonth[] = [];
    const finish = (month: FinishedMonth) => {
      finished.push(month);
      onEvent({ type: 'month-finished', outcome: month.outcome });
    };
    for (const { raw, reason } of skipped) finish(unchanged(raw, reason));
    for (const { raw } of taken) this.#context.fronts.expect(raw.month);
    const queue = [...taken];
    // one more month in flight than threads, so that no thread waits while another month ends
    const lanes = Array.from({ length: this.#options.workers + 1 }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (this.#options.signal.aborted || this.#fatal !== undefined) break;
        const month = await this.#month(next);
        if (month !== undefined) finish(month);
      }
    });
    await Promise.all(lanes);
    if (this.#fatal?.code === 'RUN_IN_PROGRESS') throw this.#fatal;
    const isClean =
      finished.every(({ outcome }) => outcome.status !== 'failed') && finished.length === planned.length;
    await this.#closeJournal(isClean);
    return finished.sort((a, b) => (a.outcome.month < b.outcome.month ? -1 : 1));
  }

  /** Undefined when the run was interrupted before the month's commit. */
  async #month({ raw, reason }: PlannedMonth): Promise<FinishedMonth | undefined> {
    const { now, onEvent } = this.#options;
    const startedMs = now();
    onEvent({ type: 'month-started', month: raw.month });
    try {
      return await makeMonth(raw, reason, this.#options, this.#context, {
        startedMs,
        beforeWriting: () => this.#openJournal(),
        exclusively: (work) => this.#oneAtATime(work),
      });
    } catch (error) {
      this.#context.fronts.failed(raw.month);
      if (this.#options.signal.aborted) return undefined;
      if (!(error instanceof BarlineError)) throw error;
      if (FATAL.has(error.code)) this.#fatal = error;
      return failure(raw, reason, error, (now() - startedMs) / 1000);
    }
  }

  /** The lake learns of this run before the run's first file. */
  #openJournal(): Promise<void> {
    const record = {
      runId: this.#context.runId,
      startedAt: new Date(this.#options.now()).toISOString(),
      ...currentProcess(),
    };
    this.#journal ??= claimLake(this.#context.lake.storage, record, probeProcess, () => delay(LOOK_AGAIN_MS));
    return this.#journal;
  }

  /** A month that did not come through may have left files. Where they cannot be removed, the next run does it. */
  async #closeJournal(isClean: boolean): Promise<void> {
    if (this.#journal === undefined) return;
    const { lake, runId } = this.#context;
    try {
      await this.#journal.catch(() => undefined);
      if (!isClean) {
        await removeUnreferenced(lake.storage, MONTH_TABLES, (table) => lake.referencedPaths(table), [runId]);
      }
      await closeJournal(lake.storage, runId);
    } catch (error) {
      if (!(error instanceof BarlineError)) throw error;
    }
  }

  /** Commits follow one another: each is a few milliseconds, and they would race for the same log. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#commits.then(work);
    this.#commits = result.catch(() => undefined);
    return result;
  }
}

function unchanged(raw: RawMonth, reason: PlannedMonth['reason']): FinishedMonth {
  const none = { rows: 0, sessions: 0, rolls: 0, quarantined: 0, seconds: 0, version: null, error: null };
  return { outcome: { month: raw.month, status: 'skipped', reason, ...none }, stageSeconds: {} };
}

function failure(
  raw: RawMonth,
  reason: PlannedMonth['reason'],
  { code, message, hint }: BarlineError,
  seconds: number,
): FinishedMonth {
  const none = { rows: 0, sessions: 0, rolls: 0, quarantined: 0, version: null };
  const error = { code, message, hint: hint ?? null };
  return {
    outcome: { month: raw.month, status: 'failed', reason, ...none, seconds, error },
    stageSeconds: {},
  };
}

function summarise(
  finished: readonly FinishedMonth[],
  planned: readonly PlannedMonth[],
  seconds: number,
  interrupted: boolean,
): RunSummary {
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
    stageSeconds: finished.reduce((sum, each) => addSeconds(sum, each.stageSeconds), {}),
    interrupted,
    notReached: planned.map(({ raw }) => raw.month).filter((month) => !reached.has(month)),
  };
}
