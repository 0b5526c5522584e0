import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/sample/random.ts';
import { S3Server } from '../conformance/s3-server.ts';
import {
  expectFiles,
  type LakeContents,
  type LakePlace,
  lakeContents,
  MONTHS,
  SHORT_SESSION,
  signalTree,
  startProcess,
  strayPaths,
  TIMELESS,
  writeMonths,
} from './month-runs.ts';

/** On a disk and on S3 each; a night's worth: BARLINE_SOAK_KILLS=2000. */
const KILLS = Number(process.env.BARLINE_SOAK_KILLS ?? 30);
const root = mkdtempSync(join(tmpdir(), 'barline-months-kill-'));
const source = join(root, 'source');
let server: S3Server;

/** Settings the lake is brought to, and what it then holds. Two of them, so that there is always something to do. */
interface Target {
  readonly config: string;
  contents: LakeContents;
}
const targets: Target[] = [900, 600].map((seconds, index) => {
  const config = join(root, `${index}.yaml`);
  writeFileSync(config, `${SHORT_SESSION}labels: { timeout_seconds: ${seconds} }\n`);
  return { config, contents: {} };
});
let undisturbedMs = 0;

function start({ config }: Target, lake: LakePlace) {
  const args = [
    'months',
    'run',
    '--source',
    source,
    '--lake',
    lake.uri,
    '--config',
    config,
    '--workers',
    '2',
  ];
  return startProcess(args, { ...server.environment(), TMPDIR: root });
}

beforeAll(async () => {
  server = await S3Server.start();
  await writeMonths(source);
  for (const [index, target] of targets.entries()) {
    const lake = { uri: join(root, `undisturbed-${index}`) };
    const startedMs = performance.now();
    const { code, stderr } = await start(target, lake).exit;
    expect(code, stderr).toBe(0);
    undisturbedMs = performance.now() - startedMs;
    target.contents = await lakeContents(lake);
  }
}, 300_000);
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

/** Every month of every table is as one target or the other has it, or not there yet. */
async function expectWhole(lake: LakePlace): Promise<void> {
  await expectFiles(lake);
  const found = await lakeContents(lake);
  for (const name of TIMELESS) {
    for (const month of MONTHS) {
      const allowed = [undefined, ...targets.map(({ contents }) => contents[name]?.[month])];
      expect(allowed, `${name} ${month}`).toContain(found[name]?.[month]);
    }
  }
}

describe.each(['a disk', 'a real S3 server'])(`a run of 24 months on %s`, (where) => {
  it(
    `killed ${KILLS} times at random moments ends as an undisturbed one`,
    async () => {
      const onDisk = { uri: join(root, 'lake') };
      const inBucket = { uri: `s3://${server.bucket}/lake`, s3: server.settings() };
      const lake = where === 'a disk' ? onDisk : inBucket;
      const random = RandomStream.of(where === 'a disk' ? 11 : 12);
      const tally = { kills: 0, runs: 0, finished: 0 };
      let at = 0;
      while (tally.kills < KILLS) {
        const running = start(targets[at] ?? targets[0], lake);
        tally.runs++;
        // some before the first month, some after the last
        const isOver = await Promise.race([
          delay(random.uniform() * undisturbedMs * 0.7, false),
          running.exit.then(() => true),
        ]);
        signalTree(running, 'SIGKILL');
        const { code, signal, stderr } = await running.exit;
        if (!isOver && signal === 'SIGKILL') {
          tally.kills++;
          if (tally.kills % 5 === 0) await expectWhole(lake).catch(noTablesYet);
          continue;
        }
        expect(code, stderr).toBe(0);
        expect(await lakeContents(lake)).toEqual(targets[at]?.contents);
        expect(await strayPaths(lake)).toEqual([]);
        tally.finished++;
        at = 1 - at;
      }
      const { code, stderr } = await start(targets[at] ?? targets[0], lake).exit;
      expect(code, stderr).toBe(0);
      expect(await lakeContents(lake)).toEqual(targets[at]?.contents);
      expect(await strayPaths(lake)).toEqual([]);
      await expectFiles(lake);
      process.stderr.write(
        `${where}: ${JSON.stringify(tally)}, undisturbed ${Math.round(undisturbedMs)} ms\n`,
      );
    },
    600_000 + KILLS * 10_000,
  );
});

/** A kill may come before the first table. */
function noTablesYet(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'DELTA_NO_TABLE')) throw error;
}
