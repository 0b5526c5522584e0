/** What is recorded of one month, and what to do about it. */

import type { MonthFailure } from '../failures.ts';
import { countOf, sum } from './figures.ts';
import type { RecordedLake, RecordedMonth } from './lake-reading.ts';
import type { ReportRequest } from './months-report.ts';
import { nullShareOf, spoken, unreadyReasons } from './readiness.ts';
import type { RecordedFeatures, RecordedMode, RecordedStatistics } from './recorded-month.ts';
import { retryCommand, runCommand } from './reprocessing.ts';

export interface FlowStep {
  readonly step: 'raw' | 'front_contract' | 'session' | 'cleaned' | 'grid';
  readonly bars: number | null;
  /** Of the bars of the step before. */
  readonly shareOfBefore: number | null;
  readonly shareOfRaw: number | null;
}

export interface FeatureLine {
  readonly feature: string;
  readonly nullShare: number | null;
  readonly outliers: number | null;
  readonly outlierShare: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** What is odd about it, in a word or two each. */
  readonly flags: readonly string[];
}

export interface ModeLine extends RecordedMode {
  readonly mode: string;
}

export interface StageLine {
  readonly stage: string;
  readonly seconds: number;
  readonly share: number;
}

export interface MonthReport {
  readonly lake: string;
  readonly madeAt: string;
  readonly month: string;
  /** The last run that failed on it; what else is here is then of the run before. */
  readonly failure: MonthFailure | null;
  /** Null where the month was never made. */
  readonly recorded: RecordedPart | null;
  readonly recommendations: readonly Recommendation[];
}

export interface RecordedPart {
  readonly statistics: RecordedStatistics;
  readonly isReady: boolean;
  readonly notReadyBecause: readonly string[];
  readonly flow: readonly FlowStep[];
  readonly retention: number | null;
  readonly stages: readonly StageLine[];
  readonly modes: readonly ModeLine[];
  readonly meanNullShare: number | null;
  readonly features: readonly FeatureLine[];
  readonly rollShare: number | null;
}

export interface Recommendation {
  readonly text: string;
  readonly details: readonly string[];
  readonly command: string | null;
}

/** The report of one month of a lake; null when the lake knows nothing of it. */
export function monthReport(lake: RecordedLake, month: string, request: ReportRequest): MonthReport | null {
  const found = lake.months.find((each) => each.month === month);
  const failure = lake.failures.find((each) => each.month === month) ?? null;
  if (found === undefined && failure === null && !lake.unreadable.includes(month)) return null;
  const recorded = found === undefined ? null : recordedPart(found, request);
  return {
    lake: request.lake,
    madeAt: new Date(request.madeAtMs).toISOString(),
    month,
    failure,
    recorded,
    recommendations: recommendations(month, found, failure, recorded, request),
  };
}

function recordedPart(month: RecordedMonth, request: ReportRequest): RecordedPart {
  const { statistics } = month;
  const reasons = unreadyReasons(month, request.standard);
  const { final_bars: rows, bars_excluded_rollover: affected } = statistics;
  return {
    statistics,
    isReady: reasons.length === 0,
    notReadyBecause: reasons,
    flow: dataFlow(statistics),
    retention: retentionOf(statistics),
    stages: stageLines(statistics),
    modes: Object.entries(statistics.mode_statistics ?? {}).map(([mode, each]) => ({ mode, ...each })),
    meanNullShare: nullShareOf(statistics),
    features: featureLines(statistics),
    rollShare: shareOf(affected, rows),
  };
}

