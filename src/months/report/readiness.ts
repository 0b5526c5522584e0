import { countText, mean, percentText, scoreText } from './figures.ts';
import type { RecordedMonth } from './lake-reading.ts';
import type { RecordedMode, RecordedStatistics } from './recorded-month.ts';
import { bandOf, FAIR_SCORE, isSoundWinRate, type TrainingStandard } from './standards.ts';

/** Mean share of nulls over the features; null where the document has none of it. */
export function nullShareOf({ feature_statistics }: RecordedStatistics): number | null {
  const share = mean(Object.values(feature_statistics?.nan_percentages ?? {}));
  return share === null ? null : share / 100;
}

/** Why no model should be trained on the month, a sentence each; none when it is ready. */
export function unreadyReasons(
  { statistics, isCutShort }: RecordedMonth,
  standard: TrainingStandard,
): string[] {
  const reasons = isCutShort
    ? ['its rows are of an earlier run than its statistics: a run died in between']
    : [];
  const { quality_score: score } = statistics;
  if (score !== null && bandOf(score) === 'poor')
    reasons.push(`score ${scoreText(score)}, below ${FAIR_SCORE}`);
  const modes = Object.entries(statistics.mode_statistics ?? {});
  if (modes.length === 0) reasons.push('no statistics of label modes are recorded');
  for (const [name, mode] of modes) reasons.push(...modeReasons(name, mode, standard));
  const nulls = nullShareOf(statistics);
  if (nulls !== null && nulls > standard.maxNullShare) {
    reasons.push(
      `${percentText(nulls)} of feature values are null, more than ${percentText(standard.maxNullShare)}`,
    );
  }
  const endless = infiniteFeatures(statistics);
  if (endless.length > 0) reasons.push(`values without bound in ${endless.join(', ')}`);
  for (const { category, message } of statistics.feature_failures ?? []) {
    reasons.push(`the features of ${category} could not be computed: ${message}`);
  }
  return reasons;
}

function modeReasons(name: string, mode: RecordedMode, standard: TrainingStandard): string[] {
  const { total_winners: winners, win_rate: rate, null_values: nulls, infinite_values: infinite } = mode;
  const reasons: string[] = [];
  if (winners === null) reasons.push(`${name}: winners are not recorded`);
  else if (winners < standard.minWinners) {
    reasons.push(`${name}: ${countText(winners)} winners, fewer than ${countText(standard.minWinners)}`);
  }
  if (rate !== null && !isSoundWinRate(rate)) reasons.push(`${name}: win rate ${percentText(rate)}`);
  if (nulls !== null && nulls > 0) reasons.push(`${name}: ${countText(nulls)} null labels or weights`);
  if (infinite !== null && infinite > 0) reasons.push(`${name}: ${countText(infinite)} infinite weights`);
  const broken = (mode.quality_flags ?? []).filter((flag) => !COUNTED_FLAGS.has(flag));
  if (broken.length > 0) reasons.push(`${name}: ${broken.map(spoken).join(', ')}`);
  return reasons;
}

/** Flags that say in a word what a figure above says. */
const COUNTED_FLAGS = new Set(['unreasonable_win_rate', 'nan_in_labels', 'nan_in_weights']);

/** Features whose smallest or largest value is no number: JSON has no infinity, so it is written as null or text. */
function infiniteFeatures({ feature_statistics }: RecordedStatistics): string[] {
  const nulls = feature_statistics?.nan_percentages ?? {};
  return Object.entries(feature_statistics?.value_ranges ?? {})
    .filter(([name, range]) => (range.min === null || range.max === null) && (nulls[name] ?? 100) < 100)
    .map(([name]) => name);
}

export function spoken(flag: string): string {
  return flag.replaceAll('_', ' ');
}
