export { type DecayRun, defaultDecayPerMonth, monthlyDecay, noDecay, utcMonthOf } from './decay.ts';
export {
  computeLabels,
  LABELS_KERNEL_VERSION,
  type LabelOptions,
  type LabelRange,
  type ModeColumns,
  newLabelColumns,
} from './labels.ts';
export { defaultTimeoutBars, type LabelMode, labelModes } from './modes.ts';
export { decayingColumns, rebasedRelation, rebaseWeights, utcMonthSql } from './rebase.ts';
export type { WalkScope } from './walks.ts';
