import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concatBars, type DbnVersion, readBars } from '../../src/dbn/index.ts';
import { generateMonth, type SampleProgress, writeSampleMonths } from '../../src/sample/index.ts';

const SCALE = 0.01;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-sample-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function checksums(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.zst')).sort();
  const entries = names.map(async (name) => {
    const bytes = await readFile(join(dir, name));
    return [name, createHash('sha256').update(bytes).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe('writeSampleMonths', () => {
  it.each([1, 2, 3] as const)(
    'writes DBN version %i that reads back as generated',
    async (version: DbnVersion) => {
      const outDir = join(folder, `v${version}`);
      const { files } = await writeSampleMonths({
        from: '2024-03',
        to: '2024-03',
        outDir,
        scale: SCALE,
        defects: true,
        version,
      });
      const { metadata, batches } = generateMonth({
        instrument: 'ES',
        month: '2024-03',
        seed: 1,
        scale: SCALE,
        defects: true,
        version,
      });
      const read = await readBars(files[0]);
      expect(read.metadata).toEqual(metadata);
      expect(read.metadata.version).toBe(version);
      expect(read.bars).toEqual(concatBars([...batches]));
    },
  );

  it('names files by their UTC dates and maps symbols by date: the expired contract ends, the next is listed', async () => {
    const outDir = join(folder, 'names');
    const { files } = await writeSampleMonths({ from: '2024-03', to: '2024-03', outDir, scale: 0.001 });
    expect(files).toEqual([join(outDir, 'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst')]);
    const { metadata } = await readBars(files[0]);
    const dates = metadata.mappings.map(({ rawSymbol, intervals: [{ startDate, endDate }] }) => [
      rawSymbol,
      startDate,
      endDate,
    ]);
    expect(dates).toEqual([
      ['ESH4', '2024-03-01', '2024-03-16'],
      ['ESM4', '2024-03-01', '2024-04-01'],
      ['ESU4', '2024-03-01', '2024-04-01'],
      ['ESZ4', '2024-03-01', '2024-04-01'],
      ['ESH4-ESM4', '2024-03-01', '2024-03-16'],
      ['ESM4-ESU4', '2024-03-01', '2024-04-01'],
      ['ESH5', '2024-03-16', '2024-04-01'],
      ['ESU4-ESZ4', '2024-03-16', '2024-04-01'],
    ]);
  });

  it('writes the same month whatever other months are asked for, and tells how far it is', async () => {
    const wide = join(folder, 'wide');
    const narrow = join(folder, 'narrow');
    const progress: SampleProgress[] = [];
    const common = { scale: SCALE, seed: 9, defects: true };
    const three = await writeSampleMonths({
      ...common,
      from: '2024-02',
      to: '2024-04',
      outDir: wide,
      onProgress: (step) => progress.push(step),
    });
    const one = await writeSampleMonths({ ...common, from: '2024-03', to: '2024-03', outDir: narrow });
    const name = 'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst';
    expect((await checksums(wide))[name]).toBe((await checksums(narrow))[name]);
    expect(three.truth.months[1]).toEqual(one.truth.months[0]);
    expect(progress.map(({ month, done, total }) => [month, done, total])).toEqual([
      ['2024-02', 1, 3],
      ['2024-03', 2, 3],
      ['2024-04', 3, 3],
    ]);
    expect(progress.reduce((sum, { records }) => sum + records, 0)).toBe(three.records);
    expect(JSON.parse(await readFile(three.truthFile, 'utf8'))).toEqual(three.truth);
    expect((await readdir(wide)).filter((file) => file.endsWith('.partial'))).toEqual([]);
  });

  it('writes the same bytes for the same seed and others for another', async () => {
    const sums = [];
    for (const [k, seed] of [3, 3, 4].entries()) {
      const outDir = join(folder, `seed-${k}`);
      await writeSampleMonths({ from: '2025-01', to: '2025-01', outDir, seed, scale: SCALE });
      sums.push(Object.values(await checksums(outDir))[0]);
    }
    expect(sums[1]).toBe(sums[0]);
    expect(sums[2]).not.toBe(sums[0]);
  });

  it('refuses months the wrong way round before it touches the folder', async () => {
    const outDir = join(folder, 'never');
    const refused = writeSampleMonths({ from: '2024-04', to: '2024-02', outDir });
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'USAGE', exitCode: 2 }));
    await expect(writeSampleMonths({ from: '2024-02', to: '2024-02', outDir, scale: 2 })).rejects.toThrow(
      /Scale 2/,
    );
    await expect(readdir(outDir)).rejects.toThrow(/ENOENT/);
  });

  it('names the folder it cannot write to', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const refused = writeSampleMonths({ from: '2024-02', to: '2024-02', outDir: file, scale: SCALE });
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'SAMPLE_WRITE', exitCode: 1 }));
    await expect(refused).rejects.toThrow(file);
  });

  it('leaves no truth of other files behind when it fails', async () => {
    const outDir = join(folder, 'stale');
    await mkdir(outDir);
    await writeSampleMonths({ from: '2024-02', to: '2024-02', outDir, scale: 0.001 });
    await mkdir(join(outDir, 'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst'));
    await expect(
      writeSampleMonths({ from: '2024-03', to: '2024-03', outDir, scale: 0.001 }),
    ).rejects.toThrow();
    expect(await readdir(outDir)).not.toContain('truth.json');
  });
});
