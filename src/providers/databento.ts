/**
 * Databento: bars by timeseries.get_range, as DBN.
 *
 * Facts (databento.com/docs/api-historical): POST https://hist.databento.com/v0/METHOD with a form, the key as user
 * name of HTTP basic authentication; start is included, end is not; bars of 1 s, 1 min, 1 h and 1 day, none where
 * nothing traded; an end beyond what is available is refused (422, data_end_after_available_end), and
 * metadata.get_dataset_range says what is; metadata.get_cost gives the price in US dollars and costs nothing;
 * get_range bills the bytes sent, again at each request; 100 requests a second, 20 of metadata, 429 with Retry-After.
 */

import { BarlineError } from '../base/index.ts';
import { openDbn, UNDEFINED_PRICE } from '../dbn/index.ts';
import { answerBytes } from './answer-body.ts';
import { type CostApproval, requireApproval } from './cost.ts';
import { valueTime } from './field-values.ts';
import type { HttpClient } from './http.ts';
import { type PageSource, pagesOf } from './pages.ts';
import type { BarPage, BarProvider, BarRequest, Timeframe, VendorBar } from './provider.ts';
import type { ProviderSettings } from './settings.ts';
import { gridCeil, gridFloor, TIMEFRAME_US } from './timeframe.ts';
import { jsonProvider, notBars, property } from './vendor.ts';

export const DEFAULT_DATASET = 'GLBX.MDP3';
/** Some 30 days of minutes: 2.4 MB of records. */
const PAGE_BARS = 43_200;

const SOURCE: Readonly<Record<Timeframe, '1m' | '1h' | '1d'>> = {
  '1m': '1m',
  '5m': '1m',
  '15m': '1m',
  '1h': '1h',
  '4h': '1h',
  '1d': '1d',
};

export interface DatabentoSymbol {
  readonly symbols: string;
  readonly stypeIn: 'raw_symbol' | 'continuous' | 'parent';
}

export function databento(
  client: HttpClient,
  settings: ProviderSettings,
  approve: CostApproval,
): BarProvider {
  const dataset = settings.dataset ?? DEFAULT_DATASET;
  const ranges = new Map<string, Promise<AvailableRange>>();
  const range = (schema: string, signal: AbortSignal): Promise<AvailableRange> => {
    const known = ranges.get(schema) ?? availableRange(client, dataset, schema, signal);
    ranges.set(schema, known);
    known.catch(() => ranges.delete(schema));
    return known;
  };
  return jsonProvider('databento', client, async function* (request): AsyncGenerator<
    BarPage,
    void,
    undefined
  > {
    const schema = `ohlcv-${SOURCE[request.timeframe]}`;
    const available = await range(schema, request.signal);
    const { symbols, stypeIn } = databentoSymbol(settings.symbols?.[request.asset] ?? request.asset, dataset);
    const form = { dataset, symbols, schema, stype_in: stypeIn };
    const span = askedSpan(request, available, client.nowMs());
    if (span === null) return;
    await requireApproval(client, form, span, approve, request.signal);
    yield* rangePages(client, form, { ...request, ...span }, available);
  });
}

/**
 * How an asset is asked for: `ES.c.0` or `ES.v.0` is a continuous contract, `ES.FUT` a parent; a root of CME such as
 * `ES` is its contract of greatest volume; anything else is a raw symbol.
 */
export function databentoSymbol(asset: string, dataset: string): DatabentoSymbol {
  const continuous = /^([A-Z0-9]+)\.([CVN])\.(\d+)$/i.exec(asset);
  if (continuous !== null) {
    const [, root = '', rule = '', rank = '0'] = continuous;
    return { symbols: `${root}.${rule.toLowerCase()}.${rank}`, stypeIn: 'continuous' };
  }
  if (/\.(?:FUT|OPT)$/.test(asset)) return { symbols: asset, stypeIn: 'parent' };
  if (dataset === DEFAULT_DATASET && asset.length <= 3)
    return { symbols: `${asset}.v.0`, stypeIn: 'continuous' };
  return { symbols: asset, stypeIn: 'raw_symbol' };
}

