/** `barline stream` against a real broker: what it says, what a reader of committed messages must get right. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compressionsAlgorithms, Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KafkaSource } from '../../src/ingest/index.ts';
import { expectedOf, type LogMessage, MOST_BYTES, marketLog } from '../ingest/stream/market-log.ts';
import { stored, storedRows, streamTable } from '../ingest/stream/stored-stream.ts';
import { StreamProcess } from '../soak/stream-process.ts';
import { KafkaBroker } from './kafka-broker.ts';
import { createTopic, fillTopic } from './kafka-topic.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-kafka-stream-'));
let broker: KafkaBroker;
beforeAll(async () => {
  broker = await KafkaBroker.start();
});
afterAll(async () => {
  await broker?.close();
  rmSync(root, { recursive: true, force: true });
});

function start(lake: string, topic: string, ...more: string[]): StreamProcess {
  return new StreamProcess([
    ...['--lake', join(root, lake), '--brokers', broker.address, '--topic', topic],
    ...['--max-message-bytes', String(MOST_BYTES), '--batch', '300ms', ...more],
  ]);
}

async function toEnd(lake: string, topic: string, ...more: string[]): Promise<string> {
  const process = start(lake, topic, '--stop-at-end', ...more);
  expect(await process.ended(), process.said).toBe(0);
  return process.said;
}

function summaryOf(said: string): Record<string, number> {
  const [line = '{}'] = said.split('\n').filter((each) => each.startsWith('{"summary"'));
  return JSON.parse(line).summary;
}

test('messages of three partitions become rows and dead letters, and those that come later the rest', async () => {
  const log = marketLog(30_000, 3, 3);
  await createTopic(broker, 'plain', 3);
  await fillTopic(broker, 'plain', log, [0, 0.5]);
  const first = start('plain', 'plain', '--idle', '1h');
  await first.hasSaid(/"lag":0,/);
  await fillTopic(broker, 'plain', log, [0.5, 1]);
  await first.hasSaid(/"lag":0,/, 60_000, first.said.length);
  expect(await first.kill('SIGTERM')).toBe(143);
  const last = summaryOf(first.said);
  expect(last.messages).toBeGreaterThan(15_000);
  const rest = summaryOf(await toEnd('plain', 'plain'));
  expect((last.messages ?? 0) + (rest.messages ?? 0)).toBe(30_000);
  expect(rest.reread).toBeGreaterThan(0);
  const { rows, dead } = await stored(join(root, 'plain'));
  expect({ rows, dead }).toEqual(expectedOf(log));
  expect(summaryOf(await toEnd('plain', 'plain'))).toMatchObject({ messages: 0, rows: 0, commits: 0 });
});

test('aborted transactions leave no trace, also those that are longer than a read, and offsets have holes', async () => {
  await createTopic(broker, 'transactions', 1);
  const log = marketLog(60_000, 1, 4);
  const all = log[0] ?? [];
  const producer = new Producer({
    ...{ clientId: 'test', bootstrapBrokers: [broker.address] },
    ...{ transactionalId: 'test', idempotent: true, acks: -1, retries: 10 },
  });
  const kept: (LogMessage & { offset: number })[] = [];
  let offset = 0;
  const write = async (count: number, ending: 'commit' | 'abort') => {
    const transaction = await producer.beginTransaction();
    for (let sent = 0; sent < count; sent += 4000) {
      const part = all.slice(offset + sent, offset + Math.min(count, sent + 4000));
      await transaction.send({
        messages: part.map(({ key, value }) => {
          return { topic: 'transactions', partition: 0, key: Buffer.from(key), value };
        }),
      });
    }
    const messages = all.slice(offset, offset + count);
    if (ending === 'commit') kept.push(...messages.map((each, i) => ({ ...each, offset: offset + i })));
    // the marker takes an offset too
    offset += count + 1;
    await transaction[ending]();
  };
  for (const [count, ending] of [
    [300, 'commit'],
    [200, 'abort'],
    [200, 'commit'],
    [45_000, 'abort'],
    [300, 'commit'],
    [150, 'abort'],
    [200, 'commit'],
    [100, 'abort'],
  ] as const) {
    await write(count, ending);
  }
  await producer.close();
  const summary = summaryOf(await toEnd('transactions', 'transactions'));
  expect(summary.messages).toBe(kept.length);
  const expected = expectedOf([kept]);
  const offsetOf = (place: number) => kept[place]?.offset ?? -1;
  const { rows, dead } = await stored(join(root, 'transactions'));
  expect(rows).toEqual(expected.rows.map((row) => ({ ...row, firstOffset: offsetOf(row.firstOffset) })));
  expect(dead).toEqual(expected.dead.map((place) => `0@${offsetOf(Number(place.slice(2)))}`));
});

test('compressed batches are read as any others', async () => {
  const log = marketLog(4_000, 1, 5);
  await createTopic(broker, 'compressed', 1);
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: [broker.address],
    idempotent: true,
    acks: -1,
  });
  const messages = (log[0] ?? []).map(({ key, value }) => {
    return { topic: 'compressed', partition: 0, key: Buffer.from(key), value };
  });
  const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
  for (const [k, codec] of codecs.entries()) {
    expect(Object.keys(compressionsAlgorithms)).toContain(codec);
    await producer.send({ messages: messages.slice(k * 1000, (k + 1) * 1000), compression: codec });
  }
  await producer.close();
  await toEnd('compressed', 'compressed');
  expect(await stored(join(root, 'compressed'))).toEqual(expectedOf(log));
});

test('a topic made anew under its name is refused, and so is one that is not there', async () => {
  await createTopic(broker, 'anew', 1);
  await fillTopic(broker, 'anew', marketLog(500, 1, 6));
  await toEnd('anew', 'anew');
  const { Admin } = await import('@platformatic/kafka');
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.address] });
  await admin.deleteTopics({ topics: ['anew'] });
  await admin.close();
  const gone = start('anew', 'anew', '--stop-at-end');
  expect(await gone.ended()).toBe(1);
  expect(gone.said).toContain('KAFKA_NO_TOPIC');
  await createTopic(broker, 'anew', 1);
  await fillTopic(broker, 'anew', marketLog(800, 1, 7));
  const other = start('anew', 'anew', '--stop-at-end');
  expect(await other.ended()).toBe(1);
  expect(other.said).toContain('STREAM_OTHER_TOPIC');
});

test('two members share the partitions, and one takes all when the other leaves', async () => {
  const log = marketLog(6_000, 3, 8);
  await createTopic(broker, 'shared', 3);
  const members = [start('shared', 'shared', '--idle', '1h'), start('shared', 'shared', '--idle', '1h')];
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new Error('two members were started');
  for (const member of members) await member.hasSaid(/reading shared: partition/);
  await fillTopic(broker, 'shared', log, [0, 0.5]);
  for (const member of members) await member.hasSaid(/"messages":[1-9]/);
  const before = first.said.length;
  expect(await second.kill('SIGINT')).toBe(130);
  await first.hasSaid(/reading shared: partition/, 60_000, before);
  await fillTopic(broker, 'shared', log, [0.5, 1]);
  expect(await first.kill('SIGINT')).toBe(130);
  await toEnd('shared', 'shared');
  expect(await stored(join(root, 'shared'))).toEqual(expectedOf(log));
});

test('the group is told the offset to restart from, after the table has it', async () => {
  const log = marketLog(3_000, 1, 9);
  await createTopic(broker, 'told', 1);
  await fillTopic(broker, 'told', log);
  const process = start('told', 'told', '--group', 'told', '--idle', '1h');
  await process.hasSaid(/"version":1,/);
  await process.hasSaid(/"version":null/);
  await process.kill('SIGTERM');
  const table = await streamTable(join(root, 'told'));
  const restart = table.latest.transactions.get('barline-stream/told/0')?.version ?? -1;
  expect(restart).toBeGreaterThan(0);
  expect(restart).toBeLessThan(3_000);
  const { Admin } = await import('@platformatic/kafka');
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.address] });
  const [group] = await admin.listConsumerGroupOffsets({ groups: ['told'] });
  await admin.close();
  const [topic] = group?.topics ?? [];
  expect(Number(topic?.partitions[0]?.committedOffset)).toBeLessThanOrEqual(restart);
  expect(Number(topic?.partitions[0]?.committedOffset)).toBeGreaterThan(0);
  expect((await storedRows(join(root, 'told'))).length).toBeGreaterThan(0);
});

test('no broker is an error that names it; a member closes in time while the broker is away', async () => {
  const nobody = { brokers: ['127.0.0.1:1'], topic: 't', group: 'g', sessionMs: 10_000 };
  await expect(KafkaSource.open(nobody)).rejects.toMatchObject({
    code: 'KAFKA_UNREACHABLE',
    message: expect.stringContaining('127.0.0.1:1'),
  });
  await createTopic(broker, 'away', 1);
  const process = start('away', 'away');
  await process.hasSaid(/reading away: partition/);
  await broker.stop();
  await process.hasSaid(/cannot read, trying again/);
  const started = Date.now();
  expect(await process.kill('SIGTERM')).toBe(143);
  expect(Date.now() - started).toBeLessThan(30_000);
});
