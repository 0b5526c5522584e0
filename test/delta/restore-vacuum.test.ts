import { beforeEach, describe, expect, it } from 'vitest';
import { type AddFile, type DeltaEnvironment, DeltaTable } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1);

/** A store and its writers on one clock that only moves by hand. */
let clock: { nowMs: number };
let storage: MemoryStorage;
let environment: DeltaEnvironment;
let table: DeltaTable;

beforeEach(async () => {
  clock = { nowMs: START_MS };
  storage = new (class extends MemoryStorage {
    override async put(path: string, bytes: Uint8Array): Promise<void> {
      clock.nowMs += 1;
      this.clockMs = clock.nowMs;
      this.files.set(path, { bytes: bytes.slice(), modifiedMs: clock.nowMs });
    }
  })();
  environment = { ...stillEnvironment(), nowMs: () => clock.nowMs };
  table = await DeltaTable.create(storage, MONTHLY, { environment });
});

const passDays = (days: number) => {
  clock.nowMs += days * DAY_MS;
};
const add = async (month: string) => {
  const file = await dataFile(table, month);
  await table.append([file]);
  return file;
};
const has = (file: Pick<AddFile, 'path'>) => storage.files.has(file.path);
const paths = async (version: number) =>
  (await table.scan({ version })).files.map((file) => file.path).sort();

describe('restoring', () => {
  it('brings back files, schema and properties, and takes newer ones away', async () => {
    const first = await add('2024-10');
    await table.setProperties({ note: 'then' });
    const second = await add('2024-11');
    const before = table.version;
    await table.replaceWhere({ month: '2024-10' }, [await dataFile(table, '2024-10')]);
    await table.setProperties({ note: 'now', 'delta.enableChangeDataFeed': 'true' });
    const result = await table.restore({ version: before });
    expect(result).toEqual({ version: 6, alreadyCommitted: false, restoredFiles: 1, removedFiles: 1 });
    expect(await paths(6)).toEqual([first.path, second.path].sort());
    expect(table.latest.properties).toEqual({ note: 'then' });
    // the protocol is never lowered
    expect(table.latest.protocol.minWriterVersion).toBe(7);
    expect((await table.history({ limit: 1 }))[0]).toMatchObject({
      operation: 'RESTORE',
      operationParameters: { version: 3, timestamp: null },
      operationMetrics: { numRestoredFiles: '1', numRemovedFiles: '1', numOfFilesAfterRestore: '2' },
    });
    const reopened = await DeltaTable.open(storage);
    expect(reopened.latest.state.files).toEqual(table.latest.state.files);
  });

  it('to a time, and to what is there already', async () => {
    await add('2024-10');
    passDays(1);
    const timestamp = new Date(clock.nowMs - 1);
    await add('2024-11');
    expect(await table.restore({ timestamp })).toMatchObject({ version: 3, removedFiles: 1 });
    expect((await table.history({ limit: 1 }))[0]?.operationParameters).toEqual({
      version: null,
      timestamp: timestamp.toISOString().replace('T', ' ').replace('Z', ''),
    });
    expect(await table.restore({ version: 3 })).toMatchObject({ version: 3, alreadyCommitted: true });
  });

  it('names files that are gone, and commits nothing', async () => {
    const first = await add('2024-10');
    await table.replaceWhere({ month: '2024-10' }, []);
    await storage.delete(first.path);
    expect(await failure(table.restore({ version: 1 }))).toMatchObject({
      code: 'DELTA_RESTORE_FILES_MISSING',
      message: expect.stringContaining(first.path),
    });
    expect((await table.refresh()).version).toBe(2);
  });

  it('fails when rows come in meanwhile', async () => {
    await add('2024-10');
    await add('2024-11');
    const other = await DeltaTable.open(storage, { environment });
    const extra = await dataFile(other, '2024-12');
    const stat = storage.stat.bind(storage);
    let raced = false;
    // the append comes while the restore looks for its files
    storage.putIfAbsent = async (path, bytes) => {
      if (!raced && path.endsWith('3.json')) {
        raced = true;
        await other.append([extra]);
      }
      if ((await stat(path)) !== undefined) return false;
      await storage.put(path, bytes);
      return true;
    };
    expect(await failure(table.restore({ version: 1 }))).toMatchObject({
      kind: 'concurrent-append',
      winnerVersion: 3,
    });
  });

  it('restores the user’s domains', async () => {
    await table.setDomainMetadata('a', '1');
    await table.setDomainMetadata('a', '2');
    await table.setDomainMetadata('b', '3');
    await table.restore({ version: 1 });
    const { domainMetadata } = (await DeltaTable.open(storage)).latest;
    expect([...domainMetadata.values()].map((domain) => [domain.domain, domain.configuration])).toEqual([
      ['a', '1'],
    ]);
  });
});

