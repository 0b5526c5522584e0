/**
 * A stream that is killed again and again, shared, left, and cut off from its broker ends as one that nobody disturbed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RandomStream } from '../../src/sample/random.ts';
import { KafkaBroker } from '../conformance/kafka-broker.ts';
import { createTopic, fillTopic } from '../conformance/kafka-topic.ts';
import { expectedOf, MOST_BYTES, marketLog } from '../ingest/stream/market-log.ts';
import { stored, streamTable } from '../ingest/stream/stored-stream.ts';
import { StreamProcess } from './stream-process.ts';
import { checkVersions } from './stream-versions.ts';

const MESSAGES = 1_000_000;
const KILLS = 20;
const PARTITIONS = 3;
const SEED = 20_240_301;
const TOPIC = 'market-data';
const ASSIGNED = /reading market-data: partition/;

const root = mkdtempSync(join(tmpdir(), 'barline-stream-'));
let broker: KafkaBroker;
beforeAll(async () => {
  broker = await KafkaBroker.start();
});
afterAll(async () => {
  await broker?.close();
  rmSync(root, { recursive: true, force: true });
});

function start(lake: string, instance: string, ...more: string[]): StreamProcess {
  const config = join(root, 'barline.yaml');
  writeFileSync(config, 'stream: { session: 6s }\n');
  return new StreamProcess([
    ...['--config', config, '--lake', join(root, lake), '--brokers', broker.address, '--topic', TOPIC],
    ...['--group', lake, '--instance', instance, '--batch', '250ms', '--idle', '1h'],
    ...['--max-message-bytes', String(MOST_BYTES), ...more],
  ]);
}

async function endOf(process: StreamProcess): Promise<void> {
  expect(await process.ended(), process.said.slice(-2000)).toBe(0);
}

test(`${MESSAGES} messages, ${KILLS} kills, two rebalances and a broker restart leave no trace`, {
  timeout: 1_800_000,
}, async () => {
  const random = RandomStream.of(SEED);
  const log = marketLog(MESSAGES, PARTITIONS, SEED);
  const expected = expectedOf(log);
  await createTopic(broker, TOPIC, PARTITIONS);
  await fillTopic(broker, TOPIC, log, [0, 0.6]);

  for (let kill = 1; kill <= KILLS; kill++) {
    const process = start('disturbed', 'a');
    await process.hasSaid(ASSIGNED);
    await delay(random.uniform() * 700);
    expect(await process.kill('SIGKILL'), process.said.slice(-2000)).toBe('SIGKILL');
  }

  // a second member comes and goes, once with a word and once without, while messages flow
  const first = start('disturbed', 'a');
  await first.hasSaid(ASSIGNED);
  for (const [share, signal] of [
    [0.6, 'SIGTERM'],
    [0.7, 'SIGKILL'],
  ] as const) {
    const before = first.said.length;
    const second = start('disturbed', `b-${signal}`);
    await second.hasSaid(ASSIGNED);
    await first.hasSaid(/others read partition/, 60_000, before);
    await fillTopic(broker, TOPIC, log, [share, share + 0.1]);
    expect(await second.kill(signal)).toBe(signal === 'SIGTERM' ? 143 : 'SIGKILL');
    await first.hasSaid(ASSIGNED, 60_000, before);
  }

  await broker.stop();
  await first.hasSaid(/cannot read, trying again/);
  await broker.restart();
  await fillTopic(broker, TOPIC, log, [0.8, 1]);
  await first.hasSaid(/the brokers answer again/, 120_000);
  expect(await first.kill('SIGINT'), first.said.slice(-2000)).toBe(130);

  await endOf(start('disturbed', 'a', '--stop-at-end'));
  await endOf(start('undisturbed', 'a', '--stop-at-end'));
  const disturbed = await stored(join(root, 'disturbed'));
  expect(disturbed.dead).toEqual(expected.dead);
  expect(disturbed.rows).toEqual(expected.rows);
  expect(disturbed).toEqual(await stored(join(root, 'undisturbed')));

  const { version } = await streamTable(join(root, 'disturbed'));
  const checked = checkVersions(join(root, 'disturbed'), TOPIC, log, expected.rows, version, 12);
  expect(checked).toBeGreaterThan(KILLS);
});
