/** What came of a run. */
import type { BarlineError } from '../base/index.ts';
import type { BarProvider, Timeframe } from '../providers/index.ts';
import { noCounts, type PageCounts } from './page-rows.ts';
import type { FetchedStream } from './run.ts';
import type { Span } from './spans.ts';

export const STREAM_STATUSES = ['success', 'no data', 'validation failed', 'error'] as const;
export type StreamStatus = (typeof STREAM_STATUSES)[number];

export interface StreamResult {
  readonly asset: string;
  readonly timeframe: Timeframe;
  /** Who answered, or was asked in vain. */
  readonly providers: readonly string[];
  readonly status: StreamStatus;
  readonly counts: Readonly<PageCounts>;
  /** What was to be fetched, µs. */
  readonly spans: readonly Span[];
  /** Start of the newest bar stored from the provider that answered first, µs; null when there is none. */
  readonly watermarkUs: number | null;
  readonly error: BarlineError | undefined;
}

export interface IngestSummary extends Readonly<PageCounts> {
  readonly streams: number;
  readonly failed: number;
  readonly requests: number;
  readonly rateLimitWaitSeconds: number;
  readonly seconds: number;
}

/** Nothing may be left to fetch: that is a success, too. */
export function streamResult({ stream, plan, watermarkUs, runs, error }: FetchedStream): StreamResult {
  const counts = totalOf(runs.map((run) => run.counts));
  const status =
    error !== undefined
      ? 'error'
      : counts.dead > 0 && counts.stored + counts.duplicate === 0
        ? 'validation failed'
        : counts.fetched === 0 && plan.length > 0
          ? 'no data'
          : 'success';
  return {
    asset: stream.asset,
    timeframe: stream.timeframe,
    providers: runs.length === 0 ? [stream.provider] : runs.map((run) => run.stream.provider),
    status,
    counts,
    spans: plan,
    watermarkUs: runs[0]?.watermarkUs ?? watermarkUs,
    error,
  };
}

export function summaryOf(
  results: readonly StreamResult[],
  provider: BarProvider,
  seconds: number,
): IngestSummary {
  const usage = provider.usage?.();
  return {
    ...totalOf(results.map(({ counts }) => counts)),
    streams: results.length,
    failed: results.filter(({ status }) => status === 'error' || status === 'validation failed').length,
    requests: usage?.requestCount ?? 0,
    rateLimitWaitSeconds: usage?.rateLimitWaitSeconds ?? 0,
    seconds,
  };
}

function totalOf(parts: readonly Readonly<PageCounts>[]): PageCounts {
  const total = noCounts();
  for (const part of parts) {
    total.fetched += part.fetched;
    total.stored += part.stored;
    total.duplicate += part.duplicate;
    total.dead += part.dead;
    total.skipped += part.skipped;
  }
  return total;
}
