import type { Listing } from './contracts.ts';
import type { Day } from './day.ts';
import { type DayBars, TICK_UNITS } from './day-bars.ts';
import type { RandomStream } from './random.ts';
import type { SessionPlan } from './session-plan.ts';
import type { BarValues, CleaningRule, DefectTruth } from './truth.ts';

/** Four prices in units of 1e-9; infinite is undefined. */
export interface Prices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/**
 * Faults of one date in the making: changes the bars, keeps what was changed, and says in the plan what each must
 * come to. Records that come later in the file than their time are held aside until `order`.
 */
export class Planting {
  readonly bars: DayBars;
  readonly plan: SessionPlan | null;
  readonly random: RandomStream;
  readonly defects: DefectTruth[] = [];
  /** Rows from here on are copies. */
  readonly generatedRows: number;
  sessionDescents = 0;
  private readonly counts = new Map<CleaningRule, number>();
  private readonly listings: readonly Listing[];
  private readonly baseSecond: number;
  /** Rows that follow a row, instead of standing where their number says. */
  private readonly followers = new Map<number, number[]>();
  private readonly moved = new Set<number>();
  private readonly touched = new Set<number>();

  constructor(day: Day, plan: SessionPlan | null, random: RandomStream, baseSecond: number) {
    this.bars = day.bars;
    this.generatedRows = day.bars.rowCount;
    this.listings = day.listings;
    this.plan = plan;
    this.random = random;
    this.baseSecond = baseSecond;
  }

  /** Bars each rule acts on so far. */
  get ruleCounts(): ReadonlyMap<CleaningRule, number> {
    return this.counts;
  }

  pricesOf(row: number): Prices {
    const { bars } = this;
    return {
      open: bars.open[row],
      high: bars.high[row],
      low: bars.low[row],
      close: bars.close[row],
    };
  }

  setPrices(row: number, prices: Partial<Prices>): void {
    const { bars } = this;
    if (prices.open !== undefined) bars.open[row] = prices.open;
    if (prices.high !== undefined) bars.high[row] = prices.high;
    if (prices.low !== undefined) bars.low[row] = prices.low;
    if (prices.close !== undefined) bars.close[row] = prices.close;
  }

  /** A further record of the same instrument and time; returns its row. Give it a place with `follow`. */
  copyOf(row: number): number {
    const { bars } = this;
    const { open, high, low, close } = this.pricesOf(row);
    bars.push(bars.second[row], bars.listing[row], open, high, low, close, bars.volume[row]);
    return bars.rowCount - 1;
  }

  /** Puts a row right behind another one in the file. */
  follow(row: number, ahead: number): void {
    this.moved.add(row);
    const followers = this.followers.get(ahead);
    if (followers) followers.push(row);
    else this.followers.set(ahead, [row]);
  }

  /** True the first time a row is asked for. */
  claim(row: number): boolean {
    if (this.touched.has(row)) return false;
    this.touched.add(row);
    return true;
  }

  /** The values of a row as the truth names them. */
  valuesOf(row: number): BarValues {
    const points = (units: number): number | null => (Number.isFinite(units) ? units / 1e9 : null);
    const { open, high, low, close } = this.pricesOf(row);
    return {
      open: points(open),
      high: points(high),
      low: points(low),
      close: points(close),
      volume: this.bars.volume[row],
    };
  }

  /** What the plan says bar `i` must be. */
  plannedValues(plan: SessionPlan, i: number): BarValues {
    const points = (ticks: Int32Array): number => (ticks[i] * TICK_UNITS) / 1e9;
    return {
      open: points(plan.open),
      high: points(plan.high),
      low: points(plan.low),
      close: points(plan.close),
      volume: plan.volume[i],
    };
  }

  /** Writes a planted fault down; call it when bars and plan are as they shall be. */
  note(
    kind: string,
    rule: DefectTruth['rule'],
    action: DefectTruth['action'],
    row: number,
    result: BarValues | null,
  ): void {
    if (rule !== null && rule !== 'order' && (action === 'dropped' || action === 'changed')) {
      this.counts.set(rule, (this.counts.get(rule) ?? 0) + 1);
    }
    const listing = this.listings[this.bars.listing[row]];
    this.defects.push({
      kind,
      rule,
      action,
      timestamp: `${this.baseSecond + this.bars.second[row]}000000000`,
      instrument_id: listing.instrumentId,
      symbol: listing.symbol,
      original: this.valuesOf(row),
      new: result,
    });
  }

  /** Rows in the order in which the file has them. */
  order(): Int32Array {
    const order = new Int32Array(this.bars.rowCount);
    let count = 0;
    const emit = (row: number): void => {
      order[count++] = row;
      for (const follower of this.followers.get(row) ?? []) emit(follower);
    };
    for (let row = 0; row < this.bars.rowCount; row++) if (!this.moved.has(row)) emit(row);
    return order;
  }
}

/** One fault, to be planted at bar `i` of the session: false, and nothing changed, if it does not fit there. */
export type Planter = (planting: Planting, plan: SessionPlan, i: number) => boolean;

/** A planted bar that its rule must drop. */
export function noteDropped(
  planting: Planting,
  plan: SessionPlan,
  i: number,
  kind: string,
  rule: CleaningRule,
): void {
  plan.keep[i] = 0;
  planting.note(kind, rule, 'dropped', plan.row[i], null);
}