interface AvailableRange {
  readonly startUs: number;
  readonly endUs: number;
}

async function availableRange(
  client: HttpClient,
  dataset: string,
  schema: string,
  signal: AbortSignal,
): Promise<AvailableRange> {
  const body = await client.json({ path: '/v0/metadata.get_dataset_range', query: { dataset }, signal });
  const ofSchema = property(property(body, 'schema'), schema) ?? body;
  const [startUs, endUs] = [valueTime(property(ofSchema, 'start')), valueTime(property(ofSchema, 'end'))];
  if (startUs === undefined || endUs === undefined || Number.isNaN(startUs + endUs)) {
    throw notBars(client, 'start and end of the dataset', body);
  }
  return { startUs, endUs };
}

/** Whole bars of the request that the vendor can have; null where there are none. */
function askedSpan(
  { fromUs, toUs, timeframe }: BarRequest,
  { startUs, endUs }: AvailableRange,
  nowMs: number,
): { readonly fromUs: number; readonly toUs: number } | null {
  const barUs = TIMEFRAME_US[timeframe];
  const from = Math.max(gridCeil(fromUs, barUs), gridFloor(startUs, barUs));
  const to = Math.min(gridCeil(toUs, barUs), gridFloor(Math.min(endUs, nowMs * 1000), barUs));
  return from < to ? { fromUs: from, toUs: to } : null;
}

function rangePages(
  client: HttpClient,
  form: Readonly<Record<string, string>>,
  request: BarRequest,
  available: AvailableRange,
): AsyncIterable<BarPage> {
  const nowMs = (): number => Math.min(client.nowMs(), available.endUs / 1000);
  const source: PageSource = {
    barUs: TIMEFRAME_US[SOURCE[request.timeframe]],
    pageBars: PAGE_BARS,
    pagesInFlight: 2,
    nowMs,
    fetchSpan: async (fromUs, toUs, signal) => {
      const asked = {
        ...form,
        start: nanoseconds(Math.max(fromUs, available.startUs)),
        end: nanoseconds(toUs),
        encoding: 'dbn',
        compression: 'zstd',
      };
      const bytes = await client.send(
        { path: '/v0/timeseries.get_range', form: asked, signal, headers: { accept: '*/*' } },
        (response) => answerBytes(response),
      );
      return { bars: await dbnBars(bytes), nowMs: nowMs() };
    },
  };
  return pagesOf(request, source);
}

/** Exact: microseconds of our time fit a double, nanoseconds do not. */
export function nanoseconds(tsUs: number): string {
  return `${Math.round(tsUs)}000`;
}

async function dbnBars(bytes: Uint8Array): Promise<VendorBar[]> {
  if (bytes.length === 0) {
    throw new BarlineError({
      code: 'PROVIDER_ANSWER',
      message: 'databento: expected DBN, found an empty answer.',
      hint: 'run the command again; the vendor sends metadata even where there are no bars',
    });
  }
  const bars: VendorBar[] = [];
  await using reader = await openDbn(bytes, { name: 'databento timeseries.get_range' });
  for await (const batch of reader.batches()) {
    for (let k = 0; k < batch.rowCount; k++) {
      const price = (column: BigInt64Array): number | undefined => {
        const units = column[k] ?? UNDEFINED_PRICE;
        return units === UNDEFINED_PRICE ? undefined : Number(units) / 1e9;
      };
      const bar = {
        open: price(batch.open),
        high: price(batch.high),
        low: price(batch.low),
        close: price(batch.close),
        volume: Number(batch.volume[k] ?? 0n),
      };
      const tsNs = batch.tsEvent[k] ?? 0n;
      const original = { ts_event: String(tsNs), instrument_id: batch.instrumentId[k], ...bar };
      bars.push({ tsUs: Number(tsNs / 1000n), ...bar, original });
    }
  }
  return bars;
}
