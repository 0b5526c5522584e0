import { expect, it } from 'vitest';
import { DeadLetters } from '../../../src/quality/index.ts';
import { FaultyStorage } from '../../storage/faulty-storage.ts';
import { MemoryStorage } from '../../storage/memory-storage.ts';
import { NOW_MS, StreamLake } from './test-stream.ts';

const DAY_MS = 86_400_000;
const LETTER = { context: { topic: 't', partition: 0 }, records: [{ offset: 7, reason: 'bad' }] };

async function shown(letters: DeadLetters): Promise<number> {
  let count = 0;
  for await (const { records } of letters.all()) count += records.length;
  return count;
}

it('shows staged letters after they are published, once, and never those that are discarded', async () => {
  const letters = new DeadLetters(new MemoryStorage(), () => NOW_MS);
  const names = await letters.stage(LETTER);
  const others = await letters.stage(LETTER);
  expect(await shown(letters)).toBe(0);
  await letters.publish(names);
  await letters.publish(names);
  await letters.discard(others);
  await letters.publish(others);
  expect(await shown(letters)).toBe(1);
});

it('removes what was staged more than a day ago and published by nobody', async () => {
  const storage = new MemoryStorage();
  storage.clockMs = NOW_MS;
  let nowMs = NOW_MS + DAY_MS / 2;
  const letters = new DeadLetters(storage, () => nowMs);
  await letters.stage(LETTER);
  await letters.discardAbandoned();
  expect(storage.files.size).toBe(1);
  nowMs += DAY_MS;
  await letters.discardAbandoned();
  expect(storage.files.size).toBe(0);
});

it('keeps the dead letters of a commit, however long it takes until the next run', async () => {
  const lake = new StreamLake();
  const partitions = [[{ key: 'k', value: Buffer.from('{oh'), tick: null }]];
  // killed between the commit and the publishing of its letters
  const killed = lake.run(lake.source({ partitions }), {}, (inner) => {
    return new FaultyStorage(inner, (_, verb, path) => {
      const isPublishing = verb === 'put' && path.startsWith('dlq/');
      return isPublishing ? { when: 'before', error: new Error('killed') } : undefined;
    });
  });
  await expect(killed).rejects.toThrow('killed');
  expect(await lake.dead()).toEqual([]);
  lake.clock.ms += 30 * DAY_MS;
  await lake.run(lake.source({ partitions: [[...(partitions[0] ?? [])]] }));
  expect(await lake.dead()).toMatchObject([{ offset: 0, original: '{oh' }]);
});
