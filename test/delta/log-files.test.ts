import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const environment = stillEnvironment();
const crc = (version: number) => `_delta_log/${String(version).padStart(20, '0')}.crc`;
const compacted = (from: number, to: number) =>
  `_delta_log/${String(from).padStart(20, '0')}.${String(to).padStart(20, '0')}.compacted.json`;
const parsed = async (storage: MemoryStorage, path: string) =>
  JSON.parse(new TextDecoder().decode(await storage.read(path)));

describe('version checksums', () => {
  it('count what the version holds', async () => {
    const storage = new MemoryStorage();
    const properties = { 'delta.enableInCommitTimestamps': 'true' };
    const table = await DeltaTable.create(storage, { ...MONTHLY, properties }, { environment });
    const deletionVector = { storageType: 'i', pathOrInlineDv: 'x', sizeInBytes: 1, cardinality: 3 };
    const files = [
      await dataFile(table, '2024-10'),
      { ...(await dataFile(table, '2024-11')), deletionVector },
    ];
    await table.append(files, { txn: { appId: 'a', version: 7 } });
    await table.setDomainMetadata('mine', 'x');
    const { metadata, protocol } = table.latest;
    expect(await parsed(storage, crc(2))).toEqual({
      txnId: expect.any(String),
      tableSizeBytes: files.reduce((sum, file) => sum + file.size, 0),
      numFiles: 2,
      numDeletedRecordsOpt: 3,
      numDeletionVectorsOpt: 1,
      numMetadata: 1,
      numProtocol: 1,
      inCommitTimestampOpt: environment.nowMs() + 2,
      setTransactions: [{ appId: 'a', version: 7, lastUpdated: environment.nowMs() }],
      domainMetadata: [{ domain: 'mine', configuration: 'x', removed: false }],
      metadata,
      protocol,
    });
    const reopened = await DeltaTable.open(storage);
    expect(await reopened.checksumDifferences()).toEqual([]);
    expect(await reopened.checksumDifferences({ version: 1 })).toEqual([]);
    expect(await reopened.checksumDifferences({ version: 0 })).toBeUndefined();
  });

  it('tell a log that was tampered with', async () => {
    const storage = new MemoryStorage();
    const table = await DeltaTable.create(storage, MONTHLY, { environment });
    const files = [await dataFile(table, '2024-10'), await dataFile(table, '2024-11')];
    await table.append(files);
    const path = '_delta_log/00000000000000000001.json';
    const lines = new TextDecoder().decode(await storage.read(path)).split('\n');
    await storage.put(path, new TextEncoder().encode([...lines.slice(0, 2), ''].join('\n')));
    const size = (files[0]?.size ?? 0) + (files[1]?.size ?? 0);
    expect(await (await DeltaTable.open(storage)).checksumDifferences()).toEqual([
      { what: 'tableSizeBytes', recorded: size, found: files[0]?.size },
      { what: 'numFiles', recorded: 2, found: 1 },
    ]);
    await storage.put(crc(1), new Uint8Array(3));
    expect(await failure((await DeltaTable.open(storage)).checksumDifferences())).toMatchObject({
      code: 'DELTA_BAD_CHECKSUM',
      message: expect.stringContaining(crc(1)),
    });
  });

  it('that cannot be written cost no commit', async () => {
    const storage = new MemoryStorage();
    const table = await DeltaTable.create(storage, MONTHLY, { environment });
    const put = storage.putIfAbsent.bind(storage);
    storage.putIfAbsent = async (path, bytes) => {
      if (path.endsWith('.crc')) await storage.read('not there');
      return put(path, bytes);
    };
    expect(await table.append([await dataFile(table, '2024-10')])).toMatchObject({ version: 1 });
    expect(storage.files.has(crc(1))).toBe(false);
  });

  it('are left out where not wanted', async () => {
    const storage = new MemoryStorage();
    const commit = { checksums: false, compactEveryCommits: 0 };
    const table = await DeltaTable.create(storage, MONTHLY, { environment, commit });
    for (let i = 0; i < 3; i++) await table.append([]);
    expect([...storage.files.keys()].every((path) => path.endsWith('.json'))).toBe(true);
  });
});

