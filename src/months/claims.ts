import { isTemporaryPath, type Storage } from '../storage/index.ts';
import type { Month } from './month.ts';
import { parseObject, readIfThere } from './run-journal.ts';

/** That a run, and no other, makes a month. Of several the highest epoch counts; it took over from those below. */
export interface Claim {
  readonly month: Month;
  /** From 1. */
  readonly epoch: number;
  readonly runId: string;
  /** Number of the month's transaction in each table; it rises with the epoch, so that a late owner's commit loses. */
  readonly txnVersion: number;
}

const FOLDER = '_barline/claims/';
const NAME = /\/(\d{4}-\d\d)\.(\d+)\.json$/;
const MAX_ATTEMPTS = 20;

const pathOf = ({ month, epoch }: Pick<Claim, 'month' | 'epoch'>) => `${FOLDER}${month}.${epoch}.json`;

/** The claims that runs have laid to months of a lake: small files, each made only if it is missing. */
export class MonthClaims {
  readonly #lake: Storage;
  readonly #runId: string;
  readonly #held = new Map<Month, Claim>();

  constructor(lake: Storage, runId: string) {
    this.#lake = lake;
    this.#runId = runId;
  }

  /** Those of one month or of all, by month and epoch. */
  async list(month?: Month): Promise<Claim[]> {
    const claims: Claim[] = [];
    for await (const { path } of this.#lake.list(`${FOLDER}${month ?? ''}`, { details: false })) {
      const [, ofMonth, epoch] = NAME.exec(path) ?? [];
      if (ofMonth === undefined || isTemporaryPath(path)) continue;
      const bytes = await readIfThere(this.#lake, path);
      if (bytes.length === 0) continue;
      const { runId, txnVersion } = parseObject(new TextDecoder().decode(bytes));
      claims.push({
        month: ofMonth,
        epoch: Number(epoch),
        runId: typeof runId === 'string' ? runId : '',
        txnVersion: typeof txnVersion === 'number' ? txnVersion : 0,
      });
    }
    return claims.sort((a, b) => (a.month === b.month ? a.epoch - b.epoch : a.month < b.month ? -1 : 1));
  }

  /**
   * Lays claim to a month, or gives the claim of another run that is not `over`. A month that this run holds already
   * is claimed anew, under a higher number: what an earlier try left half-committed is then older.
   * `txnVersionAbove` gives a transaction number above the one it is told.
   */
  async take(
    month: Month,
    isOver: (runId: string) => boolean,
    txnVersionAbove: (least: number) => number,
  ): Promise<{ readonly mine: Claim } | { readonly theirs: Claim }> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.list(month);
      const top = found.at(-1);
      const isFree = top === undefined || top.runId === this.#runId || isOver(top.runId);
      if (!isFree) return { theirs: top };
      const txnVersion = txnVersionAbove(Math.max(0, ...found.map((each) => each.txnVersion)));
      const claim = { month, epoch: (top?.epoch ?? 0) + 1, runId: this.#runId, txnVersion };
      const bytes = new TextEncoder().encode(`${JSON.stringify(claim)}\n`);
      if (await this.#lake.putIfAbsent(pathOf(claim), bytes)) {
        this.#held.set(month, claim);
        return { mine: claim };
      }
      if (attempt >= MAX_ATTEMPTS) throw new Error(`${attempt} claims to ${month} were each overtaken`);
    }
  }

  /** Whether no other run has taken over meanwhile. */
  async holds(claim: Claim): Promise<boolean> {
    const top = (await this.list(claim.month)).at(-1);
    return top?.epoch === claim.epoch && top.runId === claim.runId;
  }

  /** Months that somebody else has claimed, alive or dead, by the names of the claims alone. */
  async monthsOfOthers(): Promise<ReadonlySet<Month>> {
    const months = await monthsAtWork(this.#lake);
    return new Set(months.map(({ month }) => month).filter((month) => !this.#held.has(month)));
  }

  /** Of months this run has claimed and not given back. */
  get held(): Claim[] {
    return [...this.#held.values()];
  }

  /**
   * Gives a month back. Once it is committed the claims below go as well: their numbers cannot win any more. Without a
   * commit they stay, since a number of theirs that somebody chose anew could.
   */
  async release(claim: Claim, isCommitted: boolean): Promise<void> {
    for (const each of await this.list(claim.month)) {
      if (each.epoch > claim.epoch || (each.runId !== this.#runId && !isCommitted)) continue;
      await this.remove(each);
    }
    this.#held.delete(claim.month);
  }

  async remove(claim: Claim): Promise<void> {
    await this.#lake.delete(pathOf(claim));
  }
}

/** Months that runs are at, and since when by the store's clock. A dead run's are among them until another takes over. */
export async function monthsAtWork(lake: Storage): Promise<{ month: Month; sinceMs: number }[]> {
  const since = new Map<Month, number>();
  for await (const { path, modifiedMs } of lake.list(FOLDER)) {
    const [, month] = NAME.exec(path) ?? [];
    if (month !== undefined && !isTemporaryPath(path))
      since.set(month, Math.max(modifiedMs, since.get(month) ?? 0));
  }
  return [...since].map(([month, sinceMs]) => ({ month, sinceMs }));
}
