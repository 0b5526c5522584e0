/** A backfill killed again and again ends as one that nobody disturbed. `BARLINE_SOAK=full` is the whole size. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { RandomStream } from '../../src/sample/random.ts';
import { lakeDigest } from '../ingest/lake-digest.ts';

const FULL = process.env.BARLINE_SOAK === 'full';
const BARS = FULL ? 1_000_000 : 200_000;
const KILLS = FULL ? 50 : 12;
const ASSETS = 10;
const SEED = 20_250_301;
const WORKER = join(import.meta.dirname, '../ingest/ingest-worker.ts');

const root = mkdtempSync(join(tmpdir(), 'barline-ingest-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the worker; kills it some time after so many of its lines. Its last line, or undefined when it was killed. */
function run(
  lake: string,
  name: string,
  killAfter?: { lines: number; ms: number },
): Promise<string | undefined> {
  const child = spawn(process.execPath, [WORKER, join(root, lake), String(ASSETS), String(BARS), name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [text, lines] = ['', 0];
  child.stdout.on('data', (bytes: Buffer) => {
    text = (text + bytes).slice(-2000);
    const before = lines;
    lines += bytes.toString().split('\n').length - 1;
    if (killAfter !== undefined && before < killAfter.lines && lines >= killAfter.lines) {
      void delay(killAfter.ms).then(() => child.kill('SIGKILL'));
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(text.trimEnd().split('\n').at(-1));
      else if (signal === 'SIGKILL') resolve(undefined);
      else reject(new Error(`the worker ended with ${code ?? signal}`));
    });
  });
}

test(`${KILLS} kills in a backfill of ${BARS} bars leave no trace`, { timeout: 1_800_000 }, async () => {
  const random = RandomStream.of(SEED);
  let killed = 0;
  for (let k = 0; killed < KILLS; k++) {
    expect(k, 'the backfill ended before it was killed often enough').toBeLessThan(KILLS * 2);
    // half of the kills early in a run, half anywhere up to its commits
    const lines = 1 + Math.floor(random.uniform() * (k % 2 === 0 ? 6 : (1.5 * BARS) / 1000 / KILLS));
    const end = await run('killed', `run-${k}`, { lines, ms: random.uniform() * 80 });
    if (end === undefined) killed++;
  }
  await run('killed', 'last');
  await run('undisturbed', 'only');
  const [found, expected] = [
    await lakeDigest(join(root, 'killed')),
    await lakeDigest(join(root, 'undisturbed')),
  ];
  expect(found).toEqual(expected);
  expect(found.rows).toHaveLength(ASSETS);
  expect(Object.values(found.dead).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(BARS / 1200);
});

test('two processes ingest the same assets at once', { timeout: 600_000 }, async () => {
  const [one, two] = await Promise.all([run('shared', 'one'), run('shared', 'two')]);
  for (const line of [one, two]) {
    const { fetched, stored, duplicate, dead, failed } = JSON.parse(line ?? '{}');
    expect(failed).toBe(0);
    expect(stored + duplicate + dead).toBe(fetched);
  }
  await run('undisturbed', 'again');
  const [found, expected] = [
    await lakeDigest(join(root, 'shared')),
    await lakeDigest(join(root, 'undisturbed')),
  ];
  expect(found.rows).toEqual(expected.rows);
  expect(found.watermarks).toEqual(expected.watermarks);
  expect(found.coverage).toEqual(expected.coverage);
});
