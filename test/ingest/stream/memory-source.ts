/** A topic in memory, shared out by hand. */
import type { MessageSource, PartitionRange, PartitionRead } from '../../../src/ingest/index.ts';
import type { LogMessage } from './market-log.ts';

export interface MemoryTopic {
  /** A message lies at its place; null is an offset that holds none. */
  readonly partitions: (LogMessage | null)[][];
  /** The oldest offset left of each partition. */
  readonly starts?: readonly number[];
  readonly identity?: string;
}

export class MemorySource implements MessageSource {
  readonly provider = 'kafka';
  readonly topic = 'ticks';
  readonly identity: string | null;
  readonly reported = new Map<number, number>();
  /** Partitions of this reader; the test changes it. */
  share: readonly number[];
  readonly #topic: MemoryTopic;
  readonly #readCount: () => number;
  readonly #onRead: (reads: number) => void;
  #reads = 0;

  /** `readCount`: how many messages each read gives of a partition; `onRead` is told of each. */
  constructor(
    topic: MemoryTopic,
    readCount: () => number,
    onRead: (reads: number) => void = () => undefined,
  ) {
    this.#topic = topic;
    this.identity = topic.identity ?? null;
    this.share = topic.partitions.map((_, partition) => partition);
    this.#readCount = readCount;
    this.#onRead = onRead;
  }

  assigned(): readonly number[] {
    return this.share;
  }

  async range(partition: number): Promise<PartitionRange> {
    return {
      start: this.#topic.starts?.[partition] ?? 0,
      end: this.#topic.partitions[partition]?.length ?? 0,
    };
  }

  async read(from: ReadonlyMap<number, number>): Promise<readonly PartitionRead[]> {
    this.#onRead(++this.#reads);
    return [...from].map(([partition, start]) => {
      const messages = this.#topic.partitions[partition] ?? [];
      const next = Math.min(messages.length, start + this.#readCount());
      const read = messages.slice(start, next).flatMap((message, i) => {
        return message === null ? [] : [{ offset: start + i, value: message.value }];
      });
      return { partition, messages: read, next: Math.max(start, next), end: messages.length };
    });
  }

  report(restart: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of restart) this.reported.set(partition, offset);
  }

  async close(): Promise<void> {}
}