describe('vacuum', () => {
  it('removes what was removed before the retention, and nothing a younger version needs', async () => {
    const [old, recent] = [await add('2024-10'), await add('2024-11')];
    await table.replaceWhere({ month: '2024-10' }, []);
    passDays(6);
    await table.replaceWhere({ month: '2024-11' }, []);
    passDays(2);
    expect(await table.vacuum({ dryRun: true })).toMatchObject({
      dryRun: true,
      files: [old.path],
      byteLength: old.size,
    });
    expect([has(old), table.version]).toEqual([true, 4]);
    expect(await table.vacuum()).toMatchObject({ files: [old.path], retentionHours: 168 });
    expect([has(old), has(recent)]).toEqual([false, true]);
    const [end, start] = await table.history({ limit: 2 });
    expect(start).toMatchObject({
      operation: 'VACUUM START',
      operationParameters: { retentionCheckEnabled: true, defaultRetentionMillis: 7 * DAY_MS },
      operationMetrics: { numFilesToDelete: '1', sizeOfDataToDelete: String(old.size) },
    });
    expect(end).toMatchObject({
      operation: 'VACUUM END',
      operationParameters: { status: 'COMPLETED' },
      operationMetrics: { numDeletedFiles: '1' },
    });
    expect(await failure(table.restore({ version: 1 }))).toMatchObject({
      code: 'DELTA_RESTORE_FILES_MISSING',
    });
    expect(await table.restore({ version: 3 })).toMatchObject({ restoredFiles: 1 });
    // nothing more to do: nothing recorded
    const { version } = table;
    expect(await table.vacuum()).toMatchObject({ files: [] });
    expect(table.version).toBe(version);
  });

  it('never takes the file of a commit in flight, even when forced', async () => {
    const removed = await add('2024-10');
    await table.replaceWhere({ month: '2024-10' }, []);
    const pending = await dataFile(table, '2024-11');
    passDays(0.5);
    expect(await failure(table.vacuum({ retentionHours: 0 }))).toMatchObject({
      code: 'DELTA_RETENTION_TOO_SHORT',
      exitCode: 2,
    });
    expect(await table.vacuum({ retentionHours: 0, force: true })).toMatchObject({ files: [removed.path] });
    await table.append([pending]);
    expect(has(pending)).toBe(true);
    const abandoned = await dataFile(table, '2024-12');
    passDays(8);
    expect((await table.vacuum()).files).toEqual([abandoned.path]);
  });

  it('keeps files whose tombstones tell no time, as long as a commit within the retention removed them', async () => {
    const old = await add('2024-10');
    passDays(30);
    await table.replaceWhere({ month: '2024-10' }, []);
    const path = '_delta_log/00000000000000000002.json';
    const text = new TextDecoder().decode(await storage.read(path)).replace(/"deletionTimestamp":\d+,/, '');
    await storage.put(path, new TextEncoder().encode(text));
    table = await DeltaTable.open(storage, { environment });
    expect((await table.vacuum({ dryRun: true })).files).toEqual([]);
    passDays(8);
    expect((await table.vacuum({ dryRun: true })).files).toEqual([old.path]);
  });

  it('keeps change files and deletion vectors as long as versions need them', async () => {
    const bytes = new Uint8Array(5);
    const uuid = '000000000000000000ab';
    await storage.put('_change_data/cdc-1.parquet', bytes);
    const change = {
      path: '_change_data/cdc-1.parquet',
      partitionValues: { month: '2024-10' },
      size: 5,
      dataChange: false,
    };
    const deletionVector = {
      storageType: 'u',
      pathOrInlineDv: uuid,
      offset: 1,
      sizeInBytes: 5,
      cardinality: 1,
    };
    const file = { ...(await dataFile(table, '2024-10')), deletionVector };
    await table.transaction().add(file).addChangeFile(change).commit();
    const vectors = [...storage.files.keys()].filter((path) => path.startsWith('deletion_vector'));
    expect(vectors).toEqual([]);
    const { vectorFile } = await import('../../src/delta/deletion-vectors/deletion-vector.ts');
    const vector = vectorFile(storage, deletionVector)?.path ?? '';
    await storage.put(vector, bytes);
    await storage.put('deletion_vector_orphan.bin', bytes);
    passDays(6);
    expect((await table.vacuum({ dryRun: true })).files).toEqual([]);
    passDays(2);
    expect((await table.vacuum()).files.toSorted()).toEqual([
      '_change_data/cdc-1.parquet',
      'deletion_vector_orphan.bin',
    ]);
    await table.replaceWhere({ month: '2024-10' }, []);
    passDays(6);
    expect((await table.vacuum()).files).toEqual([]);
    passDays(2);
    expect((await table.vacuum()).files.toSorted()).toEqual([file.path, vector].toSorted());
  });

  it('keeps absolute paths into the table, hidden files and tables below', async () => {
    const inside = await dataFile(table, '2024-10');
    await table.append([{ ...inside, path: `${storage.uri}/${inside.path}` }]);
    const others = [
      '_private/x',
      '.hidden',
      'month=2024-10/_tmp',
      'inner/_delta_log/0.json',
      'inner/part.parquet',
    ];
    for (const path of others) await storage.put(path, new Uint8Array(1));
    await storage.put('stray.parquet', new Uint8Array(1));
    await storage.put('month=2024-10/.barline-tmp-1', new Uint8Array(1));
    passDays(100);
    expect((await table.vacuum()).files).toEqual(['month=2024-10/.barline-tmp-1', 'stray.parquet']);
    for (const path of others) expect(storage.files.has(path)).toBe(true);
  });

  it('looks again once its beginning is in the log', async () => {
    const old = await add('2024-10');
    await table.replaceWhere({ month: '2024-10' }, []);
    passDays(30);
    const other = await DeltaTable.open(storage, { environment });
    const put = storage.putIfAbsent.bind(storage);
    storage.putIfAbsent = async (path, bytes) => {
      // somebody brings the file back just before
      if (path.endsWith('3.json') && !storage.files.has(path)) {
        storage.putIfAbsent = put;
        await other.append([old]);
      }
      return put(path, bytes);
    };
    expect((await table.vacuum()).files).toEqual([]);
    expect(has(old)).toBe(true);
  });

  it('refuses a table with a writer feature it does not know', async () => {
    const path = '_delta_log/00000000000000000000.json';
    const text = new TextDecoder().decode(await storage.read(path));
    const protocol =
      '{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["vacuumProtocolCheck"],"writerFeatures":["vacuumProtocolCheck","scribble"]}}';
    await storage.put(path, new TextEncoder().encode(text.replace(/\{"protocol".*\}/, protocol)));
    table = await DeltaTable.open(storage, { environment });
    expect(await failure(table.vacuum({ dryRun: true }))).toMatchObject({
      message: expect.stringContaining('writer feature scribble'),
    });
  });
});

