import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeGoodMonth } from '../cli/bad-files.ts';
import { run } from './lake-contents.ts';
import { fileNameOf } from './small-months.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-odd-months-'));
const good = join(root, 'good.dbn.zst');

beforeAll(() => writeGoodMonth(good));
afterAll(() => rmSync(root, { recursive: true }));

function folder(name: string): { source: string; lake: string } {
  const source = join(root, name);
  mkdirSync(source);
  return { source, lake: join(root, `${name}-lake`) };
}

describe('a month whose file is not what its name says', () => {
  it('is refused when its bars are of another month', async () => {
    const { source, lake } = folder('misnamed');
    copyFileSync(good, join(source, fileNameOf('2024-05')));
    const { outcomes } = await run(source, lake);
    expect(outcomes[0].error).toEqual({
      code: 'MONTH_WRONG_DATES',
      message: `${join(source, fileNameOf('2024-05'))}: the name says 2024-05, but 3600 of 3600 bars are of another time, the first of 2024-04-02T14:00:00.000Z`,
      hint: 'give the file the name of its month, or download it again',
    });
    expect(existsSync(join(lake, 'training_bars'))).toBe(false);
  });

  it('is refused when it holds spreads alone', async () => {
    const { source, lake } = folder('spreads');
    await writeGoodMonth(join(source, fileNameOf('2024-04')), { symbol: 'ESM4-ESU4' });
    const { outcomes } = await run(source, lake);
    expect(outcomes[0].error).toMatchObject({
      code: 'NO_OUTRIGHT',
      message: 'The input holds no outright contract of ES; found ESM4-ESU4.',
    });
    expect(existsSync(join(lake, 'training_bars'))).toBe(false);
  });
});

describe('a month after one that cannot be read', () => {
  it('is made once, and again when the file before it has been replaced', async () => {
    const { source, lake } = folder('after-bad');
    copyFileSync(good, join(source, fileNameOf('2024-04')));
    writeFileSync(join(source, fileNameOf('2024-03')), 'no DBN');
    const states = async () =>
      (await run(source, lake)).outcomes.map(({ status, reason }) => `${status}: ${reason}`);
    expect(await states()).toEqual(['failed: missing', 'succeeded: missing']);
    expect(await states()).toEqual(['failed: missing', 'skipped: up to date']);
    writeFileSync(join(source, fileNameOf('2024-03')), 'no DBN either');
    expect(await states()).toEqual(['failed: missing', 'succeeded: month before changed']);
  });
});
