/** What the recorded months say together. */
import { shiftMonth } from '../month.ts';
import { known, mean, median, sum } from './figures.ts';
import type { RecordedLake, RecordedMonth } from './lake-reading.ts';
import { nullShareOf, unreadyReasons } from './readiness.ts';
import {
  type CommandWriter,
  type FailureCause,
  failureCauses,
  type PriorityGroup,
  reprocessingGroups,
} from './reprocessing.ts';
import { bandOf, isSoundWinRate, type ScoreBand, type TrainingStandard } from './standards.ts';
import { type Trend, trendOf } from './trend.ts';

export interface ReportRequest extends CommandWriter {
  /** The lake as its reader names it. */
  readonly lake: string;
  readonly madeAtMs: number;
  readonly standard: TrainingStandard;
}

/** A month's figures, null where none are recorded. */
export interface MonthLine {
  readonly month: string;
  readonly qualityScore: number | null;
  readonly rows: number | null;
  readonly fillShare: number | null;
  readonly nullShare: number | null;
  readonly seconds: number | null;
  readonly peakRssBytes: number | null;
  readonly winRates: readonly { readonly mode: string; readonly winRate: number | null }[];
  readonly stages: readonly { readonly stage: string; readonly seconds: number }[];
  readonly isReady: boolean;
  readonly notReadyBecause: readonly string[];
}

export interface ScoreDistribution {
  /** From 0.8 on. */
  readonly good: number;
  /** From 0.6 to below 0.8. */
  readonly fair: number;
  readonly poor: number;
  readonly notRecorded: number;
  readonly mean: number | null;
  readonly median: number | null;
  readonly lowest: Extreme | null;
  readonly highest: Extreme | null;
}

interface Extreme {
  readonly month: string;
  readonly value: number;
}

export interface ModeRange {
  readonly mode: string;
  readonly mean: number;
  readonly lowest: Extreme;
  readonly highest: Extreme;
  readonly winners: number;
  /** Months with a win rate outside 5 to 50 %. */
  readonly outside: readonly string[];
}

export interface StageTotal {
  readonly stage: string;
  readonly seconds: number;
  /** Of the seconds of all stages. */
  readonly share: number;
  readonly meanSeconds: number;
  readonly slowest: Extreme;
}

export interface NamedTrend extends Trend {
  readonly figure: 'quality_score' | 'fill_share' | 'seconds' | 'win_rate';
  /** The mode of a win rate. */
  readonly mode: string | null;
  readonly better: 'higher' | 'lower';
}

export interface MonthsReport {
  readonly lake: string;
  readonly madeAt: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly monthCount: number;
  readonly rows: number;
  readonly rawBars: number;
  readonly seconds: number;
  readonly peakRssBytes: number | null;
  readonly scores: ScoreDistribution;
  readonly trends: readonly NamedTrend[];
  readonly modes: readonly ModeRange[];
  readonly failures: readonly FailureCause[];
  readonly featureFailures: readonly {
    readonly category: string;
    readonly months: readonly string[];
    readonly message: string;
  }[];
  readonly standard: TrainingStandard;
  readonly readyCount: number;
  /** The most time first. */
  readonly stages: readonly StageTotal[];
  readonly slowestMonth: Extreme | null;
  readonly reprocessing: readonly PriorityGroup[];
  /** Between the first month and the last, neither made nor failed. */
  readonly missing: readonly string[];
  readonly unreadable: readonly string[];
  readonly months: readonly MonthLine[];
}

/** The report over all months of a lake. Pure; some milliseconds for 185 months. */
export function monthsReport(lake: RecordedLake, request: ReportRequest): MonthsReport {
  const lines = lake.months.map((month) => monthLine(month, request.standard));
  const names = lines.map(({ month }) => month);
  return {
    lake: request.lake,
    madeAt: new Date(request.madeAtMs).toISOString(),
    first: names[0] ?? null,
    last: names.at(-1) ?? null,
    monthCount: lines.length,
    rows: sum(known(lines.map(({ rows }) => rows))),
    rawBars: sum(known(lake.months.map(({ statistics }) => statistics.raw_bars))),
    seconds: sum(known(lines.map(({ seconds }) => seconds))),
    peakRssBytes: extremes(lines, ({ peakRssBytes }) => peakRssBytes)?.highest.value ?? null,
    scores: scoreDistribution(lines),
    trends: trendsOf(lines),
    modes: modeNames(lines).flatMap((mode) => modeRange(mode, lake.months) ?? []),
    failures: failureCauses(lake.failures, request),
    featureFailures: featureFailures(lake.months),
    standard: request.standard,
    readyCount: lines.filter(({ isReady }) => isReady).length,
    stages: stageTotals(lines),
    slowestMonth: extremes(lines, ({ seconds }) => seconds)?.highest ?? null,
    reprocessing: reprocessingGroups(lake.months, request),
    missing: missingMonths(names, [...lake.failures.map(({ month }) => month), ...lake.unreadable]),
    unreadable: lake.unreadable,
    months: lines,
  };
}

function monthLine(month: RecordedMonth, standard: TrainingStandard): MonthLine {
  const { statistics } = month;
  const reasons = unreadyReasons(month, standard);
  return {
    month: month.month,
    qualityScore: statistics.quality_score,
    rows: statistics.final_bars,
    fillShare: statistics.fill_share,
    nullShare: nullShareOf(statistics),
    seconds: statistics.performance?.seconds ?? null,
    peakRssBytes: statistics.performance?.peak_rss_bytes ?? null,
    winRates: Object.entries(statistics.mode_statistics ?? {}).map(([mode, { win_rate }]) => ({
      mode,
      winRate: win_rate,
    })),
    stages: Object.entries(statistics.performance?.stage_seconds ?? {}).map(([stage, seconds]) => ({
      stage,
      seconds,
    })),
    isReady: reasons.length === 0,
    notReadyBecause: reasons,
  };
}

