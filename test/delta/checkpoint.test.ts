import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { processMark } from '../../src/base/index.ts';
import { DeltaTable, type Snapshot } from '../../src/delta/index.ts';
import { lastCheckpointChecksum } from '../../src/delta/last-checkpoint.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { BARS, dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const DAY_MS = 86_400_000;
const digits = (version: number) => String(version).padStart(20, '0');
const classic = (version: number) => `_delta_log/${digits(version)}.checkpoint.parquet`;
const checkpointsOf = (storage: MemoryStorage) =>
  [...storage.files.keys()].filter((path) => path.includes('.checkpoint.')).sort();
const textOf = async (storage: MemoryStorage, path: string) =>
  new TextDecoder().decode(await storage.read(path));

/** The table as its checkpoint alone tells it. */
async function withoutCommits(storage: MemoryStorage): Promise<Snapshot> {
  for (const path of [...storage.files.keys()]) {
    if (/\d{20}\.json$/.test(path)) storage.files.delete(path);
  }
  return (await DeltaTable.open(storage)).latest;
}

/** The state without what a checkpoint does not keep: whether a file changed data, statistics of removed files. */
function kept({ state }: Snapshot) {
  const files = [...state.files].map(([key, file]) => [key, { ...file, dataChange: false }] as const);
  const tombstones = [...state.tombstones].map(([key, { stats: _, tags: __, ...file }]) => {
    return [key, { ...file, dataChange: false }] as const;
  });
  return { ...state, files: new Map(files), tombstones: new Map(tombstones) };
}

