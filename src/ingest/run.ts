/** A run of batch ingestion: plan, fetch, check, store. */
import { BarlineError } from '../base/index.ts';
import type { Snapshot } from '../delta/index.ts';
import { type Answerer, type BarProvider, TIMEFRAME_US, type Timeframe } from '../providers/index.ts';
import { DEFAULT_PRICE_BOUNDS, DeadLetters, type PriceBounds } from '../quality/index.ts';
import type { Storage } from '../storage/index.ts';
import { BronzeSink } from './bronze-sink.ts';
import { openBarTable } from './bronze-tables.ts';
import { deadSpans } from './dead-spans.ts';
import type { IngestListener } from './events.ts';
import { type IngestSummary, type StreamResult, streamResult, summaryOf } from './outcome.ts';
import { noCounts, pageRows } from './page-rows.ts';
import { planOf } from './plan.ts';
import { lengthOf, type Span, unionOf } from './spans.ts';
import type { StreamRun } from './stream-rows.ts';
import { type BarStream, foreignOrigin, type StreamState, stateOf, streamKey } from './stream-state.ts';

export interface IngestRequest {
  readonly lake: Storage;
  /** With its fallbacks behind it; pages may name who answered. */
  readonly provider: BarProvider;
  /** Normalised, e.g. `BTCUSD`. */
  readonly assets: readonly string[];
  readonly timeframes: readonly Timeframe[];
  /** [from, to), µs; null with `fillGaps`: every gap there is. */
  readonly range: Span | null;
  readonly backfill: boolean;
  readonly fillGaps: boolean;
  /** How much of the recent past is fetched again for corrections, µs. */
  readonly lagUs: number;
  readonly dryRun: boolean;
  /** Default 0.0001 to 1,000,000. */
  readonly priceBounds?: PriceBounds;
  /** Stands in every row. */
  readonly ingestionId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly listener?: IngestListener;
  /** Hides keys in what is kept or said. */
  readonly mask?: (text: string) => string;
  /** Default 250,000. */
  readonly rowsPerCommit?: number;
  /** Default 5. */
  readonly secondsPerCommit?: number;
  /** Streams fetched at once, default 8: what waits for an answer does not keep others from the rate limit. */
  readonly streamsAtOnce?: number;
}

export interface IngestOutcome {
  /** One for each asset and timeframe, in the order asked. */
  readonly streams: readonly StreamResult[];
  readonly summary: IngestSummary;
}

interface PlannedStream {
  readonly stream: BarStream;
  readonly plan: readonly Span[];
  /** As the run found it, µs. */
  readonly watermarkUs: number | null;
  /** What the table knew of the bars that another provider, or this one, gave. */
  readonly stateOf: (provider: string) => StreamState;
}

/**
 * Brings bronze tables up to date. A stream that fails leaves the others alone and what it had stored stays; a commit
 * that fails ends the run. A run that was interrupted, or killed, is taken up by the next one where it was.
 */
export async function ingest(request: IngestRequest): Promise<IngestOutcome> {
  const { lake, now, listener } = request;
  const startedMs = now();
  const deadLetters = new DeadLetters(lake, now);
  const planned = await planStreams(request, deadLetters);
  listener?.({
    type: 'planned',
    streams: planned.map(({ stream, plan }) => ({
      ...stream,
      spans: plan,
      expectedBars: lengthOf(plan) / TIMEFRAME_US[stream.timeframe],
    })),
  });
  const sink = new BronzeSink({
    lake,
    deadLetters,
    ingestionId: request.ingestionId,
    rowsPerCommit: request.rowsPerCommit ?? 250_000,
    secondsPerCommit: request.secondsPerCommit ?? 5,
    now,
    onCommit: (timeframe, version) => listener?.({ type: 'committed', timeframe, version }),
  });
  const fetched = request.dryRun
    ? planned.map((each) => ({ ...each, runs: [], error: unfit(request, each) }))
    : await inParallel(planned, request.streamsAtOnce ?? 8, (each) => fetchStream(request, sink, each));
  await sink.flush();
  const streams = fetched.map(streamResult);
  streams.forEach(requireNothingLost);
  for (const result of streams) listener?.({ type: 'stream-finished', result });
  return { streams, summary: summaryOf(streams, request.provider, (now() - startedMs) / 1000) };
}

/** Every record fetched is accounted for; anything else is a bug that must not pass for a good run. */
function requireNothingLost({ asset, timeframe, counts }: StreamResult): void {
  const { fetched, stored, duplicate, dead, skipped } = counts;
  if (stored + duplicate + dead + skipped === fetched) return;
  throw new Error(`${asset} ${timeframe}: records are not accounted for: ${JSON.stringify(counts)}`);
}

