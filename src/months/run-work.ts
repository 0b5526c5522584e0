import { BarlineError } from '../base/index.ts';
import type { Claim } from './claims.ts';
import { isFatal, kindOfError, monthError } from './error-class.ts';
import { recordFailure } from './failures.ts';
import { isRemote } from './fetch.ts';
import { failed, unchanged } from './finished-month.ts';
import { MonthTakenError } from './lake.ts';
import { MONTHS_FETCHED_AHEAD } from './memory-budget.ts';
import type { Month } from './month.ts';
import { makeMonth } from './month-job.ts';
import { MonthQueue } from './month-queue.ts';
import { MonthsElsewhere } from './months-elsewhere.ts';
import type { MonthRecord, PlannedMonth } from './plan.ts';
import { configHash, kernelVersionsText } from './processing.ts';
import { DEFAULT_RETRY, retryDelaySeconds } from './retry.ts';
import type { FinishedMonth, RunContext, RunOptions } from './run-options.ts';
import type { RunSession } from './run-session.ts';
import { nextMonth } from './work-order.ts';

/** A month to be made, for the first time or again. */
export interface MonthTask {
  readonly planned: PlannedMonth;
  /** From 1. */
  readonly attempt: number;
}

/** What became of a try. */
type Try =
  | { readonly finished: FinishedMonth }
  | { readonly heldBy: string }
  | { readonly againAfterSeconds: number }
  | { readonly interrupted: true };

/** Takes months from a queue, several at a time, until each is made, failed, or made by another run. */
export class RunWork {
  readonly #options: RunOptions;
  readonly #context: RunContext;
  readonly #session: RunSession;
  readonly #queue: MonthQueue<MonthTask>;
  readonly #elsewhere: MonthsElsewhere;
  readonly #finished: FinishedMonth[] = [];
  readonly #waiting: Promise<void>[] = [];
  readonly #ended = new AbortController();
  /** Another run has taken a month from this one, which may have written files for it. */
  #hasLost = false;
  #lastTaken: Month | undefined;
  /** As of the last month that turned out to be another run's. */
  #heldElsewhere: ReadonlySet<Month> = new Set();