describe('checkpoints', () => {
  it('are written every ten commits, and named with a checksum', async () => {
    const storage = new MemoryStorage();
    const environment = stillEnvironment();
    const table = await DeltaTable.create(storage, MONTHLY, { environment });
    for (let i = 0; i < 21; i++) await table.append([await dataFile(table, '2024-10')]);
    expect(checkpointsOf(storage)).toEqual([classic(10), classic(20)]);
    const last = JSON.parse(await textOf(storage, '_delta_log/_last_checkpoint'));
    expect(last).toEqual({
      version: 20,
      size: 22,
      sizeInBytes: (await storage.read(classic(20))).length,
      numOfAddFiles: 20,
      checksum: lastCheckpointChecksum(last),
    });
  });

  it('lie meanwhile in a folder that tells whose it is, so that a killed reader leaves nothing for good', async () => {
    const storage = new MemoryStorage();
    const table = await DeltaTable.create(storage, MONTHLY, { environment: stillEnvironment() });
    for (let i = 0; i < 10; i++) await table.append([]);
    const [path = ''] = checkpointsOf(storage);
    const own = () => readdirSync(tmpdir()).filter((name) => name.includes(`-checkpoint-${processMark()}-`));
    const meanwhile: string[] = [];
    const reading = vi.spyOn(storage, 'read').mockImplementation((asked) => {
      if (asked === path) meanwhile.push(...own());
      return MemoryStorage.prototype.read.call(storage, asked);
    });
    await withoutCommits(storage);
    reading.mockRestore();
    expect(meanwhile).toHaveLength(1);
    expect(own()).toEqual([]);
  });

  it('come as often as the table asks, or not at all', async () => {
    const environment = stillEnvironment();
    const often = new MemoryStorage();
    const properties = { 'delta.checkpointInterval': '2' };
    const table = await DeltaTable.create(often, { ...MONTHLY, properties }, { environment });
    for (let i = 0; i < 5; i++) await table.append([]);
    expect(checkpointsOf(often)).toEqual([classic(2), classic(4)]);
    const never = new MemoryStorage();
    const commit = { checkpoints: false };
    const other = await DeltaTable.create(never, { ...MONTHLY, properties }, { environment, commit });
    for (let i = 0; i < 5; i++) await other.append([]);
    expect(checkpointsOf(never)).toEqual([]);
  });

  it.each(['checkpoint', '_last_checkpoint'])('that fail (%s) do not fail the commit', async (part) => {
    const storage = new MemoryStorage();
    const table = await DeltaTable.create(storage, MONTHLY, { environment: stillEnvironment() });
    const fails = (path: string) => {
      if (path.includes(part)) throw new TypeError('the disk is on fire');
    };
    const [put, write] = [storage.put.bind(storage), storage.write.bind(storage)];
    storage.put = async (path, bytes) => {
      fails(path);
      return put(path, bytes);
    };
    storage.write = async (path, pieces) => {
      fails(path);
      return write(path, pieces);
    };
    for (let i = 0; i < 12; i++) await table.append([await dataFile(table, '2024-10')]);
    expect(table.version).toBe(12);
    expect((await DeltaTable.open(storage)).latest.fileCount).toBe(12);
    expect(await failure(table.checkpoint())).toBeInstanceOf(TypeError);
  });

  it('leave out removed files and transactions whose time is over', async () => {
    const storage = new MemoryStorage();
    let nowMs = stillEnvironment().nowMs();
    const environment = { ...stillEnvironment(), nowMs: () => nowMs };
    const properties = {
      'delta.deletedFileRetentionDuration': 'interval 2 days',
      'delta.setTransactionRetentionDuration': 'interval 2 days',
    };
    const table = await DeltaTable.create(storage, { ...MONTHLY, properties }, { environment });
    await table.append([await dataFile(table, '2024-10')], { txn: { appId: 'old', version: 1 } });
    await table.replaceWhere({ month: '2024-10' }, [await dataFile(table, '2024-10')]);
    nowMs += DAY_MS;
    await table.replaceWhere({ month: '2024-10' }, [], { txn: { appId: 'new', version: 1 } });
    nowMs += 1.5 * DAY_MS;
    await table.checkpoint();
    const { state } = await withoutCommits(storage);
    expect(state.tombstones.size).toBe(1);
    expect([...state.transactions.keys()]).toEqual(['new']);
  });

  it('are followed by the removal of log that is expired, sidecars too', async () => {
    const storage = new MemoryStorage();
    let nowMs = stillEnvironment().nowMs();
    storage.clockMs = nowMs;
    const environment = { ...stillEnvironment(), nowMs: () => nowMs };
    const properties = {
      'delta.checkpointPolicy': 'v2',
      'delta.checkpointInterval': '5',
      'delta.enableInCommitTimestamps': 'true',
    };
    const table = await DeltaTable.create(storage, { ...MONTHLY, properties }, { environment });
    for (let i = 0; i < 20; i++) {
      await table.append([await dataFile(table, '2024-10')]);
      nowMs += 5 * DAY_MS;
      storage.clockMs = nowMs;
    }
    const versions = [...storage.files.keys()].flatMap((path) => /(\d{20})\.json$/.exec(path)?.[1] ?? []);
    expect(Math.min(...versions.map(Number))).toBe(10);
    expect(checkpointsOf(storage).map((path) => Number(path.slice(11, 31)))).toEqual([10, 15, 20]);
    const sidecars = [...storage.files.keys()].filter((path) => path.includes('_sidecars/'));
    expect(sidecars).toHaveLength(3);
    expect((await table.snapshot({ version: 12 })).fileCount).toBe(12);
  });

  it('are refused, by the name of the feature, where the table has what Barline does not keep', async () => {
    const storage = new MemoryStorage();
    const table = await DeltaTable.create(storage, MONTHLY, { environment: stillEnvironment() });
    const lines = [
      {
        protocol: {
          minReaderVersion: 1,
          minWriterVersion: 7,
          writerFeatures: ['rowTracking', 'domainMetadata'],
        },
      },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    await storage.put(`_delta_log/${digits(1)}.json`, new TextEncoder().encode(text));
    expect(await failure(table.checkpoint())).toMatchObject({ code: 'DELTA_UNSUPPORTED_FEATURE' });
    expect(checkpointsOf(storage)).toEqual([]);
  });

  it('hash what is said as the protocol does', () => {
    const json = {
      k0: "'v 0'",
      checksum: 'adsaskfljadfkjadfkj',
      k1: { k2: 2, k3: ['v3', [1, 2], { k4: 'v4', k5: ['v5', 'v6', 'v7'] }] },
    };
    expect(lastCheckpointChecksum(json)).toBe('6a92d155a59bf2eecbd4b4ec7fd1f875');
  });
});

describe('a checkpoint alone', () => {
  const step = fc.constantFrom('append', 'vector', 'replace', 'txn', 'domain', 'property');
  const property = fc.constantFrom('true', 'false');

  it('tells any history as its commits do, of either kind, with statistics of either kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 10 }),
        fc.constantFrom('classic', 'v2'),
        property,
        fc.integer({ min: 1, max: 4 }),
        async (steps, policy, asStruct, sidecarActions) => {
          const storage = new MemoryStorage();
          const properties = {
            'delta.checkpointPolicy': policy,
            'delta.checkpoint.writeStatsAsStruct': asStruct,
            'delta.enableDeletionVectors': 'true',
          };
          const environment = stillEnvironment();
          const table = await DeltaTable.create(storage, { ...MONTHLY, properties }, { environment });
          for (const [i, kind] of steps.entries()) {
            const file = { ...(await dataFile(table, '2024 é/=10')), tags: { by: 'me', none: null } };
            const deletionVector = {
              storageType: 'i',
              pathOrInlineDv: `x${i}`,
              sizeInBytes: 4,
              cardinality: i,
            };
            if (kind === 'append') await table.append([file, await dataFile(table, '2024-11')]);
            else if (kind === 'vector') await table.append([{ ...file, deletionVector }]);
            else if (kind === 'replace') await table.replaceWhere({ month: '2024-11' }, []);
            else if (kind === 'txn') await table.append([], { txn: { appId: 'app', version: i + 1 } });
            else if (kind === 'domain') await table.setDomainMetadata('d', `"${i}"`);
            else await table.setProperties({ note: `a\n${i}` });
          }
          const result = await table.checkpoint({ sidecarActions });
          expect(result.kind).toBe(policy);
          expect(kept(await withoutCommits(storage))).toEqual(kept(table.latest));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('prunes by struct statistics as by JSON', async () => {
    const whereOf = (low: number) => ({ close: { ge: low, lt: low + 3 }, month: '2024-10' });
    const properties = {
      'delta.checkpoint.writeStatsAsStruct': 'true',
      'delta.checkpoint.writeStatsAsJson': 'false',
    };
    const storage = new MemoryStorage();
    const definition = { schema: BARS, partitionBy: ['month'], properties };
    const table = await DeltaTable.create(storage, definition, { environment: stillEnvironment() });
    for (let i = 0; i < 8; i++) await table.append([await dataFile(table, '2024-10', 5, i * 4)]);
    const before = [];
    for (let low = 0; low < 40; low++) before.push((await table.scan({ where: whereOf(low) })).pruned);
    await table.checkpoint();
    await withoutCommits(storage);
    const reopened = await DeltaTable.open(storage);
    for (let low = 0; low < 40; low++) {
      expect((await reopened.scan({ where: whereOf(low) })).pruned).toBe(before[low]);
    }
    expect(before.some((pruned) => pruned > 0 && pruned < 8)).toBe(true);
  });
});
