import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { FaultyStorage } from '../storage/faulty-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, MONTHLY } from './sample.ts';

let storage: MemoryStorage;
let table: DeltaTable;
beforeEach(async () => {
  storage = new MemoryStorage();
  table = await DeltaTable.create(storage, MONTHLY);
  for (const month of ['2024-10', '2024-11', '2024-12']) await table.append([await dataFile(table, month)]);
});

const commitTime = (version: number) =>
  storage.files.get(`_delta_log/${String(version).padStart(20, '0')}.json`)?.modifiedMs ?? Number.NaN;
const at = (timeMs: number) => table.snapshot({ timestamp: new Date(timeMs) });

describe('reading an earlier version', () => {
  it('by number', async () => {
    for (let version = 0; version <= 3; version++) {
      const snapshot = await table.snapshot({ version });
      expect([snapshot.version, snapshot.fileCount]).toEqual([version, version]);
    }
    expect((await table.scan({ version: 1 })).files).toHaveLength(1);
  });

  it('by time', async () => {
    expect((await at(commitTime(1))).version).toBe(1);
    expect((await at(commitTime(2) - 1)).version).toBe(1);
    expect((await at(commitTime(3) + 1e9)).version).toBe(3);
    await expect(at(commitTime(0) - 1)).rejects.toMatchObject({ code: 'DELTA_TIMESTAMP_TOO_EARLY' });
  });

  it('by a time at which files of a copied log were dated backwards', async () => {
    const second = storage.files.get('_delta_log/00000000000000000002.json');
    if (second === undefined) throw new Error('no commit 2');
    second.modifiedMs = commitTime(0) - 5000;
    expect((await at(commitTime(1) + 1)).version).toBe(2);
    const times = (await table.history()).map((entry) => entry.timestampMs);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it('says what the newest version is', async () => {
    await expect(table.snapshot({ version: 12 })).rejects.toMatchObject({
      code: 'DELTA_VERSION_TOO_NEW',
      message: 'version 12 of memory://table was asked for; the newest is 3',
    });
    await expect(table.snapshot({ version: 1, timestamp: new Date() })).rejects.toThrow(/not both/);
  });
});

describe('history', () => {
  it('goes from the newest back, and reads no more files than asked for', async () => {
    const watched = new FaultyStorage(storage, () => undefined);
    const other = await DeltaTable.open(watched);
    watched.calls.length = 0;
    const entries = await other.history({ limit: 2 });
    expect(entries.map((e) => [e.version, e.operation])).toEqual([
      [3, 'WRITE'],
      [2, 'WRITE'],
    ]);
    expect(entries[0]?.operationMetrics).toMatchObject({ numOutputRows: '10' });
    expect(watched.calls.filter((call) => call.verb === 'read')).toHaveLength(2);
    expect((await other.history()).map((e) => e.version)).toEqual([3, 2, 1, 0]);
  });
});

describe('refreshing', () => {
  it('reads only what is new, with one LIST', async () => {
    const watched = new FaultyStorage(storage, () => undefined);
    const other = await DeltaTable.open(watched);
    await table.append([await dataFile(table, '2025-01')]);
    watched.calls.length = 0;
    expect((await other.refresh()).version).toBe(4);
    expect(watched.calls).toEqual([
      { verb: 'list', path: '_delta_log/' },
      { verb: 'read', path: '_delta_log/00000000000000000004.json' },
    ]);
    expect((await other.scan()).total).toBe(4);
  });

  it('leaves snapshots handed out as they were', async () => {
    const before = await table.snapshot();
    await table.replaceWhere({ month: '2024-10' }, []);
    expect(before.fileCount).toBe(3);
    expect((await table.snapshot()).fileCount).toBe(2);
  });
});

describe('the last-checkpoint hint', () => {
  it.each(['{"version":99}', 'garbage', '{"version":"x"}', '', '{"version":2,"size":1}'])(
    'is ignored when wrong: %s',
    async (hint) => {
      await storage.put('_delta_log/_last_checkpoint', new TextEncoder().encode(hint));
      expect((await DeltaTable.open(storage)).version).toBe(3);
    },
  );
});