/** The first month with the smallest figure and the first with the largest; null where none has one. */
function extremes<T extends { readonly month: string }>(
  months: readonly T[],
  figureOf: (month: T) => number | null | undefined,
): { readonly lowest: Extreme; readonly highest: Extreme } | null {
  let [lowest, highest]: (Extreme | null)[] = [null, null];
  for (const each of months) {
    const value = figureOf(each);
    if (value === null || value === undefined) continue;
    if (lowest === null || value < lowest.value) lowest = { month: each.month, value };
    if (highest === null || value > highest.value) highest = { month: each.month, value };
  }
  return lowest === null || highest === null ? null : { lowest, highest };
}

function scoreDistribution(lines: readonly MonthLine[]): ScoreDistribution {
  const scores = known(lines.map(({ qualityScore }) => qualityScore));
  const count = (band: ScoreBand) => scores.filter((score) => bandOf(score) === band).length;
  const ends = extremes(lines, ({ qualityScore }) => qualityScore);
  return {
    good: count('good'),
    fair: count('fair'),
    poor: count('poor'),
    notRecorded: lines.length - scores.length,
    mean: mean(scores),
    median: median(scores),
    lowest: ends?.lowest ?? null,
    highest: ends?.highest ?? null,
  };
}

/** Every mode that a month has, in the order they first appear. */
export function modeNames(lines: readonly MonthLine[]): string[] {
  return [...new Set(lines.flatMap(({ winRates }) => winRates.map(({ mode }) => mode)))];
}

export function winRateOf(line: MonthLine, mode: string): number | null {
  return line.winRates.find((each) => each.mode === mode)?.winRate ?? null;
}

function trendsOf(lines: readonly MonthLine[]): NamedTrend[] {
  const trend = (
    figure: NamedTrend['figure'],
    better: NamedTrend['better'],
    figureOf: (line: MonthLine) => number | null,
    mode: string | null = null,
  ): NamedTrend[] => {
    const found = trendOf(known(lines.map(figureOf)), better);
    return found === null ? [] : [{ figure, mode, better, ...found }];
  };
  return [
    ...trend('quality_score', 'higher', ({ qualityScore }) => qualityScore),
    ...trend('fill_share', 'lower', ({ fillShare }) => fillShare),
    ...trend('seconds', 'lower', ({ seconds }) => seconds),
    ...modeNames(lines).flatMap((mode) => trend('win_rate', 'higher', (line) => winRateOf(line, mode), mode)),
  ];
}

function modeRange(mode: string, months: readonly RecordedMonth[]): ModeRange | null {
  const rates = months.flatMap(({ month, statistics }) => {
    const found = statistics.mode_statistics?.[mode];
    const rate = found?.win_rate ?? null;
    return rate === null ? [] : [{ month, rate, winners: found?.total_winners ?? 0 }];
  });
  const ends = extremes(rates, ({ rate }) => rate);
  const average = mean(rates.map(({ rate }) => rate));
  if (ends === null || average === null) return null;
  return {
    mode,
    mean: average,
    ...ends,
    winners: sum(rates.map(({ winners }) => winners)),
    outside: rates.filter(({ rate }) => !isSoundWinRate(rate)).map(({ month }) => month),
  };
}

function featureFailures(months: readonly RecordedMonth[]): MonthsReport['featureFailures'] {
  const all = months.flatMap(({ month, statistics }) =>
    (statistics.feature_failures ?? []).map((failure) => ({ month, ...failure })),
  );
  return [...Map.groupBy(all, ({ category }) => category)].map(([category, found]) => ({
    category,
    months: found.map(({ month }) => month),
    message: found[0]?.message ?? '',
  }));
}

function stageTotals(lines: readonly MonthLine[]): StageTotal[] {
  const names = [...new Set(lines.flatMap(({ stages }) => stages.map(({ stage }) => stage)))];
  const secondsOf = (line: MonthLine, stage: string) =>
    line.stages.find((each) => each.stage === stage)?.seconds ?? null;
  const totals = names.flatMap((stage) => {
    const seconds = known(lines.map((line) => secondsOf(line, stage)));
    const ends = extremes(lines, (line) => secondsOf(line, stage));
    return ends === null
      ? []
      : [{ stage, seconds: sum(seconds), months: seconds.length, slowest: ends.highest }];
  });
  const all = sum(totals.map(({ seconds }) => seconds));
  return totals
    .map(({ stage, seconds, months, slowest }) => ({
      stage,
      seconds,
      share: all === 0 ? 0 : seconds / all,
      meanSeconds: seconds / months,
      slowest,
    }))
    .sort((a, b) => b.seconds - a.seconds);
}

function missingMonths(names: readonly string[], accounted: readonly string[]): string[] {
  const [first, last] = [names[0], names.at(-1)];
  if (first === undefined || last === undefined) return [];
  const there = new Set([...names, ...accounted]);
  const missing: string[] = [];
  for (let month = first; month < last; month = shiftMonth(month, 1)) {
    if (!there.has(month)) missing.push(month);
  }
  return missing;
}
