import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable, openStorage } from '../../src/delta/index.ts';
import { listFailures } from '../../src/months/index.ts';
import { defaultProcessing, monthHashes, run, strayFiles } from './lake-contents.ts';
import { fileNameOf, SMALL_MONTHS, writeSmallMonths } from './small-months.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-run-'));
const source = join(root, 'source');
const reference = join(root, 'reference');
let expected: Record<string, string[]> = {};

beforeAll(async () => {
  await writeSmallMonths(source);
  const { summary } = await run(source, reference);
  expect(summary).toMatchObject({ succeeded: 3, failed: 0 });
  expected = await monthHashes(reference);
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a run', () => {
  it('fills the four tables: a row per second of every session, the roll, a line per month', async () => {
    const rows = async (name: string) => {
      const { files } = await (await DeltaTable.open(join(reference, name))).scan();
      return files.reduce((sum, file) => sum + JSON.parse(file.stats ?? '{}').numRecords, 0);
    };
    // 2 + 4 + 2 weekdays of 27,000 seconds
    expect(await rows('training_bars')).toBe(8 * 27_000);
    expect(await rows('monthly_statistics')).toBe(3);
    expect(await rows('rolls')).toBe(1);
    const training = await DeltaTable.open(join(reference, 'training_bars'));
    expect(training.schema.fields).toHaveLength(62);
    const [file] = (await training.scan()).files;
    // every column but the partition's has its statistics
    expect(Object.keys(JSON.parse(file.stats ?? '{}').nullCount)).toHaveLength(61);
  });

  it('does nothing the second time', async () => {
    const before = (await DeltaTable.open(join(reference, 'training_bars'))).version;
    const { outcomes, summary } = await run(source, reference);
    expect(summary).toMatchObject({ succeeded: 0, skipped: 3 });
    expect(outcomes.map(({ reason }) => reason)).toEqual(['up to date', 'up to date', 'up to date']);
    expect((await DeltaTable.open(join(reference, 'training_bars'))).version).toBe(before);
    expect(readdirSync(join(reference, '_barline', 'runs'))).toEqual([]);
  });

  it.each([1, 3, 64])('gives the same bytes with %i worker threads', async (workers) => {
    const lake = join(root, `workers-${workers}`);
    await run(source, lake, { workers });
    expect(await monthHashes(lake)).toEqual(expected);
  });

  it('gives the same bytes month by month, newest first', async () => {
    const lake = join(root, 'one-by-one');
    for (const month of [...SMALL_MONTHS].reverse()) {
      await run(source, lake, { plan: { take: 'force', months: [month] } });
    }
    expect(await monthHashes(lake)).toEqual(expected);
    expect(await monthHashes(lake, 'rolls')).toEqual(await monthHashes(reference, 'rolls'));
  });

  it.each([
    ['uncompressed', { suffix: '.dbn', write: { compression: 'none' } }],
    ['in frames of 10,000 records', { write: { recordsPerFrame: 10_000 } }],
  ] as const)('gives the same bytes from files that are %s', async (name, options) => {
    const [folder, lake] = [join(root, `${name}-source`), join(root, `${name}-lake`)];
    await writeSmallMonths(folder, { ...options, months: ['2024-03'] });
    // the month before must be at hand: it decides whether this one opens with a roll
    copyFileSync(join(source, fileNameOf('2024-02')), join(folder, fileNameOf('2024-02')));
    await run(folder, lake, { plan: { take: 'force', months: ['2024-03'] } });
    expect(await monthHashes(lake)).toEqual({ '2024-03': expected['2024-03'] });
  });
});