async function planStreams(request: IngestRequest, deadLetters: DeadLetters): Promise<PlannedStream[]> {
  const { lake, provider, assets, timeframes, range, now, backfill, fillGaps, lagUs } = request;
  const snapshots = new Map<Timeframe, Snapshot>();
  const dead = fillGaps ? await deadSpans(lake, deadLetters) : new Map<string, Span[]>();
  for (const timeframe of timeframes) {
    const table = await openBarTable(lake, timeframe);
    if (table !== undefined) snapshots.set(timeframe, table.latest);
  }
  return assets.flatMap((asset) =>
    timeframes.map((timeframe) => {
      const stream: BarStream = { provider: provider.name, asset, timeframe };
      const snapshot = snapshots.get(timeframe);
      const stateBy = (name: string) => stateOf(snapshot, { ...stream, provider: name });
      const state = stateBy(provider.name);
      const plan = planOf(state, {
        range,
        barUs: TIMEFRAME_US[timeframe],
        nowUs: now() * 1000,
        backfill,
        fillGaps,
        lagUs,
        dead: dead.get(streamKey(stream)) ?? [],
      });
      return { stream, plan, watermarkUs: state.watermarkUs, stateOf: stateBy };
    }),
  );
}

export interface FetchedStream extends PlannedStream {
  /** By who answered: the provider asked, and those behind it. */
  readonly runs: readonly StreamRun[];
  readonly error: BarlineError | undefined;
}

async function fetchStream(
  request: IngestRequest,
  sink: BronzeSink,
  planned: PlannedStream,
): Promise<FetchedStream> {
  const { provider, signal } = request;
  const { stream, plan } = planned;
  const runs = new Map<string, StreamRun>();
  const runOf = ({ name, isMock, origin }: Answerer): StreamRun => {
    const known = runs.get(name);
    if (known !== undefined) return known;
    const own = { ...stream, provider: name };
    const foreign = foreignOrigin(own, planned.stateOf(name), origin);
    if (foreign !== undefined) throw foreign;
    const run: StreamRun = {
      stream: own,
      ...(origin !== undefined && { origin }),
      barUs: TIMEFRAME_US[stream.timeframe],
      isMock,
      plan: name === provider.name ? plan : [],
      had: [],
      counts: noCounts(),
      watermarkUs: null,
    };
    runs.set(name, run);
    return run;
  };
  const finished = (error?: BarlineError): FetchedStream => ({ ...planned, runs: [...runs.values()], error });
  const error = unfit(request, planned);
  if (error !== undefined) return finished(error);
  try {
    for (const [fromUs, toUs] of plan) {
      const { asset, timeframe } = stream;
      for await (const page of provider.fetchBars({ asset, timeframe, fromUs, toUs, signal })) {
        await take(request, sink, runOf(page.answeredBy ?? provider), page, [fromUs, toUs]);
      }
    }
    return finished();
  } catch (error) {
    if (sink.failure !== undefined) throw sink.failure;
    if (signal.aborted) return finished(interrupted(stream));
    if (error instanceof BarlineError) return finished(masked(error, request.mask));
    throw error;
  }
}

/** Why the provider is not to be asked for a stream. */
function unfit({ provider, fillGaps }: IngestRequest, planned: PlannedStream): BarlineError | undefined {
  const { stream, plan } = planned;
  if (plan.length > 0 && !provider.timeframes.includes(stream.timeframe)) {
    return noTimeframe(provider, stream.timeframe);
  }
  if (fillGaps && plan.length === 0) return undefined;
  return foreignOrigin(stream, planned.stateOf(provider.name), provider.origin);
}

async function take(
  { priceBounds = DEFAULT_PRICE_BOUNDS, now, mask = (text) => text, listener }: IngestRequest,
  sink: BronzeSink,
  run: StreamRun,
  page: Parameters<typeof pageRows>[0],
  wanted: Span,
): Promise<void> {
  const rules = {
    barUs: run.barUs,
    nowUs: now() * 1000,
    ...priceBounds,
  };
  const rows = pageRows(page, { rules, wanted, had: run.had, mask });
  const { counts } = rows;
  run.counts.fetched += counts.fetched;
  run.counts.duplicate += counts.duplicate;
  run.counts.dead += counts.dead;
  run.counts.skipped += counts.skipped;
  const { tsUs } = rows.columns;
  const hull: Span = [tsUs[0] ?? 0, (tsUs.at(-1) ?? -run.barUs) + run.barUs];
  run.had = unionOf([...run.had, rows.covered, hull]);
  listener?.({ type: 'page', stream: run.stream, counts, coveredUs: rows.covered[1] - rows.covered[0] });
  await sink.push(run, rows);
}

function noTimeframe(provider: BarProvider, timeframe: Timeframe): BarlineError {
  return new BarlineError({
    code: 'INGEST_NO_TIMEFRAME',
    message: `${provider.name} has no bars of ${timeframe}`,
    hint: `it has ${provider.timeframes.join(', ')}`,
    facts: { provider: provider.name, timeframe },
  });
}

function interrupted({ asset, timeframe }: BarStream): BarlineError {
  return new BarlineError({
    code: 'INGEST_INTERRUPTED',
    message: `${asset} ${timeframe} was interrupted`,
    hint: 'run again: what is stored stays, and the rest is fetched',
  });
}

function masked(error: BarlineError, mask: IngestRequest['mask']): BarlineError {
  if (mask === undefined) return error;
  const { code, message, hint, exitCode } = error;
  return new BarlineError({ code, message: mask(message), hint: hint && mask(hint), exitCode });
}

async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
