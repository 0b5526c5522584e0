import type { DeltaTable } from '../delta/index.ts';
import type { Timeframe } from '../providers/index.ts';
import type { DeadLetters } from '../quality/index.ts';
import type { Storage } from '../storage/index.ts';
import { commitPages } from './bronze-commit.ts';
import { createBarTable } from './bronze-tables.ts';
import type { PageRows } from './page-rows.ts';
import type { StreamRun } from './stream-rows.ts';

export interface SinkOptions {
  readonly lake: Storage;
  readonly deadLetters: DeadLetters;
  readonly ingestionId: string;
  /** Rows that make a commit; as many again may wait while one is under way. */
  readonly rowsPerCommit: number;
  /** A commit is made after this, however few rows wait. */
  readonly secondsPerCommit: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onCommit?: (timeframe: Timeframe, version: number) => void;
}

/** Gathers pages of many streams into few commits. What it holds of them is bounded: `push` waits. */
export class BronzeSink {
  readonly #options: SinkOptions;
  readonly #tables = new Map<Timeframe, Promise<DeltaTable>>();
  #pages = new Map<StreamRun, PageRows[]>();
  #rowCount = 0;
  #sinceMs = 0;
  #flushing: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** Why nothing more can be stored, once a commit has failed. */
  get failure(): unknown {
    return this.#failure;
  }

  async push(run: StreamRun, page: PageRows): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pages.size === 0) this.#sinceMs = this.#options.now();
    const pages = this.#pages.get(run);
    if (pages === undefined) this.#pages.set(run, [page]);
    else pages.push(page);
    // a page without rows has its weight too
    this.#rowCount += page.columns.tsUs.length + page.dead.length + 10;
    const { rowsPerCommit, secondsPerCommit, now } = this.#options;
    if (this.#rowCount < rowsPerCommit && now() - this.#sinceMs < secondsPerCommit * 1000) return;
    await this.#startFlush();
  }

  /** Stores all that was pushed. */
  async flush(): Promise<void> {
    await this.#startFlush();
    await this.#flushing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits for the flush before, then lets the next one go on by itself. */
  async #startFlush(): Promise<void> {
    const rowCount = this.#rowCount;
    await this.#flushing;
    // another stream may have taken these pages along while this one waited
    if (this.#pages.size === 0 || this.#rowCount < rowCount) return;
    const pages = this.#pages;
    this.#pages = new Map();
    this.#rowCount = 0;
    this.#flushing = this.#commit(pages).catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  async #commit(pages: ReadonlyMap<StreamRun, readonly PageRows[]>): Promise<void> {
    const { deadLetters, ingestionId, onCommit } = this.#options;
    const byTable = Map.groupBy(pages, ([run]) => run.stream.timeframe);
    for (const [timeframe, entries] of byTable) {
      const table = await this.#table(timeframe);
      const version = await commitPages({ table, pages: new Map(entries), deadLetters, ingestionId });
      if (version !== undefined) onCommit?.(timeframe, version);
    }
  }

  #table(timeframe: Timeframe): Promise<DeltaTable> {
    const known = this.#tables.get(timeframe);
    if (known !== undefined) return known;
    const table = createBarTable(this.#options.lake, timeframe);
    this.#tables.set(timeframe, table);
    return table;
  }
}
