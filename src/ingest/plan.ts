/** Which spans of a stream a run fetches. */
import { gridCeil, gridFloor } from '../providers/index.ts';
import { type Span, unionOf, within, without } from './spans.ts';
import type { StreamState } from './stream-state.ts';

export interface PlanRequest {
  /** µs; null: all that a gap may reach to. */
  readonly range: Span | null;
  readonly barUs: number;
  readonly nowUs: number;
  /** Fetch the range whatever is stored. */
  readonly backfill: boolean;
  /** Fetch what is missing, and nothing else. */
  readonly fillGaps: boolean;
  /** Fetch the recent past again, 0 for none. */
  readonly lagUs: number;
  /** Spans of bars that are dead letters and not stored. */
  readonly dead: readonly Span[];
}

/** Spans of whole bars, none of which is still forming. */
export function planOf(state: StreamState, request: PlanRequest): Span[] {
  const { barUs, nowUs } = request;
  const closedUs = gridFloor(nowUs, barUs);
  const range: Span =
    request.range === null
      ? [0, closedUs]
      : [gridCeil(request.range[0], barUs), Math.min(gridCeil(request.range[1], barUs), closedUs)];
  if (request.fillGaps) return missingOf(state, barUs, request.range === null ? null : range, request.dead);
  if (request.backfill) return unionOf([range]);
  const { watermarkUs, begun } = state;
  const newer = Math.max(range[0], watermarkUs === null ? range[0] : watermarkUs + barUs);
  const lagFrom = request.lagUs > 0 ? gridCeil(nowUs - request.lagUs, barUs) : Infinity;
  return unionOf([[newer, range[1]], ...within(begun, range[0], range[1]), [lagFrom, range[1]]]);
}

/** What the stream lacks: never asked for, or sent and dead; between its first bar and its last, and in the range. */
export function missingOf(
  { watermarkUs, asked }: StreamState,
  barUs: number,
  range: Span | null,
  dead: readonly Span[],
): Span[] {
  const first = asked[0]?.[0];
  // what nobody has begun lacks nothing
  if (first === undefined) return [];
  const end = Math.max(watermarkUs === null ? first : watermarkUs + barUs, asked.at(-1)?.[1] ?? first);
  const hull: Span = range === null ? [first, end] : [range[0], Math.min(range[1], end)];
  const open = without(unionOf([hull]), asked);
  return unionOf([...open, ...within(unionOf(dead), hull[0], hull[1])]);
}
