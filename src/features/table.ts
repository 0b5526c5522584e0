/**
 * The 43 features as data, in column order: what each is called, how it is stored, how far it looks back, and the
 * values expected of it. Ranges and null shares are defaults; configuration may replace them.
 */
export type FeatureCategory =
  | 'volume'
  | 'price_context'
  | 'consolidation'
  | 'returns'
  | 'volatility'
  | 'microstructure'
  | 'time';

/** Smallest and largest value expected, or the instrument's price bounds. */
export type ExpectedRange = readonly [lowest: number, highest: number] | 'instrument';

/** Which limit a column's share of nulls is held against. */
export type NullClass = 'rolling' | 'time' | 'other';

/** Largest share of nulls expected. Features that are never null, rolling or not, count as `other`. */
export const nullShareLimits: Readonly<Record<NullClass, number>> = {
  rolling: 0.35,
  time: 0.01,
  other: 0.1,
};

export interface FeatureColumn {
  readonly name: string;
  readonly category: FeatureCategory;
  /** `float`: Float32Array, null is NaN. `int8`: Int8Array of 0 and 1, never null. */
  readonly storage: 'float' | 'int8';
  readonly range: ExpectedRange;
  readonly nullClass: NullClass;
  /** Bars up to and including its own that the value of a row depends on. */
  readonly lookbackBars: number;
  /** Rows at the start of a scope that are null whatever the bars hold. */
  readonly warmupRows: number;
}

type Row<Name extends string, Storage extends 'float' | 'int8'> = FeatureColumn & {
  readonly name: Name;
  readonly storage: Storage;
};

/** A float feature that is null until its window is full. */
function rolling<const Name extends string>(
  category: FeatureCategory,
  name: Name,
  range: ExpectedRange,
  lookbackBars: number,
  warmupRows: number = lookbackBars - 1,
): Row<Name, 'float'> {
  return { name, category, storage: 'float', range, nullClass: 'rolling', lookbackBars, warmupRows };
}

/** A float feature with a value from the first row on. */
function ready<const Name extends string>(
  category: FeatureCategory,
  name: Name,
  range: ExpectedRange,
  lookbackBars: number,
): Row<Name, 'float'> {
  return { name, category, storage: 'float', range, nullClass: 'other', lookbackBars, warmupRows: 0 };
}

function binary<const Name extends string>(
  category: FeatureCategory,
  name: Name,
  nullClass: NullClass,
  lookbackBars: number,
): Row<Name, 'int8'> {
  return { name, category, storage: 'int8', range: [0, 1], nullClass, lookbackBars, warmupRows: 0 };
}

export const featureColumns = [
  rolling('volume', 'volume_ratio_30s', [0.001, 30], 30),
  rolling('volume', 'volume_slope_30s', [-300, 300], 34),
  rolling('volume', 'volume_slope_5s', [-6000, 4000], 5),
  rolling('volume', 'volume_exhaustion', [-5000, 35_000], 30),
  ready('price_context', 'vwap', 'instrument', 300),
  ready('price_context', 'distance_from_vwap_pct', [-5, 5], 300),
  rolling('price_context', 'vwap_slope', [-12, 12], 329, 29),
  rolling('price_context', 'distance_from_rth_high', [-200, 0.1], 1800),
  rolling('price_context', 'distance_from_rth_low', [-0.1, 200], 1800),
  rolling('consolidation', 'short_range_high', 'instrument', 300),
  rolling('consolidation', 'short_range_low', 'instrument', 300),
  rolling('consolidation', 'short_range_size', [0.5, 200], 300),
  rolling('consolidation', 'position_in_short_range', [0, 1], 300),
  rolling('consolidation', 'medium_range_high', 'instrument', 900),
  rolling('consolidation', 'medium_range_low', 'instrument', 900),
  rolling('consolidation', 'medium_range_size', [1, 200], 900),
  rolling('consolidation', 'range_compression_ratio', [0, 1], 900),
  binary('consolidation', 'short_range_retouches', 'other', 300),
  binary('consolidation', 'medium_range_retouches', 'other', 900),
  rolling('returns', 'return_30s', [-0.1, 0.1], 31),
  rolling('returns', 'return_60s', [-0.1, 0.1], 61),
  rolling('returns', 'return_300s', [-0.2, 0.2], 301),
  rolling('returns', 'momentum_acceleration', [-0.2, 0.2], 61),
  rolling('returns', 'momentum_consistency', [0, 0.05], 31),
  rolling('volatility', 'atr_30s', [0.01, 50], 31, 29),
  rolling('volatility', 'atr_300s', [0.07, 50], 301, 299),
  rolling('volatility', 'volatility_regime', [0, 5], 301, 299),
  rolling('volatility', 'volatility_acceleration', [-1, 1], 61, 59),
  rolling('volatility', 'volatility_breakout', [-5, 5], 330, 328),
  rolling('volatility', 'atr_percentile', [0, 100], 330, 328),
  ready('microstructure', 'bar_range', [0, 25], 1),
  rolling('microstructure', 'relative_bar_size', [0, 10], 31, 29),
  rolling('microstructure', 'uptick_pct_30s', [0, 100], 31, 29),
  rolling('microstructure', 'uptick_pct_60s', [0, 100], 61, 59),
  rolling('microstructure', 'bar_flow_consistency', [0, 50], 61, 59),
  rolling('microstructure', 'directional_strength', [0, 100], 31, 29),
  binary('time', 'is_eth', 'time', 1),
  binary('time', 'is_pre_open', 'time', 1),
  binary('time', 'is_rth_open', 'time', 1),
  binary('time', 'is_morning', 'time', 1),
  binary('time', 'is_lunch', 'time', 1),
  binary('time', 'is_afternoon', 'time', 1),
  binary('time', 'is_rth_close', 'time', 1),
] as const;

type Column = (typeof featureColumns)[number];
export type FeatureName = Column['name'];
export type FloatFeatureName = Extract<Column, { storage: 'float' }>['name'];
export type BinaryFeatureName = Extract<Column, { storage: 'int8' }>['name'];

/** One array per feature, indexed by grid row; they may lie on SharedArrayBuffers. */
export type FeatureArrays = Readonly<
  Record<FloatFeatureName, Float32Array> & Record<BinaryFeatureName, Int8Array>
>;

/** Rows before a stretch that the kernels must see for every value in it to be what the whole scope gives. */
export const leadRows: number = Math.max(...featureColumns.map((column) => column.lookbackBars)) - 1;
