import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable, type Transaction } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const environment = stillEnvironment();
let storage: MemoryStorage;
let winner: DeltaTable;
let loser: DeltaTable;

beforeEach(async () => {
  storage = new MemoryStorage();
  winner = await DeltaTable.create(storage, MONTHLY, { environment });
  await winner.append([
    await dataFile(winner, '2024-10', 10, 0),
    await dataFile(winner, '2024-10', 10, 100),
    await dataFile(winner, '2024-11', 10, 0),
  ]);
  loser = await DeltaTable.open(storage, { environment });
});

type Change = (table: DeltaTable, transaction: Transaction) => Promise<Transaction> | Transaction;

const files = async (table: DeltaTable, month: string) => (await table.scan({ where: { month } })).files;
const append: (month: string, base?: number) => Change = (month, base) => async (table, transaction) =>
  transaction.add(await dataFile(table, month, 10, base));
/** Replaces the first file of a month by another, having looked at what `read` notes. */
const rewrite =
  (month: string, read: (transaction: Transaction) => Transaction): Change =>
  async (table, transaction) => {
    const [first] = await files(table, month);
    if (first === undefined) throw new Error('no file');
    return read(transaction)
      .remove(first)
      .add(await dataFile(table, month));
  };
const readMonth = (month: string) => (transaction: Transaction) => transaction.readPartitions({ month });
/** Rewrites one file without changing a row, as optimize does. */
const compact =
  (month: string): Change =>
  async (table, transaction) => {
    const [first] = await files(table, month);
    if (first === undefined) throw new Error('no file');
    transaction.readFiles([first]).remove(first, { dataChange: false });
    return transaction.add({ ...(await dataFile(table, month)), dataChange: false });
  };
const note: Change = (_, transaction) => transaction.setMetadata({ description: 'another' });
const upgrade: Change = (_, transaction) => transaction.addFeatures(['changeDataFeed']);
const domain =
  (name: string): Change =>
  (_, transaction) =>
    transaction.keepDomainMetadata({ domain: name, configuration: 'x', removed: false });
const tagged =
  (appId: string, version: number): Change =>
  async (table, transaction) =>
    transaction.setTransaction(appId, version).add(await dataFile(table, '2024-12'));

