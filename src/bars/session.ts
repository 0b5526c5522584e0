/** The bars inside the session, which sessions are missing, and days that look an hour off. */
import type { Bars } from './columns.ts';
import { requiredDay, US_PER_SECOND } from './dates.ts';
import { datesOf } from './day-volumes.ts';
import { intervalOf } from './intervals.ts';
import { type SessionSpan, sessionSpans, type TradingHours } from './sessions.ts';

/** Rows inside sessions, in input order, and the session of each. */
export interface SessionRows {
  readonly rows: Int32Array;
  /** Index into `spans`, one per element of `rows`. */
  readonly spanOf: Int32Array;
  /** The sessions the calendar has between the input's first and last date, with bars or without. */
  readonly spans: readonly SessionSpan[];
  /** Rows that start before the row preceding them; with none, rows are in time order. */
  readonly descents: number;
}

/** A date whose bars fill the session's hours moved by `shiftSeconds` (3600: an hour late). */
export interface TimezoneIssue {
  readonly date: string;
  readonly shiftSeconds: 3600 | -3600;
}

export interface SessionReport {
  readonly session: string;
  readonly calendar: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Sessions with bars. */
  readonly sessionCount: number;
  readonly firstDate: string | null;
  readonly lastDate: string | null;
  /** Dates on which the calendar has a session and the input has no bar in it. */
  readonly missingSessions: readonly string[];
  readonly timezoneIssues: readonly TimezoneIssue[];
}

export interface SessionOptions {
  readonly hours: TradingHours;
  /**
   * Dates, both inclusive, on which sessions are expected, `YYYY-MM-DD`: a month's file is asked for its month.
   * Default: those open at some time from the first row to the last.
   */
  readonly expected?: { readonly from: string; readonly to: string };
}

/**
 * When a day counts as an hour off, as shares of the bars per second in the session's middle: at least
 * `filledShare` in the shifted session's first and last hour, at most `emptyShare` in the hour it leaves out.
 * A day that trades through the night thins out before and after its session but has no hour this empty inside.
 */
export const SHIFT_RULE = { filledShare: 0.5, emptyShare: 0.25, minBars: 60 } as const;

const HOUR_US = 3600 * US_PER_SECOND;
/** An hour is only told from the session's middle where the session is this long. */
const MIN_SHIFT_SESSION_US = 5 * HOUR_US;

// A session is cut in parts: the hour before it, its first and second hour, its middle, its last two hours,
// the hour after it, and the time until the next session's hour before.
const EDGES = 8;
const BEFORE = 0;
const FIRST = 1;
const SECOND = 2;
const MIDDLE = 3;
const LAST_BUT_ONE = 4;
const LAST = 5;
const AFTER = 6;

/**
 * Keeps the rows (numbers into `bars`) whose start lies in a session of `hours`. A session is [open, close) on
 * the exchange clock; the calendar takes holidays out and closes others early. Bars of a day that is an hour off
 * are kept where they lie in the session, and the day is reported. About 4 ns per row.
 */
export function inSession(
  bars: Bars,
  rows: Int32Array,
  options: SessionOptions,
): { readonly inside: SessionRows; readonly report: SessionReport } {
  const { hours } = options;
  const { firstDay, dayCount } = datesOf(bars.tsUs, hours);
  const spans = sessionSpans(hours, firstDay, firstDay + dayCount - 1);
  const edges = partEdges(spans);
  const barsInPart = new Int32Array(edges.length + 1);
  const kept = new Int32Array(rows.length);
  const spanOf = new Int32Array(rows.length);
  const { tsUs } = bars;
  let keptCount = 0;
  let part = 0;
  let fromUs = 0;
  let toUs = 0;
  let span = -1;
  let descents = 0;
  let previousUs = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    const ts = tsUs[row];
    if (ts < fromUs || ts >= toUs) {
      part = intervalOf(edges, ts, part);
      fromUs = part === 0 ? Number.NEGATIVE_INFINITY : edges[part - 1];
      toUs = edges[part] ?? Number.POSITIVE_INFINITY;
      const place = (part - 1) % EDGES;
      span = part > 0 && place >= FIRST && place <= LAST ? Math.floor((part - 1) / EDGES) : -1;
    }
    barsInPart[part] = barsInPart[part] + 1;
    if (span < 0) continue;
    if (ts < previousUs) descents++;
    previousUs = ts;
    kept[keptCount] = row;
    spanOf[keptCount++] = span;
  }
  const inside = {
    rows: kept.subarray(0, keptCount),
    spanOf: spanOf.subarray(0, keptCount),
    spans,
    descents,
  };
  return { inside, report: sessionReport(rows.length, inside, edges, barsInPart, options) };
}

