/** A statistics document as a report reads it: of this version or an earlier one, so that any part may be missing. */
import { z } from 'zod';

// what is missing or of another type is null: a report says "not recorded", it does not fail
const number = z.number().nullable().catch(null);
const text = z.string().nullable().catch(null);
const flag = z.boolean().nullable().catch(null);
const texts = z.array(z.string()).nullable().catch(null);
const numbers = z.record(z.string(), z.number()).nullable().catch(null);

const mode = z.object({
  win_rate: number,
  total_winners: number,
  total_samples: number,
  avg_weight: number,
  weight_std: number,
  min: number,
  max: number,
  weight_distribution: numbers,
  null_values: number,
  infinite_values: number,
  quality_flags: texts,
});

const roll = z.object({
  timestamp: text,
  price_gap: number,
  gap_direction: text,
  bars_affected: number,
  from_contract: text,
  to_contract: text,
});

const features = z.object({
  features_generated: number,
  nan_percentages: numbers,
  outlier_counts: numbers,
  value_ranges: z
    .record(z.string(), z.object({ min: number, max: number }))
    .nullable()
    .catch(null),
  high_nan_features: texts,
  out_of_range_features: texts,
  suspicious_features: texts,
  high_outlier_features: texts,
  quality_score: number,
});

const featureFlag = z.object({ feature: z.string(), kind: text, found: number, limit: number });

const halfHour = z.object({ from: z.string(), rows: number, fill_share: number });

const recordedMonth = z.object({
  processing_date: text,
  barline_version: text,
  source: z.object({ file: text, bytes: number, sha256: text }).nullable().catch(null),
  dataset_condition: z.record(z.string(), z.string()).nullable().catch(null),
  raw_bars: number,
  front_contract_bars: number,
  rth_bars: number,
  final_bars: number,
  bars_dropped: number,
  bars_changed: number,
  retention: number,
  fill_share: number,
  longest_fill: number,
  fill_by_half_hour: z.array(halfHour).nullable().catch(null),
  sessions: z.array(z.unknown()).nullable().catch(null),
  missing_sessions: texts,
  emptied_sessions: texts,
  timezone_issue_dates: texts,
  cleaning_rules: numbers,
  previous_front_known: flag,
  rollover_events: z.array(roll).nullable().catch(null),
  bars_excluded_rollover: number,
  mode_statistics: z.record(z.string(), mode).nullable().catch(null),
  feature_statistics: features.nullable().catch(null),
  feature_flags: z.array(featureFlag).nullable().catch(null),
  feature_failures: z
    .array(z.object({ category: z.string(), message: z.string() }))
    .nullable()
    .catch(null),
  performance: z
    .object({ seconds: number, stage_seconds: numbers, rows_per_second: number, peak_rss_bytes: number })
    .nullable()
    .catch(null),
  quality_score: number,
  quality_parts: numbers,
  requires_reprocessing: flag,
  reprocessing_reasons: texts,
  reprocessing_priority: z.enum(['high', 'medium', 'low']).nullable().catch(null),
  warnings: texts,
  txn_version: number,
});

export type RecordedStatistics = z.infer<typeof recordedMonth>;
export type RecordedMode = z.infer<typeof mode>;
export type RecordedFeatures = z.infer<typeof features>;

/** Null when the text is no JSON object; otherwise every key, null where the document has none. */
export function parseStatistics(document: string): RecordedStatistics | null {
  try {
    return recordedMonth.safeParse(JSON.parse(document)).data ?? null;
  } catch {
    return null;
  }
}
