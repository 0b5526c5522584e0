import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeSampleMonths } from '../../src/sample/index.ts';

const BIN = join(import.meta.dirname, '../../src/cli/bin.ts');
const LOOK_EVERY_MS = 20;
const LIMIT_BYTES = 700e6;
const PAGE_BYTES = 4096;

const folder = mkdtempSync(join(tmpdir(), 'barline-memory-'));
const source = join(folder, 'source');

beforeAll(async () => {
  await writeSampleMonths({ from: '2024-03', to: '2024-06', outDir: source, seed: 1, scale: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Resident bytes of a process and all it has started, as the system counts them. */
function treeBytes(pid: number): number {
  try {
    const own = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
    );
    return children.reduce((sum, child) => sum + treeBytes(Number(child)), own);
  } catch {
    return 0; // ended meanwhile
  }
}

/** The most the kernel has counted of the process itself. */
function highWater(pid: number): number {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

async function runWatched(args: readonly string[]) {
  const child = spawn(process.execPath, [BIN, 'months', 'run', '--source', source, '--json', ...args]);
  let [stdout, stderr, peakBytes] = ['', '', 0];
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  const look = setInterval(() => {
    const pid = child.pid ?? 0;
    peakBytes = Math.max(peakBytes, treeBytes(pid), highWater(pid));
  }, LOOK_EVERY_MS);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(look);
  return { code, stderr, peakBytes, last: JSON.parse(stdout.trimEnd().split('\n').at(-1) || '{}') };
}

it('full-size months with --memory 700MB and four workers asked for: fewer, said so, and within', async () => {
  const lake = join(folder, 'lake');
  const { code, stderr, peakBytes, last } = await runWatched([
    ...['--lake', lake, '--workers', '4', '--memory', '700MB'],
  ]);
  expect(code, stderr).toBe(0);
  process.stderr.write(
    `peak ${Math.round(peakBytes / 1e6)} MB of 700 MB, ${JSON.stringify(last.summary.parallelism)}\n`,
  );
  expect(peakBytes).toBeGreaterThan(200e6);
  expect(peakBytes).toBeLessThan(LIMIT_BYTES);
  expect(stderr).toMatch(/parallelism lowered to stay within 700 MB of memory .*: [12] of 4 threads/);
  expect(last.summary).toMatchObject({ succeeded: 4, memory_limit_bytes: LIMIT_BYTES });
  expect(last.summary.parallelism.workers).toBeLessThan(4);
  expect(last.summary.peak_rss_bytes).toBeLessThan(LIMIT_BYTES);
}, 600_000);

it('with too little memory for one month: nothing is made, and the least that would do is named and does', async () => {
  const lake = join(folder, 'small');
  const refused = await runWatched(['--lake', lake, '--memory', '200MB']);
  expect([refused.code, existsSync(lake)]).toEqual([2, false]);
  const least = /give --memory (\d+MB) or more/.exec(refused.stderr)?.[1] ?? '';
  const { code, stderr, peakBytes } = await runWatched([
    '--lake',
    lake,
    '--memory',
    least,
    '--to',
    '2024-04',
  ]);
  expect(code, stderr).toBe(0);
  expect(peakBytes).toBeLessThan(Number.parseInt(least, 10) * 1e6);
}, 600_000);