  constructor(options: RunOptions, context: RunContext, session: RunSession) {
    this.#options = options;
    this.#context = context;
    this.#session = session;
    this.#queue = new MonthQueue<MonthTask>();
    this.#elsewhere = new MonthsElsewhere(context.lake, session, {
      isIdle: () => this.#queue.isIdle,
      isDone: (month, record) => this.#isDoneSince(month, record),
      onEvent: options.onEvent,
    });
  }

  async take(planned: readonly PlannedMonth[]): Promise<FinishedMonth[]> {
    const taken = planned.filter(({ take }) => take);
    const skipped = planned.filter(({ take }) => !take);
    this.#options.onEvent({
      type: 'run-started',
      months: taken.map(({ raw }) => raw.month),
      skipped: skipped.map(({ raw }) => raw.month),
    });
    for (const { raw, reason } of skipped) this.#finish(unchanged(raw, reason));
    try {
      if (taken.length > 0) await this.#takeAll(taken);
    } finally {
      const isClean =
        this.#finished.every(({ outcome }) => outcome.status !== 'failed' && outcome.attempts < 2) &&
        this.#finished.length === planned.length &&
        !this.#hasLost;
      await this.#session.close(isClean);
    }
    return this.#finished.sort((a, b) => (a.outcome.month < b.outcome.month ? -1 : 1));
  }

  async #takeAll(taken: readonly PlannedMonth[]): Promise<void> {
    const { signal } = this.#options;
    const { months } = this.#context.admission.parallelism;
    const stop = () => this.#stop();
    if (signal.aborted) return;
    signal.addEventListener('abort', stop);
    const working: Promise<void>[] = [];
    try {
      for (const each of taken) this.#queue.add({ planned: each, attempt: 1 });
      // those beyond the admission's fetch their files meanwhile
      const lanes = months + (isRemote(this.#context.source) ? MONTHS_FETCHED_AHEAD : 0);
      working.push(...Array.from({ length: lanes }, () => this.#lane()));
      await Promise.all(working);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#stop();
      // whoever clears up finds nobody still writing
      await Promise.allSettled(working);
      await Promise.all(this.#waiting);
    }
  }

  /** No further month begins; whoever waits, ends. */
  #stop(): void {
    this.#queue.close();
    this.#ended.abort();
  }

  async #lane(): Promise<void> {
    for (let task = await this.#next(); task !== undefined; task = await this.#next()) {
      this.#settle(task, await this.#try(task));
    }
  }

  async #next(): Promise<MonthTask | undefined> {
    const task = await this.#queue.next((ready) => {
      const months = ready.map(({ planned }) => planned.raw.month);
      return nextMonth(months, this.#lastTaken, this.#heldElsewhere);
    });
    this.#lastTaken = task?.planned.raw.month;
    return task;
  }

  #settle(task: MonthTask, result: Try): void {
    if ('finished' in result) {
      this.#finish(result.finished);
      this.#queue.finished();
      return;
    }
    this.#queue.laidAside();
    if ('againAfterSeconds' in result) this.#waiting.push(this.#again(task, result.againAfterSeconds));
    else if ('heldBy' in result) this.#waitFor(task, result.heldBy);
  }

  #finish(month: FinishedMonth): void {
    this.#finished.push(month);
    this.#options.onEvent({ type: 'month-finished', outcome: month.outcome });
  }

  async #again({ planned, attempt }: MonthTask, seconds: number): Promise<void> {
    try {
      await this.#session.world.sleepMs(seconds * 1000, this.#ended.signal);
    } catch {
      return;
    }
    this.#queue.comesBack({ planned, attempt: attempt + 1 });
  }

  /** The month is another run's: it is watched, and comes back when that run ends without having made it. */
  #waitFor(task: MonthTask, runId: string): void {
    const settle = (outcome: FinishedMonth | 'free') => {
      if (outcome === 'free') return this.#queue.comesBack(task);
      this.#finish(outcome);
      this.#queue.settled();
    };
    const watching = this.#elsewhere.add(task.planned, runId, settle, this.#ended.signal);
    if (watching === undefined) return;
    this.#waiting.push(watching);
    watching.catch(() => this.#stop());
  }

  async #try(task: MonthTask): Promise<Try> {
    const { fronts } = this.#context;
    const { month } = task.planned.raw;
    const startedMs = this.#options.now();
    let claim: Claim | undefined;
    fronts.expect(month);
    try {
      const taken = await this.#session.claim(month);
      if ('theirs' in taken) {
        this.#heldElsewhere = await this.#session.claims.monthsOfOthers();
        return { heldBy: taken.theirs.runId };
      }
      claim = taken.mine;
      const record = await this.#context.lake.record(month);
      if (this.#isDoneSince(month, record)) {
        await this.#session.committed(claim);
        return { finished: unchanged(task.planned.raw, 'done elsewhere') };
      }
      return { finished: await this.#make(task, claim) };
    } catch (error) {
      return this.#failed(task, error, claim, (this.#options.now() - startedMs) / 1000);
    } finally {
      // whoever still waits for this month's front looks for it elsewhere
      fronts.laidAside(month);
    }
  }

  async #make({ planned, attempt }: MonthTask, claim: Claim): Promise<FinishedMonth> {
    const { raw, reason } = planned;
    this.#options.onEvent({ type: 'month-started', month: raw.month });
    const finished = await makeMonth(raw, reason, this.#options, this.#context, {
      attempt,
      txnVersion: claim.txnVersion,
      isTakenOver: claim.epoch > 1,
      commit: (work) => this.#session.commit(claim, work),
    });
    await this.#session.committed(claim);
    return finished;
  }

  /** Another run has made the month since this one planned it, as this one would. */
  #isDoneSince(month: Month, record: MonthRecord | undefined): boolean {
    const { records } = this.#context;
    if (record === undefined || record.txnVersion === records.get(month)?.txnVersion) return false;
    const { processing } = this.#options;
    if (record.configHash !== configHash(processing)) return false;
    if (record.kernelVersions !== kernelVersionsText()) return false;
    records.set(month, record);
    return true;
  }

  /** Once a month is another run's, what goes wrong here is no failure of the month: its files may be gone already. */
  async #isTaken(thrown: unknown, claim: Claim | undefined): Promise<boolean> {
    if (thrown instanceof MonthTakenError) return true;
    if (claim === undefined) return false;
    return !(await this.#session.claims.holds(claim).catch(() => true));
  }

  async #failed(task: MonthTask, thrown: unknown, claim: Claim | undefined, seconds: number): Promise<Try> {
    const { planned, attempt } = task;
    const { month, path } = planned.raw;
    const { retry = DEFAULT_RETRY, signal, onEvent, now } = this.#options;
    if (signal.aborted) return { interrupted: true };
    if (await this.#isTaken(thrown, claim)) {
      this.#hasLost = true;
      if (claim !== undefined) await this.#session.giveBack(claim);
      return { heldBy: '' };
    }
    const error = monthError(month, thrown);
    const { code, message, hint } = error;
    const kind = kindOfError(error);
    if (kind === 'transient' && attempt < retry.tries) {
      const delaySeconds = retryDelaySeconds(attempt, retry, this.#session.world.random());
      onEvent({ type: 'month-retry', month, attempt, delaySeconds, error: { code, message } });
      return { againAfterSeconds: delaySeconds };
    }
    this.#context.fronts.failed(month);
    if (isFatal(error)) this.#stop();
    const failure = {
      ...{ month, code, message, hint: hint ?? null, kind, attempts: attempt },
      ...{ failed_at: new Date(now()).toISOString(), run_id: this.#context.runId, source_file: path },
    };
    // a store that cannot be reached or written to learns of it when the month is tried again
    await recordFailure(this.#context.lake.storage, failure).catch((lost: unknown) => {
      if (!(lost instanceof BarlineError)) throw lost;
    });
    if (claim !== undefined) await this.#session.giveBack(claim);
    return { finished: failed(planned, error, { seconds, attempts: attempt }) };
  }
}