describe('which months a run takes', () => {
  const lake = join(root, 'stale');
  const folder = join(root, 'stale-source');
  const take = async (plan: Parameters<typeof run>[2]) => {
    const { outcomes } = await run(folder, lake, plan);
    return Object.fromEntries(outcomes.map(({ month, status, reason }) => [month, `${status}: ${reason}`]));
  };

  it('takes a changed file and the month after it, a changed configuration, or what it is told', async () => {
    mkdirSync(folder);
    for (const month of ['2024-02', '2024-03'])
      copyFileSync(join(source, fileNameOf(month)), join(folder, fileNameOf(month)));
    expect(await take({})).toEqual({ '2024-02': 'succeeded: missing', '2024-03': 'succeeded: missing' });
    await writeSmallMonths(folder, { months: ['2024-02'], seed: 2 });
    expect(await take({ plan: { take: 'missing' } })).toEqual({
      '2024-02': 'skipped: source changed',
      '2024-03': 'skipped: month before changed',
    });
    expect(await take({ plan: { take: 'stale', months: ['2024-02'] } })).toEqual({
      '2024-02': 'succeeded: source changed',
    });
    const processing = { ...defaultProcessing, labels: { ...defaultProcessing.labels, timeoutSeconds: 600 } };
    expect(await take({ processing })).toEqual({
      '2024-02': 'succeeded: configuration changed',
      '2024-03': 'succeeded: configuration changed',
    });
    expect(await take({ processing, plan: { take: 'force', months: ['2024-03'] } })).toEqual({
      '2024-03': 'succeeded: forced',
    });
    expect(await strayFiles(lake)).toEqual([]);
  });

  it('asks the file of the month before when another kernel recorded its last front', async () => {
    const lake = join(root, 'old-kernel');
    await run(source, lake, { plan: { take: 'force', months: ['2024-02'] } });
    const log = join(lake, 'monthly_statistics', '_delta_log');
    let changed = 0;
    for (const name of readdirSync(log).filter((each) => each.endsWith('.json'))) {
      const text = readFileSync(join(log, name), 'utf8');
      const other = text
        .replace('\\"kernelVersions\\":\\"dbn=', '\\"kernelVersions\\":\\"dbn=0')
        .replace('\\"lastFront\\":\\"ESH4\\"', '\\"lastFront\\":\\"ESZ3\\"');
      if (other !== text) changed++;
      writeFileSync(join(log, name), other);
    }
    expect(changed).toBe(1);
    await run(source, lake, { plan: { take: 'force', months: ['2024-03'] } });
    const { '2024-03': rolls } = await monthHashes(reference, 'rolls');
    expect(await monthHashes(lake, 'rolls')).toEqual({ '2024-03': rolls });
  });

  it('leaves the other months as they are when one is replaced', async () => {
    const before = await monthHashes(lake);
    await take({ plan: { take: 'force', months: ['2024-03'] } });
    const after = await monthHashes(lake);
    expect(after['2024-02']).toEqual(before['2024-02']);
    expect(after['2024-03']).not.toEqual(before['2024-03']);
  });
});

describe('a run that meets trouble', () => {
  it('reports a month it cannot read, writes nothing of it, and does the others', async () => {
    const [folder, lake] = [join(root, 'bad-source'), join(root, 'bad-lake')];
    await writeSmallMonths(folder, { months: ['2024-02'] });
    const { truncateSync, statSync } = await import('node:fs');
    copyFileSync(join(source, fileNameOf('2024-04')), join(folder, fileNameOf('2024-04')));
    truncateSync(
      join(folder, fileNameOf('2024-04')),
      statSync(join(folder, fileNameOf('2024-04'))).size - 1000,
    );
    const { outcomes, summary } = await run(folder, lake);
    expect(summary).toMatchObject({ succeeded: 1, failed: 1 });
    expect(outcomes[1]).toMatchObject({
      month: '2024-04',
      status: 'failed',
      error: { code: 'DBN_TRUNCATED_ZSTD' },
    });
    expect(Object.keys(await monthHashes(lake))).toEqual(['2024-02']);
    expect(await strayFiles(lake)).toEqual([]);
  });

  it('makes no table when the only month is bad; notes why it failed until it comes through', async () => {
    const [folder, lake] = [join(root, 'only-bad-source'), join(root, 'only-bad-lake')];
    mkdirSync(folder);
    const file = join(folder, fileNameOf('2024-04'));
    writeFileSync(file, '');
    const { summary } = await run(folder, lake);
    expect(summary).toMatchObject({ succeeded: 0, failed: 1 });
    expect(readdirSync(lake)).toEqual(['_barline']);
    const left = readdirSync(lake, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(left.map(({ name }) => name)).toEqual(['2024-04.json']);
    expect(await listFailures(openStorage(lake))).toMatchObject([
      { month: '2024-04', kind: 'permanent', attempts: 1, source_file: fileNameOf('2024-04') },
    ]);
    copyFileSync(join(source, fileNameOf('2024-04')), file);
    expect((await run(folder, lake)).summary).toMatchObject({ succeeded: 1 });
    expect(await listFailures(openStorage(lake))).toEqual([]);
  });

  it('gives up what is at work when interrupted, and leaves the lake whole', async () => {
    const lake = join(root, 'interrupted');
    const controller = new AbortController();
    const { summary } = await run(source, lake, {
      signal: controller.signal,
      workers: 1,
      onEvent: (event) => {
        if (event.type === 'month-finished') controller.abort();
      },
    });
    expect(summary.interrupted).toBe(true);
    expect(summary.succeeded).toBeGreaterThanOrEqual(1);
    expect(await strayFiles(lake)).toEqual([]);
    await run(source, lake);
    expect(await monthHashes(lake)).toEqual(expected);
  });
});
