/**
 * What a provider of bars gives.
 *
 * Added since first agreed: `BarPage.answeredBy` (a fallback's page names who answered), `BarProvider.usage`.
 */
import type { ProviderUsage } from './calls.ts';

/** The timeframes that bronze tables exist for. */
export const TIMEFRAMES = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

/** Which bars are wanted: those that start in [fromUs, toUs), UTC, µs since the epoch. */
export interface BarRequest {
  /** Normalised, e.g. `BTCUSD`. */
  readonly asset: string;
  readonly timeframe: Timeframe;
  readonly fromUs: number;
  readonly toUs: number;
  readonly signal: AbortSignal;
}

/** A bar as a vendor gave it. Nothing of it has been checked: a field may be missing or no number. */
export interface VendorBar {
  /** Start of the bar, µs since the epoch; NaN when the vendor's time cannot be read, undefined when there is none. */
  readonly tsUs: number | undefined;
  readonly open: unknown;
  readonly high: unknown;
  readonly low: unknown;
  readonly close: unknown;
  readonly volume: unknown;
  /** What the vendor sent: a line's text, its bytes where they are no UTF-8, or the JSON value. */
  readonly original: unknown;
  /** What it says of its asset and timeframe, where that cannot be read: then it is nobody's bar. */
  readonly misplaced?: Readonly<Record<string, unknown>> | undefined;
}

/** One answer of a vendor. */
export interface BarPage {
  readonly bars: readonly VendorBar[];
  /** The span this answer speaks for, [µs, µs): what it holds no bar of, the vendor does not have. */
  readonly coveredFromUs: number;
  readonly coveredToUs: number;
  /** The file the bars came from; null from an API. */
  readonly sourceFile: string | null;
  /** Who answered, where it is not the provider asked: one of those behind it (see `withFallback`). */
  readonly answeredBy?: Answerer;
}

/** `replay` has the bundled sample, and files that somebody names. */
export const BAR_ORIGINS = ['sample', 'files'] as const;
export type BarOrigin = (typeof BAR_ORIGINS)[number];

/** Who answers, as far as it is stored with the bars. */
export type Answerer = Pick<BarProvider, 'name' | 'isMock' | 'origin'>;

/** A vendor of bars. Pages may come in any order; the still-forming last bar is never among them. */
export interface BarProvider {
  /** As stored in `source_provider`, e.g. `coinbase` or `ccxt:kraken`. */
  readonly name: string;
  /** Bars that are no market's: bundled or generated. */
  readonly isMock: boolean;
  /** Where the bars are from, where one name stands for several places: they must not mix in one stream. */
  readonly origin?: BarOrigin;
  readonly timeframes: readonly Timeframe[];
  /** Throws a BarlineError for what cannot heal, after retrying what may. */
  fetchBars(request: BarRequest): AsyncIterable<BarPage>;
  /** What its calls have cost so far; absent where none are made. */
  usage?(): ProviderUsage;
}
