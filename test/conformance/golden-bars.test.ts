import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, temporaryFolder } from '../cli/run-cli.ts';

const golden = join(
  process.env.BARLINE_GOLDEN ?? join(import.meta.dirname, '../../../shared/golden'),
  'bars',
);

const CASES = ['walk', 'flat', 'rolls', 'ties', 'sessions', 'year_end', 'zero_volume'];

describe('barline process gives the reference labels, weights and features', () => {
  it.each(CASES)('%s', async (name) => {
    const output = join(temporaryFolder(), 'actual.parquet');
    const file = (kind: string) => join(golden, `${name}.${kind}.parquet`);
    const args = ['process', file('input'), '--output', output, '--stages', 'labels,features'];
    const { code, stderr } = await runCli([...args, '--sessions', 'ignore', '--rolls', 'gaps']);
    expect(code, stderr).toBe(0);
    // --documented: in cells where the reference has rounding noise, the definition's value is demanded
    for (const strictness of [[], ['--documented']]) {
      const comparer = [
        join(golden, 'compare.py'),
        file('expected'),
        output,
        '--mask',
        file('mask'),
        ...strictness,
      ];
      const { status, stdout, stderr: why } = spawnSync('python3', comparer, { encoding: 'utf8' });
      expect(status, stdout + why).toBe(0);
      expect(stdout).toMatch(/^equal: /);
    }
  });
});
