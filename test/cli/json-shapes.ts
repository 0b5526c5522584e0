/** The shapes of docs/reference/json.md, strict: a key more or less fails. */
import { z } from 'zod';

const month = z.string().regex(/^\d{4}-\d\d$/);
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const time = z.iso.datetime();
const reason = z.enum([
  'missing',
  'source changed',
  'month before changed',
  'configuration changed',
  'kernel changed',
  'forced',
  'up to date',
  'done elsewhere',
]);

export const finishedMonth = z.strictObject({
  month,
  status: z.enum(['succeeded', 'skipped', 'failed']),
  reason,
  attempts: count,
  rows: count,
  quality_score: share.nullable(),
  requires_reprocessing: z.boolean(),
  reprocessing_reasons: z.array(z.string()),
  seconds: z.number().nonnegative(),
  peak_rss_bytes: count.nullable(),
  version: count.nullable(),
  error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() }).optional(),
});

export const runSummary = z.strictObject({
  summary: z.strictObject({
    months: count,
    succeeded: count,
    failed: count,
    skipped: count,
    rows: count,
    seconds: z.number().nonnegative(),
    rows_per_second: z.number().nonnegative(),
    peak_rss_bytes: count,
    memory_limit_bytes: count.nullable(),
    parallelism: z.strictObject({ workers: count, months: count }),
    retries: z.strictObject({ requests: count, months: count }),
    stage_seconds: z.record(z.string(), z.number().nonnegative()),
    not_reached: z.array(month),
  }),
});

export const runPlan = z.strictObject({
  plan: z.array(z.strictObject({ month, file: z.string(), bytes: count, take: z.boolean(), reason })),
  estimate: z.strictObject({
    months: count,
    source_bytes: count,
    lake_bytes: count,
    free_bytes: count.nullable(),
    seconds: z.number().nonnegative(),
    earlier_months: count,
    parallelism: z.strictObject({ workers: count, months: count }),
  }),
});

export const listedMonth = z.strictObject({
  month,
  file: z.string(),
  bytes: count,
  state: reason,
  rows: count.nullable(),
  quality_score: share.nullable(),
  failure: z
    .strictObject({
      month,
      code: z.string(),
      message: z.string(),
      hint: z.string().nullable(),
      kind: z.enum(['transient', 'permanent']),
      attempts: count,
      failed_at: time,
      run_id: z.string(),
      source_file: z.string(),
    })
    .nullable(),
});

