import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { S3Server } from '../conformance/s3-server.ts';
import {
  commitsByMonth,
  type LakeContents,
  lakeContents,
  MONTHS,
  monthsOf,
  SHORT_SESSION,
  signalTree,
  startProcess,
  strayPaths,
  writeMonths,
} from './month-runs.ts';

const root = mkdtempSync(join(tmpdir(), 'barline-shared-'));
const source = join(root, 'source');
const config = join(root, 'barline.yaml');
/** A process number space of its own makes a run see the other as one of another machine, where that is allowed. */
const APART = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
const isApart = spawnSync('unshare', [...APART.slice(1), 'true']).status === 0;
let server: S3Server;
let expected: LakeContents = {};

beforeAll(async () => {
  server = await S3Server.start();
  await writeMonths(source);
  writeFileSync(config, `${SHORT_SESSION}run: { lease: 2s }\n`);
  const undisturbed = { uri: join(root, 'undisturbed') };
  const { code, stderr } = await startProcess(argsFor(undisturbed.uri), {}).exit;
  expect(code, stderr).toBe(0);
  expected = await lakeContents(undisturbed);
  process.stderr.write(
    `two machines are ${isApart ? 'two process number spaces' : 'two processes of one'}\n`,
  );
}, 300_000);
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

const argsFor = (lake: string) => {
  const places = ['--source', source, '--lake', lake, '--config', config];
  return ['months', 'run', ...places, '--workers', '1', '--json'];
};

const lakeAt = (name: string) => ({ uri: `s3://${server.bucket}/${name}`, s3: server.settings() });

/** A run with a temporary folder of its own. */
function startOn(machine: string, lake: { readonly uri: string }, wrapper: readonly string[] = []) {
  const folder = join(root, machine);
  mkdirSync(folder, { recursive: true });
  return startProcess(argsFor(lake.uri), { ...server.environment(), TMPDIR: folder }, wrapper);
}

const once = Object.fromEntries(MONTHS.map((month) => [month, 1]));

it('two machines make each of 24 months once, and none is lost', async () => {
  const lake = lakeAt('both');
  const wrapper = isApart ? APART : [];
  const runs = [startOn('first', lake, wrapper), startOn('second', lake, wrapper)];
  const exits = await Promise.all(runs.map(({ exit }) => exit));
  for (const { code, stderr } of exits) expect(code, stderr).toBe(0);
  const made = exits.map(({ stdout }) => monthsOf(stdout, 'succeeded'));
  process.stderr.write(`two machines made ${made.map((each) => each.length).join(' and ')} months\n`);
  expect(made.flat().sort()).toEqual(MONTHS);
  for (const each of made) expect(each.length).toBeGreaterThan(0);
  for (const [index, { stdout }] of exits.entries()) {
    expect(monthsOf(stdout, 'skipped').sort()).toEqual(made[1 - index]?.sort());
  }
  expect(await commitsByMonth(lake)).toEqual(once);
  expect(await lakeContents(lake)).toEqual(expected);
  expect(await strayPaths(lake)).toEqual([]);
}, 300_000);

it('one killed half-way blocks nobody: the other makes the rest', async () => {
  const lake = lakeAt('killed');
  const wrapper = isApart ? APART : [];
  const runs = [startOn('first', lake, wrapper), startOn('second', lake, wrapper)] as const;
  await runs[0].says(/ succeeded /, 5);
  signalTree(runs[0], 'SIGKILL');
  const [, { code, stderr, stdout }] = await Promise.all(runs.map(({ exit }) => exit));
  expect(code, stderr).toBe(0);
  expect([...monthsOf(stdout, 'succeeded'), ...monthsOf(stdout, 'skipped')].sort()).toEqual(MONTHS);
  expect(await commitsByMonth(lake)).toEqual(once);
  expect(await lakeContents(lake)).toEqual(expected);
  // what the dead one left goes at the latest when the next run starts
  expect((await startOn('second', lake, wrapper).exit).code).toBe(0);
}, 300_000);

it('one stopped for longer than its lease loses its months, and disturbs nothing when it goes on', async () => {
  const lake = lakeAt('stopped');
  const stopped = startOn('first', lake);
  await stopped.says(/ succeeded /, 3);
  signalTree(stopped, 'SIGSTOP');
  const other = await startOn('second', lake).exit;
  expect(other.code, other.stderr).toBe(0);
  signalTree(stopped, 'SIGCONT');
  const late = await stopped.exit;
  expect(late.code, late.stderr).toBe(0);
  const made = [late, other].flatMap(({ stdout }) => monthsOf(stdout, 'succeeded'));
  process.stderr.write(`the stopped run had made ${monthsOf(late.stdout, 'succeeded').length} months\n`);
  expect(made.sort()).toEqual(MONTHS);
  expect(await commitsByMonth(lake)).toEqual(once);
  expect(await lakeContents(lake)).toEqual(expected);
  expect(await strayPaths(lake)).toEqual([]);
}, 300_000);
