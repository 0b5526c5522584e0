import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { SmallS3 } from '../storage/small-s3.ts';
import { EVERYTHING, failedMonth, ledgerOn, lookAt, temporaryLake } from './conditions.ts';

const A = failedMonth('2024-01');
const B = failedMonth('2024-02');

let s3: SmallS3;
let lakes = 0;
beforeAll(async () => {
  s3 = await SmallS3.start({ pageSize: 7 });
});
afterAll(() => s3.close());

const storedLake = (): Storage =>
  openStorage(`s3://${s3.bucket}/lake${++lakes}`, {
    s3: { endpoint: s3.endpoint, credentials: { accessKeyId: 'key', secretAccessKey: 'secret' } },
  });

async function paths(lake: Storage): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of lake.list('')) found.push(path);
  return found;
}

describe.each([
  ['a disk', temporaryLake],
  ['a bucket', storedLake],
])('on %s', (_name, newLake) => {
  test('a condition comes up once, until it has gone and comes back', async () => {
    const ledger = ledgerOn(newLake());
    expect(await lookAt(ledger, [A])).toEqual(['raised 2024-01 failed']);
    expect(await lookAt(ledger, [A])).toEqual([]);
    expect(await lookAt(ledger, [A, B])).toEqual(['raised 2024-02 failed']);
    expect(await lookAt(ledger, [B])).toEqual(['resolved 2024-01 failed']);
    expect(await lookAt(ledger, [B])).toEqual([]);
    expect(await lookAt(ledger, [A, B])).toEqual(['raised 2024-01 failed']);
    expect([...(await ledger.standing()).keys()]).toEqual(['2024-01/failed', '2024-02/failed']);
  });

  test('of many that see the same at once one records it', async () => {
    const lake = newLake();
    const all = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const ledger = ledgerOn(lake);
        return ledger.record(await ledger.states(), [A, B], EVERYTHING);
      }),
    );
    const ids = all.flat().map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(2);
  });

  test('who looked before somebody else recorded a change changes nothing', async () => {
    const lake = newLake();
    const [slowOne, quickOne] = [ledgerOn(lake), ledgerOn(lake)];
    await lookAt(quickOne, [A]);
    const old = await slowOne.states();
    await lookAt(quickOne, []);
    await lookAt(quickOne, [A]);
    await lookAt(quickOne, []);
    // what the slow one saw is long over: its number is taken
    expect(await slowOne.record(old, [], EVERYTHING)).toEqual([]);
    expect(await lookAt(slowOne, [])).toEqual([]);
  });

  test('a notice is pending until each of its sinks has taken it, whoever sends', async () => {
    const lake = newLake();
    const sinks = ['one', 'two'];
    const ledger = ledgerOn(lake, { sinks });
    await lookAt(ledger, [A]);
    const [pending] = await ledger.pending();
    expect(pending?.sinks).toEqual(sinks);
    if (pending === undefined) return;
    await ledger.markSent(pending, 'one');
    const other = ledgerOn(lake, { sinks: ['three'] });
    expect((await other.pending()).map((each) => each.sinks)).toEqual([['two']]);
    await other.markSent({ ...pending, sinks: ['two'] }, 'two');
    expect(await ledger.pending()).toEqual([]);
    // a sink that is configured later does not hear of it
    expect(await other.pending()).toEqual([]);
  });

  test('without resolved notices a condition still goes, and comes back', async () => {
    const ledger = ledgerOn(newLake(), { announceResolved: false });
    await lookAt(ledger, [A]);
    expect(await lookAt(ledger, [])).toEqual(['resolved 2024-01 failed']);
    expect((await ledger.pending()).map(({ notice }) => notice.status)).toEqual(['raised']);
    expect(await lookAt(ledger, [A])).toEqual(['raised 2024-01 failed']);
  });

  test('keeps a few files a condition, however often it comes and goes', async () => {
    const lake = newLake();
    const ledger = ledgerOn(lake);
    for (let round = 0; round < 6; round++) {
      await lookAt(ledger, round % 2 === 0 ? [A] : []);
      for (const each of await ledger.pending()) await ledger.markSent(each, 'first');
    }
    expect(await paths(lake)).toEqual(
      ['json', 'sent.first', 'settled'].map((end) => `_barline/alerts/state/2024-01/failed.6.${end}`),
    );
  });
});

test('a notice that cannot be read any more can still be resolved', async () => {
  const lake = temporaryLake();
  await lookAt(ledgerOn(lake), [A]);
  await lake.put('_barline/alerts/state/2024-01/failed.1.json', new TextEncoder().encode('{"id":'));
  const ledger = ledgerOn(lake);
  expect(await ledger.pending()).toEqual([]);
  expect(await lookAt(ledger, [])).toEqual(['resolved 2024-01 failed']);
  expect(await lookAt(ledger, [A])).toEqual(['raised 2024-01 failed']);
});

test('any interleaving of two machines records each change of what they see once', async () => {
  const steps = fc.array(
    fc.record({ machine: fc.constantFrom(0, 1), stands: fc.boolean(), delivers: fc.boolean() }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const lake = temporaryLake();
      const machines = [ledgerOn(lake), ledgerOn(lake)];
      const sent: string[] = [];
      const expected: string[] = [];
      let standing = false;
      for (const { machine, stands, delivers } of sequence) {
        const ledger = machines[machine];
        if (ledger === undefined) throw new Error('no such machine');
        await lookAt(ledger, stands ? [A] : []);
        if (stands !== standing) expected.push(stands ? 'raised' : 'resolved');
        standing = stands;
        for (const each of delivers ? await ledger.pending() : []) {
          sent.push(each.notice.status);
          await ledger.markSent(each, 'first');
        }
      }
      for (const each of (await machines[0]?.pending()) ?? []) sent.push(each.notice.status);
      expect(sent).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});
