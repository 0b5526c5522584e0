// How long after its window's end has passed a bar of `barline stream` can be read, with memory, at batches of 5 s and
// 0.5 s, and on a disk that is slow. Needs Kafka: test/conformance/install-kafka.sh.
// Usage: node bench/stream.ts [seconds] [messages per second] [phases, e.g. 1,3]
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Producer } from '@platformatic/kafka';
import { DeltaTable } from '../src/delta/index.ts';
import { KafkaSource, openStreamTable, runStream, type StreamEvent } from '../src/ingest/index.ts';
import { DEFAULT_PRICE_BOUNDS, DeadLetters } from '../src/quality/index.ts';
import { openStorage, type Storage } from '../src/storage/index.ts';
import { KafkaBroker } from '../test/conformance/kafka-broker.ts';
import { createTopic } from '../test/conformance/kafka-topic.ts';

const [SECONDS, RATE] = [Number(process.argv[2] ?? 60), Number(process.argv[3] ?? 10_000)];
const WANTED = process.argv[4]?.split(',').map(Number);
const ASSETS = 10;
const PARTITIONS = 3;
const WINDOW_MS = 5_000;
const LATENESS_MS = 2_000;
const SEND_EVERY_MS = 20;
const LOOK_EVERY_MS = 20;
/** Rows of a run's first windows are left out: the process is still warming up. */
const WARM_UP_MS = 15_000;
const SLOW_WRITE_MS = 10_000;

interface Phase {
  readonly name: string;
  readonly batchMs: number;
  readonly writeDelayMs: number;
}

const PHASES: readonly Phase[] = [
  { name: 'batches of 5 s', batchMs: 5_000, writeDelayMs: 0 },
  { name: 'batches of 0.5 s', batchMs: 500, writeDelayMs: 0 },
  { name: `0.5 s, each write ${SLOW_WRITE_MS / 1000} s slower`, batchMs: 500, writeDelayMs: SLOW_WRITE_MS },
];