/** What the page promises of the statistics document. */
export const statistics = z.looseObject({
  month_str: month,
  processing_date: time,
  processing_time_minutes: z.number().nonnegative(),
  barline_version: z.string(),
  config_hash: z.string().regex(/^[0-9a-f]{64}$/),
  source: z.looseObject({ file: z.string(), bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  raw_bars: count,
  front_contract_bars: count,
  rth_bars: count,
  final_bars: count,
  contract: z.looseObject({
    fronts: z.array(z.strictObject({ date, contract: z.string(), volume: count, contract_count: count })),
  }),
  missing_sessions: z.array(date),
  cleaning_rules: z.record(z.string(), count),
  sessions: z.array(z.looseObject({ date, contract: z.string(), rows: count })),
  previous_front_known: z.boolean(),
  rollover_events: z.array(
    z.looseObject({
      timestamp: time,
      from_contract: z.string().nullable(),
      to_contract: z.string().nullable(),
    }),
  ),
  dataset_condition: z.record(date, z.enum(['available', 'degraded', 'pending', 'missing'])).nullable(),
  retention: share.nullable(),
  mode_statistics: z.record(
    z.string(),
    z.strictObject({
      win_rate: share,
      total_winners: count,
      total_samples: count,
      avg_weight: z.number().positive(),
      weight_std: z.number().nonnegative(),
      min: z.number().positive(),
      max: z.number().positive(),
      weight_distribution: z.record(z.enum(['p25', 'p50', 'p75', 'p90', 'p95']), z.number().positive()),
      null_values: count,
      infinite_values: count,
      quality_flags: z.array(z.string()),
    }),
  ),
  feature_statistics: z.strictObject({
    features_generated: count.max(43),
    nan_percentages: z.record(z.string(), z.number().min(0).max(100)),
    outlier_counts: z.record(z.string(), count),
    value_ranges: z.record(
      z.string(),
      z.strictObject({ min: z.number().nullable(), max: z.number().nullable() }),
    ),
    high_nan_features: z.array(z.string()),
    out_of_range_features: z.array(z.string()),
    suspicious_features: z.array(z.string()),
    high_outlier_features: z.array(z.string()),
    quality_score: share,
  }),
  warnings: z.array(z.string()),
  quality_score: share,
  quality_parts: z.strictObject({
    modes: share,
    data: share,
    features: share,
    performance: share,
    rolls: share,
  }),
  requires_reprocessing: z.boolean(),
  txn_version: count,
  reprocessing_reasons: z.array(z.string()),
  reprocessing_priority: z.enum(['high', 'medium', 'low']).nullable(),
  feature_flags: z.array(z.looseObject({ feature: z.string(), kind: z.string() })),
  performance: z.looseObject({
    seconds: z.number(),
    stage_seconds: z.record(z.string(), z.number()),
    stage_rows: z.record(z.string(), count),
    rows_per_second: z.number().nullable(),
    peak_rss_bytes: count,
  }),
});

const stage = z.looseObject({ rows_in: count, rows_out: count }).nullable();

export const processed = z.strictObject({
  output: z.string(),
  bytes: count,
  columns: count,
  seconds: z.number(),
  input: z.strictObject({
    format: z.enum(['dbn', 'parquet', 'csv', 'ndjson']),
    rows: count,
    skipped_records: count,
    bars_without_time: count,
    ignored_columns: z.array(z.string()),
  }),
  report: z.strictObject({
    rows_in: count,
    rows_out: count,
    contract: stage,
    session: stage,
    cleaning: stage,
    grid: z.looseObject({ row_count: count, real_rows: count, filled_rows: count }).nullable(),
    rolls: z
      .looseObject({
        mode: z.enum(['contracts', 'gaps']),
        events: z.array(z.looseObject({ timestamp: time })),
      })
      .nullable(),
    feature_failures: z.array(z.unknown()),
  }),
});

export const rolledBackMonth = z.strictObject({
  month,
  to_version: count,
  rows_now: count,
  rows_then: count,
  changed: z.boolean(),
  stale: reason.nullable(),
});

export const rollbackSummary = z.strictObject({
  summary: z.strictObject({ months: count, changed: count, dry_run: z.boolean(), version: count.nullable() }),
});

export const doctorFinding = z.strictObject({
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  detail: z.string(),
  action: z.string().nullable(),
});

export const doctorSummary = z.strictObject({
  summary: z.strictObject({ ok: count, warn: count, fail: count }),
});

export const checkReport = z.strictObject({
  verdict: z.enum(['pass', 'fail']),
  score: share,
  seconds: z.number().nonnegative(),
  peak_rss_bytes: count,
  parts: z.array(
    z.strictObject({
      part: z.enum(['pipeline', 'file', 'rolls', 'memory', 'recovery', 'storage', 'rules', 'equality']),
      title: z.string(),
      passed: z.boolean(),
      score: share,
      seconds: z.number().nonnegative(),
      proofs: z.array(z.strictObject({ name: z.string(), passed: z.boolean(), detail: z.string() })),
    }),
  ),
});

export const settingsInForce = z.strictObject({
  file: z.string().nullable(),
  settings: z.array(
    z.strictObject({
      key: z.string(),
      value: z.unknown(),
      origin: z.enum(['default', 'file', 'environment', 'flag']),
    }),
  ),
});

export const providerLine = z.strictObject({
  name: z.string(),
  timeframes: z.array(z.string()),
  key: z.enum(['present', 'missing', 'not needed']),
  key_variable: z.string().nullable(),
  base_url: z.string().nullable(),
  requests_per_minute: z.number().positive().nullable(),
  circuit: z.enum(['closed', 'open', 'half-open']),
  failures: count,
  last_error: z.string().nullable(),
  last_error_at: time.nullable(),
  check: z
    .strictObject({
      ok: z.boolean(),
      seconds: z.number().nonnegative(),
      error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
    })
    .nullable()
    .optional(),
});

export const downloadedFile = z.strictObject({
  job: z.string(),
  file: z.string(),
  bytes: count,
  status: z.enum(['downloaded', 'resumed', 'present']),
});

export const errorLine = z.strictObject({
  error: z.strictObject({
    code: z.string().regex(/^[A-Z0-9_]+$/),
    message: z.string(),
    hint: z.string().optional(),
    facts: z.record(z.string(), z.unknown()),
  }),
});

const conditionKind = z.enum(['slow', 'score', 'win-rate', 'failed', 'memory', 'error-rate']);

export const monitorLook = z.strictObject({
  looked_at: time,
  lake: z.string(),
  standing: z.array(
    z.strictObject({
      condition: conditionKind,
      month: month.nullable(),
      mode: z.string().nullable(),
      message: z.string(),
      value: z.number().nullable(),
      threshold: z.union([z.number(), z.array(z.number()).length(2)]).nullable(),
      raised_at: time.nullable(),
    }),
  ),
  changes: z.array(
    z.strictObject({
      id: z.string().regex(/^[0-9a-f]{24}$/),
      status: z.enum(['raised', 'resolved']),
      condition: conditionKind,
      month: month.nullable(),
      mode: z.string().nullable(),
      message: z.string(),
    }),
  ),
  waiting: z
    .array(z.strictObject({ sink: z.string(), notices: count, error: z.string().nullable() }))
    .optional(),
});

export const sinkTest = z.strictObject({
  sink: z.string(),
  type: z.enum(['console', 'slack', 'webhook', 'smtp']),
  target: z.string(),
  delivered: z.boolean(),
  answer: z.string().nullable(),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  seconds: z.number().nonnegative(),
});

const ingestCounts = { fetched: count, stored: count, duplicate: count, dead: count, skipped: count };
const timeframe = z.enum(['1m', '5m', '15m', '1h', '4h', '1d']);
const shortError = z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() });

