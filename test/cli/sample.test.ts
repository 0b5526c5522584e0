import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jsonLines, runCli, temporaryFolder } from './run-cli.ts';

const months = (...args: string[]) => runCli(['sample', 'months', ...args]);

describe('sample months', () => {
  test('writes months and their truth; JSON says a line a month and a summary', async () => {
    const out = join(temporaryFolder(), 'new', 'data');
    const flags = ['--from', '2024-02', '--to', '2024-03', '--out', out, '--scale', '0.002', '--defects'];
    const { code, stdout } = await months(...flags, '--json');
    expect(code).toBe(0);
    const files = [
      'glbx-mdp3-20240201-20240229.ohlcv-1s.dbn.zst',
      'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst',
    ];
    const seconds = expect.any(Number);
    const lines = jsonLines(stdout);
    expect(lines).toEqual([
      { month: '2024-02', records: expect.any(Number), seconds },
      { month: '2024-03', records: expect.any(Number), seconds },
      {
        summary: {
          months: 2,
          records: Object(lines[0]).records + Object(lines[1]).records,
          bytes: expect.any(Number),
          seconds,
          records_per_second: expect.any(Number),
          files: files.map((name) => join(out, name)),
          truth: join(out, 'truth.json'),
        },
      },
    ]);
    expect(readdirSync(out).sort()).toEqual([...files, 'truth.json']);
    const before = readFileSync(join(out, files[0]));
    expect((await months(...flags, '--quiet')).stderr).toBe('');
    expect(readFileSync(join(out, files[0])).equals(before)).toBe(true);
    const info = await runCli(['dbn', 'info', join(out, files[0]), '--json']);
    expect(JSON.parse(info.stdout).records).toBe(Object(lines[0]).records);
  });

  const mistakes: [string[], RegExp, number][] = [
    [['--from', '2024-13', '--out', 'x'], /^error\[USAGE\]: .*2024-13/, 2],
    [['--from', '2024-03', '--to', '2024-02', '--out', 'x'], /^error\[USAGE\]/, 2],
    [['--from', '2024-03', '--out', 'x', '--scale', '2'], /^error\[USAGE\]: --scale/, 2],
    [['--from', '2024-03', '--out', 'x', '--scale', 'big'], /^error\[USAGE\]: --scale/, 2],
    [['--from', '2024-03', '--out', 'x', '--seed', '-1'], /^error\[USAGE\]: --seed/, 2],
    [['--from', '2024-03'], /^error\[USAGE\]: .*--out/, 2],
    [['--out', 'x'], /^error\[USAGE\]: .*--from/, 2],
    [['--from', '2024-03', '--out', 'file'], /^error\[SAMPLE_WRITE\]/, 1],
  ];
  test.each(mistakes)('%j', async (args, message, exitCode) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'file'), '');
    mkdirSync(join(cwd, 'lake'));
    const { code, stdout, stderr } = await runCli(['sample', 'months', ...args], { cwd });
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(readdirSync(cwd).sort()).toEqual(['file', 'lake']);
  });
});
