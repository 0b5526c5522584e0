import { kindOfError } from './error-class.ts';
import type { RunListener } from './events.ts';
import { listFailures, type MonthFailure } from './failures.ts';
import { failed, unchanged } from './finished-month.ts';
import type { MonthlyLake } from './lake.ts';
import type { Month } from './month.ts';
import type { MonthRecord, PlannedMonth } from './plan.ts';
import type { FinishedMonth } from './run-options.ts';
import type { RunSession } from './run-session.ts';

/** Looks per lease: a dead run is noticed soon after its lease, a finished month a tenth of a lease late at most. */
const LOOKS_PER_LEASE = 10;
const LONGEST_PAUSE_MS = 3_000;

type Settle = (outcome: FinishedMonth | 'free') => void;

interface MonthElsewhere {
  readonly planned: PlannedMonth;
  readonly settle: Settle;
  heldBy: string;
}

interface Surroundings {
  /** Nothing else is left for this run to do. */
  isIdle(): boolean;
  isDone(month: Month, record: MonthRecord | undefined): boolean;
  readonly onEvent: RunListener;
}

/** Months that other runs are at. Looks at them now and then until each is made, has failed there, or is free. */
export class MonthsElsewhere {
  readonly #lake: MonthlyLake;
  readonly #session: RunSession;
  readonly #surroundings: Surroundings;
  readonly #months = new Map<Month, MonthElsewhere>();
  #isWatching = false;
  #lastTold = '';

  constructor(lake: MonthlyLake, session: RunSession, surroundings: Surroundings) {
    this.#lake = lake;
    this.#session = session;
    this.#surroundings = surroundings;
  }

  /** Resolves when no month is left to watch, or the signal is aborted; undefined when somebody watches already. */
  add(planned: PlannedMonth, heldBy: string, settle: Settle, signal: AbortSignal): Promise<void> | undefined {
    this.#months.set(planned.raw.month, { planned, heldBy, settle });
    if (this.#isWatching) return undefined;
    this.#isWatching = true;
    return this.#watch(signal);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { world, leaseSeconds } = this.#session;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, (leaseSeconds * 1000) / LOOKS_PER_LEASE);
    while (this.#months.size > 0) {
      this.#tell();
      const isOver = await world.sleepMs(pauseMs, signal).then(
        () => false,
        () => true,
      );
      if (isOver) return;
      await this.#look().catch((error: unknown) => {
        // the next look may get through
        if (kindOfError(error) === 'permanent') throw error;
      });
    }
    this.#isWatching = false;
  }

  /** Claims first: a month whose claim is gone was committed or given up before that. */
  async #look(): Promise<void> {
    await this.#session.watch.look();
    const claims = new Map((await this.#session.claims.list()).map((claim) => [claim.month, claim]));
    const records = await this.#lake.newestRecords();
    const failures = await listFailures(this.#lake.storage);
    for (const [month, each] of [...this.#months]) {
      const holder = claims.get(month)?.runId;
      const failure = failures.find((found) => found.month === month && found.run_id === each.heldBy);
      const isHeld = holder !== undefined && this.#session.watch.stateOf(holder) === 'alive';
      if (this.#surroundings.isDone(month, records.get(month))) {
        this.#settle(month, unchanged(each.planned.raw, 'done elsewhere'));
      } else if (isHeld) each.heldBy = holder;
      else this.#settle(month, failure === undefined ? 'free' : failedThere(each.planned, failure));
    }
  }

  #settle(month: Month, outcome: FinishedMonth | 'free'): void {
    const settle = this.#months.get(month)?.settle;
    this.#months.delete(month);
    settle?.(outcome);
  }

  /** Once for each set of months, and only when there is nothing else to do. */
  #tell(): void {
    if (!this.#surroundings.isIdle()) return;
    const byRun = Map.groupBy(this.#months, ([, { heldBy }]) => heldBy);
    for (const [runId, entries] of byRun) {
      const months = entries.map(([month]) => month).sort();
      const text = `${runId} ${months.join()}`;
      if (runId === '' || text === this.#lastTold) continue;
      this.#lastTold = text;
      const { host = null, pid = null } = this.#session.watch.record(runId) ?? {};
      this.#surroundings.onEvent({ type: 'months-elsewhere', months, run: { runId, host, pid } });
    }
  }
}

function failedThere(planned: PlannedMonth, failure: MonthFailure): FinishedMonth {
  return failed(planned, failure, { seconds: 0, attempts: 0 });
}
