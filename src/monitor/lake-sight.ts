import { monthsAtWork, type RecordedStatistics, readRecordedLake } from '../months/index.ts';
import type { Storage } from '../storage/index.ts';
import {
  type Condition,
  errorRateConditions,
  failed,
  LAKE,
  type MonthFigures,
  memoryConditions,
  monthConditions,
  slow,
  type Thresholds,
} from './condition.ts';

/** What a lake says of its months. */
export interface LakeSight {
  readonly months: readonly MonthFigures[];
  readonly failures: readonly { readonly month: string; readonly code: string; readonly message: string }[];
  /** Months of which nothing can be said: being replaced, or with a document that nobody can read. */
  readonly unclear: ReadonlySet<string>;
  /** Peak memory noted with the month that was made last. */
  readonly peakBytes: number | null;
  /** Months that runs are at, and since when. */
  readonly atWork: readonly { readonly month: string; readonly sinceMs: number }[];
}

/** Reads `monthly_statistics`, the notes of failed months, and which months are being made. */
export async function seeLake(storage: Storage): Promise<LakeSight> {
  const { months, unreadable, failures } = await readRecordedLake(storage.uri);
  const whole = months.filter(({ isCutShort }) => !isCutShort);
  const last = whole.reduce<(typeof whole)[number] | undefined>(
    (latest, each) =>
      (each.statistics.processing_date ?? '') >= (latest?.statistics.processing_date ?? '') ? each : latest,
    undefined,
  );
  return {
    months: whole.map(({ month, statistics }) => figuresOf(month, statistics)),
    failures,
    unclear: new Set([
      ...unreadable,
      ...months.filter(({ isCutShort }) => isCutShort).map(({ month }) => month),
    ]),
    peakBytes: last?.statistics.performance?.peak_rss_bytes ?? null,
    atWork: await monthsAtWork(storage),
  };
}

export function figuresOf(month: string, statistics: RecordedStatistics): MonthFigures {
  const seconds = statistics.performance?.seconds ?? null;
  return {
    month,
    minutes: seconds === null ? null : seconds / 60,
    score: statistics.quality_score,
    winRates: Object.fromEntries(
      Object.entries(statistics.mode_statistics ?? {}).map(([mode, each]) => [mode, each.win_rate]),
    ),
  };
}

/** Everything that is wrong. A month still at work counts as slow as soon as its time is over. */
export function standingConditions(sight: LakeSight, thresholds: Thresholds, nowMs: number): Condition[] {
  const late = sight.atWork.flatMap(({ month, sinceMs }) => {
    const minutes = (nowMs - sinceMs) / 60_000;
    return minutes > thresholds.monthMinutes ? [slow(month, minutes, thresholds)] : [];
  });
  const found = [
    ...sight.months.flatMap((month) => monthConditions(month, thresholds)),
    ...sight.failures.map((failure) => failed(failure.month, failure)),
    ...memoryConditions(sight.peakBytes, thresholds),
    ...errorRate(sight, thresholds),
    ...late,
  ];
  return [...new Map(found.map((each) => [each.id, each])).values()];
}

export function errorRate({ months, failures, unclear }: LakeSight, thresholds: Thresholds): Condition[] {
  const all = new Set([...months, ...failures].map(({ month }) => month).concat(...unclear));
  return errorRateConditions(failures.length, all.size, thresholds);
}

/** Whether a look at the lake would have seen a condition if it stood. */
export function isSeenIn({ unclear, atWork }: LakeSight): (conditionId: string) => boolean {
  // the run itself knows best when the time of a month is over, and whether it kept to its memory
  const runs = new Set([...atWork.map(({ month }) => `${month}/slow`), `${LAKE}/memory`]);
  return (id) => !unclear.has(id.slice(0, id.indexOf('/'))) && !runs.has(id);
}
