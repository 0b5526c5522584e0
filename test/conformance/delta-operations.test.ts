import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { APPEND, type Engine, plan, type Run, readOf, runsIn } from './operation-cases.ts';
import { logsIn } from './operation-logs.ts';
import { byBarline, byDeltaRs, COLUMNS, type Row, type Step, toSpark } from './operation-steps.ts';
import { askSpark } from './spark/session.ts';

/**
 * Operations of the log, each by every engine that has it: a table that one makes, another changes and a third
 * continues is the same to all three at the end. The third engine's append follows each operation.
 */

const root = mkdtempSync(join(tmpdir(), 'barline-operations-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const RUNS = runsIn(root);
const LOGS = logsIn(root);

/** Runs the parts in their order, as far as they go without Spark; gives what is left. */
async function advance(
  run: Run,
  parts: (readonly [Engine, readonly Step[]])[],
  failures: string[],
): Promise<void> {
  for (let next = parts[0]; next !== undefined && next[0] !== 'spark'; next = parts[0]) {
    parts.shift();
    const [engine, steps] = next;
    if (engine === 'barline') await byBarline(run.path, steps);
    else {
      for (const answer of byDeltaRs(steps.map((step) => ({ path: run.path, step })))) {
        if (answer !== null) failures.push(`${run.name}: ${JSON.stringify(answer)}`);
      }
    }
  }
}

describe('operations of the log, by three engines in turn', () => {
  const failures: string[] = [];
  const bySpark = new Map<string, unknown>();
  const byRust = new Map<string, unknown>();

  beforeAll(async () => {
    for (const { make, path } of LOGS) await make(path);
    const left = new Map(RUNS.map((run) => [run, [...plan(run)]]));
    // Spark takes seconds to start, so each session does the parts of all runs that wait for it
    for (let session = 0; session < 2; session++) {
      for (const [run, parts] of left) await advance(run, parts, failures);
      const requests = [...left].flatMap(([run, parts]) => {
        if (parts[0]?.[0] !== 'spark') return [];
        const changed = parts.length === 1 ? run.case.columns : undefined;
        return (parts.shift()?.[1] ?? []).flatMap((step) => toSpark(run.path, step, changed));
      });
      const reads = session === 0 ? [] : RUNS.flatMap((run) => toSpark(run.path, readOf(run.case)));
      const asides = session === 0 ? [] : LOGS.map(({ ask, path }) => ask(path));
      const answers = askSpark([...requests, ...reads, ...asides]);
      for (const answer of answers.slice(0, requests.length)) {
        if (!Array.isArray(answer)) failures.push(JSON.stringify(answer));
      }
      if (session === 0) continue;
      for (const [run, parts] of left) if (parts.length > 0) failures.push(`${run.name} is not at its end`);
      for (const [i, run] of RUNS.entries()) bySpark.set(run.path, answers[requests.length + i]);
      for (const [i, { path }] of LOGS.entries()) {
        bySpark.set(path, answers[requests.length + reads.length + i]);
      }
    }
    const answers = byDeltaRs(RUNS.map((run) => ({ path: run.path, step: readOf(run.case) })));
    for (const [i, run] of RUNS.entries()) byRust.set(run.path, answers[i]);
  }, 900_000);

  it('have none refused', () => {
    expect(failures).toEqual([]);
  });

  it.each(RUNS.map((run) => [run.name, run] as const))('%s', async (_, run) => {
    const { columns = COLUMNS, withoutDeltaRs } = run.case;
    const appended = plan(run).some(([, steps]) => steps.includes(APPEND));
    const expected = run.case.rows.filter((row) => appended || !row.includes('c'));
    const sorted = [...expected].sort((a, b) => Number(a[0]) - Number(b[0]));
    const table = await DeltaTable.open(run.path);
    expect(table.schema.fields.map((each) => each.name)).toEqual(columns);
    const ours: Row[] = [];
    for await (const row of (await table.scan()).rows()) ours.push(columns.map((name) => plain(row[name])));
    expect(ours.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(sorted);
    expect(bySpark.get(run.path)).toEqual(sorted);
    if (withoutDeltaRs?.unread === true)
      expect(byRust.get(run.path)).toMatchObject({ error: expect.anything() });
    else expect(byRust.get(run.path)).toEqual(sorted);
    // delta-rs writes no checksums
    const last = (await table.history({ limit: 1 }))[0]?.commitInfo.engineInfo;
    const isRust = typeof last === 'string' && last.startsWith('delta-rs');
    expect(await table.checksumDifferences()).toEqual(isRust ? undefined : []);
  });

  it.each(LOGS.map((each) => [each.name, each] as const))(
    '%s is to Spark what it is to Barline',
    (_, log) => {
      expect(bySpark.get(log.path)).toMatchObject(log.expected);
    },
  );

  it.each(LOGS.map((each) => [each.name, each] as const))(
    '%s is read by delta-rs, but for widened types',
    (_, log) => {
      const [count] = byDeltaRs([
        { path: log.path, step: { do: 'read', sql: 'SELECT count(*) AS n FROM t' } },
      ]);
      if (log.name === 'a table with a widened type')
        expect(count).toMatchObject({ error: expect.stringContaining('TypeWidening') });
      else expect(count).toEqual([[log.rowCount]]);
    },
  );
});

function plain(value: unknown): string | number | null {
  return typeof value === 'bigint'
    ? Number(value)
    : typeof value === 'string' || typeof value === 'number'
      ? value
      : null;
}
