/** The proof of an installation, part after part, in a folder of its own. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CleaningRule } from '../bars/index.ts';
import { BarlineError, makeTemporaryFolder, removeLeftFolders } from '../base/index.ts';
import type { Processing } from '../months/index.ts';
import type { SampleTruth } from '../sample/index.ts';
import { type CheckContext, runSmallMonths, writeFullMonths } from './bench-lake.ts';
import { proveEquality } from './equality.ts';
import { proveMemory } from './memory.ts';
import { proveFile } from './own-file.ts';
import { provePipeline } from './pipeline.ts';
import { proveRecovery } from './recovery.ts';
import {
  type CheckReport,
  checkReport,
  type PartName,
  type PartReport,
  type Proof,
  partReport,
  proof,
} from './report.ts';
import { proveRolls } from './rolls.ts';
import { proveRules } from './rules.ts';
import { proveStorage } from './storage.ts';

export interface CheckRequest {
  /** How the sample is processed: built-in settings, since it is known what they make of it. */
  readonly processing: Processing;
  readonly workers: number;
  readonly memoryByteLength: number;
  /** A file of the user's, taken through every stage besides, by settings of its own. */
  readonly file?: { readonly path: string; readonly processing: Processing };
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CheckProgress) => void;
  /** Default: all. */
  readonly only?: readonly PartName[];
  /** Cleaning rules to switch off: the check must notice. */
  readonly leaveOut?: readonly CleaningRule[];
}

export interface CheckProgress {
  readonly title: string;
  /** Of the whole check, from 0 to 1. */
  readonly done: number;
}

interface Part {
  readonly name: PartName;
  readonly title: string;
  /** Of the time all take. */
  readonly weight: number;
  readonly prove: (context: CheckContext, request: CheckRequest) => Promise<Proof[]>;
}

const PARTS: readonly Part[] = [
  { name: 'pipeline', title: 'pipeline end to end', weight: 6, prove: provePipeline },
  {
    name: 'file',
    title: 'your file through every stage',
    weight: 2,
    prove: async (context, { file }) =>
      file === undefined ? [] : proveFile({ ...context, processing: file.processing }, file.path),
  },
  { name: 'rolls', title: 'roll detection', weight: 2, prove: proveRolls },
  { name: 'memory', title: 'memory under stress', weight: 3, prove: proveMemory },
  { name: 'recovery', title: 'corrupt and truncated input', weight: 4, prove: proveRecovery },
  { name: 'storage', title: 'faults of an S3 server', weight: 4, prove: proveStorage },
  { name: 'rules', title: 'cleaning rules on planted faults', weight: 1, prove: proveRules },
  { name: 'equality', title: 'single pass against pieces', weight: 4, prove: proveEquality },
];

/** Runs the parts one after another. Writes nothing outside a temporary folder, which is removed, whatever happens. */
export async function runCheck(request: CheckRequest): Promise<CheckReport> {
  const { now, signal, only } = request;
  removeLeftFolders(tmpdir());
  const folder = makeTemporaryFolder(tmpdir(), 'check');
  const parts = PARTS.filter(
    ({ name }) => (only?.includes(name) ?? true) && (name !== 'file' || request.file !== undefined),
  );
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const startedMs = now();
  try {
    const context = contextOf(request, folder);
    const reports: PartReport[] = [];
    let before = 0;
    for (const part of parts) {
      signal.throwIfAborted();
      const onShare = (share: number) =>
        request.onProgress?.({ title: part.title, done: (before + part.weight * share) / total });
      onShare(0);
      reports.push(await takePart(part, { ...context, onShare }, request));
      before += part.weight;
    }
    const peakRssBytes = process.resourceUsage().maxRSS * 1024;
    return checkReport(reports, (now() - startedMs) / 1000, peakRssBytes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function contextOf(request: CheckRequest, folder: string): CheckContext {
  const { processing, workers, memoryByteLength, now, signal, leaveOut = [] } = request;
  let sample: Promise<SampleTruth> | undefined;
  let digests: ReturnType<typeof runSmallMonths> | undefined;
  const context: CheckContext = {
    folder,
    processing,
    workers,
    memoryByteLength,
    now,
    signal,
    leaveOut,
    fullSample: () => {
      sample ??= writeFullMonths(join(folder, 'full'), signal);
      return sample;
    },
    smallDigests: () => {
      digests ??= runSmallMonths(context);
      return digests;
    },
    onShare: () => {},
  };
  return context;
}

/** What stops a part is a proof that failed: the report tells of it, and the other parts are taken all the same. */
async function takePart(part: Part, context: CheckContext, request: CheckRequest): Promise<PartReport> {
  const startedMs = request.now();
  const seconds = () => (request.now() - startedMs) / 1000;
  try {
    return partReport(part.name, part.title, await part.prove(context, request), seconds());
  } catch (error) {
    request.signal.throwIfAborted();
    const code = error instanceof BarlineError ? `${error.code}: ` : '';
    const message = error instanceof Error ? error.message : String(error);
    return partReport(part.name, part.title, [proof('it ran to its end', false, code + message)], seconds());
  }
}
