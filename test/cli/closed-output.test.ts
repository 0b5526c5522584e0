import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monthHashes, strayFiles } from '../months/lake-contents.ts';
import { writeGoodMonth } from './bad-files.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-closed-output-'));
const BIN = join(import.meta.dirname, '../../src/cli/bin.ts');
const MONTHS = [
  ['20240401-20240430', '2024-04-02'],
  ['20240501-20240531', '2024-05-02'],
  ['20240601-20240630', '2024-06-03'],
] as const;

beforeAll(async () => {
  mkdirSync(join(root, 'source'));
  // alerts would go to stderr
  writeFileSync(join(root, 'barline.yaml'), 'alerts: { sinks: [] }\n');
  for (const [dates, date] of MONTHS) {
    await writeGoodMonth(join(root, 'source', `glbx-mdp3-${dates}.ohlcv-1s.dbn.zst`), { date });
  }
  expect(shell('barline months run --source source --lake lake --month 2024-04').stdout).toContain(
    '1 succeeded',
  );
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A line of shell in the test's folder, where `barline` is the command line from sources. */
function shell(line: string) {
  const script = `barline() { "${process.execPath}" "${BIN}" "$@"; }; ${line}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('output that nobody takes', () => {
  it('a reader that has enough ends a query quietly', () => {
    const { stdout, stderr } = shell(
      `barline table read training_bars --lake lake --json | head -1; echo "\${PIPESTATUS[0]}"`,
    );
    expect(stdout).toMatch(/^\{"timestamp":.*\}\n0\n$/);
    expect(stderr).toBe('');
  });

  it.each(['| head -1', '2>&1 | head -1'])('a run does its work to the end behind %s', async (pipe) => {
    const { stdout } = shell(
      `barline months run --source source --lake lake --force --workers 1 --json ${pipe}; echo "\${PIPESTATUS[0]}"`,
    );
    expect(stdout.trim().split('\n').at(-1)).toBe('0');
    expect(Object.keys(await monthHashes(join(root, 'lake')))).toHaveLength(MONTHS.length);
    expect(readdirSync(join(root, 'lake', '_barline', 'runs'))).toEqual([]);
    expect(await strayFiles(join(root, 'lake'))).toEqual([]);
    rmSync(join(root, 'lake'), { recursive: true });
  });

  it('a full disk behind stdout is an error with exit code 1, and a run is finished all the same', async () => {
    const failed =
      'error[OUTPUT_FAILED]: cannot write to stdout: the system says ENOSPC\n' +
      'hint: make room where the output goes (ENOSPC: no space is left), or send it elsewhere\n';
    const run = shell('barline months run --source source --lake lake --quiet >/dev/full');
    expect(run).toEqual({ status: 1, stdout: '', stderr: failed });
    expect(Object.keys(await monthHashes(join(root, 'lake')))).toHaveLength(MONTHS.length);
    const query = shell('barline table read training_bars --lake lake >/dev/full');
    expect({ status: query.status, stdout: query.stdout }).toEqual({ status: 1, stdout: '' });
    expect(query.stderr).toContain(failed);
    expect(query.stderr).not.toMatch(/^\s+at /m);
  });

  it('closed streams and a full disk behind stderr change nothing', () => {
    for (const streams of ['>&-', '2>&-', '2>/dev/full']) {
      expect(shell(`barline months run --source source --lake lake ${streams}`).status, streams).toBe(0);
    }
  });
});
