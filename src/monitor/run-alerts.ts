import { BarlineError } from '../base/index.ts';
import {
  type MonthOutcome,
  parseStatistics,
  type RunEvent,
  type RunSummary,
  statisticsPath,
} from '../months/index.ts';
import { isStorageError, type Storage } from '../storage/index.ts';
import type { Clock } from './clock.ts';
import { failed, LAKE, memoryConditions, monthConditions, slow, type Thresholds } from './condition.ts';
import type { DeliveryLanes, WaitingFor } from './delivery-lanes.ts';
import { errorRate, figuresOf, isSeenIn, seeLake } from './lake-sight.ts';
import type { AlertLedger } from './ledger.ts';

export interface RunAlertsOptions {
  readonly storage: Storage;
  readonly ledger: AlertLedger;
  readonly lanes: DeliveryLanes;
  readonly thresholds: Thresholds;
  readonly clock: Clock;
}

/** Listens to a monthly run and raises what it hears of. Never holds the run up: all of it happens beside. */
export class RunAlerts {
  readonly #options: RunAlertsOptions;
  readonly #atWork = new Map<string, AbortController>();
  #work: Promise<void> = Promise.resolve();
  #problem: BarlineError | undefined;
  #hasHeard = false;

  constructor(options: RunAlertsOptions) {
    this.#options = options;
  }

  hear(event: RunEvent): void {
    this.#hasHeard = true;
    // what an earlier process could not send
    if (event.type === 'run-started') this.#options.lanes.wake();
    else if (event.type === 'month-started') this.#watchTime(event.month);
    else if (event.type === 'month-finished') {
      const { outcome } = event;
      this.#atWork.get(outcome.month)?.abort();
      if (outcome.status !== 'skipped') this.#beside(() => this.#monthFinished(outcome));
    } else if (event.type === 'run-finished') this.#beside(() => this.#runFinished(event.summary));
  }

  /**
   * To be called when the run has ended, however it did. Waits until everything is in the lake, and up to `waitMs`
   * until it is sent. `problem` is why alerts could not be kept.
   */
  async finish(waitMs: number): Promise<{ waiting: WaitingFor[]; problem: BarlineError | undefined }> {
    // a run that did not come to begin has said why itself
    if (!this.#hasHeard) return { waiting: [], problem: undefined };
    for (const timer of this.#atWork.values()) timer.abort();
    await this.#work;
    let waiting: WaitingFor[] = [];
    await this.#beside(async () => {
      waiting = await this.#options.lanes.finish(waitMs);
    });
    return { waiting, problem: this.#problem };
  }

  /** One after another. A lake that cannot be written is a problem of its own; a fault of ours shows at the end. */
  #beside(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      if (!(error instanceof BarlineError)) throw error;
      this.#problem ??= error;
    });
    this.#work.catch(() => undefined);
    return this.#work;
  }

  /** A month that hangs is never finished: it is slow from the moment its time is over. */
  #watchTime(month: string): void {
    if (this.#atWork.get(month)?.signal.aborted === false) return;
    const timer = new AbortController();
    this.#atWork.set(month, timer);
    const { clock, thresholds, ledger } = this.#options;
    void clock.sleep(thresholds.monthMinutes * 60_000, timer.signal).then(() => {
      if (timer.signal.aborted) return;
      this.#beside(async () => {
        const standing = [slow(month, thresholds.monthMinutes, thresholds)];
        this.#sent(await ledger.record(await ledger.states(month), standing, () => false));
      });
    });
  }

  async #monthFinished(outcome: MonthOutcome): Promise<void> {
    const { month, error } = outcome;
    const { ledger, thresholds } = this.#options;
    const states = await ledger.states(month);
    if (outcome.status === 'failed') {
      const standing = [failed(month, error ?? { code: 'UNKNOWN', message: 'nobody said why' })];
      this.#sent(await ledger.record(states, standing, () => false));
      return;
    }
    const statistics = await this.#statistics(month);
    const figures =
      statistics === null
        ? { month, minutes: outcome.seconds / 60, score: outcome.qualityScore, winRates: {} }
        : figuresOf(month, statistics);
    this.#sent(await ledger.record(states, monthConditions(figures, thresholds), () => true));
    await this.#memory(outcome.peakRssBytes, false);
  }

  async #runFinished(summary: RunSummary): Promise<void> {
    await this.#memory(summary.peakRssBytes, true);
    const { ledger, storage, thresholds } = this.#options;
    const states = await ledger.states(LAKE);
    if (summary.failed === 0 && states.size === 0) return;
    const sight = await seeLake(storage);
    const isSeen = isSeenIn(sight);
    const isErrorRate = (id: string) => id === `${LAKE}/error-rate` && isSeen(id);
    this.#sent(await ledger.record(states, errorRate(sight, thresholds), isErrorRate));
  }

  /** Over its limit at any time, under it only once the run is over. */
  async #memory(peakBytes: number | null, isWhole: boolean): Promise<void> {
    const { ledger, thresholds } = this.#options;
    const standing = memoryConditions(peakBytes, thresholds);
    if (standing.length === 0 && !isWhole) return;
    const isMemory = (id: string) => isWhole && id === `${LAKE}/memory`;
    this.#sent(await ledger.record(await ledger.states(LAKE), standing, isMemory));
  }

  /** The month's own document; null when there is none that can be read. */
  async #statistics(month: string) {
    const bytes = await this.#options.storage.read(statisticsPath(month)).catch((error: unknown) => {
      if (isStorageError(error, 'STORAGE_NOT_FOUND')) return new Uint8Array();
      throw error;
    });
    return parseStatistics(new TextDecoder().decode(bytes));
  }

  #sent(notices: readonly unknown[]): void {
    if (notices.length > 0) this.#options.lanes.wake();
  }
}
