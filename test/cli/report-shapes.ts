/** The shapes of reports in docs/reference/json.md, strict: a key more or less fails. */
import { z } from 'zod';

const month = z.string().regex(/^\d{4}-\d\d$/);
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const seconds = z.number().nonnegative();
const figure = z.number().nullable();
const extreme = z.strictObject({ month, value: z.number() });
const texts = z.array(z.string());

const failedMonths = z.strictObject({
  code: z.string(),
  kind: z.enum(['transient', 'permanent']),
  months: z.array(z.strictObject({ month, message: z.string(), attempts: count })),
  hint: z.string().nullable(),
  command: z.string(),
});

const reprocessing = z.strictObject({
  priority: z.enum(['high', 'medium', 'low']),
  months: z.array(z.strictObject({ month, score: share.nullable(), reasons: texts, command: z.string() })),
  command: z.string(),
});

export const monthsReport = z.strictObject({
  lake: z.string(),
  made_at: z.iso.datetime(),
  first: month.nullable(),
  last: month.nullable(),
  month_count: count,
  rows: count,
  raw_bars: count,
  seconds,
  peak_rss_bytes: count.nullable(),
  scores: z.strictObject({
    good: count,
    fair: count,
    poor: count,
    not_recorded: count,
    mean: figure,
    median: figure,
    lowest: extreme.nullable(),
    highest: extreme.nullable(),
  }),
  trends: z.array(
    z.strictObject({
      figure: z.enum(['quality_score', 'fill_share', 'seconds', 'win_rate']),
      mode: z.string().nullable(),
      better: z.enum(['higher', 'lower']),
      first: z.number(),
      last: z.number(),
      change: figure,
      verdict: z.enum(['improving', 'stable', 'declining']),
    }),
  ),
  modes: z.array(
    z.strictObject({
      mode: z.string(),
      mean: share,
      lowest: extreme,
      highest: extreme,
      winners: count,
      outside: z.array(month),
    }),
  ),
  failures: z.array(failedMonths),
  feature_failures: z.array(
    z.strictObject({ category: z.string(), months: z.array(month), message: z.string() }),
  ),
  standard: z.strictObject({ min_winners: count, max_null_share: share }),
  ready_count: count,
  stages: z.array(
    z.strictObject({ stage: z.string(), seconds, share, mean_seconds: seconds, slowest: extreme }),
  ),
  slowest_month: extreme.nullable(),
  reprocessing: z.array(reprocessing),
  missing: z.array(month),
  unreadable: z.array(month),
  months: z.array(
    z.strictObject({
      month,
      quality_score: figure,
      rows: count.nullable(),
      fill_share: figure,
      null_share: figure,
      seconds: figure,
      peak_rss_bytes: count.nullable(),
      win_rates: z.array(z.strictObject({ mode: z.string(), win_rate: figure })),
      stages: z.array(z.strictObject({ stage: z.string(), seconds })),
      ready: z.boolean(),
      not_ready_because: texts,
    }),
  ),
});

const recorded = z.strictObject({
  flow: z.array(
    z.strictObject({
      step: z.enum(['raw', 'front_contract', 'session', 'cleaned', 'grid']),
      bars: count.nullable(),
      share_of_before: figure,
      share_of_raw: figure,
    }),
  ),
  retention: figure,
  stages: z.array(z.strictObject({ stage: z.string(), seconds, share })),
  modes: z.array(z.looseObject({ mode: z.string(), win_rate: figure, quality_flags: texts.nullable() })),
  mean_null_share: figure,
  features: z.array(
    z.strictObject({
      feature: z.string(),
      null_share: figure,
      outliers: count.nullable(),
      outlier_share: figure,
      min: figure,
      max: figure,
      flags: texts,
    }),
  ),
  roll_share: figure,
  ready: z.boolean(),
  not_ready_because: texts,
});

/** What a month that was made adds to the report of one. */
export const monthReport = z.strictObject({
  lake: z.string(),
  made_at: z.iso.datetime(),
  month,
  failure: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  recommendations: z.array(
    z.strictObject({ text: z.string(), details: texts, command: z.string().nullable() }),
  ),
  recorded: recorded.nullable(),
  quality_score: figure.optional(),
  quality_parts: z.record(z.string(), z.number()).nullable().optional(),
  requires_reprocessing: z.boolean().nullable().optional(),
  reprocessing_priority: z.enum(['high', 'medium', 'low']).nullable().optional(),
  reprocessing_reasons: texts.nullable().optional(),
  warnings: texts.nullable().optional(),
  fill_share: figure.optional(),
  missing_sessions: texts.nullable().optional(),
  cleaning_rules: z.record(z.string(), count).nullable().optional(),
  rollover_events: z
    .array(z.looseObject({ timestamp: z.string() }))
    .nullable()
    .optional(),
  bars_excluded_rollover: count.nullable().optional(),
  performance: z.looseObject({ seconds: figure }).nullable().optional(),
});
