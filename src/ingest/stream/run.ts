/** A stream from its source into `raw_market_data_5s`. */
import type { DeltaTable } from '../../delta/index.ts';
import type { DeadLetters } from '../../quality/index.ts';
import type { Storage } from '../../storage/index.ts';
import { createBarTable } from '../bronze-tables.ts';
import { Compaction } from './compaction.ts';
import type { StreamListener } from './events.ts';
import { beginPartitions } from './partition-begin.ts';
import { type MessageCounts, noMessages, type PartitionState, type StreamRules } from './partition-state.ts';
import { committedLetters } from './progress.ts';
import type { MessageSource } from './source.ts';
import { commitStream } from './stream-commit.ts';

export interface StreamRequest {
  /** See `openStreamTable`; called again from time to time. */
  readonly openTable: () => Promise<DeltaTable>;
  readonly deadLetters: Pick<DeadLetters, 'stage' | 'publish' | 'discard' | 'discardAbandoned'>;
  readonly source: MessageSource;
  readonly rules: StreamRules;
  /** Between two commits. */
  readonly batchMs: number;
  /** A partition without a message for so long ends its windows. */
  readonly idleMs: number;
  /** Ends when everything that was there at the start is worked through. */
  readonly stopAtEnd: boolean;
  /** Goes on where messages are gone that were not read yet; otherwise that is an error. */
  readonly acceptLoss: boolean;
  readonly ingestionId: string;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly listener: StreamListener;
}

export interface StreamSummary extends Readonly<MessageCounts> {
  readonly rows: number;
  readonly commits: number;
  /** The last one committed; null for none. */
  readonly version: number | null;
  readonly seconds: number;
}

/** Waits are cut to this, so that a new assignment or an interrupt is seen. */
const LONGEST_WAIT_MS = 500;
/** Progress alone is committed so often: a restart reads no more than that again. */
const PROGRESS_MS = 30_000;
/** A handle that has seen many commits remembers files that nobody needs any more. */
const COMMITS_PER_HANDLE = 2_000;
/** A batch ends early at so many bytes of dead letters, or messages. */
const MOST_DEAD_BYTES = 16 * 2 ** 20;
const MOST_MESSAGES = 500_000;

/** `raw_market_data_5s` of a lake; made where there is none. */
export function openStreamTable(lake: Storage): Promise<DeltaTable> {
  return createBarTable(lake, '5s');
}

/** Runs until the signal, or the end; what is closed by then is committed. */
export async function runStream(request: StreamRequest): Promise<StreamSummary> {
  return new Stream(request, await request.openTable()).run();
}

class Stream {
  readonly #request: StreamRequest;
  readonly #partitions = new Map<number, PartitionState>();
  readonly #ends = new Map<number, number>();
  readonly #total: MessageCounts = noMessages();
  #rows = 0;
  #commits = 0;
  #version: number | null = null;
  #committedMs: number;
  #table: DeltaTable;
  readonly #compaction: Compaction;

