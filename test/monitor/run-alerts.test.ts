import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/monitor/clock.ts';
import { DeliveryLanes } from '../../src/monitor/delivery-lanes.ts';
import { RunAlerts } from '../../src/monitor/run-alerts.ts';
import { type MonthOutcome, type RunSummary, statisticsPath } from '../../src/months/index.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { keepingSink, ledgerOn, THRESHOLDS, temporaryLake } from './conditions.ts';

const SUMMARY: RunSummary = {
  months: 1,
  succeeded: 1,
  failed: 0,
  skipped: 0,
  rows: 1,
  seconds: 1,
  rowsPerSecond: 1,
  peakRssBytes: 1e9,
  memoryLimitBytes: 2e9,
  parallelism: { workers: 1, months: 1 },
  retries: { requests: 0, months: 0 },
  stageSeconds: {},
  interrupted: false,
  notReached: [],
};

const outcome = (month: string, changes: Partial<MonthOutcome> = {}): MonthOutcome => ({
  month,
  status: 'succeeded',
  rows: 1,
  sessions: 1,
  rolls: 0,
  quarantined: 0,
  seconds: 1,
  version: 1,
  error: null,
  reason: 'missing',
  qualityScore: 0.9,
  requiresReprocessing: false,
  reasons: [],
  attempts: 1,
  peakRssBytes: 1e9,
  ...changes,
});

const FAILED = { status: 'failed', error: { code: 'DBN_BAD_MAGIC', message: 'no DBN', hint: null } } as const;

/** The document of a month, as the run leaves it in the lake. */
const writeDocument = (lake: Storage, month: string, document: object) =>
  lake.put(statisticsPath(month), new TextEncoder().encode(JSON.stringify(document)));

function runOn(lake: Storage, clock = systemClock) {
  const { sink, messages } = keepingSink('first');
  const ledger = ledgerOn(lake);
  const lanes = new DeliveryLanes([sink], {
    storage: lake,
    ledger,
    clock: systemClock,
    timeoutMs: 5000,
    token: 'run',
    groupMs: 60_000,
    random: () => 0,
    onProblem: () => undefined,
  });
  const run = new RunAlerts({ storage: lake, ledger, lanes, thresholds: THRESHOLDS, clock });
  run.hear({ type: 'run-started', months: [], skipped: [] });
  const lines = () =>
    messages.flatMap(({ notices }) =>
      notices.map(({ status, month, condition, mode }) =>
        [status, month ?? 'lake', condition, mode ?? ''].join(' ').trim(),
      ),
    );
  return { run, lines, finish: async (waitMs = 5000) => ({ ...(await run.finish(waitMs)), lines: lines() }) };
}

const month = '2024-10';
const GOOD = {
  quality_score: 0.9,
  performance: { seconds: 60 },
  mode_statistics: { a: { win_rate: 0.2 } },
};

async function heard(lake: Storage, finished: MonthOutcome, summary = SUMMARY): Promise<string[]> {
  const { run, finish } = runOn(lake);
  run.hear({ type: 'month-started', month: finished.month });
  run.hear({ type: 'month-finished', outcome: finished });
  run.hear({ type: 'run-finished', summary });
  const { lines, waiting, problem } = await finish();
  expect({ waiting, problem }).toEqual({ waiting: [], problem: undefined });
  return lines;
}

