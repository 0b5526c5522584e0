export {
  type BarColumns,
  type BarRules,
  type CheckedBars,
  checkBars,
  DEFAULT_PRICE_BOUNDS,
  emptyColumns,
  type FailedBar,
  HIGHEST_PRICE,
  LOWEST_PRICE,
  type Misplaced,
  numberOf,
  type PriceBounds,
  type RawBar,
} from './bar-rules.ts';
export { type DeadLetter, DeadLetters, type NewDeadLetter } from './dead-letters.ts';
export { barOf, type DeadLetterContext, type DeadRecord, deadBar, originalOf } from './dead-record.ts';
