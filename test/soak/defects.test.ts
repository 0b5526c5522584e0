import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleTruth } from '../../src/sample/index.ts';
import { writeSampleMonths } from '../../src/sample/index.ts';
import { jsonLines, runCli } from '../cli/run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-defects-'));
const [source, lake] = [join(root, 'source'), join(root, 'lake')];
let truth: SampleTruth;

/** The truth's names of the rules in those of the quarantine. */
const RULES: Readonly<Record<string, string>> = {
  duplicate: 'duplicate',
  not_positive: 'not_positive',
  bounds: 'out_of_bounds',
  ohlc_small: 'ohlc_inconsistent_small',
  ohlc_large: 'ohlc_inconsistent',
  tick: 'off_tick',
  spike: 'spike',
};

beforeAll(async () => {
  ({ truth } = await writeSampleMonths({
    from: '2024-02',
    to: '2024-04',
    outDir: source,
    seed: 7,
    defects: true,
  }));
  const { code, stderr } = await runCli(['months', 'run', '--source', source, '--lake', lake]);
  expect(code, stderr).toBe(0);
}, 300_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCli(['sql', sql, '--lake', lake, '--json']);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout).filter(
    (row): row is Record<string, unknown> => typeof row === 'object' && row !== null,
  );
}

describe('full-size months with planted defects, from file to tables', () => {
  it('every planted fault is found by the rule that should find it, and nothing else is', async () => {
    const planted = truth.months
      .flatMap(({ defects }) => defects)
      .filter(({ action }) => action === 'dropped' || action === 'changed')
      .map(
        (each) => `${BigInt(each.timestamp) / 1000n} ${each.symbol} ${RULES[each.rule ?? '']} ${each.action}`,
      )
      .sort();
    const found = await query(
      "SELECT epoch_us(timestamp) || ' ' || symbol || ' ' || rule || ' ' || action AS line FROM quarantine",
    );
    const lines = found.map(({ line }) => String(line)).sort();
    expect(planted.length).toBeGreaterThan(300);
    expect(lines).toEqual(planted);
  });

  it('no clean bar is dropped: real rows of every session are those of the truth', async () => {
    const rows = await query(
      `SELECT s.date AS date, s.contract AS contract, s."real" AS real_rows, s.rows AS row_count FROM (
         SELECT unnest(from_json(document::JSON -> 'sessions',
           '[{"date":"VARCHAR","contract":"VARCHAR","rows":"BIGINT","real":"BIGINT"}]')) AS s
         FROM monthly_statistics) ORDER BY date`,
    );
    const expected = truth.months
      .flatMap(({ sessions }) => sessions)
      .map(({ date, front, real_rows, expected_rows }) => ({
        date,
        contract: front,
        real_rows,
        row_count: expected_rows,
      }));
    expect(
      rows.map((row) => ({ ...row, real_rows: Number(row.real_rows), row_count: Number(row.row_count) })),
    ).toEqual(expected);
  });

  it('rolls are found with precision and recall 1', async () => {
    const found = (await query('SELECT date, from_contract, to_contract FROM rolls ORDER BY date')).map(
      ({ date, from_contract, to_contract }) => `${date} ${from_contract} ${to_contract}`,
    );
    const planted = truth.months
      .flatMap(({ rolls }) => rolls)
      .map(({ date, from_contract, to_contract }) => `${date} ${from_contract} ${to_contract}`);
    const hits = found.filter((roll) => planted.includes(roll)).length;
    expect(planted.length).toBeGreaterThan(0);
    expect({ precision: hits / found.length, recall: hits / planted.length }).toEqual({
      precision: 1,
      recall: 1,
    });
  });
});
