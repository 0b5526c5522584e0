/** The lines a month is held against in reports. */

export const GOOD_SCORE = 0.8;
export const FAIR_SCORE = 0.6;

/** Win rates a mode should lie between. */
export const WIN_RATES = [0.05, 0.5] as const;

/** What a month must have before a model is trained on it. */
export interface TrainingStandard {
  /** Winners that each mode must have. */
  readonly minWinners: number;
  /** The most nulls, as a mean share over the features. */
  readonly maxNullShare: number;
}

/** A month of full sessions has some 30,000 winners at a win rate of 5 %: a tenth of the poorest that is still sound. */
export const TRAINING_STANDARD: TrainingStandard = { minWinners: 3000, maxNullShare: 0.05 };

export type ScoreBand = 'good' | 'fair' | 'poor';

export function bandOf(score: number): ScoreBand {
  if (score >= GOOD_SCORE) return 'good';
  return score >= FAIR_SCORE ? 'fair' : 'poor';
}

export function isSoundWinRate(rate: number): boolean {
  return rate >= WIN_RATES[0] && rate <= WIN_RATES[1];
}
