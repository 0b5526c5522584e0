import { CLEANING_RULES } from '../bars/index.ts';
import { VERSION } from '../base/index.ts';
import type { ColumnData } from '../parquet/index.ts';
import type { DatasetCondition } from './dataset-condition.ts';
import type { Stage } from './events.ts';
import type { FeatureStatistics } from './feature-statistics.ts';
import { countMarks } from './marks.ts';
import type { ModeStatistics } from './mode-statistics.ts';
import { KERNEL_VERSIONS } from './processing.ts';
import { qualityOf } from './quality-score.ts';
import type { StageSeconds } from './stage-clock.ts';
import type { PreparedMonth } from './tasks.ts';
import type { FeatureFlag } from './validation.ts';

/** What is known of a month once it is made. */
export interface MonthFacts {
  readonly month: string;
  readonly processedAtMs: number;
  readonly seconds: number;
  readonly configHash: string;
  readonly sourcePath: string;
  readonly previousFront: string | null;
  readonly prepared: PreparedMonth;
  readonly stageSeconds: StageSeconds;
  readonly peakRssBytes: number;
  readonly datasetCondition: DatasetCondition | null;
  readonly modes: Readonly<Record<string, ModeStatistics>>;
  readonly features: FeatureStatistics;
  readonly featureFlags: readonly FeatureFlag[];
  readonly featureFailures: readonly { readonly category: string; readonly message: string }[];
  readonly txnVersion: number;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** A rule that touched a larger share of the bars is worth a look. */
const TOUCHED_SHARE = 0.01;

/** As is a session of which a larger share is filled. */
const FILLED_SHARE = 0.5;

/** The statistics document of a month, keys in snake_case: what the stages report, what the rows came from, its score. */
export function statisticsDocument(facts: MonthFacts) {
  const measured = measuredDocument(facts);
  const quality = qualityOf(measured);
  return {
    ...measured,
    quality_score: quality.score,
    quality_parts: quality.parts,
    requires_reprocessing: quality.requiresReprocessing,
    reprocessing_reasons: quality.reasons,
    reprocessing_priority: quality.priority,
  };
}

function measuredDocument(facts: MonthFacts) {
  const { prepared } = facts;
  const { contract, session, cleaning, gridReport, rolls, source } = prepared;
  const rules = cleaning.rules;
  return {
    month_str: facts.month,
    processing_date: new Date(facts.processedAtMs).toISOString(),
    processing_time_minutes: facts.seconds / 60,
    barline_version: VERSION,
    kernel_versions: KERNEL_VERSIONS,
    config_hash: facts.configHash,
    source: {
      file: facts.sourcePath,
      bytes: source.byteLength,
      sha256: source.sha256,
      dataset: source.dataset,
      records: source.records,
      skipped_records: source.skippedRecords,
      bars_without_time: source.undefinedTimes,
    },
    dataset_condition: facts.datasetCondition,
    raw_bars: contract.rowsIn,
    front_contract_bars: contract.rowsOut,
    rth_bars: session.rowsOut,
    final_bars: gridReport.rowCount,
    fill_share: gridReport.fillShare,
    longest_fill: gridReport.longestFill,
    leading_fill: sum(gridReport.sessions.map((each) => each.leadingFill)),
    fill_by_half_hour: gridReport.halfHours.map((each) => ({
      from: each.from,
      rows: each.rowCount,
      filled: each.filledRows,
      fill_share: each.rowCount === 0 ? null : each.filledRows / each.rowCount,
    })),
    sessions: gridReport.sessions.map((each) => ({
      date: each.date,
      contract: each.contract,
      rows: each.rowCount,
      real: each.realRows,
      filled: each.filledRows,
      leading_fill: each.leadingFill,
      longest_fill: each.longestFill,
    })),
    missing_sessions: session.missingSessions,
    emptied_sessions: cleaning.emptiedSessions,
    timezone_issues: session.timezoneIssues.length,
    timezone_issue_dates: session.timezoneIssues.map((each) => each.date),
    price_issues_fixed: rules.ohlc_inconsistent_small + rules.off_tick,
    outliers_detected: rules.spike + rules.out_of_bounds,
    cleaning_rules: Object.fromEntries(CLEANING_RULES.map((rule) => [rule, rules[rule]])),
    retention: cleaning.rowsIn === 0 ? null : cleaning.rowsOut / cleaning.rowsIn,
    bars_dropped: cleaning.rowsDropped,
    bars_changed: cleaning.rowsChanged,
    contract: {
      rule: contract.rule,
      method: contract.method,
      days_with_several_contracts: contract.daysWithSeveralContracts,
      unmapped_bars: contract.unmappedRows,
      spread_bars: contract.spreadRows,
      look_ahead_dates: contract.lookAheadDates,
      fronts: contract.fronts.map(({ date, contract: front, volume, contractCount }) => ({
        date,
        contract: front,
        volume,
        contract_count: contractCount,
      })),
    },
    previous_front: facts.previousFront,
    previous_front_known: rolls.previousFrontKnown,
    rollover_events: rolls.events.map((event) => ({
      timestamp: new Date(event.timestampUs / 1000).toISOString(),
      price_gap: event.priceGap,
      gap_direction: event.direction,
      bars_affected: event.barsAffected,
      from_contract: event.fromContract,
      to_contract: event.toContract,
    })),
    bars_excluded_rollover: countMarks(prepared.affected),
    mode_statistics: facts.modes,
    feature_statistics: facts.features,
    feature_flags: facts.featureFlags,
    feature_failures: facts.featureFailures,
    warnings: warningsOf(prepared),
    performance: {
      seconds: facts.seconds,
      stage_seconds: facts.stageSeconds,
      stage_rows: stageRows(prepared),
      rows_per_second: facts.seconds > 0 ? gridReport.rowCount / facts.seconds : null,
      peak_rss_bytes: facts.peakRssBytes,
    },
    txn_version: facts.txnVersion,
  };
}

/** Rows that each stage takes in. Only `write` and `commit` come too late for the document to know. */
function stageRows({ source, contract, session, cleaning, gridReport }: PreparedMonth) {
  const { rowCount } = gridReport;
  return {
    decode: source.records,
    contract: contract.rowsIn,
    session: session.rowsIn,
    clean: cleaning.rowsIn,
    grid: cleaning.rowsOut,
    label: rowCount,
    feature: rowCount,
    encode: rowCount,
    statistics: rowCount,
    validate: rowCount,
  } satisfies Partial<Record<Stage, number>>;
}

/** Each takes a little off the score: what is not wrong, but should be looked at. */
function warningsOf({ cleaning, gridReport, rolls }: PreparedMonth): string[] {
  const share = (part: number, whole: number) => `${((part / whole) * 100).toFixed(1)} %`;
  const rules = CLEANING_RULES.filter((rule) => cleaning.rules[rule] > cleaning.rowsIn * TOUCHED_SHARE);
  const sessions = gridReport.sessions.filter((each) => each.filledRows > each.rowCount * FILLED_SHARE);
  return [
    ...rules.map(
      (rule) => `The rule ${rule} touched ${share(cleaning.rules[rule], cleaning.rowsIn)} of the bars.`,
    ),
    ...sessions.map(
      (each) => `${share(each.filledRows, each.rowCount)} of the session of ${each.date} is filled.`,
    ),
    ...(rolls.previousFrontKnown
      ? []
      : ['The month before was not at hand, so the first session counts as no roll.']),
  ];
}

export type StatisticsDocument = ReturnType<typeof statisticsDocument>;

/** The row of `monthly_statistics`: the figures people filter by, and the document whole. */
export function statisticsColumns(
  document: StatisticsDocument,
  facts: MonthFacts,
): Record<string, ColumnData> {
  const whole = (value: number): ColumnData => ({ values: Float64Array.of(value) });
  const text = (value: string): ColumnData => ({ values: [value] });
  return {
    processing_date: whole(facts.processedAtMs * 1000),
    processing_time_minutes: whole(document.processing_time_minutes),
    barline_version: text(document.barline_version),
    config_hash: text(document.config_hash),
    kernel_versions: text(JSON.stringify(document.kernel_versions)),
    source_file: text(document.source.file),
    source_bytes: whole(document.source.bytes),
    source_sha256: text(document.source.sha256),
    raw_bars: whole(document.raw_bars),
    front_contract_bars: whole(document.front_contract_bars),
    rth_bars: whole(document.rth_bars),
    final_bars: whole(document.final_bars),
    sessions: whole(document.sessions.length),
    fill_share: whole(document.fill_share),
    price_issues_fixed: whole(document.price_issues_fixed),
    outliers_detected: whole(document.outliers_detected),
    timezone_issues: whole(document.timezone_issues),
    missing_sessions: whole(document.missing_sessions.length),
    quarantined: whole(facts.prepared.quarantine.rowCount),
    rollover_events: whole(document.rollover_events.length),
    bars_excluded_rollover: whole(document.bars_excluded_rollover),
    peak_rss_bytes: whole(facts.peakRssBytes),
    quality_score: whole(document.quality_score),
    requires_reprocessing: { values: Uint8Array.of(document.requires_reprocessing ? 1 : 0) },
    reprocessing_priority: { values: [document.reprocessing_priority] },
    txn_version: whole(facts.txnVersion),
    document: text(JSON.stringify(document)),
  };
}
