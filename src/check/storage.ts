/** A bucket that fails: a run from a folder into a small S3 server whose every tenth request meets a fault. */
import { Worker } from 'node:worker_threads';
import { verifyTable } from '../delta/index.ts';
import { MONTH_TABLES, type Processing } from '../months/index.ts';
import { openStorage } from '../storage/index.ts';
import { type CheckContext, monthDigests, SMALL_MONTHS, sameDigests, smallSource } from './bench-lake.ts';
import { type Proof, proof } from './report.ts';
import { SmallS3, type WireFault } from './small-s3.ts';

export interface StoredRunRequest {
  readonly sourceUri: string;
  readonly lakeUri: string;
  readonly processing: Processing;
  readonly workers: number;
}

export interface StoredRunResult {
  readonly succeeded: number;
  readonly failed: number;
  readonly error: string | null;
}

const FAULTS: readonly WireFault[] = ['reset', 'slow-down', 'lost-answer', 'internal-error', 'cut-answer'];
/** One request in so many meets a fault, each kind in its turn. */
const FAULT_EVERY = 10;
const CREDENTIALS = { accessKeyId: 'check', secretAccessKey: 'check' };

export async function proveStorage(context: CheckContext): Promise<Proof[]> {
  const source = smallSource(context);
  const expected = await context.smallDigests();
  context.onShare(0.3);
  const met: WireFault[] = [];
  let requests = 0;
  const server = await SmallS3.start({
    fault: () => {
      if (++requests % FAULT_EVERY !== 0) return undefined;
      const fault = FAULTS[met.length % FAULTS.length];
      if (fault !== undefined) met.push(fault);
      return fault;
    },
  });
  try {
    const lakeUri = `s3://${server.bucket}/lake`;
    const request = { sourceUri: source, lakeUri, processing: context.processing, workers: context.workers };
    const { succeeded, failed, error } = await runStored(request, server.endpoint, context.signal);
    context.onShare(0.8);
    const s3 = { endpoint: server.endpoint, credentials: CREDENTIALS };
    const differing = sameDigests(expected, await monthDigests(lakeUri, s3));
    const verified = await Promise.all(
      MONTH_TABLES.map((name) => verifyTable(openStorage(`${lakeUri}/${name}`, { s3 }))),
    );
    const damages = verified.flatMap((each) => each.damages);
    const count = Object.keys(SMALL_MONTHS).length;
    return [
      proof(
        'every month comes through',
        succeeded === count && failed === 0,
        error ?? `${succeeded} of ${count} months`,
      ),
      proof(
        'faults of every kind were met',
        new Set(met).size === FAULTS.length,
        `${met.length} faults in ${requests} requests`,
      ),
      proof(
        'the same bytes as on a disk',
        differing.length === 0,
        differing.length === 0 ? 'every month' : `${differing.join(', ')} differ`,
      ),
      proof('log and files agree', damages.length === 0, damages[0]?.message ?? `${verified.length} tables`),
    ];
  } finally {
    await server.close();
  }
}

function runStored(
  request: StoredRunRequest,
  endpoint: string,
  signal: AbortSignal,
): Promise<StoredRunResult> {
  const file = import.meta.url.endsWith('.ts') ? './stored-run-entry.ts' : './stored-run-entry.js';
  const { AWS_PROFILE: _profile, AWS_SESSION_TOKEN: _token, ...environment } = process.env;
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: request,
    env: {
      ...environment,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  return new Promise<StoredRunResult>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread of the stored run ended without a result')));
  }).finally(() => {
    signal.removeEventListener('abort', stop);
    return worker.terminate();
  });
}
