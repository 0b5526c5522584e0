import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { defaultProcessing, run } from '../months/lake-contents.ts';
import { writeSmallMonths } from '../months/small-months.ts';
import { askSpark } from './spark/session.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-training-bars-'));
const [source, lake] = [join(root, 'source'), join(root, 'lake')];
const table = join(lake, 'training_bars');
/** The newest version, and one before a month was replaced by other rows. */
const VERSIONS = [3, 2];
const ours = (version: number) => join(root, `barline-v${version}.parquet`);

beforeAll(async () => {
  await writeSmallMonths(source, { months: ['2024-02', '2024-03'] });
  await run(source, lake);
  const processing = { ...defaultProcessing, labels: { ...defaultProcessing.labels, timeoutSeconds: 300 } };
  await run(source, lake, { processing, plan: { take: 'force', months: ['2024-02'] } });
  for (const version of VERSIONS) {
    const args = ['table', 'read', `training_bars@v${version}`, '--lake', lake, '--output', ours(version)];
    const { code, stderr } = await runCli(args);
    expect(code, stderr).toBe(0);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function compare(...args: string[]): { rows: number; different: string[]; valid: number } {
  const { status, stdout, stderr } = spawnSync(
    'python3',
    [join(import.meta.dirname, 'same_rows.py'), ...args],
    {
      encoding: 'utf8',
    },
  );
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const SAME = { rows: 6 * 27_000, sameRowCount: true, sameColumns: true, different: [], columns: 62 };

describe('training_bars is the same rows and values to every engine', () => {
  it.each(VERSIONS)('to delta-rs, at version %i', (version) => {
    expect(compare(ours(version), table, String(version))).toMatchObject(SAME);
  });

  it('and the two versions differ, so the comparison can fail', () => {
    const { different } = compare(ours(VERSIONS[0] ?? 0), ours(VERSIONS[1] ?? 0));
    expect(different).toContain('label_low_vol_long');
  });

  it('to Spark with its default settings, at both versions', () => {
    const outputs = VERSIONS.map((version) => join(root, `spark-v${version}.parquet`));
    askSpark(
      VERSIONS.map((version, index) => ({
        do: 'export',
        with: { path: table, version, output: outputs[index] },
      })),
    );
    VERSIONS.forEach((version, index) => {
      expect(compare(ours(version), outputs[index] ?? '')).toMatchObject(SAME);
    });
  }, 300_000);
});
