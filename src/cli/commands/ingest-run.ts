import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { usageError } from '../../base/index.ts';
import type { IngestOutcome, StreamResult } from '../../ingest/index.ts';
import { listOption, textOption } from '../arguments.ts';
import { type CommandSpec, type Invocation, option } from '../command.ts';
import { ingestProgress } from '../ingest-progress.ts';
import {
  assetsOf,
  assetsOption,
  durationOf,
  openLake,
  rangeOf,
  rangeOptions,
  timeframesOf,
  timeframesOption,
  timeOrNull,
  timeText,
} from '../ingest-request.ts';
import { openProviders } from '../open-providers.ts';
import { priceBounds } from '../provider-settings.ts';
import { formatCount, formatSeconds, textTable } from '../text-table.ts';

type Options = Readonly<Record<string, unknown>>;

export const ingestRun: CommandSpec = {
  name: 'ingest',
  summary: 'bars from vendors into bronze tables, each once',
  description:
    'Fetches bars of each asset and timeframe from a provider and appends them to the bronze tables raw_market_data_1m … raw_market_data_1d. It goes on where the last run ended; bars that fail validation become dead letters (`barline dlq`). Without a provider it replays a bundled sample, with no key and no network.',
  options: [
    assetsOption(),
    timeframesOption(),
    ...rangeOptions(),
    option(
      '--provider <names>',
      'who is asked; those behind the first are asked where it fails (default: replay; with --fill-gaps whose gaps they are)',
    ),
    option('--source <file>', 'for replay: a CSV, Parquet or JSON lines file, or a folder of them'),
    option('--backfill', 'fetch the whole range, whatever is stored'),
    option('--fill-gaps', 'fetch what `barline ingest gaps` lists, and nothing else'),
    option('--lag <time>', 'fetch the recent past again for corrections, e.g. 2d'),
    option('--dry-run', 'say what would be fetched'),
  ],
  examples: [
    'barline ingest --assets BTCUSD,ETHUSD --timeframes 1m,5m,15m,1h,4h,1d --days 7',
    'barline ingest --assets btc-usd --timeframes 1m --from 2025-03-01 --to 2025-03-08 --provider coinbase,replay',
    'barline ingest --fill-gaps',
  ],
  run: async (invocation, _args, options) => {
    const { ingest } = await import('../../ingest/index.ts');
    const { configuration, lake, storage } = await openLake(invocation);
    const { names, ...request } = await ingestRequest(invocation, options, storage);
    const source = sourceOf(invocation, options, names);
    const { provider, mask } = await openProviders(invocation, { names, configuration, storage, source });
    const { output } = invocation;
    const progress = ingestProgress(output, invocation.now);
    const dryRun = options.dryRun === true;
    const outcome = await ingest({
      ...request,
      lake: storage,
      provider,
      dryRun,
      priceBounds: priceBounds(configuration.value.ingest),
      ingestionId: randomUUID(),
      now: invocation.now,
      signal: invocation.signal,
      mask,
      listener: output.options.json || dryRun ? () => undefined : progress,
    });
    for (const stream of outcome.streams) output.json(streamJson(stream, dryRun));
    output.json(summaryJson(outcome, dryRun));
    output.text(dryRun ? planText(outcome) : resultText(outcome, lake));
    for (const { asset, timeframe, status, error } of outcome.streams) {
      if (error !== undefined) output.note(`${asset} ${timeframe}: error[${error.code}]: ${error.message}`);
      if (error?.hint !== undefined) output.note(`hint: ${error.hint}`);
      if (status === 'validation failed') {
        output.note(`${asset} ${timeframe}: no record passed validation; see \`barline dlq list\``);
      }
    }
    return outcome.summary.failed > 0 ? 1 : 0;
  },
};

