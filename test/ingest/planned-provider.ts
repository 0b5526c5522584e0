/** A vendor made of a function: what it has, how it cuts it into pages, and where it fails. */
import {
  type BarPage,
  type BarProvider,
  type BarRequest,
  TIMEFRAME_US,
  TIMEFRAMES,
  type VendorBar,
} from '../../src/providers/index.ts';

export interface PlannedProvider {
  readonly name?: string;
  readonly isMock?: boolean;
  /** The bar that begins then; null where the vendor has none. */
  readonly bar?: (tsUs: number, asset: string) => VendorBar | null;
  readonly pageBars?: number;
  /** Called before each page; may throw or wait. */
  readonly beforePage?: (request: BarRequest, fromUs: number) => Promise<void> | void;
  readonly newestFirst?: boolean;
}

export function planned(plan: PlannedProvider = {}): BarProvider & { readonly asked: BarRequest[] } {
  const { name = 'planned', isMock = false, bar = soundBar, pageBars = 1000 } = plan;
  const asked: BarRequest[] = [];
  return {
    name,
    isMock,
    timeframes: TIMEFRAMES,
    asked,
    async *fetchBars(request) {
      asked.push(request);
      const barUs = TIMEFRAME_US[request.timeframe];
      const pages: [number, number][] = [];
      for (let fromUs = request.fromUs; fromUs < request.toUs; fromUs += pageBars * barUs) {
        pages.push([fromUs, Math.min(request.toUs, fromUs + pageBars * barUs)]);
      }
      if (plan.newestFirst === true) pages.reverse();
      for (const [fromUs, toUs] of pages) {
        await plan.beforePage?.(request, fromUs);
        const bars: VendorBar[] = [];
        for (let tsUs = fromUs; tsUs < toUs; tsUs += barUs) {
          const made = bar(tsUs, request.asset);
          if (made !== null) bars.push(made);
        }
        const page: BarPage = { bars, coveredFromUs: fromUs, coveredToUs: toUs, sourceFile: null };
        yield page;
      }
    },
  };
}

/** The same bar for the same moment and asset, whoever asks. */
export function soundBar(tsUs: number, asset: string): VendorBar {
  const base = 100 + (asset.charCodeAt(0) % 7) + Math.sin(tsUs / 3.6e9) * 5;
  const open = round(base);
  const close = round(base + Math.sin(tsUs / 7.7e8) * 0.3);
  const high = round(Math.max(open, close) + 0.05);
  const low = round(Math.min(open, close) - 0.05);
  const volume = Math.abs(tsUs / 6e7) % 13;
  return { tsUs, open, high, low, close, volume, original: { t: tsUs / 1e6 } };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
