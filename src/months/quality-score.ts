/**
 * A number from 0 to 1 that says how far a month can be trusted, why, and whether it should be made again. Pure: all of
 * it comes from the month's statistics document. Where two limits of one measure are passed, the larger deduction
 * counts alone.
 */
import { featureColumns } from '../features/index.ts';
import type { FeatureStatistics } from './feature-statistics.ts';
import { isReasonable, type ModeStatistics, WIN_RATES } from './mode-statistics.ts';

/** The keys of a document that the score is made from. */
export interface ScoredMonth {
  readonly month_str: string;
  readonly rth_bars: number;
  readonly final_bars: number;
  /** Bars surviving cleaning over bars before it; null when there was none. */
  readonly retention: number | null;
  readonly cleaning_rules: Readonly<Record<string, number>>;
  readonly missing_sessions: readonly string[];
  readonly emptied_sessions: readonly string[];
  readonly warnings: readonly string[];
  readonly mode_statistics: Readonly<Record<string, ModeStatistics>>;
  readonly feature_statistics: FeatureStatistics;
  readonly feature_failures: readonly { readonly category: string; readonly message: string }[];
  readonly processing_time_minutes: number;
  readonly performance: { readonly peak_rss_bytes: number };
  readonly rollover_events: readonly unknown[];
  readonly bars_excluded_rollover: number;
}

export interface QualityParts {
  readonly modes: number;
  readonly data: number;
  readonly features: number;
  readonly performance: number;
  readonly rolls: number;
}

export type ReprocessingPriority = 'high' | 'medium' | 'low';

export interface MonthQuality {
  readonly score: number;
  readonly parts: QualityParts;
  readonly requiresReprocessing: boolean;
  /** Sentences a person can act on; empty when nothing is to be done. */
  readonly reasons: readonly string[];
  /** Null when nothing is to be done. */
  readonly priority: ReprocessingPriority | null;
}

export const WEIGHTS: QualityParts = { modes: 0.4, data: 0.25, features: 0.2, performance: 0.1, rolls: 0.05 };

/** Below it, or at it, a month is made again. */
export const LIMITS = {
  score: 0.7,
  retention: 0.3,
  features: 0.6,
  rollShare: 0.15,
  highPriority: 0.5,
} as const;

/** Rules that drop a bar; the others change it or its place. */
const DROPPING_RULES = ['duplicate', 'not_positive', 'out_of_bounds', 'ohlc_inconsistent', 'spike'] as const;

const GB = 1e9;

export function qualityOf(month: ScoredMonth): MonthQuality {
  const parts: QualityParts = {
    modes: mean(Object.values(month.mode_statistics).map(modeQuality)),
    data: dataQuality(month),
    features: month.feature_statistics.quality_score,
    performance: performanceQuality(month),
    rolls: rollQuality(month),
  };
  const score = rounded(
    WEIGHTS.modes * parts.modes +
      WEIGHTS.data * parts.data +
      WEIGHTS.features * parts.features +
      WEIGHTS.performance * parts.performance +
      WEIGHTS.rolls * parts.rolls,
  );
  const reasons = reprocessingReasons(month, parts, score);
  const requiresReprocessing = reasons.length > 0;
  return {
    score,
    parts,
    requiresReprocessing,
    reasons,
    priority: requiresReprocessing ? priorityOf(score) : null,
  };
}

function priorityOf(score: number): ReprocessingPriority {
  if (score < LIMITS.highPriority) return 'high';
  return score < LIMITS.score ? 'medium' : 'low';
}

/** Sums of tenths come out a hair beside the limits they are held against: nine digits are kept. */
function rounded(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 1e9) / 1e9;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : rounded(values.reduce((sum, value) => sum + value, 0) / values.length);
}

/** The deduction of the first step whose limit the value is above. Steps run from the highest limit down. */
function above(value: number, steps: readonly (readonly [limit: number, deduction: number])[]): number {
  return steps.find(([limit]) => value > limit)?.[1] ?? 0;
}

export function modeQuality(mode: ModeStatistics): number {
  const flags = new Set(mode.quality_flags);
  let quality = 1;
  if (!isReasonable(mode.win_rate)) quality -= 0.4;
  if (mode.null_values > 0) quality -= 0.3;
  if (mode.infinite_values > 0) quality -= 0.3;
  if (flags.has('invalid_label_values')) quality -= 0.2;
  if (flags.has('non_positive_weights')) quality -= 0.2;
  return rounded(quality - 0.1 * flags.size);
}

export function dataQuality(month: ScoredMonth): number {
  const { rth_bars: bars, warnings } = month;
  const retention = month.retention ?? 0;
  let quality = 1;
  if (retention < LIMITS.retention) quality -= 0.5;
  else if (retention < 0.5) quality -= 0.3;
  else if (retention < 0.7) quality -= 0.1;
  if (bars > 0 && (worstRule(month)?.bars ?? 0) > bars / 2) quality -= 0.3;
  if (month.missing_sessions.length + month.emptied_sessions.length > 0) quality -= 0.2;
  return rounded(quality - 0.05 * warnings.length);
}

/** The rule that dropped most. */
function worstRule(month: ScoredMonth): { readonly rule: string; readonly bars: number } | undefined {
  return DROPPING_RULES.map((rule) => ({ rule, bars: month.cleaning_rules[rule] ?? 0 }))
    .sort((a, b) => b.bars - a.bars)
    .find(({ bars }) => bars > 0);
}

