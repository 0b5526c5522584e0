/** A topic of Kafka, read as a member of a consumer group. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, ConsumerOptions } from '@platformatic/kafka';
import { committedRecords } from './committed-records.ts';
import { kafkaError } from './kafka-error.ts';
import type { MessageSource, PartitionRange, PartitionRead } from './source.ts';

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
  /** Keeps its partitions over a restart: the group takes the next process of this name for the same. */
  readonly instance?: string | undefined;
  /** How long the group waits for a member that has gone without a word. */
  readonly sessionMs: number;
  readonly tls?: ConsumerOptions<Buffer, Buffer, Buffer, Buffer>['tls'];
  readonly sasl?: ConsumerOptions<Buffer, Buffer, Buffer, Buffer>['sasl'];
}

const FETCH_BYTES = 4 * 2 ** 20;
const FETCH_BYTES_PER_PARTITION = 2 ** 20;
/** The broker gathers so much before it answers, or until the wait is over, which a batch's end bounds. */
const FETCH_LEAST_BYTES = 2 ** 16;
const CLOSE_WITHIN_MS = 5_000;
const TRY_AGAIN_MS = 1_000;
const LATEST = -1n;
const EARLIEST = -2n;
const READ_COMMITTED = 1;

type Client = Consumer<Buffer, Buffer, Buffer, Buffer>;
type FetchResponse = Awaited<ReturnType<Client['fetch']>>;

/**
 * Joins the group and reads its share of the topic, offsets given by the caller: the group says who reads what, and
 * nothing else. Two clients, since requests of one connection are answered in turn and a fetch may wait.
 * `KAFKA_UNREACHABLE`, `KAFKA_NO_TOPIC` or `KAFKA_REFUSED` when it cannot begin; a broker that is away later is asked
 * again until it answers, and `trouble` told.
 */
export class KafkaSource implements MessageSource {
  readonly provider = 'kafka';
  readonly topic: string;
  readonly identity: string;
  readonly #trouble: (message: string | null) => void;
  readonly #member: Client;
  readonly #reader: Client;
  #mustJoin = false;
  #isJoining = false;
  #isReporting = false;
  #isTroubled = false;

  private constructor(
    topic: string,
    identity: string,
    member: Client,
    reader: Client,
    trouble: (message: string | null) => void,
  ) {
    this.topic = topic;
    this.identity = identity;
    this.#member = member;
    this.#reader = reader;
    this.#trouble = trouble;
    // a rejoin that failed for good: without this the member would be silent from then on
    member.on('error', (error: Error) => this.#outOfGroup(error));
    member.on('consumer:heartbeat:stalled', ({ lastError }) => this.#outOfGroup(lastError));
    reader.on('error', () => undefined);
  }

  static async open(
    settings: KafkaSettings,
    trouble: (message: string | null) => void = () => undefined,
  ): Promise<KafkaSource> {
    const { Consumer } = await import('@platformatic/kafka');
    const { brokers, topic, group, instance, sessionMs, tls, sasl } = settings;
    const options: ConsumerOptions<Buffer, Buffer, Buffer, Buffer> = {
      clientId: 'barline',
      bootstrapBrokers: [...brokers],
      groupId: group,
      ...(instance !== undefined && { groupInstanceId: instance }),
      sessionTimeout: sessionMs,
      rebalanceTimeout: Math.max(sessionMs, 30_000),
      heartbeatInterval: Math.min(3_000, Math.ceil(sessionMs / 3)),
      // an answer to a join comes when the other members have joined too
      requestTimeout: Math.max(sessionMs, 30_000) + 10_000,
      autocommit: false,
      isolationLevel: READ_COMMITTED,
      maxBytes: FETCH_BYTES,
      minBytes: FETCH_LEAST_BYTES,
      ...(tls !== undefined && { tls }),
      ...(sasl !== undefined && { sasl }),
    };
    // the reader is asked again here, so that an interrupt need not wait for it
    const [member, reader] = [new Consumer(options), new Consumer({ ...options, retries: 1 })];
    try {
      for (const client of [member, reader]) client.topics.track(topic);
      const metadata = await reader.metadata({ topics: [topic] });
      const id = metadata.topics.get(topic)?.id ?? '';
      const source = new KafkaSource(topic, id, member, reader, trouble);
      await member.joinGroup();
      return source;
    } catch (error) {
      await Promise.all([member, reader].map((client) => closed(client)));
      throw kafkaError(error, settings);
    }
  }

  assigned(): readonly number[] | undefined {
    return (
      this.#member.assignments?.find(({ topic }) => topic === this.topic)?.partitions ??
      (this.#member.assignments === null ? undefined : [])
    );
  }

  async range(partition: number): Promise<PartitionRange> {
    const at = async (timestamp: bigint) => {
      const partitions = { [this.topic]: [partition] };
      const found = await this.#untilAnswered(() =>
        this.#reader.listOffsets({ topics: [this.topic], partitions, timestamp, isolationLevel: 0 }),
      );
      return Number(found.get(this.topic)?.[partition] ?? 0);
    };
    return { start: await at(EARLIEST), end: await at(LATEST) };
  }

  async read(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly PartitionRead[]> {
    await this.#stayInGroup();
    if (from.size === 0) {
      await delay(waitMs);
      return [];
    }
    try {
      const reads = await this.#fetch(from, waitMs);
      this.#answered();
      return reads;
    } catch (error) {
      // a broker that is away, a leader that has moved: the next attempt asks anew where the partitions are
      this.#reader.clearMetadata();
      this.#troubled(error);
      await delay(TRY_AGAIN_MS);
      return [];
    }
  }

  async #fetch(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly PartitionRead[]> {
    const metadata = await this.#reader.metadata({ topics: [this.topic] });
    const known = metadata.topics.get(this.topic);
    if (known === undefined) return [];
    const byLeader = Map.groupBy(from, ([partition]) => known.partitions[partition]?.leader ?? -1);
    const responses = await Promise.all(
      [...byLeader].map(([node, partitions]) =>
        this.#reader.fetch({
          node,
          maxWaitTime: Math.max(1, Math.round(waitMs)),
          topics: [
            {
              topicId: known.id,
              partitions: partitions.map(([partition, offset]) => ({
                partition,
                fetchOffset: BigInt(offset),
                partitionMaxBytes: FETCH_BYTES_PER_PARTITION,
                currentLeaderEpoch: -1,
                lastFetchedEpoch: -1,
              })),
            },
          ],
        }),
      ),
    );
    return responses.flatMap((response) => readsOf(response, from));
  }