async function ingestRequest(
  invocation: Invocation,
  options: Options,
  storage: Awaited<ReturnType<typeof openLake>>['storage'],
) {
  const { knownStreams } = await import('../../ingest/index.ts');
  const fillGaps = options.fillGaps === true;
  const backfill = options.backfill === true;
  if (fillGaps && backfill) throw usageError('--fill-gaps and --backfill exclude each other');
  const range = await rangeOf(options, invocation.now());
  if (range === null && !fillGaps) {
    throw usageError('how far back?', 'give --days 7, or --from and --to');
  }
  const { TIMEFRAMES } = await import('../../providers/index.ts');
  const known = fillGaps ? await knownStreams(storage) : [];
  const assets = (await assetsOf(options)) ?? [...new Set(known.map(({ asset }) => asset))];
  const timeframes =
    (await timeframesOf(options)) ??
    TIMEFRAMES.filter((each) => known.some(({ timeframe }) => timeframe === each));
  if (!fillGaps && assets.length === 0) throw usageError('which assets?', 'e.g. --assets BTCUSD,ETHUSD');
  if (!fillGaps && timeframes.length === 0) throw usageError('which timeframes?', 'e.g. --timeframes 1m,1h');
  const chosen = known.filter(
    ({ asset, timeframe }) => assets.includes(asset) && timeframes.includes(timeframe),
  );
  const names = listOption(options, 'provider') ?? defaultProviders(chosen.map(({ provider }) => provider));
  return { names, assets, timeframes, range, fillGaps, backfill, lagUs: durationOf(options, 'lag') ?? 0 };
}

/** Gaps are filled by whose they are; without any, the bundled sample. */
function defaultProviders(known: readonly string[]): string[] {
  const names = [...new Set(known)];
  if (names.length > 1)
    throw usageError('whose gaps?', `e.g. --provider ${names[0]}; there are ${names.join(', ')}`);
  return names.length === 0 ? ['replay'] : names;
}

function sourceOf({ directory }: Invocation, options: Options, names: readonly string[]): string | null {
  const source = textOption(options, 'source');
  if (source === undefined) return null;
  if (names.includes('replay')) return resolve(directory, source);
  throw usageError('--source is for the provider replay', 'add --provider replay, or leave --source out');
}

function streamJson(stream: StreamResult, dryRun: boolean) {
  const { asset, timeframe, providers, status, counts, spans, watermarkUs, error } = stream;
  return {
    asset,
    timeframe,
    providers,
    ...(dryRun
      ? { spans: spans.map(([from, to]) => ({ from: timeOrNull(from), to: timeOrNull(to) })) }
      : { status, ...counts, watermark: timeOrNull(watermarkUs) }),
    ...(error && { error: { code: error.code, message: error.message, hint: error.hint ?? null } }),
  };
}

function summaryJson({ summary }: IngestOutcome, dryRun: boolean) {
  const { fetched, stored, duplicate, dead, skipped, streams, failed, requests, seconds } = summary;
  return {
    summary: {
      ...{ streams, failed, fetched, stored, duplicate, dead, skipped, requests },
      rate_limit_wait_seconds: summary.rateLimitWaitSeconds,
      seconds,
      records_per_second: seconds > 0 ? Math.round(fetched / seconds) : 0,
      dry_run: dryRun,
    },
  };
}

function resultText({ streams, summary }: IngestOutcome, lake: string): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const table = textTable(
    [
      ...[{ title: 'asset' }, { title: 'timeframe' }, { title: 'status' }],
      ...['fetched', 'stored', 'duplicate', 'dead', 'skipped'].map(right),
      ...[{ title: 'up to' }, { title: 'from' }],
    ],
    streams.map(({ asset, timeframe, status, counts, watermarkUs, providers }) => [
      ...[asset, timeframe, status],
      ...[counts.fetched, counts.stored, counts.duplicate, counts.dead, counts.skipped].map(formatCount),
      ...[watermarkUs === null ? '-' : timeText(watermarkUs), providers.join(', ')],
    ]),
  );
  const { fetched, stored, duplicate, dead, skipped, requests, rateLimitWaitSeconds, seconds } = summary;
  const rate = seconds > 0 ? ` (${formatCount(Math.round(fetched / seconds))} records/s)` : '';
  return `${table}

${formatCount(fetched)} fetched: ${formatCount(stored)} stored, ${formatCount(duplicate)} duplicate, ${formatCount(dead)} dead, ${formatCount(skipped)} skipped
${formatCount(requests)} requests, ${formatSeconds(rateLimitWaitSeconds)} waiting for rate limits; ${formatSeconds(seconds)} in all${rate}
in ${lake}`;
}

function planText({ streams }: IngestOutcome): string {
  const rows = streams.flatMap(({ asset, timeframe, providers, spans }) =>
    spans.length === 0
      ? [[asset, timeframe, providers.join(', '), 'nothing', '']]
      : spans.map(([from, to]) => [asset, timeframe, providers.join(', '), timeText(from), timeText(to)]),
  );
  const titles = ['asset', 'timeframe', 'provider', 'from', 'to'].map((title) => ({ title }));
  return `${textTable(titles, rows)}\nnothing was fetched (--dry-run)`;
}