/** The stream itself, in a process of its own; it writes an event a line. */
async function consume(brokers: string, topic: string, lake: string, batchMs: number, writeDelayMs: number) {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  const source = await KafkaSource.open({ brokers: [brokers], topic, group: topic, sessionMs: 10_000 });
  const storage = openStorage(lake);
  const openTable = async () => {
    const table = await openStreamTable(storage);
    if (writeDelayMs > 0) slowDown(table.storage, writeDelayMs);
    return table;
  };
  await runStream({
    ...{ openTable, deadLetters: new DeadLetters(storage, Date.now), source },
    rules: {
      ...{ windowUs: WINDOW_MS * 1000, latenessUs: LATENESS_MS * 1000, futureUs: 60e6, maxByteLength: 1e6 },
      ...DEFAULT_PRICE_BOUNDS,
      names: {
        ...{ asset_pair: 'asset_pair', timestamp: 'timestamp', price: 'price', size: 'size' },
        ...{ open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' },
      },
    },
    ...{ batchMs, idleMs: 60_000, stopAtEnd: false, acceptLoss: false, ingestionId: 'bench' },
    ...{ now: Date.now, signal: stop.signal },
    listener: (event: StreamEvent) => {
      if (event.type === 'assigned') console.log('{"ready":true}');
      if (event.type === 'batch') console.log(JSON.stringify(event));
    },
  });
  await source.close();
}

function slowDown(storage: Storage, delayMs: number): void {
  const write = storage.write.bind(storage);
  storage.write = async (path, pieces) => {
    await delay(delayMs);
    return write(path, pieces);
  };
}

/** Sends trades stamped with the moment they are sent, at a steady rate, until the time is over. */
async function produce(broker: KafkaBroker, topic: string, untilMs: number): Promise<number> {
  const producer = new Producer({
    ...{ clientId: 'bench', bootstrapBrokers: [broker.address], idempotent: true, acks: -1, retries: 10 },
  });
  const startMs = Date.now();
  let sent = 0;
  while (Date.now() < untilMs) {
    const due = Math.floor(((Date.now() - startMs) / 1000) * RATE) - sent;
    const messages = Array.from({ length: Math.min(due, RATE) }, (_, i) => {
      const n = sent + i;
      const asset = `A${n % ASSETS}USD`;
      const text = `{"asset_pair":"${asset}","timestamp":${Date.now()},"price":${100 + (n % 97)},"size":${1 + (n % 7)}}`;
      return {
        topic,
        partition: (n % ASSETS) % PARTITIONS,
        key: Buffer.from(asset),
        value: Buffer.from(text),
      };
    });
    if (messages.length > 0) await producer.send({ messages });
    sent += messages.length;
    await delay(SEND_EVERY_MS);
  }
  await producer.close();
  return sent;
}

/** Looks for new versions as a reader would; ms from a watermark's passing of a window's end to its row being there. */
async function watch(lake: string, fromMs: number, isOver: () => boolean): Promise<number[]> {
  const latencies: number[] = [];
  const table = await DeltaTable.open(`${lake}/raw_market_data_5s`);
  const seen = new Set<string>();
  for (; !isOver(); await delay(LOOK_EVERY_MS)) {
    const before = table.version;
    const snapshot = await table.refresh();
    if (snapshot.version === before) continue;
    const nowMs = Date.now();
    for (const { path, stats, dataChange } of snapshot.files()) {
      // files that others were joined into hold no new row
      if (seen.has(path) || !dataChange) continue;
      seen.add(path);
      const { minValues, maxValues } = JSON.parse(stats ?? '{}');
      const last = Date.parse(maxValues.timestamp);
      for (let startMs = Date.parse(minValues.timestamp); startMs <= last; startMs += WINDOW_MS) {
        // trades are stamped with the time they are sent, so the watermark passes the end at this moment
        const passedMs = startMs + WINDOW_MS + LATENESS_MS;
        if (passedMs >= fromMs) latencies.push(nowMs - passedMs);
      }
    }
  }
  return latencies;
}

async function measure(broker: KafkaBroker, phase: Phase, root: string, k: number): Promise<string[]> {
  const [topic, lake] = [`bench-${k}`, join(root, `lake-${k}`)];
  await createTopic(broker, topic, PARTITIONS);
  const events: Extract<StreamEvent, { type: 'batch' }>[] = [];
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(import.meta.url),
      'consume',
      broker.address,
      topic,
      lake,
      String(phase.batchMs),
      String(phase.writeDelayMs),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await ready(child, events);
  const [startMs, endMs] = [Date.now(), Date.now() + SECONDS * 1000];
  const rss: number[] = [];
  const sampling = setInterval(() => rss.push(residentMegabytes(child)), 1000);
  const [sent, latencies] = await Promise.all([
    produce(broker, topic, endMs),
    watch(lake, startMs + WARM_UP_MS, () => Date.now() >= endMs),
  ]);
  clearInterval(sampling);
  const lag = events.at(-1)?.lag ?? Number.NaN;
  const read = events.reduce((sum, { messages }) => sum + messages, 0);
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN) / 1000).toFixed(
      2,
    );
  const tenth = Math.ceil(rss.length / 10);
  const mean = (values: readonly number[]) =>
    Math.round(values.reduce((sum, each) => sum + each, 0) / values.length);
  console.log(
    `  memory, MB by tenths: ${Array.from({ length: 10 }, (_, t) => mean(rss.slice(t * tenth, (t + 1) * tenth))).join(' ')}`,
  );
  return [
    phase.name,
    String(Math.round(sent / SECONDS)),
    String(Math.round(read / SECONDS)),
    String(lag),
    String(sorted.length),
    ...[at(0.5), at(0.95), at(0.99), at(1)],
    String(Math.max(...rss)),
  ];
}

function ready(child: ChildProcess, events: Extract<StreamEvent, { type: 'batch' }>[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    child.on('close', (code) => reject(new Error(`the stream ended with ${code}`)));
    child.stdout?.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const said = JSON.parse(line);
        if (said.ready === true) resolve();
        else events.push(said);
      }
    });
  });
}

function residentMegabytes({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1000);
}

async function main(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'barline-bench-stream-'));
  console.log(
    `${RATE} messages/s for ${SECONDS} s, ${ASSETS} assets, ${PARTITIONS} partitions; ${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
  );
  const broker = await KafkaBroker.start();
  try {
    const lines: string[][] = [];
    for (const [k, phase] of PHASES.entries()) {
      if (WANTED !== undefined && !WANTED.includes(k + 1)) continue;
      console.log(phase.name);
      lines.push(await measure(broker, phase, root, k));
    }
    console.log(
      '\n| | sent/s | read/s | waiting at the last batch | rows | p50 s | p95 s | p99 s | max s | peak MB |',
    );
    console.log('|---|---|---|---|---|---|---|---|---|---|');
    for (const line of lines) console.log(`| ${line.join(' | ')} |`);
  } finally {
    await broker.close();
    rmSync(root, { recursive: true, force: true });
  }
}

const [mode, brokers = '', topic = '', lake = '', batchMs, writeDelayMs] = process.argv.slice(2);
if (mode === 'consume') await consume(brokers, topic, lake, Number(batchMs), Number(writeDelayMs));
else await main();
