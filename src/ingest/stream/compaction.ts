/** Joins the small files of a stream's commits beside the stream, which goes on meanwhile. */
import { BarlineError } from '../../base/index.ts';
import type { DeltaTable, Snapshot } from '../../delta/index.ts';
import { defaultLimits } from '../../duckdb/index.ts';

/** A partition with so many files below the size is worth it: 50 windows are some four minutes. */
const FEWEST_FILES = 50;
const SMALL_BYTES = 16 * 2 ** 20;
/** Looking for such partitions takes a moment for each active file. */
const LOOK_EVERY_COMMITS = 10;
const MEMORY_BYTES = 256e6;

export class Compaction {
  readonly #openTable: () => Promise<DeltaTable>;
  readonly #failed: (message: string) => void;
  readonly #stop = new AbortController();
  #commits = 0;
  #work: Promise<void> | undefined;

  /** `failed` is told why files could not be joined; they stay as they are, and it is tried again later. */
  constructor(openTable: () => Promise<DeltaTable>, failed: (message: string) => void) {
    this.#openTable = openTable;
    this.#failed = failed;
  }

  /** To be told of each commit. */
  committed(snapshot: Snapshot): void {
    if (++this.#commits % LOOK_EVERY_COMMITS !== 0 || this.#work !== undefined) return;
    const days = daysOfManyFiles(snapshot);
    if (days.length === 0) return;
    this.#work = this.#compact(days)
      .catch((error: unknown) => {
        if (!(error instanceof BarlineError)) throw error;
        if (!this.#stop.signal.aborted) this.#failed(error.message);
      })
      .finally(() => {
        this.#work = undefined;
      });
  }

  async #compact(days: readonly string[]): Promise<void> {
    // a handle of its own: the stream's moves on by itself
    const table = await this.#openTable();
    const limits = { ...defaultLimits(), memoryByteLength: MEMORY_BYTES, threads: 1 };
    for (const day of days) {
      const { signal } = this.#stop;
      if (!signal.aborted) await table.optimize({ where: { partition_date: day }, limits, signal });
    }
  }

  /** Stops what is at work; nothing is committed then. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#work;
  }
}

function daysOfManyFiles(snapshot: Snapshot): string[] {
  const counts = new Map<string, number>();
  for (const { size, partitionValues } of snapshot.files()) {
    if (size >= SMALL_BYTES) continue;
    const key = `${partitionValues.partition_date} ${partitionValues.partition_asset_pair}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const many = [...counts].filter(([, count]) => count >= FEWEST_FILES);
  return [...new Set(many.map(([key]) => key.slice(0, key.indexOf(' '))))];
}
