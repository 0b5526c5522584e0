import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLEANING_RULES } from '../../src/bars/index.ts';
import { runCheck } from '../../src/check/index.ts';
import { checkReport } from '../cli/json-shapes.ts';
import { jsonLines, runCli, temporaryFolder } from '../cli/run-cli.ts';
import { defaultProcessing } from '../months/lake-contents.ts';
import { writeSmallMonths } from '../months/small-months.ts';

describe('barline check', () => {
  it('passes on the bundled sample, on one page, and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await runCli(['check'], {
      cwd: folder,
      env: { TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout.split('\n').length).toBeLessThan(60);
    expect(stdout).toMatch(/^PASS: /m);
    expect(stdout).toMatch(/precision: 100\.0 %/);
    expect(stdout).toMatch(/recall: 100\.0 %/);
    expect(readdirSync(folder)).toEqual([]);
  }, 300_000);

  it('takes a file of one’s own through as well, and tells of one that is no good', async () => {
    const folder = temporaryFolder();
    await writeSmallMonths(folder, { months: ['2024-02'] });
    const [file = ''] = readdirSync(folder);
    const good = await runCli(['check', file, '--json'], {
      cwd: folder,
      env: { TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
    });
    expect(good.code, good.stdout + good.stderr).toBe(0);
    const { parts } = checkReport.parse(jsonLines(good.stdout)[0]);
    expect(parts.find(({ part }) => part === 'file')).toMatchObject({ passed: true });
    expect(readdirSync(folder)).toEqual([file]);
    const bad = await runCheck({
      processing: defaultProcessing,
      workers: 1,
      memoryByteLength: 2e9,
      file: { path: 'nowhere.dbn', processing: defaultProcessing },
      now: Date.now,
      signal: new AbortController().signal,
      only: ['file'],
    });
    expect(bad).toMatchObject({ verdict: 'fail', parts: [{ proofs: [{ passed: false }] }] });
  }, 300_000);

  it.each(CLEANING_RULES)('turns red when %s is switched off', async (rule) => {
    const { verdict, parts } = await runCheck({
      processing: defaultProcessing,
      workers: 1,
      memoryByteLength: 2e9,
      now: Date.now,
      signal: new AbortController().signal,
      only: ['rules'],
      leaveOut: [rule],
    });
    expect(verdict).toBe('fail');
    const failed = parts.flatMap(({ proofs }) => proofs).filter(({ passed }) => !passed);
    expect(failed.map(({ name }) => name)).toContain(`rule ${rule}`);
  });
});
