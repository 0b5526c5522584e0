/** Where messages come from: a topic of Kafka, or lines of a file. */

export interface SourceMessage {
  readonly offset: number;
  readonly value: Uint8Array | null;
}

/** What was read of one partition. */
export interface PartitionRead {
  readonly partition: number;
  /** In order of their offsets, which may have holes. */
  readonly messages: readonly SourceMessage[];
  /** Where to read on: behind the last message, and behind offsets that hold none. */
  readonly next: number;
  /** The offset after the last one there is; infinite while the source does not know. */
  readonly end: number;
}

export interface PartitionRange {
  /** The oldest offset that can still be read. */
  readonly start: number;
  /** The offset after the newest one; infinite while the source does not know. */
  readonly end: number;
}

/** Reads the partitions that are this process's; others may read the rest. */
export interface MessageSource {
  /** As it stands in the table: `source_provider`. */
  readonly provider: string;
  /** The topic, or what stands for one. */
  readonly topic: string;
  /** Tells this topic from another one of the same name; null where nothing does. */
  readonly identity: string | null;
  /** Partitions that are this process's at the moment; undefined until it is known. */
  assigned(): readonly number[] | undefined;
  range(partition: number): Promise<PartitionRange>;
  /** Reads on from these offsets, by partition; waits up to `waitMs` for a message. Bounded in bytes. */
  read(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly PartitionRead[]>;
  /** Tells others who look at the topic how far the table has it. Never fails; the table alone is believed. */
  report(restart: ReadonlyMap<number, number>): void;
  close(): Promise<void>;
}
