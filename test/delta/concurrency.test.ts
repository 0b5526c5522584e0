import { beforeEach, describe, expect, it } from 'vitest';
import { BarlineError } from '../../src/base/errors.ts';
import { ConcurrentModificationError, DeltaTable } from '../../src/delta/index.ts';
import { type Fault, FaultyStorage } from '../storage/faulty-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

let storage: MemoryStorage;
let first: DeltaTable;
let second: DeltaTable;
const environment = stillEnvironment();
beforeEach(async () => {
  storage = new MemoryStorage();
  first = await DeltaTable.create(storage, MONTHLY, { environment });
  await first.append([await dataFile(first, '2024-10'), await dataFile(first, '2024-11')]);
  second = await DeltaTable.open(storage, { environment });
});

const month = (name: string) => ({ month: name });

/** A transaction of `second` that replaces a month, begun before what follows and not yet committed. */
async function replacing(name: string) {
  const transaction = second.transaction().readPartitions(month(name));
  for (const file of (await second.scan({ where: month(name) })).files) transaction.remove(file);
  return transaction.add(await dataFile(second, name)).operation({ name: 'WRITE' });
}

describe('a race lost', () => {
  it('to an append is tried again', async () => {
    const late = second.transaction().add(await dataFile(second, '2024-12'));
    await first.append([await dataFile(first, '2024-12')]);
    expect(await late.commit()).toEqual({ version: 3, alreadyCommitted: false });
    expect((await second.scan()).total).toBe(4);
  });

  it('to a replacement of another month is tried again', async () => {
    const late = await replacing('2024-11');
    await first.replaceWhere(month('2024-10'), [await dataFile(first, '2024-10')]);
    expect(await late.commit()).toMatchObject({ version: 3 });
  });

  it('to a replacement of the same month fails and names the winner', async () => {
    const late = await replacing('2024-10');
    await first.replaceWhere(month('2024-10'), [await dataFile(first, '2024-10')]);
    const error = await failure(late.commit());
    expect(error).toBeInstanceOf(ConcurrentModificationError);
    expect(error).toMatchObject({
      code: 'DELTA_CONCURRENT_MODIFICATION',
      winnerVersion: 2,
      winnerOperation: 'WRITE',
      kind: 'concurrent-delete-delete',
      winnerEngine: 'barline/test',
      winnerTimeMs: environment.nowMs(),
      message: expect.stringMatching(
        /lost to version 2 \(WRITE by barline\/test at 2024-10-01T00:00:00\.000Z\), which removed the file .*month = 2024-10/,
      ),
    });
    expect((await first.refresh()).version).toBe(2);
  });

  it('by two that fill the same empty month: one of them', async () => {
    const late = await replacing('2025-01');
    await first.replaceWhere(month('2025-01'), [await dataFile(first, '2025-01')]);
    expect(await failure(late.commit())).toMatchObject({ kind: 'concurrent-append', winnerVersion: 2 });
  });

  it('to a blind append into the same month: the append stays, as if it came after', async () => {
    const late = await replacing('2024-10');
    const appended = await dataFile(first, '2024-10');
    await first.append([appended]);
    expect(await late.commit()).toMatchObject({ version: 3 });
    const { files } = await second.scan({ where: month('2024-10') });
    expect(files).toHaveLength(2);
    expect(files.map((f) => f.path)).toContain(appended.path);
  });

  it('to a blind append into the same month of a Serializable table fails', async () => {
    await first
      .transaction()
      .setMetadata({ configuration: { 'delta.isolationLevel': 'Serializable' } })
      .commit();
    await second.refresh();
    const late = await replacing('2024-10');
    await first.append([await dataFile(first, '2024-10')]);
    expect(await failure(late.commit())).toMatchObject({ kind: 'concurrent-append' });
  });

  it('to changed metadata fails', async () => {
    const late = second.transaction().add(await dataFile(second, '2024-12'));
    await first
      .transaction()
      .operation({ name: 'SET TBLPROPERTIES' })
      .setMetadata({ description: 'x' })
      .commit();
    expect(await failure(late.commit())).toMatchObject({
      kind: 'metadata-changed',
      winnerOperation: 'SET TBLPROPERTIES',
    });
  });

  it('after reading the whole table, to any removal', async () => {
    const late = second
      .transaction()
      .readWholeTable()
      .add(await dataFile(second, '2024-12'));
    await first.replaceWhere(month('2024-10'), []);
    expect(await failure(late.commit())).toMatchObject({ kind: 'concurrent-delete-read' });
  });

  it('to the same transaction id: it is committed once', async () => {
    const txn = { appId: 'run', version: 1 };
    const late = second
      .transaction()
      .setTransaction(txn.appId, txn.version)
      .add(await dataFile(second, '2024-12'));
    await first.append([await dataFile(first, '2024-12')], { txn });
    expect(await late.commit()).toEqual({ version: 2, alreadyCommitted: true });
    expect((await second.scan({ where: month('2024-12') })).files).toHaveLength(1);
  });

  it('again and again is given up, with short pauses before', async () => {
    const calm = stillEnvironment();
    const other = await DeltaTable.open(storage, { environment });
    const contended = new FaultyStorage(storage, () => undefined);
    const unlucky = await DeltaTable.open(contended, { environment: calm, commit: { maxAttempts: 6 } });
    contended.putIfAbsent = async (path, bytes) => {
      await other.append([]); // somebody is always a moment earlier
      return storage.putIfAbsent(path, bytes);
    };
    expect(await failure(unlucky.append([]))).toMatchObject({ code: 'DELTA_COMMIT_CONTENDED' });
    expect(calm.sleptMs).toBeGreaterThan(0);
    expect(calm.sleptMs).toBeLessThan(6 * 16);
  });
});

