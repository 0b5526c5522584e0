import type { Snapshot } from '../delta/index.ts';
import { TIMEFRAME_US, TIMEFRAMES, type Timeframe } from '../providers/index.ts';
import { DeadLetters } from '../quality/index.ts';
import type { Storage } from '../storage/index.ts';
import { openBarTable } from './bronze-tables.ts';
import { deadSpans } from './dead-spans.ts';
import { missingOf } from './plan.ts';
import type { Span } from './spans.ts';
import { type BarStream, streamKey, streamsOf } from './stream-state.ts';

export interface Gap extends BarStream {
  /** [from, to), µs. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly bars: number;
  /** The source was never asked for it, or sent bars that became dead letters. */
  readonly reason: 'not asked' | 'dead letter';
}

export interface GapRequest {
  readonly lake: Storage;
  readonly timeframes: readonly Timeframe[];
  readonly assets?: readonly string[] | undefined;
  readonly providers?: readonly string[] | undefined;
  /** µs; null: between each stream's first bar and its last. */
  readonly range: Span | null;
  readonly now: () => number;
}

/** Holes of all streams, by stream and time. What a source was asked for and does not have is no hole. */
export async function findGaps(request: GapRequest): Promise<Gap[]> {
  const { lake, timeframes, range } = request;
  const dead = await deadSpans(lake, new DeadLetters(lake, request.now));
  const gaps: Gap[] = [];
  for (const timeframe of timeframes) {
    const snapshot = (await openBarTable(lake, timeframe))?.latest;
    for (const stream of chosenStreams(request, timeframe, snapshot)) {
      const barUs = TIMEFRAME_US[timeframe];
      const { provider, asset } = stream;
      const add = (spans: readonly Span[], reason: Gap['reason']) => {
        for (const [fromUs, toUs] of spans) {
          const bars = (toUs - fromUs) / barUs;
          gaps.push({ provider, asset, timeframe, fromUs, toUs, bars, reason });
        }
      };
      add(missingOf(stream, barUs, range, []), 'not asked');
      const refused = dead.get(streamKey(stream)) ?? [];
      add(
        range === null ? refused : refused.filter(([from]) => from >= range[0] && from < range[1]),
        'dead letter',
      );
    }
  }
  return gaps;
}

function chosenStreams(
  { assets, providers }: GapRequest,
  timeframe: Timeframe,
  snapshot: Snapshot | undefined,
) {
  if (snapshot === undefined) return [];
  return streamsOf(snapshot, timeframe).filter(
    ({ asset, provider }) =>
      (assets === undefined || assets.includes(asset)) &&
      (providers === undefined || providers.includes(provider)),
  );
}

/** Every stream that the lake's bronze tables know. */
export async function knownStreams(lake: Storage): Promise<BarStream[]> {
  const streams: BarStream[] = [];
  for (const timeframe of TIMEFRAMES) {
    const table = await openBarTable(lake, timeframe);
    if (table !== undefined) streams.push(...streamsOf(table.latest, timeframe));
  }
  return streams;
}
