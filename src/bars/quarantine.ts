/** Every bar that cleaning dropped or changed, with what it was and what it became. */
import type { Bars } from './columns.ts';

/** Names of the cleaning rules, in the order they run. Stable: they are stored. */
export const CLEANING_RULES = [
  'out_of_order',
  'duplicate',
  'not_positive',
  'out_of_bounds',
  'ohlc_inconsistent_small',
  'ohlc_inconsistent',
  'negative_volume',
  'off_tick',
  'spike',
] as const;

export type CleaningRule = (typeof CLEANING_RULES)[number];

export type QuarantineAction = 'dropped' | 'changed';

/** Open, high, low and close in points, and volume. */
export type BarValues = readonly [open: number, high: number, low: number, close: number, volume: number];

/**
 * One row per bar and rule that touched it, sessions in time order. The first five values are those before the
 * rule, the `new` ones those after it, NaN where the bar was dropped. NaN among the first is "undefined".
 */
export interface Quarantine {
  readonly rowCount: number;
  readonly tsUs: Float64Array;
  /** 0 where the source has no ids. */
  readonly instrumentId: Uint32Array;
  readonly symbol: readonly (string | null)[];
  readonly rule: readonly CleaningRule[];
  readonly action: readonly QuarantineAction[];
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  readonly newOpen: Float64Array;
  readonly newHigh: Float64Array;
  readonly newLow: Float64Array;
  readonly newClose: Float64Array;
  readonly newVolume: Float64Array;
}

/** Collects quarantined bars; about 100 ns each. */
export interface QuarantineLog {
  readonly dropped: (rule: CleaningRule, row: number, before: BarValues) => void;
  readonly changed: (rule: CleaningRule, row: number, before: BarValues, after: BarValues) => void;
  readonly columns: () => Quarantine;
}

/** A log for rows of `bars`. */
export function quarantineLog(bars: Bars): QuarantineLog {
  const rows: number[] = [];
  const rules: CleaningRule[] = [];
  const actions: QuarantineAction[] = [];
  const befores: BarValues[] = [];
  const afters: BarValues[] = [];
  const note = (rule: CleaningRule, row: number, before: BarValues, after?: BarValues): void => {
    rows.push(row);
    rules.push(rule);
    actions.push(after ? 'changed' : 'dropped');
    befores.push(before);
    afters.push(after ?? GONE);
  };
  const source = (row: number) => bars.instruments[bars.instrument?.[row] ?? -1];
  return {
    dropped: note,
    changed: note,
    columns: () => ({
      rowCount: rows.length,
      tsUs: Float64Array.from(rows, (row) => bars.tsUs[row] ?? Number.NaN),
      instrumentId: Uint32Array.from(rows, (row) => source(row)?.id ?? 0),
      symbol: rows.map((row) => source(row)?.symbol ?? null),
      rule: rules,
      action: actions,
      open: Float64Array.from(befores, (values) => values[0]),
      high: Float64Array.from(befores, (values) => values[1]),
      low: Float64Array.from(befores, (values) => values[2]),
      close: Float64Array.from(befores, (values) => values[3]),
      volume: Float64Array.from(befores, (values) => values[4]),
      newOpen: Float64Array.from(afters, (values) => values[0]),
      newHigh: Float64Array.from(afters, (values) => values[1]),
      newLow: Float64Array.from(afters, (values) => values[2]),
      newClose: Float64Array.from(afters, (values) => values[3]),
      newVolume: Float64Array.from(afters, (values) => values[4]),
    }),
  };
}

const GONE: BarValues = [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN];