describe('log compaction', () => {
  it('stands for its commits now and then, and spares reading them', async () => {
    const storage = new MemoryStorage();
    const commit = { compactEveryCommits: 5, checkpoints: false };
    const table = await DeltaTable.create(storage, MONTHLY, { environment, commit });
    for (let i = 0; i < 12; i++) await table.append([await dataFile(table, '2024-10')]);
    const names = [...storage.files.keys()].filter((path) => path.endsWith('compacted.json')).sort();
    expect(names).toEqual([compacted(0, 4), compacted(5, 9)]);
    const read: string[] = [];
    const plain = storage.read.bind(storage);
    storage.read = (path) => {
      read.push(path.slice('_delta_log/'.length));
      return plain(path);
    };
    const reopened = await DeltaTable.open(storage);
    expect(reopened.latest.state.files).toEqual(table.latest.state.files);
    const commits = read.filter((path) => /^\d+\.json$/.test(path)).map((path) => Number.parseInt(path, 10));
    expect(commits.sort((a, b) => a - b)).toEqual([10, 11, 12]);
  });

  it('of any run of any history leaves every version as it was', async () => {
    const step = fc.constantFrom('append', 'replace', 'txn', 'domain', 'drop domain', 'property');
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 12 }),
        fc.nat(),
        fc.nat(),
        async (steps, a, b) => {
          const storage = new MemoryStorage();
          const commit = { compactEveryCommits: 0, checkpoints: false };
          const table = await DeltaTable.create(storage, MONTHLY, { environment, commit });
          for (const [i, kind] of steps.entries()) {
            const file = await dataFile(table, '2024-10');
            if (kind === 'append') await table.append([file]);
            else if (kind === 'replace') await table.replaceWhere({ month: '2024-10' }, [file]);
            else if (kind === 'txn') await table.append([], { txn: { appId: 'app', version: i + 1 } });
            else if (kind === 'domain') await table.setDomainMetadata('d', String(i));
            else if (kind === 'property') await table.setProperties({ note: String(i) });
            else await table.setDomainMetadata('d', null).catch(() => undefined);
          }
          const states = [];
          for (let v = 0; v <= table.version; v++) states.push((await table.snapshot({ version: v })).state);
          const [from = 0, to = 0] = [a % (table.version + 1), b % (table.version + 1)].sort((x, y) => x - y);
          fc.pre(to > from);
          expect(await table.compactLog(from, to)).toBe(true);
          expect(await table.compactLog(from, to)).toBe(false);
          const reopened = await DeltaTable.open(storage);
          for (let v = 0; v <= table.version; v++) {
            expect((await reopened.snapshot({ version: v })).state).toEqual(states[v]);
          }
          expect(reopened.latest.state).toEqual(states.at(-1));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('an open snapshot', () => {
  it('is brought up to date by one LIST that begins where it stands', async () => {
    const storage = new MemoryStorage();
    const table = await DeltaTable.create(storage, MONTHLY, { environment });
    const reader = await DeltaTable.open(storage, { environment });
    for (let i = 0; i < 20; i++) await table.append([await dataFile(table, '2024-10')]);
    const lists: (string | undefined)[] = [];
    const plain = storage.list.bind(storage);
    storage.list = (prefix, options) => {
      lists.push(options?.startAfter);
      return plain(prefix, options);
    };
    expect((await reader.refresh()).version).toBe(20);
    expect((await reader.refresh()).version).toBe(20);
    expect(lists).toEqual(['_delta_log/00000000000000000001', '_delta_log/00000000000000000021']);
    lists.length = 0;
    // a commit that meets no rival asks for none but its own refresh
    await reader.append([await dataFile(reader, '2024-10')]);
    expect(lists).toHaveLength(1);
  });
});
