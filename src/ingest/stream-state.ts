/** What a bronze table knows of a stream of bars: how far it goes, and which spans its source was asked for. */
import { z } from 'zod';
import { BarlineError } from '../base/index.ts';
import type { Snapshot } from '../delta/index.ts';
import { type Answerer, BAR_ORIGINS, type BarOrigin, type Timeframe } from '../providers/index.ts';
import { type Span, unionOf } from './spans.ts';

/** Bars of one asset and length from one provider. */
export interface BarStream {
  readonly provider: string;
  readonly asset: string;
  readonly timeframe: Timeframe;
}

export interface StreamState {
  /** Start of the newest bar stored, µs; null before the first. */
  readonly watermarkUs: number | null;
  /** What the source has answered for: what is not stored of it, it did not have, or it was a dead letter. µs. */
  readonly asked: readonly Span[];
  /** What a run set out to fetch before the watermark, and has not. µs. */
  readonly begun: readonly Span[];
  /** Where its bars are from, where the provider's name does not tell. */
  readonly origin: BarOrigin | null;
}

const APP_PREFIX = 'barline-ingest/';
const DOMAIN_PREFIX = 'barline.ingest/';
const US_PER_SECOND = 1e6;

/** The application whose transactions carry the watermark as version, in seconds. */
export function appIdOf({ provider, asset, timeframe }: BarStream): string {
  return `${APP_PREFIX}${provider}/${asset}/${timeframe}`;
}

/** The metadata domain with the stream's coverage: two commits of one stream exclude each other by it. */
export function domainOf({ provider, asset, timeframe }: BarStream): string {
  return `${DOMAIN_PREFIX}${provider}/${asset}/${timeframe}`;
}

export function streamKey({ provider, asset, timeframe }: BarStream): string {
  return `${provider}/${asset}/${timeframe}`;
}

const spanSchema = z.tuple([z.number(), z.number()]);
const coverageSchema = z.object({
  watermark: z.number().nullable(),
  asked: z.array(spanSchema),
  begun: z.array(spanSchema),
  origin: z.enum(BAR_ORIGINS).optional(),
});

export const NOTHING: StreamState = { watermarkUs: null, asked: [], begun: [], origin: null };

export function stateOf(snapshot: Snapshot | undefined, stream: BarStream): StreamState {
  const domain = snapshot?.domainMetadata.get(domainOf(stream));
  return domain === undefined ? NOTHING : parseState(domain.configuration);
}

/** Times are kept in whole seconds: no bar is shorter. */
function parseState(text: string): StreamState {
  const { watermark, asked, begun, origin = null } = coverageSchema.parse(JSON.parse(text));
  const toUs = (spans: readonly Span[]) =>
    unionOf(spans.map(([from, to]): Span => [from * US_PER_SECOND, to * US_PER_SECOND]));
  return {
    watermarkUs: watermark === null ? null : watermark * US_PER_SECOND,
    asked: toUs(asked),
    begun: toUs(begun),
    origin,
  };
}

export function stateText({ watermarkUs, asked, begun, origin }: StreamState): string {
  const toSeconds = (spans: readonly Span[]) =>
    spans.map(([from, to]) => [from / US_PER_SECOND, to / US_PER_SECOND]);
  return JSON.stringify({
    watermark: watermarkUs === null ? null : watermarkUs / US_PER_SECOND,
    asked: toSeconds(asked),
    begun: toSeconds(begun),
    ...(origin !== null && { origin }),
  });
}

const ORIGINS: Readonly<Record<BarOrigin, string>> = {
  sample: 'the bundled sample',
  files: 'files that --source named',
};

/** What keeps bars of the sample and bars of files apart: they would overwrite and complete each other unseen. */
export function foreignOrigin(
  { provider, asset, timeframe }: BarStream,
  { origin: stored }: StreamState,
  given: Answerer['origin'],
): BarlineError | undefined {
  if (given === undefined || stored === null || given === stored) return undefined;
  const { files, sample } = ORIGINS;
  return new BarlineError({
    code: 'INGEST_OTHER_ORIGIN',
    message: `${asset} ${timeframe} of ${provider} is from ${ORIGINS[stored]} in this lake; expected no bars from ${given === 'sample' ? sample : files}`,
    hint:
      stored === 'files'
        ? 'name the files with --source, or another --provider'
        : 'bring files into a lake of their own, or leave --source out',
    facts: { provider, asset, timeframe, stored, given },
  });
}

/** Every stream that a table of this timeframe knows, by name. */
export function streamsOf(snapshot: Snapshot, timeframe: Timeframe): (BarStream & StreamState)[] {
  const streams: (BarStream & StreamState)[] = [];
  for (const { domain, configuration } of snapshot.domainMetadata.values()) {
    if (!domain.startsWith(DOMAIN_PREFIX)) continue;
    const [provider = '', asset = ''] = domain.slice(DOMAIN_PREFIX.length).split('/');
    streams.push({ provider, asset, timeframe, ...parseState(configuration) });
  }
  return streams.sort((a, b) => (streamKey(a) < streamKey(b) ? -1 : 1));
}
