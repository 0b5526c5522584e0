/** Statistics documents as a monthly run writes them, made up: for reports over more months than a test can make. */

import { shiftMonth } from '../../../src/months/month.ts';
import type { RecordedLake, RecordedMonth } from '../../../src/months/report/lake-reading.ts';
import type { ReportRequest } from '../../../src/months/report/months-report.ts';
import { parseStatistics } from '../../../src/months/report/recorded-month.ts';

export const MODES = [
  'low_vol_long',
  'normal_vol_long',
  'high_vol_long',
  'low_vol_short',
  'normal_vol_short',
  'high_vol_short',
];

export const REQUEST: ReportRequest = {
  lake: 'lake',
  madeAtMs: Date.UTC(2025, 10, 3, 8, 30),
  places: ' --lake lake',
  standard: { minWinners: 3000, maxNullShare: 0.05 },
};

/** What a test sets of a document; the rest is that of a sound month. */
export function sampleDocument(month: string, given: Readonly<Record<string, unknown>> = {}) {
  return {
    month_str: month,
    processing_date: '2025-11-02T06:15:00.000Z',
    barline_version: '0.1.0',
    source: { file: `glbx-mdp3-${month}.ohlcv-1s.dbn.zst`, bytes: 9_300_000, sha256: 'ab'.repeat(32) },
    dataset_condition: null,
    raw_bars: 1_000_000,
    front_contract_bars: 900_000,
    rth_bars: 450_000,
    bars_dropped: 4500,
    bars_changed: 120,
    retention: 0.99,
    final_bars: 600_000,
    fill_share: 0.2575,
    longest_fill: 48,
    fill_by_half_hour: [{ from: '08:30', rows: 37_800, filled: 3780, fill_share: 0.1 }],
    sessions: Array.from({ length: 22 }, () => ({})),
    missing_sessions: [],
    emptied_sessions: [],
    timezone_issue_dates: [],
    cleaning_rules: { duplicate: 0, off_tick: 120, spike: 4500 },
    previous_front_known: true,
    rollover_events: [],
    bars_excluded_rollover: 0,
    mode_statistics: Object.fromEntries(MODES.map((mode) => [mode, sampleMode()])),
    feature_statistics: {
      features_generated: 43,
      nan_percentages: { atr_30s: 1, rsi_14: 3 },
      outlier_counts: { atr_30s: 6000, rsi_14: 0 },
      value_ranges: { atr_30s: { min: 0.01, max: 12 }, rsi_14: { min: 0, max: 100 } },
      high_nan_features: [],
      out_of_range_features: [],
      suspicious_features: [],
      high_outlier_features: [],
      quality_score: 0.97,
    },
    feature_flags: [],
    feature_failures: [],
    performance: {
      seconds: 1.2,
      stage_seconds: { decode: 0.2, clean: 0.1, label: 0.5, feature: 0.7, encode: 0.4 },
      rows_per_second: 500_000,
      peak_rss_bytes: 420_000_000,
    },
    quality_score: 0.93,
    quality_parts: { modes: 1, data: 0.8, features: 0.97, performance: 1, rolls: 1 },
    requires_reprocessing: false,
    reprocessing_reasons: [],
    reprocessing_priority: null,
    warnings: [],
    txn_version: 1,
    ...given,
  };
}

export function sampleMode(given: Readonly<Record<string, unknown>> = {}) {
  return {
    win_rate: 0.3,
    total_winners: 180_000,
    total_samples: 600_000,
    avg_weight: 1.1,
    weight_std: 0.2,
    min: 0.4,
    max: 2.9,
    weight_distribution: { p25: 1, p50: 1, p75: 1.1, p90: 1.4, p95: 1.7 },
    null_values: 0,
    infinite_values: 0,
    quality_flags: [],
    ...given,
  };
}

export function sampleMonth(month: string, given: Readonly<Record<string, unknown>> = {}): RecordedMonth {
  const statistics = parseStatistics(JSON.stringify(sampleDocument(month, given)));
  if (statistics === null) throw new Error('a sample document cannot be read');
  return { month, statistics, isCutShort: false };
}

