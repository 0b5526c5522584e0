// A monthly run in a thread of its own, so that it has an environment of its own: that of the check's S3 server.
import { parentPort, workerData } from 'node:worker_threads';
import { BarlineError } from '../base/index.ts';
import { runMonths } from '../months/index.ts';
import type { StoredRunRequest, StoredRunResult } from './storage.ts';

const request: StoredRunRequest = workerData;

async function result(): Promise<StoredRunResult> {
  try {
    const { summary } = await runMonths({
      ...request,
      plan: { take: 'default' },
      compressionLevel: 1,
      retry: { tries: 4, firstDelaySeconds: 0.05 },
      now: Date.now,
      signal: new AbortController().signal,
      onEvent: () => {},
    });
    return { succeeded: summary.succeeded, failed: summary.failed, error: null };
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
    return { succeeded: 0, failed: 0, error: error.message };
  }
}

parentPort?.postMessage(await result());
