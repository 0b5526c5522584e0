import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedProgress } from '../../../src/ingest/index.ts';
import { FaultyStorage } from '../../storage/faulty-storage.ts';
import { expectedOf, type LogMessage, marketLog } from './market-log.ts';
import { MemorySource } from './memory-source.ts';
import { NOW_MS, openTable, StreamLake } from './test-stream.ts';

const SMALL = { maxLength: 30 };
const KILLED = new Error('killed');

/** As it is, or told as the cause of a file that could not be read. */
function expectKill(error: unknown): void {
  let cause = error;
  while (cause !== KILLED && cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  expect(cause).toBe(KILLED);
}

/** What passes, repeated: one after the other. */
function inTurn<T>(values: readonly T[], otherwise: T): () => T {
  let k = 0;
  return () => values[k++ % Math.max(1, values.length)] ?? otherwise;
}

function trade(atMs: number, price = 5, asset = 'BTCUSD'): LogMessage {
  const value = Buffer.from(JSON.stringify({ asset_pair: asset, timestamp: atMs, price, size: 1 }));
  return { key: asset, value, tick: { asset, tsUs: atMs * 1000, price, size: 1 } };
}

describe('a stream', () => {
  it('stores the same however messages are cut into reads and batches, and wherever it is killed', async () => {
    const lives = fc.array(
      fc.record({ call: fc.nat(60), when: fc.constantFrom('before' as const, 'after' as const) }),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1e6),
        fc.array(fc.integer({ min: 1, max: 60 }), SMALL),
        fc.array(fc.integer({ min: 0, max: 120 }), SMALL),
        lives,
        async (seed, counts, times, kills) => {
          const log = marketLog(400, 2, seed, 10);
          const lake = new StreamLake();
          const topic = { partitions: log.map((messages) => [...messages]) };
          for (const { call, when } of kills) {
            const kill = { when, error: KILLED };
            let calls = 0;
            const faulty = (inner: ConstructorParameters<typeof FaultyStorage>[0]) =>
              new FaultyStorage(inner, () => (calls++ === call ? kill : undefined));
            const source = lake.source(topic, inTurn(counts, 7), inTurn(times, 50));
            await lake.run(source, {}, faulty).catch(expectKill);
          }
          await lake.run(lake.source(topic, inTurn(counts, 7), inTurn(times, 50)));
          expect(await lake.stored()).toEqual(expectedOf(log));
        },
      ),
      { numRuns: 14 },
    );
  }, 60_000);

  it('is as if undisturbed after a kill at each step of its commits, before and after it', async () => {
    // of one asset alone
    const log = marketLog(900, 9, 22, 20).slice(0, 1);
    const topic = { partitions: log.map((messages) => [...messages]) };
    const expected = expectedOf(log);
    expect(expected.dead.length).toBeGreaterThan(0);
    let steps = 0;
    const life = async (lake: StreamLake, killAt: number, when: 'before' | 'after') => {
      let calls = 0;
      const source = lake.source(
        topic,
        () => 10,
        () => 60,
      );
      const kill = { when, error: KILLED };
      await lake
        .run(source, {}, (inner) => new FaultyStorage(inner, () => (calls++ === killAt ? kill : undefined)))
        .catch(expectKill);
      return calls;
    };
    for (let killAt = 0; ; killAt++) {
      for (const when of ['before', 'after'] as const) {
        const lake = new StreamLake();
        steps = await life(lake, killAt, when);
        if (killAt >= steps) break;
        await life(lake, -1, when);
        expect({ killAt, when, ...(await lake.stored()) }).toEqual({ killAt, when, ...expected });
      }
      if (killAt >= steps) break;
    }
    expect(steps).toBeGreaterThan(20);
  }, 60_000);

  it('stores each row once when two take the same partitions for theirs', async () => {
    const turns = fc.array(fc.nat(6), { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.nat(1e6), turns, turns, async (seed, first, second) => {
        const log = marketLog(300, 2, seed, 10);
        const lake = new StreamLake();
        const topic = { partitions: log.map((messages) => [...messages]) };
        await openTable(lake.table);
        const member = (waits: readonly number[]) => {
          const wait = inTurn(waits, 1);
          const source = lake.source(topic, () => 5 + wait());
          const read = source.read.bind(source);
          source.read = async (from) => {
            for (let k = wait(); k > 0; k--) await turn();
            return read(from);
          };
          return lake.run(source);
        };
        await Promise.all([member(first), member(second)]);
        expect(await lake.stored()).toEqual(expectedOf(log));
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it('hands partitions over without a trace', async () => {
    const log = marketLog(600, 3, 5, 10);
    const lake = new StreamLake();
    const topic = { partitions: log.map((messages) => [...messages]) };
    const stop = new AbortController();
    const source = new MemorySource(
      topic,
      () => 8,
      (reads) => {
        lake.clock.ms += 30;
        source.share = reads % 17 < 6 ? [0] : reads % 17 < 12 ? [0, 1, 2] : [];
        if (reads === 60) stop.abort();
      },
    );
    await lake.run(source, { stopAtEnd: false, signal: stop.signal });
    expect(lake.events.filter(({ type }) => type === 'revoked').length).toBeGreaterThan(3);
    await lake.run(lake.source(topic));
    expect(await lake.stored()).toEqual(expectedOf(log));
  });

  it('ends the windows of a partition that has been silent for long, and takes what comes then as late', async () => {
    const lake = new StreamLake();
    const partitions = [[trade(NOW_MS), trade(NOW_MS + 1000)], [trade(NOW_MS, 7, 'ETHUSD')]];
    const stop = new AbortController();
    const source = new MemorySource(
      { partitions },
      () => 1,
      (reads) => {
        lake.clock.ms += 1000;
        // partition 1 goes on; partition 0 has its third message after a silence of 25 s
        if (reads < 40) partitions[1]?.push(trade(NOW_MS + reads * 1000, 7, 'ETHUSD'));
        if (reads === 25) partitions[0]?.push(trade(NOW_MS + 2000));
        if (reads === 40) stop.abort();
      },
    );
    await lake.run(source, { stopAtEnd: false, signal: stop.signal, idleMs: 20_000, batchMs: 2000 });
    const rows = (await lake.rows()).filter(({ partition }) => partition === 0);
    expect(rows).toMatchObject([{ startUs: NOW_MS * 1000, volume: 2 }]);
    expect(await lake.dead()).toMatchObject([
      { partition: 0, offset: 2, reason: expect.stringContaining('late: its window was closed') },
    ]);
  });

  it('does not let a message ahead of the clock move on, then or when it is read again later', async () => {
    const lake = new StreamLake();
    const ahead = trade(NOW_MS + 120_000);
    const partitions = [[trade(NOW_MS), ahead, trade(NOW_MS + 500)]];
    const stop = new AbortController();
    const source = lake.source(
      { partitions },
      () => 3,
      () => {
        stop.abort();
        return 10;
      },
    );
    await lake.run(source, { stopAtEnd: false, signal: stop.signal });
    lake.clock.ms += 600_000;
    partitions[0]?.push(trade(NOW_MS + 1000));
    await lake.run(lake.source({ partitions }));
    expect(await lake.rows()).toMatchObject([{ startUs: NOW_MS * 1000, volume: 3 }]);
    const dead = await lake.dead();
    expect(dead).toMatchObject([{ offset: 1, original: ahead.value.toString() }]);
    expect(dead[0]?.reason).toBe('timestamp is 120 s in the future');
  });

  it('keeps the bytes of what it cannot use', async () => {
    const lake = new StreamLake();
    const bytes = [Buffer.from('{oh'), Buffer.from([0x7b, 0xff, 0x7d]), Buffer.alloc(2_500, 0x20)];
    const messages = bytes.map((value) => ({ key: 'k', value, tick: null }));
    await lake.run(lake.source({ partitions: [messages] }));
    expect(await lake.dead()).toMatchObject([
      { offset: 0, original: '{oh', reason: 'the message is no JSON' },
      { offset: 1, original_base64: bytes[1]?.toString('base64'), reason: 'the message is no UTF-8' },
      { offset: 2, original: ' '.repeat(2_500), reason: 'the message has 2500 bytes, more than 2000' },
    ]);
  });

  it('says that messages are gone before they were read, and goes on without them only when told', async () => {
    const lake = new StreamLake();
    const partitions = [Array.from({ length: 30 }, (_, i) => trade(NOW_MS + i * 1000))];
    await lake.run(lake.source({ partitions: [partitions[0]?.slice(0, 10) ?? []] }));
    const starts = [20];
    await expect(lake.run(lake.source({ partitions, starts }))).rejects.toMatchObject({
      code: 'STREAM_MESSAGES_GONE',
      message: expect.stringContaining('10 to 19 of ticks, partition 0'),
    });
    const { messages } = await lake.run(lake.source({ partitions, starts }), { acceptLoss: true });
    expect(messages).toBe(10);
    expect(lake.events).toContainEqual({ type: 'gone', partition: 0, from: 10, to: 20 });
  });

  it('refuses a topic that is not the one the table was filled from', async () => {
    const lake = new StreamLake();
    const partitions = [[trade(NOW_MS), trade(NOW_MS + 1000)]];
    await lake.run(lake.source({ partitions, identity: 'a' }));
    await expect(lake.run(lake.source({ partitions, identity: 'b' }))).rejects.toMatchObject({
      code: 'STREAM_OTHER_TOPIC',
      message: expect.stringContaining('is b, expected a'),
    });
    await expect(lake.run(lake.source({ partitions: [[]], identity: 'a' }))).rejects.toMatchObject({
      code: 'STREAM_OTHER_TOPIC',
      message: expect.stringContaining('ends at 0, expected at least 2'),
    });
  });

  it('commits progress without rows now and then, and reports it after it is committed', async () => {
    const lake = new StreamLake();
    const partitions = [Array.from({ length: 40 }, (_, i) => trade(NOW_MS + i))];
    const stop = new AbortController();
    const source = new MemorySource(
      { partitions },
      () => 1,
      (reads) => {
        lake.clock.ms += 1000;
        if (reads === 38) stop.abort();
      },
    );
    await lake.run(source, { stopAtEnd: false, signal: stop.signal, batchMs: 1000 });
    const table = await openTable(lake.table);
    expect(table.version).toBe(2);
    expect(storedProgress(table.latest, { topic: 'ticks', partition: 0 })).toMatchObject({
      restart: 0,
      position: 38,
    });
    expect([...source.reported]).toEqual([[0, 0]]);
    const committed = lake.events.flatMap((event) =>
      event.type === 'batch' && event.version !== null ? [event] : [],
    );
    expect(committed.map(({ version }) => version)).toEqual([1, 2]);
  });

  it('reads nothing while it commits, and ends a batch early for the memory of its dead letters', async () => {
    const lake = new StreamLake();
    const long = Buffer.alloc(4 * 2 ** 20, 0x20);
    const partitions = [Array.from({ length: 12 }, () => ({ key: 'k', value: long, tick: null }))];
    let isWriting = false;
    const source = new MemorySource(
      { partitions },
      () => 1,
      () => expect(isWriting).toBe(false),
    );
    await lake.run(source, { batchMs: 1e9 }, (inner) => {
      const storage = new FaultyStorage(inner, () => undefined);
      const write = storage.write.bind(storage);
      storage.write = async (path, pieces) => {
        isWriting = true;
        for (let k = 0; k < 20; k++) await turn();
        const entry = await write(path, pieces);
        isWriting = false;
        return entry;
      };
      return storage;
    });
    const letters = [...lake.letters.files.keys()];
    expect(letters).toHaveLength(3);
  });

  it('joins the small files of many commits, and stores the same', async () => {
    const lake = new StreamLake();
    // of one asset alone
    const log = marketLog(8_000, 9, 13, 20).slice(0, 1);
    const topic = { partitions: log.map((messages) => [...messages]) };
    const expected = expectedOf(log);
    const source = new MemorySource(
      topic,
      () => 6,
      () => {
        lake.clock.ms += 60;
      },
    );
    const read = source.read.bind(source);
    const table = await openTable(lake.table);
    source.read = async (from) => {
      await table.refresh();
      // what works beside the stream has its time
      while (table.version > 60 && table.latest.fileCount > 40) {
        await delay(50);
        await table.refresh();
      }
      return read(from);
    };
    await lake.run(source);
    expect(await lake.stored()).toEqual(expected);
    expect((await table.refresh()).fileCount).toBeLessThan(40);
    expect(expected.rows.length).toBeGreaterThan(55);
    expect(lake.events.filter(({ type }) => type === 'not-compacted')).toEqual([]);
  });
});