export function lakeOf(months: readonly RecordedMonth[], more: Partial<RecordedLake> = {}): RecordedLake {
  return { months, unreadable: [], failures: [], ...more };
}

/** What a hostile file name, contract or error could hold. */
export const HOSTILE = `</title><script>fetch('https://example.org')</script><img src=x onerror="alert(1)"> | *a* \`b\``;

/** Fifteen years with good and bad stretches, a gap, failed months and hostile texts; the same every time. */
export function longLake(monthCount = 185): RecordedLake {
  const months: RecordedMonth[] = [];
  for (let index = 0; index < monthCount; index++) {
    const month = shiftMonth('2010-07', index);
    if (month === '2013-05') continue;
    months.push(sampleMonth(month, longMonth(index)));
  }
  const failure = (month: string, kind: 'transient' | 'permanent', code: string, message: string) => ({
    month,
    code,
    message,
    hint: kind === 'permanent' ? 'fetch the file again' : null,
    kind,
    attempts: kind === 'permanent' ? 1 : 3,
    failed_at: '2025-11-02T06:40:00.000Z',
    run_id: 'run',
    source_file: `${month}.dbn.zst`,
  });
  const after = shiftMonth('2010-07', monthCount);
  return lakeOf(months, {
    failures: [
      failure('2013-05', 'permanent', 'DBN_BAD_MAGIC', `no DBN file ${HOSTILE}`),
      failure(after, 'transient', 'STORAGE_TIMEOUT', 'the bucket did not answer within 30 s'),
    ],
  });
}

/** Some number of 0 to 1 that looks like chance. */
const noise = (index: number, salt: number) => {
  const value = Math.sin(index * 12.9898 + salt * 78.233) * 43758.5453;
  return value - Math.floor(value);
};

function longMonth(index: number): Record<string, unknown> {
  const score = Math.min(
    0.99,
    0.72 + 0.2 * Math.min(1, index / 60) + 0.1 * noise(index, 1) - (index % 37 === 11 ? 0.35 : 0),
  );
  const isDue = score < 0.7;
  const fill = 0.42 - index * 0.0012 + 0.06 * noise(index, 2);
  const rates = MODES.map((mode, at) => {
    const rate = 0.14 + 0.05 * (at % 3) + 0.06 * Math.sin(index / 14 + at) + 0.03 * noise(index, 3 + at);
    const winRate = index === 48 && at === 2 ? 0.53 : rate;
    return [mode, sampleMode({ win_rate: winRate, total_winners: Math.round(winRate * 600_000) })];
  });
  const stage = (base: number, salt: number) => base * (0.85 + 0.3 * noise(index, salt)) * (1 + index / 400);
  return {
    final_bars: 560_000 + Math.round(60_000 * noise(index, 20)),
    fill_share: fill,
    mode_statistics: Object.fromEntries(rates),
    quality_score: score,
    requires_reprocessing: isDue,
    reprocessing_reasons: isDue
      ? [
          `The score of ${score.toFixed(2)} is below 0.7; most of it was lost on data (0.20) and features (0.08).`,
          ...(index === 11 ? [`Mode ${HOSTILE} is not valid.`] : []),
        ]
      : [],
    reprocessing_priority: isDue ? (score < 0.5 ? 'high' : 'medium') : null,
    performance: {
      seconds: stage(0.9, 9),
      stage_seconds: {
        fetch: stage(0.02, 10),
        decode: stage(0.15, 11),
        contract: stage(0.05, 12),
        clean: stage(0.08, 13),
        grid: stage(0.06, 14),
        label: stage(0.45, 15),
        feature: stage(0.5, 16),
        encode: stage(0.4, 17),
        statistics: stage(0.15, 18),
      },
      rows_per_second: 600_000,
      peak_rss_bytes: 400_000_000 + index * 100_000,
    },
  };
}
