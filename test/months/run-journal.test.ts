import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentProcess, probeProcess } from '../../src/months/process-identity.ts';
import { claimLake, listRuns, openJournal, removeLeftovers } from '../../src/months/run-journal.ts';
import { LocalStorage } from '../../src/storage/index.ts';
import { FaultyStorage } from '../storage/faulty-storage.ts';

let lake = new LocalStorage('.');
beforeEach(() => {
  lake = new LocalStorage(mkdtempSync(join(tmpdir(), 'barline-journal-')));
});
afterEach(() => rmSync(lake.uri, { recursive: true }));

const record = { runId: 'r-dead', startedAt: '2024-01-01T00:00:00Z', host: 'h', pid: 1, startToken: null };
const bytes = new Uint8Array([1]);

describe('removeLeftovers', () => {
  it('removes what a dead run left and nothing else', async () => {
    await openJournal(lake, record);
    await lake.put('bars/month=2024-01/part-r-dead-1.parquet', bytes);
    await lake.put('bars/month=2024-01/part-r-dead-2.parquet', bytes);
    await lake.put('bars/month=2024-01/.barline-tmp-r-dead-x', bytes);
    await lake.put('bars/month=2024-01/part-other.parquet', bytes);
    const removed = await removeLeftovers(
      lake,
      ['bars'],
      async () => new Set(['month=2024-01/part-r-dead-1.parquet']),
      () => 'dead',
    );
    expect(removed).toEqual([
      'bars/month=2024-01/.barline-tmp-r-dead-x',
      'bars/month=2024-01/part-r-dead-2.parquet',
    ]);
    expect(await listRuns(lake)).toEqual([]);
    expect(await lake.stat('bars/month=2024-01/part-r-dead-1.parquet')).toBeDefined();
    expect(await lake.stat('bars/month=2024-01/part-other.parquet')).toBeDefined();
  });

  it.each(['alive', 'unknown'] as const)('refuses while another run is %s, naming it', async (state) => {
    await openJournal(lake, record);
    await expect(
      removeLeftovers(
        lake,
        [],
        async () => new Set(),
        () => state,
      ),
    ).rejects.toThrow(/process 1 on h/);
    expect(await listRuns(lake)).toHaveLength(1);
  });
});

describe('claimLake', () => {
  const noPause = async () => {};
  const earlier = { ...record, runId: 'r-a' };
  const later = { ...record, runId: 'r-b' };

  it('refuses when a run that came before is at work, and leaves no trace', async () => {
    await openJournal(lake, earlier);
    await expect(claimLake(lake, later, () => 'alive', noPause)).rejects.toThrow(/process 1 on h/);
    expect(await listRuns(lake)).toEqual([earlier]);
  });

  it('refuses when a run with a higher id does not step back, since it may be at work', async () => {
    await openJournal(lake, later);
    await expect(claimLake(lake, earlier, () => 'alive', noPause)).rejects.toThrow(/process 1 on h/);
    expect(await listRuns(lake)).toEqual([later]);
  });

  it('passes over dead runs', async () => {
    await openJournal(lake, earlier);
    await claimLake(lake, later, () => 'dead', noPause);
    expect(await listRuns(lake)).toEqual([earlier, later]);
  });

  it('lets exactly one of several through that come at the same moment', async () => {
    const runs = ['r-1', 'r-2', 'r-3', 'r-4'].map((runId) => ({ ...record, runId }));
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
    const claims = await Promise.allSettled(runs.map((run) => claimLake(lake, run, () => 'alive', pause)));
    const passed = runs.filter((_, index) => claims[index].status === 'fulfilled');
    expect(passed).toHaveLength(1);
    expect(await listRuns(lake)).toEqual(passed);
  });
});

describe('a journal that cannot be read', () => {
  it('is no sign that nobody is at work', async () => {
    await openJournal(lake, record);
    const denied = new FaultyStorage(lake, (_, verb) =>
      verb === 'read' ? { when: 'before', error: new Error('denied') } : undefined,
    );
    await expect(listRuns(denied)).rejects.toThrow('denied');
  });
});

describe('a journal cut short', () => {
  it('is removed by the next run', async () => {
    await lake.put('_barline/runs/.barline-tmp-r-dead-x', bytes);
    expect(
      await removeLeftovers(
        lake,
        [],
        async () => new Set(),
        () => 'dead',
      ),
    ).toEqual(['_barline/runs/.barline-tmp-r-dead-x']);
  });
});

describe('probeProcess', () => {
  it('knows this process as alive, and its pid with another start as dead', () => {
    const me = currentProcess();
    expect(probeProcess(me)).toBe('alive');
    expect(probeProcess({ ...me, pid: 2 ** 22 + 1 })).toBe('dead');
    if (me.startToken !== null) expect(probeProcess({ ...me, startToken: 'another' })).toBe('dead');
    expect(probeProcess({ ...me, host: 'elsewhere.example' })).toBe('unknown');
  });
});