/** Eight edges per session. Where sessions lie less than two hours apart the hours around them are left out. */
function partEdges(spans: readonly SessionSpan[]): Float64Array {
  const edges = new Float64Array(spans.length * EDGES);
  for (const [k, { openUs, closeUs }] of spans.entries()) {
    const before = spans[k - 1]?.closeUs ?? Number.NEGATIVE_INFINITY;
    const after = spans[k + 1]?.openUs ?? Number.POSITIVE_INFINITY;
    const shiftable =
      closeUs - openUs >= MIN_SHIFT_SESSION_US &&
      openUs - before >= 2 * HOUR_US &&
      after - closeUs >= 2 * HOUR_US;
    const hour = shiftable ? HOUR_US : 0;
    edges.set(
      [
        openUs - hour,
        openUs,
        openUs + hour,
        openUs + 2 * hour,
        closeUs - 2 * hour,
        closeUs - hour,
        closeUs,
        closeUs + hour,
      ],
      k * EDGES,
    );
  }
  return edges;
}

function sessionReport(
  rowsIn: number,
  inside: SessionRows,
  edges: Float64Array,
  barsInPart: Int32Array,
  { hours, expected }: SessionOptions,
): SessionReport {
  const { spans } = inside;
  const barsInSession = (span: number): number => {
    let count = 0;
    for (let place = FIRST; place <= LAST; place++) count += barsInPart[span * EDGES + place + 1];
    return count;
  };
  const present = new Set<string>();
  const timezoneIssues: TimezoneIssue[] = [];
  for (const [k, { date }] of spans.entries()) {
    if (barsInSession(k) > 0) present.add(date);
    const shiftSeconds = shiftOf(k, edges, barsInPart);
    if (shiftSeconds !== 0) timezoneIssues.push({ date, shiftSeconds });
  }
  const due = expected
    ? sessionSpans(hours, requiredDay(expected.from), requiredDay(expected.to))
    : spansReached(spans, barsInPart);
  const dates = [...present];
  return {
    session: hours.session.name,
    calendar: hours.calendar.name,
    rowsIn,
    rowsOut: inside.rows.length,
    sessionCount: present.size,
    firstDate: dates[0] ?? null,
    lastDate: dates.at(-1) ?? null,
    missingSessions: due.map(({ date }) => date).filter((date) => !present.has(date)),
    timezoneIssues,
  };
}

/** A file that begins in the evening is not asked for that day's session. */
function spansReached(spans: readonly SessionSpan[], barsInPart: Int32Array): readonly SessionSpan[] {
  const hasBars = (count: number): boolean => count > 0;
  const firstPart = barsInPart.findIndex(hasBars);
  const lastPart = barsInPart.findLastIndex(hasBars);
  return spans.filter(
    (_, span) => span * EDGES + LAST + 1 >= firstPart && span * EDGES + FIRST + 1 <= lastPart,
  );
}

function shiftOf(span: number, edges: Float64Array, barsInPart: Int32Array): 0 | 3600 | -3600 {
  const first = span * EDGES;
  const lengthUs = (place: number): number => edges[first + place + 1] - edges[first + place];
  if (lengthUs(BEFORE) === 0) return 0;
  const bars = (place: number): number => barsInPart[first + place + 1];
  const rate = (place: number): number => bars(place) / lengthUs(place);
  const middleUs = lengthUs(SECOND) + lengthUs(MIDDLE) + lengthUs(LAST_BUT_ONE);
  const middleBars = bars(SECOND) + bars(MIDDLE) + bars(LAST_BUT_ONE);
  if (middleBars < SHIFT_RULE.minBars) return 0;
  const filled = (SHIFT_RULE.filledShare * middleBars) / middleUs;
  const empty = (SHIFT_RULE.emptyShare * middleBars) / middleUs;
  if (rate(SECOND) >= filled && rate(AFTER) >= filled && rate(FIRST) <= empty) return 3600;
  if (rate(BEFORE) >= filled && rate(LAST_BUT_ONE) >= filled && rate(LAST) <= empty) return -3600;
  return 0;
}
