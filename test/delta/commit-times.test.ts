import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, MONTHLY, stillEnvironment } from './sample.ts';

const ENABLE = { 'delta.enableInCommitTimestamps': 'true' };
const VERSION = 'delta.inCommitTimestampEnablementVersion';
const TIMESTAMP = 'delta.inCommitTimestampEnablementTimestamp';
const T0 = Date.UTC(2025, 0, 1);

/** Files are dated by the clock, which may go backwards. */
function world() {
  const clock = { nowMs: T0 };
  const storage = new MemoryStorage();
  const put = storage.put.bind(storage);
  storage.put = async (path, bytes) => {
    storage.clockMs = clock.nowMs - 1;
    await put(path, bytes);
  };
  const environment = { ...stillEnvironment(), nowMs: () => clock.nowMs };
  const line = async (version: number) => {
    const path = `_delta_log/${String(version).padStart(20, '0')}.json`;
    return new TextDecoder().decode(await storage.read(path)).split('\n')[0] ?? '';
  };
  return { clock, storage, environment, line };
}

describe('in-commit timestamps', () => {
  it('stand first in each commit and rise, whatever the clock does', async () => {
    const { clock, storage, environment, line } = world();
    const table = await DeltaTable.create(storage, { ...MONTHLY, properties: ENABLE }, { environment });
    const times = [T0 + 10, T0 + 10, T0 - 5000, T0 + 20];
    for (const nowMs of times) {
      clock.nowMs = nowMs;
      // now and then a handle that has not seen the commit before
      const writer = nowMs < T0 ? await DeltaTable.open(storage, { environment }) : table;
      await writer.append([await dataFile(writer, '2024-10')]);
    }
    const recorded: number[] = [];
    for (let version = 0; version <= 4; version++) {
      expect(await line(version)).toMatch(/^\{"commitInfo":\{"inCommitTimestamp":\d+,/);
      recorded.push(JSON.parse(await line(version)).commitInfo.inCommitTimestamp);
    }
    expect(recorded).toEqual([T0, T0 + 10, T0 + 11, T0 + 12, T0 + 20]);
    expect(table.latest.properties).toEqual(ENABLE);
    expect((await table.history()).map((entry) => entry.timestampMs)).toEqual(recorded.toReversed());
    for (const [version, timeMs] of recorded.entries()) {
      expect((await table.snapshot({ timestamp: new Date(timeMs) })).version).toBe(version);
    }
  });

  it('of writers at once rise too, each in the commit it ends up in', async () => {
    const { storage, environment, line } = world();
    await DeltaTable.create(storage, { ...MONTHLY, properties: ENABLE }, { environment });
    const tables = await Promise.all([1, 2, 3, 4].map(() => DeltaTable.open(storage, { environment })));
    const late = await Promise.all(
      tables.map(async (table) => table.transaction().add(await dataFile(table, '2024-10'))),
    );
    for (const transaction of late) await transaction.commit();
    const times = await Promise.all(
      [0, 1, 2, 3, 4].map(async (v) => JSON.parse(await line(v)).commitInfo.inCommitTimestamp),
    );
    expect(times).toEqual([0, 1, 2, 3, 4].map((n) => T0 + n));
  });

  it('that came on later say when, and times before are those of files', async () => {
    const { clock, storage, environment } = world();
    const table = await DeltaTable.create(storage, MONTHLY, { environment });
    clock.nowMs = T0 + 100_000;
    await table.append([await dataFile(table, '2024-10')]);
    clock.nowMs = T0 + 50_000; // behind the file of the commit before
    await table.setProperties(ENABLE);
    const { properties } = table.latest;
    expect(properties[VERSION]).toBe('2');
    expect(Number(properties[TIMESTAMP])).toBeGreaterThan(T0 + 99_998);
    clock.nowMs = T0 + 200_000;
    await table.append([await dataFile(table, '2024-10')]);
    const at = async (timeMs: number) => (await table.snapshot({ timestamp: new Date(timeMs) })).version;
    const enabledMs = Number(properties[TIMESTAMP]);
    expect([
      await at(T0),
      await at(enabledMs - 1),
      await at(enabledMs),
      await at(T0 + 199_999),
      await at(T0 + 200_000),
    ]).toEqual([0, 1, 2, 2, 3]);
    // other properties leave it alone; switched off it is forgotten, and told anew when it comes back
    await table.setProperties({ note: 'x' });
    expect(table.latest.properties[VERSION]).toBe('2');
    await table.restore({ version: 1 });
    expect(table.latest.properties).toEqual({});
    await table.restore({ version: 3 });
    expect(table.latest.properties[VERSION]).toBe('6');
    await table.setProperties({ 'delta.enableInCommitTimestamps': 'false' });
    expect(table.latest.properties).toEqual({ 'delta.enableInCommitTimestamps': 'false' });
  });

  it('name the version that the race left to the commit that enables them', async () => {
    const { storage, environment } = world();
    const table = await DeltaTable.create(storage, MONTHLY, { environment });
    const other = await DeltaTable.open(storage, { environment });
    const late = table
      .transaction()
      .addFeatures(['inCommitTimestamp'])
      .redefine({ metadata: { ...table.latest.metadata, configuration: ENABLE } });
    await other.append([await dataFile(other, '2024-10')]);
    expect(await late.commit()).toMatchObject({ version: 2 });
    expect(table.latest.properties[VERSION]).toBe('2');
  });
});