describe('a store that fails', () => {
  const broken = new BarlineError({ code: 'STORAGE_FAILED', message: 'connection reset' });

  it.each(['before', 'after'] as const)(
    '%s any one call: no for nothing, yes for once, and a second try with the same txn makes it once',
    async (when) => {
      const txn = { appId: 'run', version: 1 };
      for (let failing = 0; failing < 100; failing++) {
        const store = new MemoryStorage();
        const healthy = await DeltaTable.create(store, MONTHLY, { environment });
        let reached = false;
        const faulty = new FaultyStorage(store, (call): Fault | undefined => {
          if (call !== failing) return undefined;
          reached = true;
          return { when, error: broken };
        });
        const write = async (through: FaultyStorage | MemoryStorage) => {
          const table = await DeltaTable.open(through, { environment });
          await table.append([await dataFile(table, '2024-12')], { txn });
        };
        const error = await failure(write(faulty));
        await healthy.refresh();
        expect([failing, (await healthy.scan()).total]).toEqual([failing, error === undefined ? 1 : 0]);
        await write(store);
        await healthy.refresh();
        expect([failing, (await healthy.scan()).total]).toEqual([failing, 1]);
        if (!reached) return;
      }
      throw new Error('the write never ran without a fault');
    },
  );

  it('to confirm a commit that took place: it counts, once', async () => {
    const faulty = new FaultyStorage(storage, (_, verb) =>
      verb === 'putIfAbsent' ? { when: 'after', error: broken } : undefined,
    );
    const table = await DeltaTable.open(faulty, { environment });
    expect(await table.append([await dataFile(table, '2024-12')])).toEqual({
      version: 2,
      alreadyCommitted: false,
    });
    expect((await first.refresh()).version).toBe(2);
  });

  it('and tries a commit twice by itself: the second answer "exists" is not a lost race', async () => {
    const repeating = new FaultyStorage(storage, () => undefined);
    repeating.putIfAbsent = async (path, bytes) => {
      await storage.putIfAbsent(path, bytes);
      return storage.putIfAbsent(path, bytes);
    };
    const table = await DeltaTable.open(repeating, { environment });
    expect(await table.append([await dataFile(table, '2024-12')])).toEqual({
      version: 2,
      alreadyCommitted: false,
    });
    expect((await first.refresh()).version).toBe(2);
  });

  it('without an atomic create is refused for writing, unless there is one writer', async () => {
    const weak = new FaultyStorage(storage, () => undefined);
    weak.capabilities = async () => ({ atomicPutIfAbsent: false, consistentList: true });
    const table = await DeltaTable.open(weak);
    await expect(table.append([])).rejects.toMatchObject({ code: 'DELTA_UNSAFE_STORAGE' });
    const alone = await DeltaTable.open(weak, { commit: { singleWriter: true } });
    expect(await alone.append([])).toMatchObject({ version: 2 });
  });
});
