import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { type DbnVersion, writeDbn } from '../dbn/index.ts';
import { checkedMonth, generateMonth, monthFileName, monthsBetween } from './month.ts';
import type { MonthTruth, SampleTruth } from './truth.ts';

export const TRUTH_FILE_NAME = 'truth.json';

/** The only one at which sessions are as full as real ones; three months take two or three seconds. */
export const DEFAULT_SCALE = 1;
export const DEFAULT_SEED = 1;

export interface SampleProgress {
  /** The month just written, `YYYY-MM`. */
  readonly month: string;
  /** Its records. */
  readonly records: number;
  /** Months written so far, and in all. */
  readonly done: number;
  readonly total: number;
}

export interface SampleRequest {
  /** First and last month, `YYYY-MM`, from 2010-01 to 2030-12. */
  readonly from: string;
  readonly to: string;
  readonly outDir: string;
  readonly seed?: number;
  readonly scale?: number;
  readonly defects?: boolean;
  /** DBN version, 3 by default. */
  readonly version?: DbnVersion;
  readonly onProgress?: (progress: SampleProgress) => void;
}

export interface WrittenSample {
  /** Paths of the month files, in order. */
  readonly files: readonly string[];
  readonly truthFile: string;
  readonly truth: SampleTruth;
  readonly records: number;
  /** Bytes of the month files. */
  readonly byteLength: number;
}

/**
 * Writes a range of sample months as `glbx-mdp3-….ohlcv-1s.dbn.zst` files into a folder, made if need be, and
 * `truth.json` beside them. Each file gets its name when it is whole; the truth goes first and comes last, so that it
 * never speaks of other files than those it lies with. About a second for a million records, a day's bars in memory.
 * Throws a usage error for a request out of range, else `SAMPLE_WRITE` when the folder cannot be written.
 */
export async function writeSampleMonths(request: SampleRequest): Promise<WrittenSample> {
  const { outDir, seed = DEFAULT_SEED, scale = DEFAULT_SCALE, defects = false } = request;
  const months = monthsBetween(request.from, request.to);
  const generated = months.map((month) =>
    generateMonth({ instrument: 'ES', month, seed, scale, defects, version: request.version ?? 3 }),
  );
  const truthFile = join(outDir, TRUTH_FILE_NAME);
  await orSampleError(outDir, async () => {
    await mkdir(outDir, { recursive: true });
    await rm(truthFile, { force: true });
  });
  const files: string[] = [];
  const truths: MonthTruth[] = [];
  let byteLength = 0;
  for (const [k, { metadata, batches, truth }] of generated.entries()) {
    const month = months[k];
    const file = join(outDir, monthFileName(checkedMonth(month)));
    const written = await writeDbn(file, metadata, batches);
    files.push(file);
    truths.push(truth());
    byteLength += written.byteLength;
    request.onProgress?.({ month, records: written.records, done: k + 1, total: months.length });
  }
  const truth: SampleTruth = { instrument: 'ES', seed, scale, planted_defects: defects, months: truths };
  await orSampleError(truthFile, async () => {
    await writeFile(`${truthFile}.partial`, `${JSON.stringify(truth, null, 1)}\n`);
    await rename(`${truthFile}.partial`, truthFile);
  });
  const records = truths.reduce((sum, month) => sum + month.raw_records, 0);
  return { files, truthFile, truth, records, byteLength };
}

async function orSampleError(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    throw new BarlineError({
      code: 'SAMPLE_WRITE',
      message: `${path} cannot be written (${code}).`,
      hint: 'Name a folder you may write to.',
      cause,
      facts: { path, systemCode: code },
    });
  }
}
