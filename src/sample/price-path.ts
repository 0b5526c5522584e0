import { monthIndexOf } from './dates.ts';
import { isTradingDay, tradingDays } from './hours.ts';
import { levelOfMonth, type MonthPath, monthPath, monthSpan } from './level.ts';
import { RandomStream } from './random.ts';

const STREAM_DAY_LEVEL = 31;

/** Share of a trading day's variance that falls before its midnight, and deviation of its opening gap. */
const EVENING_SHARE = 0.07;
const GAP_SHARE = 0.2;

/** Index levels in points that a trading day's prices pass through. */
export interface DayLevels {
  /** At 17:00 of the evening before. */
  readonly open: number;
  readonly midnight: number;
  readonly close: number;
  readonly dailyDeviation: number;
}

/** The index through all trading days, each found without generating those before it. */
export class PricePath {
  private readonly seed: number;
  private readonly months = new Map<number, MonthPath>();

  constructor(seed: number) {
    this.seed = seed;
  }

  levelsOf(day: number): DayLevels {
    const month = this.monthOf(day);
    const { start } = monthSpan(day);
    let before = day - 1;
    while (before >= start && !isTradingDay(before)) before--;
    const previous = month.closeOfDay.get(before) ?? levelOfMonth(this.seed, monthIndexOf(day));
    const close = month.closeOfDay.get(day) ?? previous;
    const random = RandomStream.of(this.seed, STREAM_DAY_LEVEL, day);
    const { dailyDeviation } = month;
    const open = Math.log(previous) + GAP_SHARE * dailyDeviation * random.normal();
    const midnight =
      open +
      (Math.log(close) - open) * EVENING_SHARE +
      dailyDeviation * Math.sqrt(EVENING_SHARE * (1 - EVENING_SHARE)) * random.normal();
    return { open: Math.exp(open), midnight: Math.exp(midnight), close, dailyDeviation };
  }

  private monthOf(day: number): MonthPath {
    const index = monthIndexOf(day);
    let path = this.months.get(index);
    if (!path) {
      const { start, end } = monthSpan(day);
      path = monthPath(this.seed, tradingDays(start, end));
      this.months.set(index, path);
    }
    return path;
  }
}
