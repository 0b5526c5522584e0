import { BarlineError } from '../base/index.ts';
import { type Claim, MonthClaims } from './claims.ts';
import { removeFailure } from './failures.ts';
import { type MonthlyLake, MonthTakenError } from './lake.ts';
import { type RunTables, removeLeftovers, removeUnreferenced } from './leftovers.ts';
import type { Month } from './month.ts';
import { RunJournal } from './run-journal.ts';
import type { RunOptions } from './run-options.ts';
import { RunWatch } from './run-watch.ts';
import { type RunWorld, systemWorld } from './run-world.ts';
import { MONTH_TABLES } from './tables.ts';

const DEFAULT_LEASE_SECONDS = 30;

type SessionOptions = Pick<RunOptions, 'now' | 'leaseSeconds' | 'world' | 'onEvent'>;

/**
 * A run among others on one lake: its journal, its claims, what it sees of the others, and what the dead left.
 *
 * That no month is made twice rests on the claims, made only if missing. That nothing is lost or torn does not: a
 * commit carries its claim's transaction number, and of two the higher one stays in every table, whoever is late.
 */
export class RunSession {
  readonly claims: MonthClaims;
  readonly watch: RunWatch;
  readonly leaseSeconds: number;
  readonly world: RunWorld;
  readonly #lake: MonthlyLake;
  readonly #runId: string;
  readonly #options: SessionOptions;
  readonly #tables: RunTables;
  #journal: Promise<RunJournal> | undefined;
  #commits: Promise<unknown> = Promise.resolve();

  constructor(lake: MonthlyLake, runId: string, options: SessionOptions) {
    this.#lake = lake;
    this.#runId = runId;
    this.#options = options;
    this.leaseSeconds = options.leaseSeconds ?? DEFAULT_LEASE_SECONDS;
    this.world = options.world ?? systemWorld;
    this.claims = new MonthClaims(lake.storage, runId);
    this.watch = new RunWatch(lake.storage, this.leaseSeconds, this.world);
    this.#tables = {
      names: MONTH_TABLES,
      referencedPaths: (name) => lake.referencedPaths(name),
      lastTransaction: (month) => lake.lastTransaction(month),
    };
  }

  /** Looks at the other runs, and removes what those left that are over. */
  async clearLeftovers(): Promise<void> {
    await this.watch.look();
    const { storage } = this.#lake;
    const files = await removeLeftovers(storage, this.#tables, this.watch, this.claims, this.world);
    if (files.length > 0) this.#options.onEvent({ type: 'leftovers-removed', files });
  }

  /** Lays claim to a month; the lake learns of this run before the run's first claim. */
  async claim(month: Month) {
    await this.#openJournal();
    const least = await this.#lake.nextTxnVersion(month, 0, this.#options.now());
    return this.claims.take(
      month,
      (runId) => this.watch.stateOf(runId) !== 'alive',
      (above) => Math.max(least, above + 1),
    );
  }

  #openJournal(): Promise<RunJournal> {
    const run = {
      runId: this.#runId,
      startedAt: new Date(this.#options.now()).toISOString(),
      leaseSeconds: this.leaseSeconds,
    };
    this.#journal ??= RunJournal.open(this.#lake.storage, run, this.world);
    return this.#journal;
  }

  /**
   * Commits follow one another: each is a few milliseconds, and they would race for the same log. Throws a
   * `MonthTakenError` when the month is another run's by now.
   */
  commit<T>(claim: Claim, work: () => Promise<T>): Promise<T> {
    const result = this.#commits.then(async () => {
      if (!(await this.claims.holds(claim))) throw new MonthTakenError(claim.month);
      return work();
    });
    this.#commits = result.catch(() => undefined);
    return result;
  }

  /** The month is committed: what stood for its being at work or failed goes. What cannot go now goes with the run. */
  async committed(claim: Claim): Promise<void> {
    await leniently(async () => {
      await removeFailure(this.#lake.storage, claim.month);
      await this.claims.release(claim, true);
    });
  }

  async giveBack(claim: Claim): Promise<void> {
    await leniently(() => this.claims.release(claim, false));
  }

  /** A month that did not come through may have left files. Where they cannot be removed, a later run does it. */
  async close(isClean: boolean): Promise<void> {
    if (this.#journal === undefined) return;
    await leniently(async () => {
      for (const claim of this.claims.held) await this.claims.release(claim, false);
      if (!isClean) await removeUnreferenced(this.#lake.storage, this.#tables, [this.#runId]);
      if (this.watch.runs.some(({ runId }) => runId !== this.#runId)) await this.clearLeftovers();
    });
    // a journal that could not be opened was told of by its months
    await this.#journal.then(
      (journal) => leniently(() => journal.close()),
      () => undefined,
    );
  }
}

async function leniently(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
  }
}
