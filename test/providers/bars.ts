/** Bars that vendors' servers have, and what became of them. */
import type { BarPage, BarProvider, BarRequest, Timeframe } from '../../src/providers/index.ts';
import {
  type CircuitStore,
  type Clock,
  memoryCircuits,
  openProvider,
  type ProviderEvent,
  type ProviderSettings,
  TIMEFRAME_US,
} from '../../src/providers/index.ts';

export interface MarketBar {
  readonly tsUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** A bar of any time; its values tell which. */
export function marketBar(tsUs: number): MarketBar {
  const base = 100 + ((tsUs / 60e6) % 977) / 8;
  return {
    tsUs,
    open: base,
    high: base + 2,
    low: base - 2,
    close: base + 1,
    volume: 1 + ((tsUs / 60e6) % 13),
  };
}

/** Bars of a length that start in [fromUs, toUs); those that `isTraded` says no to are missing. */
export function marketBars(
  barUs: number,
  fromUs: number,
  toUs: number,
  isTraded: (tsUs: number) => boolean = () => true,
): MarketBar[] {
  const bars: MarketBar[] = [];
  for (let tsUs = Math.ceil(fromUs / barUs) * barUs; tsUs < toUs; tsUs += barUs) {
    if (isTraded(tsUs)) bars.push(marketBar(tsUs));
  }
  return bars;
}

export async function pagesFrom(
  provider: BarProvider,
  request: Omit<BarRequest, 'signal'> & { signal?: AbortSignal },
): Promise<BarPage[]> {
  const pages: BarPage[] = [];
  for await (const page of provider.fetchBars({ signal: new AbortController().signal, ...request }))
    pages.push(page);
  return pages;
}

/** Times of all bars, in order of the pages. */
export function timesOf(pages: readonly BarPage[]): (number | undefined)[] {
  return pages.flatMap(({ bars }) => bars.map(({ tsUs }) => tsUs));
}

/** The bars' values as numbers. */
export function valuesOf(pages: readonly BarPage[]): MarketBar[] {
  return pages.flatMap(({ bars }) =>
    bars.map((bar) => ({
      tsUs: bar.tsUs ?? Number.NaN,
      open: Number(bar.open),
      high: Number(bar.high),
      low: Number(bar.low),
      close: Number(bar.close),
      volume: Number(bar.volume),
    })),
  );
}

/** The spans that pages speak for, joined. */
export function coveredBy(pages: readonly BarPage[]): [number, number][] {
  const spans = pages
    .filter((page) => page.coveredFromUs < page.coveredToUs)
    .map((page): [number, number] => [page.coveredFromUs, page.coveredToUs])
    .sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of spans) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

export const KEYS = {
  ALPHA_VANTAGE_API_KEY: 'SECRETALPHAKEY01',
  OANDA_API_KEY: '6e3a1f-secret-oanda/key+02',
  DATABENTO_API_KEY: 'db-SecretDatabentoKey0000000003',
};

export interface OpenOptions {
  readonly settings?: ProviderSettings;
  readonly circuits?: CircuitStore;
  readonly onEvent?: (event: ProviderEvent) => void;
  readonly approveCost?: () => Promise<boolean>;
}

export function openAt(
  name: string,
  baseUrl: string,
  clock: Clock,
  { settings, circuits = memoryCircuits(), ...rest }: OpenOptions = {},
): Promise<BarProvider> {
  const own = { baseUrl, requestsPerMinute: 60_000, burst: 1000, timeoutSeconds: 5, ...settings };
  return openProvider(name, { settings: { [name]: own }, environment: KEYS, clock, circuits, ...rest });
}

export function barUsOf(timeframe: Timeframe): number {
  return TIMEFRAME_US[timeframe];
}