  constructor(request: StreamRequest, table: DeltaTable) {
    this.#request = request;
    this.#table = table;
    this.#compaction = new Compaction(request.openTable, (message) => {
      request.listener({ type: 'not-compacted', message });
    });
    this.#committedMs = request.now();
  }

  async run(): Promise<StreamSummary> {
    const { now } = this.#request;
    const startedMs = now();
    const { deadLetters } = this.#request;
    // what was committed is not abandoned, however long ago that was
    await deadLetters.publish(committedLetters(this.#table.latest));
    await deadLetters.discardAbandoned();
    try {
      await this.#work();
    } finally {
      await this.#compaction.close();
    }
    return {
      ...this.#total,
      rows: this.#rows,
      commits: this.#commits,
      version: this.#version,
      seconds: (now() - startedMs) / 1000,
    };
  }

  async #work(): Promise<void> {
    const { now, signal, stopAtEnd } = this.#request;
    let isOver = false;
    while (!isOver && !signal.aborted) {
      const batchStartMs = now();
      await this.#gather(batchStartMs);
      isOver = stopAtEnd && this.#isAtEnd();
      this.#closeIdle(isOver);
      const lost = await this.#commit(batchStartMs, isOver || signal.aborted);
      // what others have begun is worked through to its end here, should they be gone
      isOver &&= lost === 0;
    }
  }

  /** Reads until the batch's time is over. Nothing is read while a batch is committed: a slow disk slows the reading. */
  async #gather(batchStartMs: number): Promise<void> {
    const { source, batchMs, now, signal, stopAtEnd } = this.#request;
    for (;;) {
      await this.#assign();
      const leftMs = batchStartMs + batchMs - now();
      if (leftMs <= 0 || signal.aborted || this.#isFull() || (stopAtEnd && this.#isAtEnd())) return;
      const from = new Map([...this.#partitions].map(([partition, { next }]) => [partition, next]));
      const reads = await source.read(from, Math.min(leftMs, LONGEST_WAIT_MS));
      for (const read of reads) this.#partitions.get(read.partition)?.take(read, now());
    }
  }

  /** Takes up partitions that are this process's by now, and forgets those that are others'. */
  async #assign(): Promise<void> {
    const { source, listener, now } = this.#request;
    const assigned = source.assigned();
    if (assigned === undefined) return;
    const revoked = [...this.#partitions.keys()].filter((partition) => !assigned.includes(partition));
    for (const partition of revoked) this.#partitions.delete(partition);
    if (revoked.length > 0) listener({ type: 'revoked', partitions: revoked });
    const added = assigned.filter((partition) => !this.#partitions.has(partition));
    if (added.length === 0) return;
    await this.#table.refresh();
    const begun = await beginPartitions({ ...this.#request, table: this.#table, nowMs: now() }, added);
    for (const state of begun) {
      this.#partitions.set(state.partition, state);
      if (!this.#ends.has(state.partition)) this.#ends.set(state.partition, state.end);
    }
    const partitions = new Map(begun.map(({ partition, next }) => [partition, next]));
    listener({ type: 'assigned', partitions });
  }

  #isFull(): boolean {
    let [bytes, messages] = [0, 0];
    for (const { deadByteLength, counts } of this.#partitions.values()) {
      bytes += deadByteLength;
      messages += counts.messages;
    }
    return bytes >= MOST_DEAD_BYTES || messages >= MOST_MESSAGES;
  }

  /** Whether all that was there when each partition was first taken up is worked through. */
  #isAtEnd(): boolean {
    if (this.#request.source.assigned() === undefined) return false;
    return [...this.#partitions].every(
      ([partition, { next, end }]) => next >= Math.min(end, this.#ends.get(partition) ?? end),
    );
  }

  #closeIdle(isOver: boolean): void {
    const { idleMs, now } = this.#request;
    for (const state of this.#partitions.values()) {
      if (state.isAtEnd && (isOver || now() - state.activeMs >= idleMs)) state.closeAll();
    }
  }

  /** How many partitions others have carried on. */
  async #commit(batchStartMs: number, isLast: boolean): Promise<number> {
    const { openTable, deadLetters, source, now, ingestionId, listener } = this.#request;
    const commitStartMs = now();
    const batches = [...this.#partitions.values()].map((state) => state.takeBatch());
    const isDue = isLast || commitStartMs - this.#committedMs >= PROGRESS_MS;
    const hasNews = batches.some(({ bars, dead }) => bars.length + dead.length > 0);
    const { provider, topic } = source;
    const commit = await commitStream({
      table: this.#table,
      provider,
      topic,
      ingestionId,
      deadLetters,
      nowMs: commitStartMs,
      batches: hasNews || isDue ? batches.filter(({ isChanged }) => isChanged) : [],
    });
    if (commit.version !== undefined) {
      this.#version = commit.version;
      this.#commits++;
      this.#committedMs = commitStartMs;
      this.#compaction.committed(this.#table.latest);
      if (this.#commits % COMMITS_PER_HANDLE === 0) this.#table = await openTable();
    }
    this.#rows += commit.rowCount;
    for (const batch of batches) {
      const text = commit.committed.get(batch.partition);
      if (text !== undefined) this.#partitions.get(batch.partition)?.committed(batch, text);
    }
    const reached = batches.filter(({ partition }) => commit.committed.has(partition));
    source.report(new Map(reached.map(({ partition, progress }) => [partition, progress.restart])));
    this.#tell(batchStartMs, commitStartMs, commit.rowCount, commit.version ?? null);
    for (const partition of commit.lost) this.#partitions.delete(partition);
    if (commit.lost.length > 0) listener({ type: 'overtaken', partitions: commit.lost });
    return commit.lost.length;
  }

  #tell(batchStartMs: number, commitStartMs: number, rows: number, version: number | null): void {
    const { now, listener } = this.#request;
    const batch = noMessages();
    let [openWindows, lag, watermarkUs] = [0, 0, Number.POSITIVE_INFINITY];
    for (const state of this.#partitions.values()) {
      for (const key of COUNTS) {
        batch[key] += state.counts[key];
        this.#total[key] += state.counts[key];
        state.counts[key] = 0;
      }
      openWindows += state.openCount;
      if (Number.isFinite(state.end)) lag += Math.max(0, state.end - state.next);
      watermarkUs = Math.min(watermarkUs, state.watermarkUs);
    }
    listener({
      type: 'batch',
      version,
      partitions: this.#partitions.size,
      ...{ messages: batch.messages, rows, late: batch.late, invalid: batch.invalid, openWindows, lag },
      watermarkUs: Number.isFinite(watermarkUs) ? watermarkUs : null,
      seconds: (now() - batchStartMs) / 1000,
      commitSeconds: (now() - commitStartMs) / 1000,
    });
  }
}

const COUNTS = ['messages', 'reread', 'late', 'invalid'] as const;
