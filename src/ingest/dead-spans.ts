/** Bars that came, were refused, and are not stored since. */
import { TIMEFRAME_US, TIMEFRAMES, type Timeframe } from '../providers/index.ts';
import { barOf, type DeadLetters } from '../quality/index.ts';
import type { Storage } from '../storage/index.ts';
import { openBarTable } from './bronze-tables.ts';
import { type Span, unionOf } from './spans.ts';
import { storedBars } from './stored-bars.ts';
import { type BarStream, streamKey } from './stream-state.ts';

/** The stream that a dead letter tells of; undefined where it is of something else. */
export function streamOfContext(context: Readonly<Record<string, string | number>>): BarStream | undefined {
  const { asset_pair: asset, provider } = context;
  const timeframe = TIMEFRAMES.find((each) => each === context.timeframe);
  if (typeof asset !== 'string' || typeof provider !== 'string' || timeframe === undefined) return undefined;
  return { asset, provider, timeframe };
}

/** Where streams lack a bar that is a dead letter, by `streamKey`. Reads all dead letters. */
export async function deadSpans(lake: Storage, deadLetters: DeadLetters): Promise<Map<string, Span[]>> {
  const spans = new Map<string, { stream: BarStream; spans: Span[] }>();
  for await (const { context, records } of deadLetters.all()) {
    const stream = streamOfContext(context);
    if (stream === undefined) continue;
    const entry = spans.get(streamKey(stream)) ?? { stream, spans: [] };
    spans.set(streamKey(stream), entry);
    const barUs = TIMEFRAME_US[stream.timeframe];
    for (const record of records) {
      const { tsUs } = barOf(record);
      if (tsUs !== undefined && tsUs % barUs === 0) entry.spans.push([tsUs, tsUs + barUs]);
    }
  }
  const missing = new Map<string, Span[]>();
  for (const timeframe of TIMEFRAMES) {
    const entries = [...spans.values()].filter(({ stream }) => stream.timeframe === timeframe);
    for (const [key, found] of await notStored(lake, timeframe, entries)) missing.set(key, found);
  }
  return missing;
}

async function notStored(
  lake: Storage,
  timeframe: Timeframe,
  entries: readonly { readonly stream: BarStream; readonly spans: readonly Span[] }[],
): Promise<[string, Span[]][]> {
  const timed = entries.filter(({ spans }) => spans.length > 0);
  const table = timed.length === 0 ? undefined : await openBarTable(lake, timeframe);
  if (table === undefined) return timed.map(({ stream, spans }) => [streamKey(stream), unionOf(spans)]);
  const wanted = timed.map(({ stream, spans }) => {
    const union = unionOf(spans);
    const span: Span = [union[0]?.[0] ?? 0, union.at(-1)?.[1] ?? 0];
    return { stream, span };
  });
  const stored = await storedBars(table, wanted);
  return timed.map(({ stream, spans }) => {
    const bars = stored.get(streamKey(stream));
    return [streamKey(stream), unionOf(spans.filter(([from]) => bars?.has(from) !== true))];
  });
}
