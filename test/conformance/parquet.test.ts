import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeParquetCases } from './parquet-cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'barline-parquet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const report = z.strictObject({
  files: z.number(),
  columns: z.number(),
  statistics: z.number(),
  differences: z.array(z.string()),
});

/** What pyarrow says of the files in a folder; undefined when it refuses one. A missing peer is a failure. */
function askPyarrow(path: string): { report?: z.infer<typeof report>; refusal: string } {
  const script = join(import.meta.dirname, 'parquet_peer.py');
  const run = spawnSync(process.env.BARLINE_PYTHON ?? 'python3', [script, path], { encoding: 'utf8' });
  if (run.error) throw run.error;
  if (run.stderr.includes('ModuleNotFoundError')) throw new Error(run.stderr);
  return run.status === 0
    ? { report: report.parse(JSON.parse(run.stdout)), refusal: '' }
    : { refusal: run.stderr };
}

describe('pyarrow', () => {
  let names: string[];
  beforeAll(async () => {
    names = await writeParquetCases(join(folder, 'cases'));
  });

  it('reads every case as written, its checksums verified, and agrees with its statistics', () => {
    const { report: found, refusal } = askPyarrow(join(folder, 'cases'));
    expect(refusal).toBe('');
    expect(found?.differences).toEqual([]);
    expect(found?.files).toBe(names.length);
    expect(found?.statistics).toBeGreaterThan(5000);
  });

  it('notices a changed byte in a page by its checksum', async () => {
    const broken = join(folder, 'broken');
    await writeParquetCases(broken, ['double']);
    for (const file of readdirSync(broken)) if (!file.startsWith('none-1000')) rmSync(join(broken, file));
    const path = join(broken, 'none-1000.parquet');
    const bytes = readFileSync(path);
    bytes[200] ^= 1;
    writeFileSync(path, bytes);
    expect(askPyarrow(broken).refusal).toMatch(/CRC checksum verification failed/);
  });
});
