/** A topic of a test's broker, filled with the messages of a log. */
import { Admin, Producer } from '@platformatic/kafka';
import type { MarketLog } from '../ingest/stream/market-log.ts';
import type { KafkaBroker } from './kafka-broker.ts';

const MESSAGES_PER_SEND = 4_000;

export async function createTopic(broker: KafkaBroker, topic: string, partitions: number): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.address] });
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  await admin.close();
}

/** Sends each partition's messages from `from` to before `to` (as shares of the whole), in order, each once. */
export async function fillTopic(
  broker: KafkaBroker,
  topic: string,
  log: MarketLog,
  [from, to]: readonly [number, number] = [0, 1],
): Promise<void> {
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: [broker.address],
    idempotent: true,
    acks: -1,
    retries: 10,
  });
  const parts = log.map((messages) =>
    messages.slice(Math.round(messages.length * from), Math.round(messages.length * to)),
  );
  const longest = Math.max(...parts.map(({ length }) => length));
  for (let start = 0; start < longest; start += MESSAGES_PER_SEND) {
    const messages = parts.flatMap((part, partition) =>
      part
        .slice(start, start + MESSAGES_PER_SEND)
        .map(({ key, value }) => ({ topic, partition, key: Buffer.from(key), value })),
    );
    await producer.send({ messages });
  }
  await producer.close();
}
