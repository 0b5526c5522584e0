import { formatByteLength } from '../base/index.ts';

/** What can be wrong with a month or with the lake. */
export const CONDITION_KINDS = ['slow', 'score', 'win-rate', 'failed', 'memory', 'error-rate'] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];

/** Something that is wrong now, in one place. */
export interface Condition {
  /** `2024-10/score`, `2024-10/win-rate.low_vol_long`, `lake/memory`: the same for everybody who looks. */
  readonly id: string;
  readonly kind: ConditionKind;
  readonly month: string | null;
  readonly mode: string | null;
  /** A sentence: where, what was found, what was expected. */
  readonly message: string;
  /** Minutes, score, share or bytes, by kind; null of a failed month. */
  readonly value: number | null;
  /** The line it is held against; of a win rate both ends. */
  readonly threshold: number | readonly [number, number] | null;
}

/** The lines of the configuration. */
export interface Thresholds {
  readonly monthMinutes: number;
  readonly score: number;
  readonly winRate: readonly [number, number];
  readonly errorRate: number;
  readonly memoryBytes: number;
}

/** What is known of a month that was made; null where nobody recorded it. */
export interface MonthFigures {
  readonly month: string;
  readonly minutes: number | null;
  readonly score: number | null;
  readonly winRates: Readonly<Record<string, number | null>>;
}

export const LAKE = 'lake';

function condition(
  kind: ConditionKind,
  place: { readonly month?: string; readonly mode?: string },
  facts: Pick<Condition, 'message' | 'value' | 'threshold'>,
): Condition {
  const { month = null, mode = null } = place;
  return { id: `${month ?? LAKE}/${kind}${mode === null ? '' : `.${mode}`}`, kind, month, mode, ...facts };
}

/** What is wrong with a month that was made. A figure that nobody recorded is not wrong. */
export function monthConditions(figures: MonthFigures, thresholds: Thresholds): Condition[] {
  const { month, minutes, score } = figures;
  const found: Condition[] = [];
  if (minutes !== null && minutes > thresholds.monthMinutes) found.push(slow(month, minutes, thresholds));
  if (score !== null && score < thresholds.score) {
    const message = `${month} has a quality score of ${Math.floor(score * 1000) / 1000}, expected at least ${thresholds.score}`;
    found.push(condition('score', { month }, { message, value: score, threshold: thresholds.score }));
  }
  const [least, most] = thresholds.winRate;
  for (const [mode, rate] of Object.entries(figures.winRates)) {
    if (rate === null || (rate >= least && rate <= most)) continue;
    const message = `${month}: ${percent(rate)} of ${mode} win, expected ${percent(least)} to ${percent(most)}`;
    found.push(condition('win-rate', { month, mode }, { message, value: rate, threshold: [least, most] }));
  }
  return found;
}

/** A month that took, or has been at work for, longer than it should. */
export function slow(month: string, minutes: number, { monthMinutes }: Thresholds): Condition {
  const message = `${month} takes ${Math.ceil(minutes * 10) / 10} minutes, expected at most ${monthMinutes}`;
  return condition('slow', { month }, { message, value: minutes, threshold: monthMinutes });
}

export function failed(month: string, error: { readonly code: string; readonly message: string }): Condition {
  const message = `${month} failed: ${error.message} (${error.code})`;
  return condition('failed', { month }, { message, value: null, threshold: null });
}

export function memoryConditions(peakBytes: number | null, { memoryBytes }: Thresholds): Condition[] {
  if (peakBytes === null || peakBytes <= memoryBytes) return [];
  const message = `the monthly run takes ${formatByteLength(peakBytes)} of memory, its limit is ${formatByteLength(memoryBytes)}`;
  return [condition('memory', {}, { message, value: peakBytes, threshold: memoryBytes })];
}

/** `failedCount` out of the months the lake has or should have. */
export function errorRateConditions(
  failedCount: number,
  monthCount: number,
  { errorRate }: Thresholds,
): Condition[] {
  const rate = monthCount === 0 ? 0 : failedCount / monthCount;
  if (rate <= errorRate) return [];
  const message = `${failedCount} of ${monthCount} months failed, ${percent(rate)}, expected at most ${percent(errorRate)}`;
  return [condition('error-rate', {}, { message, value: rate, threshold: errorRate })];
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
