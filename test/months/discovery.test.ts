import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoverMonths } from '../../src/months/discovery.ts';
import { shiftMonth } from '../../src/months/month.ts';
import { LocalStorage } from '../../src/storage/index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barline-discovery-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), 'x');
  }
}

describe('discoverMonths', () => {
  it('finds months at the root and below any prefix, in time order', async () => {
    put(
      'raw-data/databento/glbx-mdp3-20241101-20241130.ohlcv-1s.dbn.zst',
      'glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
      'a/b/c/glbx-mdp3-20231201-20231231.ohlcv-1s.dbn',
      'readme.txt',
    );
    const { months, ignored } = await discoverMonths(new LocalStorage(folder));
    expect(months.map((each) => each.month)).toEqual(['2023-12', '2024-10', '2024-11']);
    expect(ignored).toEqual([]);
  });

  it('takes a month that begins late: the vendor starts where its data starts', async () => {
    put('glbx-mdp3-20100706-20100731.ohlcv-1s.dbn.zst');
    expect((await discoverMonths(new LocalStorage(folder))).months[0]?.month).toBe('2010-07');
  });

  it('names both files of a month that is there twice', async () => {
    put('glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst', 'more/glbx-mdp3-20241001-20241031.ohlcv-1s.dbn');
    await expect(discoverMonths(new LocalStorage(folder))).rejects.toThrow(
      /two files for 2024-10 .*glbx-mdp3-20241001-20241031\.ohlcv-1s\.dbn\.zst and more\/glbx/,
    );
  });

  it('says why it leaves a DBN file out', async () => {
    put(
      'x-20241001-20241031.trades.dbn.zst',
      'x-20241001-20241231.ohlcv-1s.dbn.zst',
      'bars.dbn',
      'x-20241301-20241331.ohlcv-1s.dbn',
    );
    const { months, ignored } = await discoverMonths(new LocalStorage(folder));
    expect(months).toEqual([]);
    expect(ignored.map((each) => each.reason)).toEqual([
      expect.stringContaining('the name has no dates'),
      'schema trades, expected ohlcv-1s',
      'the file covers more than one month',
      '13 is no month',
    ]);
  });
});

describe('shiftMonth', () => {
  it('crosses years both ways', () => {
    expect(shiftMonth('2024-01', -1)).toBe('2023-12');
    expect(shiftMonth('2024-12', 1)).toBe('2025-01');
    expect(shiftMonth('2010-07', 184)).toBe('2025-11');
  });
});