describe('pins', () => {
  it('keep a version from vacuum until they are taken away', async () => {
    const old = await add('2024-10');
    const pinned = table.version;
    await table.pin('baseline-1');
    await table.pin('baseline-1', pinned);
    await table.replaceWhere({ month: '2024-10' }, []);
    passDays(100);
    expect(await table.pins()).toMatchObject([
      { name: 'baseline-1', version: 1, engineInfo: 'barline/test' },
    ]);
    expect(await table.vacuum()).toMatchObject({ files: [], pins: [{ name: 'baseline-1' }] });
    expect(await failure(table.pin('baseline-1', 2))).toMatchObject({ code: 'DELTA_PIN_EXISTS' });
    await table.unpin('baseline-1');
    expect((await table.vacuum()).files).toEqual([old.path]);
    expect(await failure(table.pin('late', pinned))).toMatchObject({ code: 'DELTA_RESTORE_FILES_MISSING' });
    expect(await table.pins()).toEqual([]);
  });

  it('have names that are files’, and one that says nothing stops vacuum', async () => {
    expect(await failure(table.pin('../x'))).toMatchObject({ code: 'DELTA_BAD_PIN', exitCode: 2 });
    expect(await failure(table.unpin('x'))).toMatchObject({ code: 'DELTA_NO_PIN' });
    await storage.put('_barline/pins/odd.json', new Uint8Array(3));
    expect(await failure(table.vacuum())).toMatchObject({
      code: 'DELTA_BAD_PIN',
      message: expect.stringContaining('_barline/pins/odd.json'),
    });
  });
});

describe('cleaning up the log', () => {
  const logFiles = () => [...storage.files.keys()].filter((path) => path.startsWith('_delta_log/')).sort();

  it('waits for a checkpoint, and keeps the one that serves the oldest version wanted', async () => {
    for (let i = 0; i < 4; i++) await add('2024-10');
    passDays(40);
    for (let i = 0; i < 2; i++) await add('2024-11');
    expect(await table.cleanUpLog()).toEqual({ oldestVersion: undefined, files: [] });
    for (const version of [2, 5]) {
      await storage.put(
        `_delta_log/${String(version).padStart(20, '0')}.checkpoint.parquet`,
        new Uint8Array(1),
      );
    }
    await storage.put('_delta_log/_last_checkpoint', new TextEncoder().encode('{'));
    const before = logFiles();
    const planned = await table.cleanUpLog({ dryRun: true });
    expect(planned.oldestVersion).toBe(2);
    expect(logFiles()).toEqual(before);
    expect(await table.cleanUpLog()).toEqual(planned);
    const kept = logFiles().map((path) => Number(path.slice(11, 31)));
    expect(Math.min(...kept.filter((version) => !Number.isNaN(version)))).toBe(2);
    expect(planned.files.map((path) => path.slice(30))).toEqual(['0.json', '1.crc', '1.json']);
  });

  it('keeps what a pinned version needs', async () => {
    for (let i = 0; i < 4; i++) await add('2024-10');
    await table.pin('first', 1);
    passDays(40);
    await storage.put('_delta_log/00000000000000000002.checkpoint.parquet', new Uint8Array(1));
    expect(await table.cleanUpLog()).toEqual({ oldestVersion: undefined, files: [] });
  });
});
