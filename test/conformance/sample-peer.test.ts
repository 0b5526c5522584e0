import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeSampleMonths } from '../../src/sample/index.ts';

const run = promisify(execFile);
const peer = resolve(
  process.env.BARLINE_PEERS ?? join(import.meta.dirname, '../../../shared/peers'),
  'peer_month.py',
);

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-sample-peer-'));
  await readFile(peer).catch((cause: unknown) => {
    throw new Error(`the Python peer is not at ${peer}`, { cause });
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const verify = (dir: string) => run('python3', [peer, '--source', dir, '--verify', join(dir, 'truth.json')]);

/** A roll, both changes of clocks, holidays and early closes, a storm, 23 sessions, the first and last year. */
const MONTHS = ['2010-01', '2012-10', '2024-03', '2024-11', '2024-12', '2025-10', '2030-12'];

describe('sample months against the Python peer, which decodes, cleans and fills on its own', () => {
  it.each([
    ['without faults', false, 0.02],
    ['with faults', true, 0.1],
  ])('finds in the files what the truth says, %s', async (_, defects, scale) => {
    const dir = join(folder, String(defects));
    const months = [];
    for (const month of MONTHS) {
      const { truth } = await writeSampleMonths({
        from: month,
        to: month,
        outDir: dir,
        scale,
        defects,
        seed: 11,
      });
      months.push(...truth.months);
    }
    await writeFile(join(dir, 'truth.json'), JSON.stringify({ months }));
    const { stdout } = await verify(dir);
    expect(stdout).toMatch(/^OK: 7 months, \d+ sessions, 0 differences$/m);
  });

  it('is told of a truth that is not true', async () => {
    const dir = join(folder, 'lie');
    const { truthFile } = await writeSampleMonths({
      from: '2024-02',
      to: '2024-02',
      outDir: dir,
      scale: 0.02,
    });
    const truth = z
      .object({ months: z.array(z.looseObject({ session_records: z.number() })) })
      .parse(JSON.parse(await readFile(truthFile, 'utf8')));
    truth.months[0].session_records++;
    await writeFile(truthFile, JSON.stringify(truth));
    await expect(verify(dir)).rejects.toThrow(/BAD|Command failed/);
  });
});