describe('two writes at once', () => {
  it.each<[string, Change, Change, string | undefined]>([
    // what came first, what comes second, and what becomes of the second
    ['append, append', append('2024-10'), append('2024-10'), undefined],
    ['append elsewhere, rewrite', append('2024-12'), rewrite('2024-10', readMonth('2024-10')), undefined],
    ['blind append, rewrite there', append('2024-10'), rewrite('2024-10', readMonth('2024-10')), undefined],
    [
      'blind append, serializable rewrite there',
      append('2024-10'),
      rewrite('2024-10', (t) => t.readPartitions({ month: '2024-10' }).isolate('Serializable')),
      'concurrent-append',
    ],
    [
      'append of other values, serializable rewrite by values',
      append('2024-10', 5000),
      rewrite('2024-10', (t) => t.readRows({ close: { lt: 50 } }).isolate('Serializable')),
      undefined,
    ],
    [
      'append of such values, serializable rewrite by values',
      append('2024-11', 45),
      rewrite('2024-10', (t) => t.readRows({ close: { lt: 50 } }).isolate('Serializable')),
      'concurrent-append',
    ],
    [
      'rewrite, rewrite of the same file',
      rewrite('2024-10', (t) => t),
      rewrite('2024-10', (t) => t),
      'concurrent-delete-delete',
    ],
    [
      'rewrite, a write that has read the month',
      rewrite('2024-10', readMonth('2024-10')),
      (table, transaction) => append('2024-11')(table, transaction.readPartitions({ month: '2024-10' })),
      'concurrent-delete-read',
    ],
    [
      'removal, a write that has read the month',
      async (table, transaction) => transaction.remove((await files(table, '2024-10'))[0] ?? fail()),
      (table, transaction) => append('2024-11')(table, transaction.readPartitions({ month: '2024-10' })),
      'concurrent-delete-read',
    ],
    [
      'removal, a write that has read other values',
      async (table, transaction) => transaction.remove((await files(table, '2024-10'))[1] ?? fail()),
      (table, transaction) => append('2024-11')(table, transaction.readRows({ close: { lt: 50 } })),
      undefined,
    ],
    [
      'removal, a write that has read that file',
      async (table, transaction) => transaction.remove((await files(table, '2024-11'))[0] ?? fail()),
      async (table, transaction) =>
        append('2024-12')(table, transaction.readFiles(await files(table, '2024-11'))),
      'concurrent-delete-read',
    ],
    ['append, compaction', append('2024-10'), compact('2024-10'), undefined],
    [
      'rewrite elsewhere, compaction',
      rewrite('2024-11', readMonth('2024-11')),
      compact('2024-10'),
      undefined,
    ],
    ['compaction, compaction', compact('2024-10'), compact('2024-10'), 'concurrent-delete-delete'],
    ['compaction, append', compact('2024-10'), append('2024-10'), undefined],
    [
      'compaction, a write that has read the month',
      compact('2024-10'),
      (table, transaction) => append('2024-11')(table, transaction.readPartitions({ month: '2024-10' })),
      'concurrent-delete-read',
    ],
    ['metadata, append', note, append('2024-10'), 'metadata-changed'],
    ['append, metadata', append('2024-10'), note, undefined],
    [
      'append, metadata after a look at all rows',
      append('2024-10'),
      (table, transaction) => note(table, transaction.readWholeTable()),
      'concurrent-append',
    ],
    ['metadata, metadata', note, note, 'metadata-changed'],
    ['protocol, append', upgrade, append('2024-10'), 'protocol-changed'],
    ['append, protocol', append('2024-10'), upgrade, undefined],
    ['domain, the same domain', domain('a'), domain('a'), 'concurrent-domain'],
    ['domain, another domain', domain('a'), domain('b'), undefined],
    ['transaction, another application', tagged('a', 1), tagged('b', 1), undefined],
    ['transaction, a later one of the application', tagged('a', 1), tagged('a', 2), undefined],
    [
      'transaction, a write that asked for it',
      tagged('a', 1),
      (table, transaction) => {
        expect(transaction.readTransaction('a')).toBeUndefined();
        return append('2024-10')(table, transaction);
      },
      'concurrent-transaction',
    ],
    [
      'an operation, a write that cannot follow it',
      (_, transaction) => transaction.operation({ name: 'VACUUM START' }),
      (table, transaction) => append('2024-10')(table, transaction.refuseAfter('VACUUM START')),
      'concurrent-operation',
    ],
  ])('%s', async (_, first, second, kind) => {
    const late = await second(loser, loser.transaction().operation({ name: 'SECOND' }));
    await (await first(winner, winner.transaction().operation({ name: 'VACUUM START' }))).commit();
    if (kind === undefined) expect(await late.commit()).toEqual({ version: 3, alreadyCommitted: false });
    else {
      expect(await failure(late.commit())).toMatchObject({
        kind,
        winnerVersion: 2,
        winnerOperation: 'VACUUM START',
        winnerEngine: 'barline/test',
        winnerTimeMs: environment.nowMs(),
      });
    }
    const { version } = await winner.refresh();
    expect(version).toBe(kind === undefined ? 3 : 2);
  });

  it('of the same transaction of an application: one of them', async () => {
    const late = await tagged('a', 1)(loser, loser.transaction());
    await (await tagged('a', 1)(winner, winner.transaction())).commit();
    expect(await late.commit()).toEqual({ version: 2, alreadyCommitted: true });
  });

  it('in a table that is serializable throughout', async () => {
    await winner.setProperties({ 'delta.isolationLevel': 'Serializable' });
    await loser.refresh();
    const late = await rewrite('2024-10', readMonth('2024-10'))(loser, loser.transaction());
    await winner.append([await dataFile(winner, '2024-10')]);
    expect(await failure(late.commit())).toMatchObject({ kind: 'concurrent-append' });
  });
});

function fail(): never {
  throw new Error('no such file');
}