export const ingestedStream = z.strictObject({
  asset: z.string(),
  timeframe,
  providers: z.array(z.string()),
  status: z.enum(['success', 'no data', 'validation failed', 'error']),
  ...ingestCounts,
  watermark: time.nullable(),
  error: shortError.optional(),
});

export const plannedStream = z.strictObject({
  asset: z.string(),
  timeframe,
  providers: z.array(z.string()),
  spans: z.array(z.strictObject({ from: time, to: time })),
});

export const ingestSummary = z.strictObject({
  summary: z.strictObject({
    streams: count,
    failed: count,
    ...ingestCounts,
    requests: count,
    rate_limit_wait_seconds: z.number().nonnegative(),
    seconds: z.number().nonnegative(),
    records_per_second: count,
    dry_run: z.boolean(),
  }),
});

export const ingestGap = z.strictObject({
  asset: z.string(),
  timeframe,
  provider: z.string(),
  from: time,
  to: time,
  bars: count,
  reason: z.enum(['not asked', 'dead letter']),
});

const letterContext = z.record(z.string(), z.union([z.string(), z.number()]));

export const listedLetter = z.strictObject({
  id: z.string(),
  file: z.string(),
  timestamp: time,
  error: z.string(),
  context: letterContext,
  records: count,
});

export const shownLetter = listedLetter.extend({ records: z.array(z.looseObject({ reason: z.string() })) });

export const letterStats = z.strictObject({
  letters: count,
  records: count,
  oldest: time.nullable(),
  newest: time.nullable(),
  by_reason: z.record(z.string(), count),
  by_stream: z.record(z.string(), count),
});

export const replayedLetter = z.strictObject({
  id: z.string(),
  records: count,
  stored: count,
  duplicate: count,
  kept: count,
});

export const replaySummary = z.strictObject({
  summary: z.strictObject({ letters: count, records: count, stored: count, duplicate: count, kept: count }),
});

export const storedRecords = z.strictObject({
  table: z.string(),
  fetched: count,
  stored: count,
  duplicate: count,
  dead: count,
  seconds: z.number().nonnegative(),
});

export const streamBatch = z.strictObject({
  version: count.nullable(),
  partitions: count,
  messages: count,
  rows: count,
  late: count,
  invalid: count,
  open_windows: count,
  lag: count,
  watermark: time.nullable(),
  seconds: z.number().nonnegative(),
  commit_seconds: z.number().nonnegative(),
});

export const streamSummary = z.strictObject({
  summary: z.strictObject({
    messages: count,
    rows: count,
    late: count,
    invalid: count,
    reread: count,
    commits: count,
    version: count.nullable(),
    seconds: z.number().nonnegative(),
  }),
});
