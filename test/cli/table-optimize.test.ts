import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { runCli } from './run-cli.ts';

let lake = '';
beforeEach(async () => {
  const root = mkdtempSync(join(tmpdir(), 'barline-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  lake = join(root, 'lake');
  const schema = struct([field('asset', 'string'), field('minute', 'long'), field('month', 'string')]);
  const bars = await DeltaTable.create(join(lake, 'bars'), { schema, partitionBy: ['month'] });
  for (const month of ['2024-01', '2024-02', '2024-02']) {
    const rows = Array.from({ length: 6 }, (_, i) => ({ asset: `A${i % 2}`, minute: i, month }));
    await bars.append({ rows });
  }
});

const table = (...args: string[]) => runCli(['table', ...args, '--lake', lake]);

describe('table optimize', () => {
  test('joins small files once, and says so', async () => {
    const first = await table('optimize', 'bars', '--json');
    expect([first.stderr, JSON.parse(first.stdout)]).toEqual([
      '',
      {
        table: 'bars',
        version: 4,
        optimized: true,
        zorder_by: [],
        files_removed: 2,
        files_added: 1,
        files_skipped: 1,
        bytes_removed: expect.any(Number),
        bytes_added: expect.any(Number),
        rows: 12,
        deletion_vectors_removed: 0,
      },
    ]);
    const again = await table('optimize', 'bars');
    expect([again.code, again.stdout]).toEqual([0, 'bars: nothing to do; 2 files are as they should be\n']);
  });

  test('orders the rows of the partitions asked for', async () => {
    const asked = ['--zorder-by', 'asset,minute', '--target-size', '16MB', '--where', "month = '2024-02'"];
    const { code, stdout } = await table('optimize', 'bars', ...asked);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^bars: version 4; 2 files \(.*\) became 1 \(.*\), the same 12 rows\n$/),
    ]);
    const read = await table('read', 'bars', '--where', "month = '2024-02'", '--json');
    const assets = read.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).asset);
    expect(assets.indexOf('A1')).toBe(6);
  });

  test.each([
    [['--target-size', 'big'], 2, 'expected a size such as 16MB'],
    [['--target-size', '0'], 2, 'expected a size such as 16MB'],
    [['--zorder-by', 'asset,,minute'], 2, 'names with commas'],
    [['--zorder-by', 'assets'], 2, 'has no column assets to order by'],
    [['--where', 'asset ='], 2, 'error[SQL_INVALID]'],
  ])('%j is wrong', async (args, code, message) => {
    const found = await table('optimize', 'bars', ...args);
    expect([found.code, found.stdout, found.stderr]).toEqual([code, '', expect.stringContaining(message)]);
  });
});

describe('table checkpoint', () => {
  test('writes one, as JSON and as text', async () => {
    const { stdout } = await table('checkpoint', 'bars', '--json');
    expect(JSON.parse(stdout)).toEqual({
      table: 'bars',
      version: 3,
      kind: 'classic',
      files: ['_delta_log/00000000000000000003.checkpoint.parquet'],
      bytes: expect.any(Number),
      actions: 5,
    });
    const text = await table('checkpoint', 'bars');
    expect(text.stdout).toMatch(/^bars: checkpoint of version 3 \(classic\), 5 actions, .*\n$/);
  });
});
