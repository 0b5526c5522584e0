import { isoDate } from '../bars/index.ts';
import { basisTicks, nearestContract, OUTRIGHTS_LISTED, outrightSymbol, shareOfNext } from './contracts.ts';
import { firstDayOf, monthText } from './dates.ts';
import type { Day } from './day.ts';
import { isTradingDay, utcSecond } from './hours.ts';
import type { Planting } from './planting.ts';
import { plannedGrid, type SessionPlan } from './session-plan.ts';
import {
  CLEANING_RULES,
  type CleaningRule,
  type DefectTruth,
  type MonthTruth,
  type RollTruth,
  type SessionTruth,
} from './truth.ts';

export interface RecordedDay {
  readonly day: number;
  readonly generated: Day;
  readonly plan: SessionPlan | null;
  readonly planting: Planting;
  /** Rows as the file has them. */
  readonly order: Int32Array;
}

const utcText = (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;

/** Gathers a month's truth, date by date. */
export class MonthRecord {
  private readonly seed: number;
  private readonly monthIndex: number;
  private readonly file: string;
  private rawRecords = 0;
  private frontRecords = 0;
  private sessionRecords = 0;
  private fileDescents = 0;
  private sessionDescents = 0;
  private newestSecond = 0;
  private finished = false;
  private readonly fronts: { date: string; contract: string; volume: number }[] = [];
  private readonly counts = new Map<CleaningRule, number>();
  private readonly sessions: SessionTruth[] = [];
  private readonly sessionFronts: { day: number; contract: number }[] = [];
  private readonly defects: DefectTruth[] = [];

  constructor(seed: number, monthIndex: number, file: string) {
    this.seed = seed;
    this.monthIndex = monthIndex;
    this.file = file;
  }

  addDay({ day, generated, plan, planting, order }: RecordedDay): void {
    const { bars, listings, front } = generated;
    const volumes = new Float64Array(OUTRIGHTS_LISTED);
    const base = utcSecond(day, 43_200) - 43_200;
    for (const row of order) {
      const slot = bars.listing[row];
      const second = bars.second[row];
      if (base + second < this.newestSecond) this.fileDescents++;
      this.newestSecond = base + second;
      if (slot < OUTRIGHTS_LISTED) volumes[slot] += bars.volume[row];
      if (slot !== front) continue;
      this.frontRecords++;
      if (plan && second >= plan.session.start && second < plan.session.end) this.sessionRecords++;
    }
    this.rawRecords += order.length;
    const most = volumes.reduce((best, volume, slot) => (volume > volumes[best] ? slot : best), 0);
    if (most !== front) throw new Error(`${isoDate(day)}: listing ${most} trades most, not ${front}`);
    const contract = listings[front].near;
    const symbol = outrightSymbol(contract);
    this.fronts.push({ date: isoDate(day), contract: symbol, volume: volumes[front] });
    for (const [rule, count] of planting.ruleCounts)
      this.counts.set(rule, (this.counts.get(rule) ?? 0) + count);
    this.sessionDescents += planting.sessionDescents;
    this.defects.push(...planting.defects);
    if (plan) this.addSession(day, contract, plan);
  }

  private addSession(day: number, contract: number, plan: SessionPlan): void {
    const grid = plannedGrid(plan);
    if (grid.realRows === 0) return;
    this.sessionFronts.push({ day, contract });
    this.sessions.push({
      date: isoDate(day),
      front: outrightSymbol(contract),
      expected_rows: grid.rowCount,
      real_rows: grid.realRows,
      leading_fill: grid.leadingFill,
      open_utc: utcText(utcSecond(day, plan.session.start)),
      close_utc: utcText(utcSecond(day, plan.session.end)),
      grid_sha256: grid.sha256,
    });
  }

  finish(): void {
    this.finished = true;
  }

  truth(): MonthTruth {
    if (!this.finished) throw new Error('the truth of a month is complete once all its batches are taken');
    const counts: Partial<Record<CleaningRule, number>> = {};
    for (const rule of CLEANING_RULES) {
      const count = this.counts.get(rule);
      if (count !== undefined) counts[rule] = count;
    }
    return {
      month: monthText(this.monthIndex),
      file: this.file,
      raw_records: this.rawRecords,
      front_records: this.frontRecords,
      session_records: this.sessionRecords,
      contract_before: this.contractBefore(),
      front_contract: this.fronts,
      cleaning_counts: counts,
      disorder: { file: { descents: this.fileDescents }, session: { descents: this.sessionDescents } },
      sessions: this.sessions,
      rolls: this.rolls(),
      defects: this.defects,
    };
  }

  private contractBefore(): string {
    let day = firstDayOf(this.monthIndex) - 1;
    while (!isTradingDay(day)) day--;
    return outrightSymbol(nearestContract(day) + (shareOfNext(this.seed, day) > 0.5 ? 1 : 0));
  }

  private rolls(): RollTruth[] {
    return this.sessionFronts.flatMap(({ day, contract }, k) => {
      const before = this.sessionFronts[k - 1];
      if (!before || before.contract === contract) return [];
      const basis = (c: number): number => basisTicks(this.seed, c, day);
      return [
        {
          date: isoDate(day),
          from_contract: outrightSymbol(before.contract),
          to_contract: outrightSymbol(contract),
          carry_points: Math.round((basis(contract) - basis(before.contract)) * 25) / 100,
        },
      ];
    });
  }
}
