export {
  DEFAULT_SCALE,
  DEFAULT_SEED,
  type SampleProgress,
  type SampleRequest,
  TRUTH_FILE_NAME,
  type WrittenSample,
  writeSampleMonths,
} from './files.ts';
export { type GeneratedMonth, generateMonth, type MonthRequest } from './month.ts';
export type {
  BarValues,
  CleaningRule,
  DefectTruth,
  MonthTruth,
  RollTruth,
  SampleTruth,
  SessionTruth,
} from './truth.ts';
