import { availableParallelism } from 'node:os';
import { MemoryAdmission } from './memory-admission.ts';
import {
  fullParallelism,
  type Parallelism,
  parallelismWithin,
  requireParallelism,
  TYPICAL_FILE_BYTES,
} from './memory-budget.ts';
import type { PlannedMonth } from './plan.ts';
import type { WorkerPool } from './pool.ts';
import type { RunOptions } from './run-options.ts';

type MemoryOptions = Pick<RunOptions, 'workers' | 'memoryByteLength'>;

const limitOf = ({ memoryByteLength = Number.POSITIVE_INFINITY }: MemoryOptions) => memoryByteLength;

/** What a run of these months does at a time. Throws a usage error when one month alone is too much. */
export function parallelismFor(
  options: MemoryOptions,
  planned: readonly PlannedMonth[],
  isFetched: boolean,
): Parallelism {
  const { workers } = options;
  const taken = planned.flatMap(({ take, raw }) => (take ? [raw] : []));
  if (taken.length === 0) return fullParallelism(workers);
  return requireParallelism(limitOf(options), workers, taken, isFetched, availableParallelism());
}

/** Threads worth starting before the months are known. */
export function likelyWorkers(options: MemoryOptions): number {
  const file = { bytes: TYPICAL_FILE_BYTES, isFetched: false };
  return parallelismWithin(limitOf(options), options.workers, file, availableParallelism())?.workers ?? 1;
}

/**
 * The admission of a run's months within its memory, looking at what is resident until it is stopped. Throws a usage
 * error when one month alone is too much.
 */
export function admissionOf(
  options: MemoryOptions & Pick<RunOptions, 'onEvent'>,
  planned: readonly PlannedMonth[],
  isFetched: boolean,
  pool: WorkerPool,
): MemoryAdmission {
  const { workers, onEvent } = options;
  const limitBytes = limitOf(options);
  const full = fullParallelism(workers);
  const parallelism = parallelismFor(options, planned, isFetched);
  const rssBytes = () => process.memoryUsage.rss();
  const onLowered = (lower: Parallelism, rss: number) => {
    pool.limit(lower.workers);
    onEvent({ type: 'parallelism-lowered', ...lower, asked: workers, rssBytes: rss, limitBytes });
  };
  const admission = new MemoryAdmission({ parallelism, limitBytes, rssBytes, onLowered });
  pool.limit(parallelism.workers);
  if (parallelism.workers < full.workers || parallelism.months < full.months) {
    onLowered(parallelism, rssBytes());
  }
  admission.start();
  return admission;
}
