/**
 * `truth.json`: what a reader must find in the sample months beside it. Known from the plan they were made by, not
 * from reading them back. Keys are snake_case, as other programs read them.
 */

/** Cleaning rules a DBN file can break, in the order they run. */
export const CLEANING_RULES = [
  'duplicate',
  'not_positive',
  'bounds',
  'ohlc_small',
  'ohlc_large',
  'tick',
  'spike',
] as const;

export type CleaningRule = (typeof CLEANING_RULES)[number];

/** Points; null is undefined. */
export interface BarValues {
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number;
}

export interface DefectTruth {
  /** What was planted, e.g. `high_below`. */
  readonly kind: string;
  /** The rule that must act on it; `order` is sorting; null: no rule may touch it. */
  readonly rule: CleaningRule | 'order' | null;
  /**
   * `dropped`, `changed` or `sorted` by that rule; `kept` although it looks like a fault; `ignored`: a true fault
   * outside the session or the front contract, where the rules do not run.
   */
  readonly action: 'dropped' | 'changed' | 'sorted' | 'kept' | 'ignored';
  /** Start of the bar, nanoseconds since the epoch. */
  readonly timestamp: string;
  readonly instrument_id: number;
  readonly symbol: string;
  /** The record as it is in the file. */
  readonly original: BarValues;
  /** The bar that must come of it; null when it goes, or no rule may see it. */
  readonly new: BarValues | null;
}

export interface SessionTruth {
  /** Chicago date. */
  readonly date: string;
  readonly front: string;
  /** Seconds of the session: rows of its grid. */
  readonly expected_rows: number;
  /** Bars left after cleaning. */
  readonly real_rows: number;
  readonly leading_fill: number;
  readonly open_utc: string;
  readonly close_utc: string;
  /** SHA-256 of open, high, low, close in ticks and volume, each a row of little-endian int32, in this order. */
  readonly grid_sha256: string;
}

export interface RollTruth {
  readonly date: string;
  readonly from_contract: string;
  readonly to_contract: string;
  /** Price of the new contract less the old one, as generated, before either is rounded to a tick. */
  readonly carry_points: number;
}

export interface MonthTruth {
  readonly month: string;
  readonly file: string;
  /** All records of the file. */
  readonly raw_records: number;
  /** Records of each date's front contract, over all hours. */
  readonly front_records: number;
  /** Of these, the ones inside the session. */
  readonly session_records: number;
  /** Front contract of the month before's last session: a different first one here is a roll. */
  readonly contract_before: string;
  /** Every Chicago date with bars in this file. */
  readonly front_contract: readonly { date: string; contract: string; volume: number }[];
  /** Bars each rule acts on, inside the session; rules with none are left out. */
  readonly cleaning_counts: Readonly<Partial<Record<CleaningRule, number>>>;
  /** Records that start before the one ahead of them: in the file, and among the session's. */
  readonly disorder: { readonly file: { descents: number }; readonly session: { descents: number } };
  readonly sessions: readonly SessionTruth[];
  /** Between sessions of this month. */
  readonly rolls: readonly RollTruth[];
  readonly defects: readonly DefectTruth[];
}

export interface SampleTruth {
  readonly instrument: string;
  readonly seed: number;
  readonly scale: number;
  readonly planted_defects: boolean;
  readonly months: readonly MonthTruth[];
}