export function featureQuality(features: Omit<FeatureStatistics, 'quality_score'>): number {
  const expected = featureColumns.length;
  const nulls = Object.values(features.nan_percentages).reduce((sum, percent) => sum + percent / 100, 0);
  const quality =
    (features.features_generated / expected +
      (1 - nulls / expected) +
      (1 - features.high_outlier_features.length / expected) +
      (1 - features.suspicious_features.length / expected)) /
    4;
  return rounded(
    quality -
      above(features.high_nan_features.length, [
        [5, 0.2],
        [2, 0.1],
      ]),
  );
}

export function performanceQuality(
  month: Pick<ScoredMonth, 'processing_time_minutes' | 'performance'>,
): number {
  return rounded(
    1 -
      above(month.processing_time_minutes, [
        [45, 0.4],
        [30, 0.2],
      ]) -
      above(month.performance.peak_rss_bytes, [
        [8 * GB, 0.3],
        [6 * GB, 0.1],
      ]),
  );
}

export function rollQuality(
  month: Pick<ScoredMonth, 'rollover_events' | 'bars_excluded_rollover' | 'final_bars'>,
): number {
  return rounded(
    1 -
      above(rollShare(month), [
        [0.15, 0.5],
        [0.1, 0.3],
        [0.05, 0.1],
      ]) -
      above(month.rollover_events.length, [
        [10, 0.3],
        [5, 0.1],
      ]),
  );
}

function rollShare(month: Pick<ScoredMonth, 'bars_excluded_rollover' | 'final_bars'>): number {
  return month.final_bars === 0 ? 0 : month.bars_excluded_rollover / month.final_bars;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function reprocessingReasons(month: ScoredMonth, parts: QualityParts, score: number): string[] {
  return [
    ...scoreReasons(parts, score),
    ...failureReasons(month),
    ...retentionReasons(month),
    ...featureReasons(month),
    ...Object.entries(month.mode_statistics).flatMap(([name, mode]) => modeReasons(name, mode)),
    ...rollReasons(month),
  ];
}

function scoreReasons(parts: QualityParts, score: number): string[] {
  if (score >= LIMITS.score) return [];
  const names = ['modes', 'data', 'features', 'performance', 'rolls'] as const;
  const lost = names
    .map((name) => ({ name, lost: WEIGHTS[name] * (1 - parts[name]) }))
    .sort((a, b) => b.lost - a.lost)
    .filter((part) => part.lost > 0)
    .slice(0, 2)
    .map((part) => `${part.name} (${part.lost.toFixed(2)})`);
  return [
    `The score of ${score.toFixed(2)} is below ${LIMITS.score}; most of it was lost on ${lost.join(' and ')}.`,
  ];
}

function failureReasons({ feature_failures: failures, month_str: month }: ScoredMonth): string[] {
  const categories = [...new Set(failures.map(({ category }) => category))];
  return categories.map((category) => {
    const message = failures.find((failure) => failure.category === category)?.message ?? '';
    return `The ${category} features could not be computed and are null (${message}); run \`barline months run --month ${month} --force\` when the cause is gone.`;
  });
}

function retentionReasons(month: ScoredMonth): string[] {
  const { retention, month_str: name } = month;
  if (retention === null) {
    return [
      "No bar of the front contract lies in the session's hours; check the session's setting and the file's times.",
    ];
  }
  if (retention >= LIMITS.retention) return [];
  const worst = worstRule(month);
  const cause =
    worst === undefined
      ? ''
      : `, most of the others fell to the rule ${worst.rule} (${percent(worst.bars / month.rth_bars)})`;
  return [
    `Cleaning kept ${percent(retention)} of the session's bars, below ${percent(LIMITS.retention)}${cause}; ` +
      `look at them with \`barline table read quarantine --where "month = '${name}'"\`, and download the file again if it is at fault.`,
  ];
}

function featureReasons({ feature_statistics: features, month_str: month }: ScoredMonth): string[] {
  if (features.quality_score >= LIMITS.features) return [];
  return [
    `The features' quality of ${features.quality_score.toFixed(2)} is below ${LIMITS.features}: ` +
      `${features.features_generated} of ${featureColumns.length} generated, ${features.high_nan_features.length} with too many nulls, ` +
      `${features.high_outlier_features.length} with many outliers, ${features.suspicious_features.length} constant or implausible; ` +
      `see \`barline months show ${month}\`.`,
  ];
}

function modeReasons(name: string, mode: ModeStatistics): string[] {
  const reasons: string[] = [];
  const faults = mode.quality_flags.filter((flag) => flag !== 'unreasonable_win_rate');
  if (mode.infinite_values > 0)
    reasons.push(`Mode ${name} has ${mode.infinite_values} infinite weights; none may be used.`);
  if (faults.length > 0) {
    reasons.push(
      `Mode ${name} is not valid (${faults.join(', ')}); leave it out of training until the month is made again.`,
    );
  }
  if (!isReasonable(mode.win_rate)) {
    const found = mode.win_rate === null ? 'unknown, as there are no rows' : percent(mode.win_rate);
    reasons.push(
      `The win rate of ${name} is ${found}, outside ${WIN_RATES.lowest * 100} to ${WIN_RATES.highest * 100} %; check the prices, and the mode's stop and target against the month's volatility.`,
    );
  }
  return reasons;
}

function rollReasons(month: ScoredMonth): string[] {
  const share = rollShare(month);
  if (share <= LIMITS.rollShare) return [];
  return [
    `Rolls affect ${percent(share)} of the bars, more than ${percent(LIMITS.rollShare)} (${month.rollover_events.length} events); check the file for jumps, or take rolls from contracts (\`rolls: contracts\`).`,
  ];
}
