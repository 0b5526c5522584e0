export { clearCategory, columnsOf, featureArraysFrom, newFeatureArrays } from './arrays.ts';
export {
  computeFeatures,
  FEATURES_KERNEL_VERSION,
  type FeatureFailure,
  type FeatureOptions,
  type FeatureResult,
} from './features.ts';
export type { FeatureRange, FeatureScope } from './stretches.ts';
export {
  type BinaryFeatureName,
  type ExpectedRange,
  type FeatureArrays,
  type FeatureCategory,
  type FeatureColumn,
  type FeatureName,
  type FloatFeatureName,
  featureColumns,
  type NullClass,
  nullShareLimits,
} from './table.ts';