function shareOf(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** Bars that cleaning kept; null where either count is missing. */
function cleanedBars({ rth_bars: session, bars_dropped: dropped }: RecordedStatistics): number | null {
  return session === null || dropped === null ? null : session - dropped;
}

function retentionOf(statistics: RecordedStatistics): number | null {
  return statistics.retention ?? shareOf(cleanedBars(statistics), statistics.rth_bars);
}

function dataFlow(statistics: RecordedStatistics): FlowStep[] {
  const steps: (readonly [FlowStep['step'], number | null])[] = [
    ['raw', statistics.raw_bars],
    ['front_contract', statistics.front_contract_bars],
    ['session', statistics.rth_bars],
    ['cleaned', cleanedBars(statistics)],
    ['grid', statistics.final_bars],
  ];
  return steps.map(([step, bars], index) => ({
    step,
    bars,
    shareOfBefore: shareOf(bars, steps[index - 1]?.[1] ?? null),
    shareOfRaw: shareOf(bars, statistics.raw_bars),
  }));
}

function stageLines({ performance }: RecordedStatistics): StageLine[] {
  const stages = Object.entries(performance?.stage_seconds ?? {});
  const all = sum(stages.map(([, seconds]) => seconds));
  return stages.map(([stage, seconds]) => ({ stage, seconds, share: all === 0 ? 0 : seconds / all }));
}

function featureLines(statistics: RecordedStatistics): FeatureLine[] {
  const { feature_statistics: found, feature_flags: flags, final_bars: rows } = statistics;
  const names = new Set([
    ...Object.keys(found?.nan_percentages ?? {}),
    ...Object.keys(found?.value_ranges ?? {}),
    ...(flags ?? []).map(({ feature }) => feature),
  ]);
  return [...names].map((feature) => {
    const nullPercent = found?.nan_percentages?.[feature] ?? null;
    const outliers = found?.outlier_counts?.[feature] ?? null;
    const own = (flags ?? [])
      .filter((flag) => flag.feature === feature)
      .map(({ kind }) => spoken(kind ?? 'flagged'));
    return {
      feature,
      nullShare: nullPercent === null ? null : nullPercent / 100,
      outliers,
      outlierShare: shareOf(outliers, rows),
      min: found?.value_ranges?.[feature]?.min ?? null,
      max: found?.value_ranges?.[feature]?.max ?? null,
      flags: [...new Set([...own, ...listed(found, feature, own.length === 0)])],
    };
  });
}

/** The lists of the statistics that name the feature; ranges and nulls only where no flag of its own says so. */
function listed(found: RecordedFeatures | null, feature: string, isUnflagged: boolean): string[] {
  const lists: (readonly [flag: string, names: readonly string[] | null | undefined])[] = [
    ['constant or implausible', found?.suspicious_features],
    ['many outliers', found?.high_outlier_features],
    ...(isUnflagged
      ? ([
          ['null share', found?.high_nan_features],
          ['out of range', found?.out_of_range_features],
        ] as const)
      : []),
  ];
  return lists.flatMap(([flag, names]) => (names?.includes(feature) === true ? [flag] : []));
}

/** What to do, the most pressing first, each with the command to run where one helps. */
function recommendations(
  month: string,
  found: RecordedMonth | undefined,
  failure: MonthFailure | null,
  recorded: RecordedPart | null,
  request: ReportRequest,
): Recommendation[] {
  const again = runCommand([month], request);
  const advice: Recommendation[] = [];
  const say = (text: string, command: string | null = null, details: readonly string[] = []) =>
    advice.push({ text, details, command });
  if (failure !== null) {
    const details = failure.hint === null ? [] : [failure.hint];
    say(
      `The last run failed on it (${failure.code}): ${failure.message}`,
      retryCommand([month], request),
      details,
    );
  }
  if (found === undefined || recorded === null) {
    if (failure === null) say('Its statistics cannot be read; make the month again.', again);
    return advice;
  }
  const { statistics } = found;
  if (found.isCutShort) say('A run died between its statistics and its rows; make the month again.', again);
  const reasons = statistics.reprocessing_reasons ?? [];
  if (statistics.requires_reprocessing === true) {
    const priority = statistics.reprocessing_priority;
    say(
      `Make it again${priority === null ? '' : ` (${priority} priority)`}, once its reasons are seen to.`,
      again,
      reasons,
    );
  }
  advice.push(...dataAdvice(statistics));
  if (statistics.quality_score === null) {
    say('An earlier version made the month and recorded no quality score; make it again to have one.', again);
  }
  if (!recorded.isReady) say('Do not train on it yet.', null, recorded.notReadyBecause);
  if (advice.length === 0) say('Nothing to do.');
  return advice;
}

/** What the month's file is to be asked about. */
function dataAdvice(statistics: RecordedStatistics): Recommendation[] {
  const advice: Recommendation[] = [];
  const say = (text: string, details: readonly string[]) => {
    if (details.length > 0) advice.push({ text, details, command: null });
  };
  const condition = Object.entries(statistics.dataset_condition ?? {}).filter(
    ([, word]) => word !== 'available',
  );
  say(
    `The vendor calls the data of ${countOf(condition.length, 'day')} less than available; fetch the file again later.`,
    condition.map(([date, word]) => `${date}: ${word}`),
  );
  const missing = statistics.missing_sessions ?? [];
  say(`The file lacks ${countOf(missing.length, 'session')} of the calendar.`, missing);
  const emptied = statistics.emptied_sessions ?? [];
  say(`Cleaning left nothing of ${countOf(emptied.length, 'session')}.`, emptied);
  const shifted = statistics.timezone_issue_dates ?? [];
  say(`The bars of ${countOf(shifted.length, 'day')} lie an hour off, as in another time zone.`, shifted);
  const warnings = statistics.warnings ?? [];
  say(`Look at ${countOf(warnings.length, 'warning')}.`, warnings);
  return advice;
}
