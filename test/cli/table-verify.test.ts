import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeLake } from '../query/lake-fixture.ts';
import { jsonLines, runCli } from './run-cli.ts';

let root = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'barline-test-'));
  await writeLake(join(root, 'lake'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const table = (...args: string[]) => runCli(['table', ...args, '--lake', join(root, 'lake')]);

describe('table verify', () => {
  test('says that log and files agree', async () => {
    const { code, stdout } = await table('verify', 'bars', '--json');
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toEqual([
      {
        summary: { table: 'bars', version: 2, commits: 3, checkpoints: 0, files: 2, errors: 0, warnings: 0 },
      },
    ]);
    expect((await table('verify', 'bars')).stdout).toBe(
      'bars: version 2; 3 commits, 0 checkpoints and 2 files: agree\n',
    );
  });

  test('names every damage of a table that cannot be opened, and what to do', async () => {
    const lake = join(root, 'broken');
    await writeLake(lake);
    const log = join(lake, 'bars', '_delta_log');
    truncateSync(join(log, `${'2'.padStart(20, '0')}.json`), 40);
    writeFileSync(join(log, 'notes.txt'), 'x');
    const month = join(lake, 'bars', 'month=2024-02');
    const [file = ''] = readdirSync(month);
    truncateSync(join(month, file), 100);
    const { code, stdout } = await runCli(['table', 'verify', join(lake, 'bars'), '--json']);
    expect(code).toBe(1);
    expect(jsonLines(stdout)).toMatchObject([
      { severity: 'error', code: 'DELTA_BAD_COMMIT', file: `_delta_log/${'2'.padStart(20, '0')}.json` },
      {
        severity: 'error',
        code: 'DELTA_BAD_DATA_FILE',
        file: `month=2024-02/${file}`,
        hint: expect.stringContaining('restore'),
      },
      { severity: 'warning', code: 'DELTA_STRANGE_FILE', file: '_delta_log/notes.txt' },
      { summary: { errors: 2, warnings: 1 } },
    ]);
    const shown = await runCli(['table', 'verify', join(lake, 'bars')]);
    expect(shown.code).toBe(1);
    expect(shown.stdout).toMatch(
      /^error: .*month=2024-02.* has 100 bytes, the log says \d+ \(DELTA_BAD_DATA_FILE\)\n {2}restore/m,
    );
  });
});

describe('table changes', () => {
  test('asks for the first version, and refuses a table without a feed', async () => {
    expect(await table('changes', 'bars')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--from is missing'),
    });
    const { code, stderr } = await table('changes', 'bars', '--from', '1');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error\[DELTA_NO_CHANGE_FEED\]: .*off at version 1\nhint: set delta\.enableChangeDataFeed/,
    );
  });
});