  report(restart: ReadonlyMap<number, number>): void {
    if (this.#isReporting || restart.size === 0 || !this.#member.isActive()) return;
    this.#isReporting = true;
    const offsets = [...restart].map(([partition, offset]) => ({
      topic: this.topic,
      partition,
      offset: BigInt(offset),
      leaderEpoch: -1,
    }));
    // for those who watch the group's lag
    this.#member
      .commit({ offsets })
      .catch(() => undefined)
      .finally(() => {
        this.#isReporting = false;
      });
  }

  async close(): Promise<void> {
    await Promise.all([this.#member, this.#reader].map((client) => closed(client)));
  }

  #outOfGroup(error: Error | undefined): void {
    this.#mustJoin = true;
    this.#troubled(error ?? new Error('the group coordinator does not answer'));
  }

  async #stayInGroup(): Promise<void> {
    if (!this.#mustJoin || this.#isJoining) return;
    this.#isJoining = true;
    try {
      await this.#member.joinGroup();
      this.#mustJoin = false;
    } catch (error) {
      this.#troubled(error);
      await delay(TRY_AGAIN_MS);
    } finally {
      this.#isJoining = false;
    }
  }

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (attempt >= MOST_ATTEMPTS) throw kafkaError(error, { brokers: [], topic: this.topic });
        this.#reader.clearMetadata();
        this.#troubled(error);
        await delay(TRY_AGAIN_MS);
      }
    }
  }

  #troubled(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#trouble(error instanceof Error ? error.message : String(error));
  }

  #answered(): void {
    if (!this.#isTroubled) return;
    this.#isTroubled = false;
    this.#trouble(null);
  }
}

const MOST_ATTEMPTS = 60;

function readsOf(response: FetchResponse, from: ReadonlyMap<number, number>): PartitionRead[] {
  const reads: PartitionRead[] = [];
  for (const { partitions } of response.responses) {
    for (const { partitionIndex: partition, records, abortedTransactions, highWatermark } of partitions) {
      const asked = from.get(partition);
      if (asked === undefined) continue;
      const batches = records ?? [];
      const last = batches.at(-1);
      const next = last === undefined ? asked : Number(last.firstOffset) + last.lastOffsetDelta + 1;
      reads.push({
        partition,
        messages: committedRecords(batches, abortedTransactions ?? []),
        next: Math.max(asked, next),
        end: Number(highWatermark),
      });
    }
  }
  return reads;
}

/** Leaves the group and closes connections; a client was seen to hang in that during a rebalance. */
async function closed(client: Client): Promise<void> {
  const deadline = new AbortController();
  await Promise.race([
    client.close(true).catch(() => undefined),
    delay(CLOSE_WITHIN_MS, undefined, { signal: deadline.signal }).catch(() => undefined),
  ]);
  deadline.abort();
}
