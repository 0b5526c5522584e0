import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLEANING_RULES, type CleaningRule } from '../../src/bars/index.ts';
import { type CheckContext, writeFullMonths } from '../../src/check/bench-lake.ts';
import { checkReport, partReport } from '../../src/check/report.ts';
import { proveRules } from '../../src/check/rules.ts';
import type { SampleTruth } from '../../src/sample/index.ts';
import { defaultProcessing } from '../months/lake-contents.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-rules-'));
const { signal } = new AbortController();
let truth: SampleTruth;

beforeAll(async () => {
  truth = await writeFullMonths(join(folder, 'full'), signal);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function verdictWithout(leaveOut: readonly CleaningRule[]) {
  const context: CheckContext = {
    folder,
    processing: defaultProcessing,
    workers: 1,
    memoryByteLength: 2e9,
    now: Date.now,
    signal,
    leaveOut,
    fullSample: () => Promise.resolve(truth),
    smallDigests: () => Promise.resolve({}),
    onShare: () => {},
  };
  const proofs = await proveRules(context);
  const { verdict, score } = checkReport([partReport('rules', 'rules', proofs, 1)], 1, 1);
  return { verdict, score, failed: proofs.filter(({ passed }) => !passed).map(({ name }) => name) };
}

describe('the cleaning rules on planted faults', () => {
  it('pass with all rules in force', async () => {
    expect(await verdictWithout([])).toEqual({ verdict: 'pass', score: 1, failed: [] });
  });

  it.each(CLEANING_RULES)('turn red, naming it, when %s is switched off', async (rule) => {
    const { verdict, score, failed } = await verdictWithout([rule]);
    expect(verdict).toBe('fail');
    expect(score).toBeLessThan(1);
    expect(failed).toContain(`rule ${rule}`);
  });
});
