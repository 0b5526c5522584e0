import type { Timeframe } from '../providers/index.ts';
import type { StreamResult } from './outcome.ts';
import type { PageCounts } from './page-rows.ts';
import type { Span } from './spans.ts';
import type { BarStream } from './stream-state.ts';

export interface PlannedSpans extends BarStream {
  /** µs. */
  readonly spans: readonly Span[];
  readonly expectedBars: number;
}

/** What a run tells while it works. */
export type IngestEvent =
  | { readonly type: 'planned'; readonly streams: readonly PlannedSpans[] }
  | {
      readonly type: 'page';
      readonly stream: BarStream;
      readonly counts: Readonly<PageCounts>;
      readonly coveredUs: number;
    }
  | { readonly type: 'committed'; readonly timeframe: Timeframe; readonly version: number }
  | { readonly type: 'stream-finished'; readonly result: StreamResult };

export type IngestListener = (event: IngestEvent) => void;
