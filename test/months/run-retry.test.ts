import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { BarlineError } from '../../src/base/index.ts';
import { openStorage } from '../../src/delta/index.ts';
import { listFailures, type RunEvent } from '../../src/months/index.ts';
import { WorkerPool } from '../../src/months/pool.ts';
import { type Refusal, SmallS3 } from '../storage/small-s3.ts';
import { run as anyRun, monthHashes, shortProcessing, strayFiles } from './lake-contents.ts';
import { TestWorld } from './run-world.ts';
import { fileNameOf, SMALL_MONTHS, writeSmallMonths } from './small-months.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-retry-'));
const source = join(root, 'source');
const run: typeof anyRun = (from, to, changes) =>
  anyRun(from, to, { processing: shortProcessing, ...changes });
let s3: SmallS3;
let refusal: Refusal | undefined;
let expected: Record<string, string[]> = {};
let world = new TestWorld();
let events: RunEvent[] = [];

beforeAll(async () => {
  // the storage's own tries of one request follow one another at once
  vi.spyOn(Math, 'random').mockReturnValue(0);
  s3 = await SmallS3.start({
    refuse: (method, key) => (method === 'GET' && key.endsWith(fileNameOf('2024-03')) ? refusal : undefined),
  });
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  await writeSmallMonths(source);
  for (const name of readdirSync(source)) {
    s3.objects.set(`raw/${name}`, { bytes: readFileSync(join(source, name)), modifiedMs: 1, metadata: {} });
  }
  await run(source, join(root, 'reference'));
  expected = await monthHashes(join(root, 'reference'));
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await s3?.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  world = new TestWorld();
  events = [];
  refusal = undefined;
});

/** A run from the bucket, whose waiting the test ends. */
const start = (lake: string, changes: Parameters<typeof run>[2] = {}) =>
  run(`s3://${s3.bucket}/raw`, lake, { world, onEvent: (event) => events.push(event), ...changes });
const until = async (isSo: () => boolean) => {
  while (!isSo()) await delay(5);
};
const eventsOf = <T extends RunEvent['type']>(type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
const finished = () => eventsOf('month-finished').map(({ outcome }) => outcome.month);

it('tries again what may heal, after the others are done, and ends as an undisturbed run does', async () => {
  const lake = join(root, 'healed');
  refusal = { status: 503, code: 'SlowDown' };
  const running = start(lake);
  // April asks March's file for its front contract, and waits as March does
  await until(() => eventsOf('month-retry').length === 2 && finished().length === 1);
  expect(finished()).toEqual(['2024-02']);
  expect(world.sleptMs.filter((ms) => ms === 30_000)).toHaveLength(2);
  refusal = undefined;
  await world.pass(30_000);
  const { outcomes, summary } = await running;
  expect(summary).toMatchObject({ succeeded: 3, failed: 0 });
  expect(outcomes.map(({ attempts }) => attempts)).toEqual([1, 2, 2]);
  expect(eventsOf('month-retry')[0]).toMatchObject({
    attempt: 1,
    delaySeconds: 30,
    error: { code: 'STORAGE_UNAVAILABLE' },
  });
  expect(await monthHashes(lake)).toEqual(expected);
  expect(await strayFiles(lake)).toEqual([]);
  expect(await listFailures(openStorage(lake))).toEqual([]);
});

it.each([
  [404, 'NoSuchKey', 'STORAGE_NOT_FOUND'],
  [403, 'AccessDenied', 'STORAGE_ACCESS_DENIED'],
])('never tries again what cannot heal: %i', async (status, answer, code) => {
  const lake = join(root, `status-${status}`);
  refusal = { status, code: answer };
  const { outcomes, summary } = await start(lake);
  expect(summary).toMatchObject({ succeeded: 2, failed: 1 });
  expect(outcomes[1]).toMatchObject({ month: '2024-03', status: 'failed', attempts: 1, error: { code } });
  expect(eventsOf('month-retry')).toEqual([]);
  expect(await listFailures(openStorage(lake))).toMatchObject([
    { month: '2024-03', kind: 'permanent', code },
  ]);
});

it('gives up after the tries allowed, keeps the reason, and takes just that month when told to', async () => {
  const lake = join(root, 'exhausted');
  refusal = { status: 500, code: 'InternalError' };
  const plan = { take: 'force', months: ['2024-02', '2024-03'] } as const;
  const running = start(lake, { plan, retry: { tries: 2, firstDelaySeconds: 10 } });
  await until(() => world.sleptMs.includes(10_000) && finished().length === 1);
  await world.pass(10_000);
  expect((await running).summary).toMatchObject({ succeeded: 1, failed: 1 });
  const failures = await listFailures(openStorage(lake));
  expect(failures).toMatchObject([{ month: '2024-03', kind: 'transient', attempts: 2 }]);
  refusal = undefined;
  const again = await start(lake, { plan: { take: 'force', months: failures.map(({ month }) => month) } });
  expect(again.outcomes.map(({ month, status }) => [month, status])).toEqual([['2024-03', 'succeeded']]);
  expect(await listFailures(openStorage(lake))).toEqual([]);
});

it('ends at once when interrupted while a month waits', async () => {
  const lake = join(root, 'interrupted');
  const controller = new AbortController();
  refusal = { status: 503, code: 'SlowDown' };
  const running = start(lake, { signal: controller.signal });
  await until(() => eventsOf('month-retry').length === 2 && finished().length === 1);
  controller.abort();
  expect((await running).summary).toMatchObject({
    succeeded: 1,
    interrupted: true,
    notReached: ['2024-03', '2024-04'],
  });
  expect(await strayFiles(lake)).toEqual([]);
});

it('fails the month, not the run, when a worker thread breaks', async () => {
  const lake = join(root, 'crash');
  const { prepare } = WorkerPool.prototype;
  const spy = vi.spyOn(WorkerPool.prototype, 'prepare').mockImplementation(function (this: WorkerPool, task) {
    if (task.month !== '2024-03') return prepare.call(this, task);
    return Promise.reject(Object.assign(new Error('gone'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
  });
  const { outcomes } = await start(lake).finally(() => spy.mockRestore());
  expect(outcomes.map(({ status, error }) => [status, error?.code])).toEqual([
    ['succeeded', undefined],
    ['failed', 'MONTH_OUT_OF_MEMORY'],
    ['succeeded', undefined],
  ]);
  expect(SMALL_MONTHS).toHaveLength(3);
});

it('notes a month for which the disk had no room, so that nobody takes it for healed', async () => {
  const lake = join(root, 'full');
  const code = 'STORAGE_NO_SPACE';
  const full = new BarlineError({ code, message: 'cannot write a file: no space is left' });
  const spy = vi.spyOn(WorkerPool.prototype, 'prepare').mockRejectedValue(full);
  const plan = { take: 'force', months: ['2024-02'] } as const;
  const { summary } = await start(lake, { plan }).finally(() => spy.mockRestore());
  expect(summary).toMatchObject({ succeeded: 0, failed: 1 });
  expect(await listFailures(openStorage(lake))).toMatchObject([{ month: '2024-02', code }]);
  expect((await start(lake, { plan })).summary).toMatchObject({ succeeded: 1, failed: 0 });
  expect(await listFailures(openStorage(lake))).toEqual([]);
});
