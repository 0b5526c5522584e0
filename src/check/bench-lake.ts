/** Lakes that a check fills in a folder of its own, and what lies in them. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CleaningRule } from '../bars/index.ts';
import { writeDbn } from '../dbn/index.ts';
import { DeltaTable } from '../delta/index.ts';
import { type PlanOptions, type Processing, type RunResult, runMonths } from '../months/index.ts';
import { generateMonth, type SampleTruth, writeSampleMonths } from '../sample/index.ts';
import { openStorage, type S3Settings } from '../storage/index.ts';

export interface CheckContext {
  /** Where everything goes; removed afterwards. */
  readonly folder: string;
  readonly processing: Processing;
  readonly workers: number;
  readonly memoryByteLength: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Cleaning rules to switch off, to see that the check notices. */
  readonly leaveOut: readonly CleaningRule[];
  /** The whole months, written when first asked for; what is in them. */
  readonly fullSample: () => Promise<SampleTruth>;
  /** The digests of the small months, by a run of several threads from `smallSource`, made when first asked for. */
  readonly smallDigests: () => Promise<Readonly<Record<string, string>>>;
  /** Tells how far a part is, from 0 to 1. */
  readonly onShare: (share: number) => void;
}

/** Two whole months with planted faults, the second with a roll. */
const FULL = { from: '2024-02', to: '2024-03', seed: 1 } as const;

/** A few days of three months, the second with its roll: batches of a Chicago date each. */
export const SMALL_MONTHS: Readonly<Record<string, readonly [first: number, end: number]>> = {
  '2024-02': [1, 3],
  '2024-03': [5, 11],
  '2024-04': [1, 3],
};

export const fullSource = (context: CheckContext) => join(context.folder, 'full');
export const smallSource = (context: CheckContext) => join(context.folder, 'small');

/** Writes the whole months; their truth. */
export async function writeFullMonths(folder: string, signal: AbortSignal): Promise<SampleTruth> {
  const onProgress = () => signal.throwIfAborted();
  return (await writeSampleMonths({ ...FULL, outDir: folder, defects: true, onProgress })).truth;
}

/** Writes the small months into a folder. */
async function writeSmallMonths(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [month, [first, end]] of Object.entries(SMALL_MONTHS)) {
    const { metadata, batches } = generateMonth({
      instrument: 'ES',
      month,
      seed: 2,
      scale: 0.2,
      defects: false,
    });
    await writeDbn(join(folder, smallFileName(month)), metadata, [...batches].slice(first, end), {
      level: 1,
    });
  }
}

export function smallFileName(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const compact = month.replace('-', '');
  return `glbx-mdp3-${compact}01-${compact}${new Date(Date.UTC(year, number, 0)).getUTCDate()}.ohlcv-1s.dbn.zst`;
}

/** A monthly run from a folder into a lake, without waits between its tries. */
export function runInto(
  context: CheckContext,
  sourceUri: string,
  lakeUri: string,
  changes: { readonly plan?: PlanOptions; readonly workers?: number } = {},
): Promise<RunResult> {
  return runMonths({
    sourceUri,
    lakeUri,
    processing: context.processing,
    plan: changes.plan ?? { take: 'default' },
    workers: changes.workers ?? context.workers,
    memoryByteLength: context.memoryByteLength,
    compressionLevel: 1,
    retry: { tries: 2, firstDelaySeconds: 0.01 },
    now: context.now,
    signal: context.signal,
    onEvent: () => {},
  });
}

/** Writes the small months and runs them, in several threads and at once. */
export async function runSmallMonths(context: CheckContext): Promise<Readonly<Record<string, string>>> {
  await writeSmallMonths(smallSource(context));
  const lake = join(context.folder, 'small-lake');
  await runInto(context, smallSource(context), lake, { workers: Math.max(2, context.workers) });
  return monthDigests(lake);
}

/** SHA-256 of the data files of each month of `training_bars`, by month. */
export async function monthDigests(lakeUri: string, s3?: S3Settings): Promise<Record<string, string>> {
  const storage = openStorage(`${lakeUri}/training_bars`, s3 === undefined ? {} : { s3 });
  const digests: Record<string, string> = {};
  for (const file of (await DeltaTable.open(storage)).latest.files()) {
    const digest = createHash('sha256')
      .update(await storage.read(decodeURIComponent(file.path)))
      .digest('hex');
    const month = String(file.partitionValues.month);
    digests[month] = [digests[month] ?? '', digest].join(' ').trim();
  }
  return digests;
}

/** Whether two lakes hold the same bytes; names the months that differ. */
export function sameDigests(
  expected: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  const months = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...months].filter((month) => expected[month] !== found[month]).sort();
}