describe('a run raises', () => {
  test('what the document of a month says, and takes it back when the month is made well', async () => {
    const lake = temporaryLake();
    const bad = {
      quality_score: 0.5,
      performance: { seconds: 2701 },
      mode_statistics: { a: { win_rate: 0.02 }, b: { win_rate: 0.2 }, c: { win_rate: 0.7 } },
    };
    await writeDocument(lake, month, bad);
    const raised = [
      'raised 2024-10 slow',
      'raised 2024-10 score',
      'raised 2024-10 win-rate a',
      'raised 2024-10 win-rate c',
      'raised lake memory',
    ];
    expect(await heard(lake, outcome(month), { ...SUMMARY, peakRssBytes: 3e9 })).toEqual(raised);
    // one month more does not make the same a second time
    expect(await heard(lake, outcome(month), { ...SUMMARY, peakRssBytes: 3e9 })).toEqual([]);
    // another month well made says nothing of this one
    await writeDocument(lake, '2024-11', GOOD);
    expect(await heard(lake, outcome('2024-11'), { ...SUMMARY, peakRssBytes: 3e9 })).toEqual([]);
    expect(
      await heard(lake, outcome(month, { status: 'skipped' }), { ...SUMMARY, peakRssBytes: 3e9 }),
    ).toEqual([]);
    await writeDocument(lake, month, GOOD);
    expect((await heard(lake, outcome(month))).sort()).toEqual(
      raised.map((line) => line.replace('raised', 'resolved')).sort(),
    );
    await writeDocument(lake, month, { ...GOOD, quality_score: 0.79 });
    expect(await heard(lake, outcome(month))).toEqual(['raised 2024-10 score']);
  });

  test('a failed month, and the rate of failures at the end', async () => {
    const lake = temporaryLake();
    const failure = { month, code: 'DBN_BAD_MAGIC', message: 'no DBN', failed_at: '2026-01-01T00:00:00Z' };
    const path = `_barline/failures/${month}.json`;
    await lake.put(path, new TextEncoder().encode(JSON.stringify(failure)));
    const summary = { ...SUMMARY, failed: 1, succeeded: 0 };
    expect(await heard(lake, outcome(month, FAILED), summary)).toEqual([
      'raised 2024-10 failed',
      'raised lake error-rate',
    ]);
    expect(await heard(lake, outcome(month, FAILED), summary)).toEqual([]);
    await lake.delete(path);
    await writeDocument(lake, month, GOOD);
    expect(await heard(lake, outcome(month))).toEqual([
      'resolved 2024-10 failed',
      'resolved lake error-rate',
    ]);
  });

  test('the score alone where the lake has no document', async () => {
    expect(await heard(temporaryLake(), outcome(month, { qualityScore: 0.4 }))).toEqual([
      'raised 2024-10 score',
    ]);
  });

  test('a month that is still at work when its time is over', async () => {
    const lake = temporaryLake();
    const due: (() => void)[] = [];
    const clock = {
      now: Date.now,
      sleep: (ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          expect(ms).toBe(45 * 60_000);
          due.push(resolve);
          signal?.addEventListener('abort', () => resolve());
        }),
    };
    const { run, finish } = runOn(lake, clock);
    run.hear({ type: 'month-started', month });
    run.hear({ type: 'month-started', month: '2024-11' });
    due[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    run.hear({ type: 'month-finished', outcome: outcome('2024-11') });
    expect((await finish()).lines).toEqual(['raised 2024-10 slow']);
    expect(due).toHaveLength(2);
  });
});

test('a run that did not come to begin writes nothing', async () => {
  const lake = temporaryLake();
  const { sink } = keepingSink('first');
  const ledger = ledgerOn(lake);
  const clock = systemClock;
  const options = { storage: lake, ledger, clock, timeoutMs: 1, token: 't', groupMs: 0 };
  const lanes = new DeliveryLanes([sink], { ...options, random: () => 0, onProblem: () => undefined });
  const run = new RunAlerts({ storage: lake, ledger, lanes, thresholds: THRESHOLDS, clock });
  expect(await run.finish(1000)).toEqual({ waiting: [], problem: undefined });
});

test('a lake that cannot be written is told at the end, and is no fault of the run', async () => {
  const lake = temporaryLake();
  await lake.put('_barline/alerts', new TextEncoder().encode('a file where a folder should be'));
  const { run, finish } = runOn(openStorage(lake.uri));
  run.hear({ type: 'month-finished', outcome: outcome(month, FAILED) });
  run.hear({ type: 'run-finished', summary: SUMMARY });
  const { problem, lines } = await finish(50);
  expect(problem?.code).toBe('STORAGE_NOT_A_FOLDER');
  expect(lines).toEqual([]);
});
