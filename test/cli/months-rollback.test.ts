import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monthHashes } from '../months/lake-contents.ts';
import { writeSmallMonths } from '../months/small-months.ts';
import { rollbackSummary, rolledBackMonth } from './json-shapes.ts';
import { jsonLines, runCli } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-rollback-cli-'));
const lake = join(root, 'lake');
const changed = join(root, 'changed.yaml');
let older: Record<string, string[]> = {};
let newer: Record<string, string[]> = {};

const barline = (...args: string[]) => runCli([...args, '--lake', lake], { cwd: root });

beforeAll(async () => {
  await writeSmallMonths(join(root, 'data'), { months: ['2024-02', '2024-04'] });
  writeFileSync(changed, 'labels: {timeout_seconds: 600}\n');
  const first = await barline('months', 'run');
  expect(first.code, first.stderr).toBe(0);
  older = await monthHashes(lake);
  const second = await barline(
    'months',
    'run',
    '--month',
    '2024-02',
    '--config',
    changed,
    '--source',
    'data',
  );
  expect(second.code, second.stderr).toBe(0);
  newer = await monthHashes(lake);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('months rollback', () => {
  it('shows what it would do, and does nothing without being told', async () => {
    const plan = await barline('months', 'rollback', '2024-02', '--dry-run', '--json');
    expect(plan.code, plan.stderr).toBe(0);
    const [month, end] = jsonLines(plan.stdout);
    expect(rolledBackMonth.parse(month)).toMatchObject({ month: '2024-02', changed: true, stale: null });
    expect(rollbackSummary.parse(end)).toMatchObject({ summary: { dry_run: true, version: null } });
    const untold = await barline('months', 'rollback', '2024-02');
    expect([untold.code, untold.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    expect(await monthHashes(lake)).toEqual(newer);
  });

  it('puts the month back, says what the next run makes of it, and undoes that', async () => {
    const back = await barline('months', 'rollback', '2024-02', '--yes');
    expect(back.code, back.stderr).toBe(0);
    expect(back.stdout).toMatch(/^2024-02 .* made as it would be now$/m);
    expect(back.stderr).not.toContain('stale now');
    expect(await monthHashes(lake)).toEqual(older);
    const list = await barline('months', 'list', '--json');
    expect(jsonLines(list.stdout)).toMatchObject([{ state: 'up to date' }, { state: 'up to date' }]);

    const forth = await barline('months', 'rollback', '2024-02', '--yes');
    expect(forth.stderr).toContain('2024-02 is stale now');
    expect(await monthHashes(lake)).toEqual(newer);
    const stale = await barline('months', 'list', '--json');
    expect(jsonLines(stale.stdout)).toMatchObject([
      { state: 'configuration changed' },
      { state: 'up to date' },
    ]);
    const skipped = await barline('months', 'run', '--skip-existing', '--json');
    expect(jsonLines(skipped.stdout).at(-1)).toMatchObject({ summary: { succeeded: 0, skipped: 2 } });
  });

  it('names what it cannot do', async () => {
    const never = await barline('months', 'rollback', '2024-04', '--yes');
    expect([never.code, never.stderr]).toEqual([1, expect.stringContaining('error[MONTH_NO_EARLIER]')]);
    const wrong = await barline('months', 'rollback', '2024-13');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('expected a month as YYYY-MM')]);
    const none = await runCli(['months', 'rollback', '2024-04', '--lake', join(root, 'none')]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('error[MONTH_NOT_FOUND]')]);
    const version = await barline('months', 'rollback', '2024-04', '--to-version', 'x');
    expect([version.code, version.stderr]).toEqual([2, expect.stringContaining('--to-version is "x"')]);
  });
});
