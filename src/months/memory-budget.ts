import { formatByteLength, usageError } from '../base/index.ts';
import type { RawMonth } from './discovery.ts';

/** How much a run does at a time. */
export interface Parallelism {
  readonly workers: number;
  /** Months at work, from decoding to the commit. */
  readonly months: number;
}

/*
 * What a run keeps resident: the process with its modules; a thread with its heap, the columns it keeps and what the
 * allocator holds back for it; a month with its grid, its raw and clean columns until they are released, and its
 * encoded row groups. Measured on eight months of 10 to 12 MB (600,000 rows), threads/months at a time: 1/1 396 MB,
 * 1/2 423, 2/1 493, 2/2 506, 2/3 570, 4/5 786; from the sources some 50 MB more.
 */
const PROCESS_BYTES = 260e6;
const THREAD_BYTES = 115e6;
const MONTH_BYTES = 50e6;
const MONTH_BYTES_PER_FILE_BYTE = 5;
/** Of a month, while its file is on its way from a bucket or waits for its turn. */
const WAITING_BYTES_PER_FILE_BYTE = 2;
/** Months of a bucket on their way beside those at work. */
export const MONTHS_FETCHED_AHEAD = 2;

/** A month alone takes so long on one thread to its grid, and from there on, in any unit: only the ratio counts. */
const PREPARE_SHARE = 0.15;

/** A typical month's file; what is reckoned with before any is seen. */
export const TYPICAL_FILE_BYTES = 11e6;

function monthBytes(fileBytes: number): number {
  return MONTH_BYTES + MONTH_BYTES_PER_FILE_BYTE * fileBytes;
}

/** Resident bytes of a run at most, its files as large as given. */
export function memoryNeed({ workers, months }: Parallelism, fileBytes: number, isFetched: boolean): number {
  const ahead = isFetched ? MONTHS_FETCHED_AHEAD * WAITING_BYTES_PER_FILE_BYTE * fileBytes : 0;
  return PROCESS_BYTES + workers * THREAD_BYTES + months * monthBytes(fileBytes) + ahead;
}

/** Months in a unit of time, by a rough model: a month is prepared by one thread and built by all. */
function rateOf({ workers, months }: Parallelism, cores: number): number {
  const threads = Math.min(workers, cores);
  const inTurn = PREPARE_SHARE + (1 - PREPARE_SHARE) / threads;
  return Math.min(threads, months / inTurn);
}

/** One month more than threads, so that no thread waits while another month ends. */
export function fullParallelism(workers: number): Parallelism {
  return { workers, months: workers + 1 };
}

/**
 * The most that `workers` threads may do at a time within a limit, by what is known of files before they are read:
 * the fastest of all that fits, the smallest of equals. Undefined when one thread with one month is too much.
 */
export function parallelismWithin(
  limitBytes: number,
  workers: number,
  file: { readonly bytes: number; readonly isFetched: boolean },
  cores: number,
): Parallelism | undefined {
  const full = fullParallelism(workers);
  if (memoryNeed(full, file.bytes, file.isFetched) <= limitBytes) return full;
  let best: Parallelism | undefined;
  for (let threads = 1; threads <= workers; threads++) {
    for (let months = 1; months <= threads + 1; months++) {
      const each = { workers: threads, months };
      if (memoryNeed(each, file.bytes, file.isFetched) > limitBytes) continue;
      if (best === undefined || rateOf(each, cores) > rateOf(best, cores)) best = each;
    }
  }
  return best;
}

/** The next smaller amount of work at a time; undefined when there is none. Months go first: they are given back soonest. */
export function lessParallelism({ workers, months }: Parallelism): Parallelism | undefined {
  if (months > 1 && months >= workers) return { workers, months: months - 1 };
  return workers > 1 ? { workers: workers - 1, months: Math.min(months, workers) } : undefined;
}

/** Throws a usage error that names the least memory that would do for the largest of the months. */
export function requireParallelism(
  limitBytes: number,
  workers: number,
  months: readonly RawMonth[],
  isFetched: boolean,
  cores: number,
): Parallelism {
  const largest = months.reduce<RawMonth | undefined>(
    (found, raw) => (found === undefined || raw.byteLength > found.byteLength ? raw : found),
    undefined,
  );
  const bytes = largest?.byteLength ?? 0;
  const parallelism = parallelismWithin(limitBytes, workers, { bytes, isFetched }, cores);
  if (parallelism !== undefined) return parallelism;
  const least = Math.ceil(memoryNeed({ workers: 1, months: 1 }, bytes, isFetched) / 1e7) * 1e7;
  throw usageError(
    `${formatByteLength(limitBytes)} of memory is too little: one month at a time on one thread takes up to ${formatByteLength(least)}` +
      `${largest === undefined ? '' : ` (${largest.month}, a file of ${formatByteLength(bytes)})`}`,
    `give --memory ${least / 1e6}MB or more`,
    { limitBytes, leastBytes: least },
  );
}
