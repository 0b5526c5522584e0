/** The front contract of every exchange date, and its rows. */
import type { Bars } from './columns.ts';
import type { ContractRule } from './contract-rule.ts';
import { isoDate, yearOf } from './dates.ts';
import { type DayVolumes, dayVolumes, type InstrumentRowCounts } from './day-volumes.ts';
import type { InstrumentDefinition } from './instruments.ts';
import { intervalOf } from './intervals.ts';
import { type RollCandidate, rollCandidates } from './roll-gap.ts';
import { type SegmentReport, splitSegments } from './segments.ts';
import { allRows } from './select.ts';
import { sessionOn, type TradingHours } from './sessions.ts';
import { expiryMonth, parseContract } from './symbols.ts';

export interface ContractOptions {
  readonly instrument: InstrumentDefinition;
  readonly hours: TradingHours;
  /** Default `day_volume`. */
  readonly rule?: ContractRule;
  /** Once rolled to a later expiry, never back to a nearer one. Default false. */
  readonly noFlipBack?: boolean;
  /** Front contract of the last session before the input; null or absent when it is not at hand. */
  readonly previousFront?: string | null;
}

export interface FrontOfDate {
  readonly date: string;
  readonly contract: string;
  /** Volume of the front contract on the date. */
  readonly volume: number;
  /** Outrights with bars on the date. */
  readonly contractCount: number;
}

export interface ContractReport extends InstrumentRowCounts {
  readonly rule: ContractRule;
  readonly noFlipBack: boolean;
  /**
   * How the rows were chosen: by contract; by id, where the source has no symbols; by segments between jumps,
   * where it names no contracts (the fallback); or not at all, for an instrument without contracts.
   */
  readonly method: 'contracts' | 'ids' | 'segments' | 'none';
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly daysWithSeveralContracts: number;
  readonly fronts: readonly FrontOfDate[];
  /** Dates with bars of outrights but no front contract (only under `noFlipBack` or `previous_day_volume`). */
  readonly datesWithoutFront: readonly string[];
  /** Dates judged by their own volume under `previous_day_volume`, for want of a date before them. */
  readonly lookAheadDates: readonly string[];
  /** Changes of the front contract from one session date to the next. */
  readonly rolls: readonly RollCandidate[];
  /** Front contract of the last session with bars, for the month after; null when contracts are not named. */
  readonly lastSession: LastSession | null;
  readonly segments: SegmentReport | null;
}

export interface LastSession {
  readonly date: string;
  readonly front: string;
}

/**
 * Chooses the front contract of every exchange date and keeps its rows.
 *
 * Per date the outright with the highest volume under the rule is the front; a tie goes to the nearer expiry.
 * Under `previous_day_volume` the volume is that of the latest earlier date in the input with bars of outrights;
 * the first date has none and is judged by its own (listed in `lookAheadDates`). A front without bars on its
 * date leaves the date empty. Under `noFlipBack` only expiries at or after the front's so far take part.
 *
 * Returns the row numbers kept, in input order. Throws NO_OUTRIGHT when there are symbols and none is an outright
 * of the instrument. Two passes, about 10 ns per row.
 */
export function chooseContract(
  bars: Bars,
  options: ContractOptions,
): { readonly rows: Int32Array; readonly report: ContractReport } {
  const { instrument } = bars;
  if (!instrument || bars.instruments.length === 0) return chooseUnnamed(bars, options);
  const volumes = dayVolumes(bars, instrument, options.instrument, options.hours);
  const chosen = frontPerDate(volumes, options);
  const rows = frontRows(bars, instrument, volumes, chosen.front);
  const named = namedFronts(volumes, chosen.front);
  return {
    rows,
    report: {
      ...emptyReport(bars, options, volumes.table.idsOnly ? 'ids' : 'contracts'),
      ...volumes.rowCounts,
      rowsOut: rows.length,
      daysWithSeveralContracts: severalContracts(volumes),
      fronts: named.fronts,
      datesWithoutFront: named.datesWithoutFront,
      lookAheadDates: chosen.lookAheadDates,
      rolls: rollCandidates(bars, instrument, volumes, chosen.front, options),
      lastSession: lastSessionOf(bars, rows, volumes, chosen.front, options.hours),
    },
  };
}

function emptyReport(
  bars: Bars,
  options: ContractOptions,
  method: ContractReport['method'],
): Omit<ContractReport, 'rowsOut'> {
  return {
    rule: options.rule ?? 'day_volume',
    noFlipBack: options.noFlipBack ?? false,
    method,
    rowsIn: bars.rowCount,
    outrightRows: bars.rowCount,
    spreadRows: 0,
    otherRows: 0,
    unmappedRows: 0,
    daysWithSeveralContracts: 0,
    fronts: [],
    datesWithoutFront: [],
    lookAheadDates: [],
    rolls: [],
    lastSession: null,
    segments: null,
  };
}

function chooseUnnamed(
  bars: Bars,
  options: ContractOptions,
): { readonly rows: Int32Array; readonly report: ContractReport } {
  if (options.instrument.contractMonths === '') {
    return {
      rows: allRows(bars.rowCount),
      report: { ...emptyReport(bars, options, 'none'), rowsOut: bars.rowCount },
    };
  }
  const { rows, report } = splitSegments(bars, options.instrument, options.hours);
  return {
    rows,
    report: { ...emptyReport(bars, options, 'segments'), rowsOut: rows.length, segments: report },
  };
}

/** Contract index per date, -1 for none. */
function frontPerDate(
  volumes: DayVolumes,
  options: ContractOptions,
): { readonly front: Int32Array; readonly lookAheadDates: string[] } {
  const { contracts } = volumes.table;
  const parsed = contracts.map(parseContract);
  const expiryOf = (contract: number, day: number): number => {
    const symbol = parsed[contract];
    return symbol ? expiryMonth(symbol, yearOf(day)) : Number.POSITIVE_INFINITY;
  };
  const front = new Int32Array(volumes.dayCount).fill(-1);
  const lookAheadDates: string[] = [];
  const before = options.previousFront == null ? undefined : parseContract(options.previousFront);
  let minExpiry = before ? expiryMonth(before, yearOf(volumes.firstDay)) : 0;
  let previousDate = -1;
  for (let date = 0; date < volumes.dayCount; date++) {
    if (!hasBars(volumes, date)) continue;
    const day = volumes.firstDay + date;
    let judged = date;
    if (options.rule === 'previous_day_volume') {
      if (previousDate >= 0) judged = previousDate;
      else lookAheadDates.push(isoDate(day));
    }
    const least = options.noFlipBack ? minExpiry : 0;
    let best = -1;
    for (let contract = 0; contract < contracts.length; contract++) {
      if (volumes.barCount[judged * volumes.width + contract] === 0) continue;
      if (expiryOf(contract, day) < least) continue;
      if (best < 0 || beats(volumes, judged, contract, best, (k) => expiryOf(k, day))) best = contract;
    }
    front[date] = best;
    previousDate = date;
    const expiry = best < 0 ? Number.POSITIVE_INFINITY : expiryOf(best, day);
    if (Number.isFinite(expiry)) minExpiry = Math.max(minExpiry, expiry);
  }
  return { front, lookAheadDates };
}

function hasBars(volumes: DayVolumes, date: number): boolean {
  const contractCount = volumes.table.contracts.length;
  for (let contract = 0; contract < contractCount; contract++) {
    if (volumes.barCount[date * volumes.width + contract] > 0) return true;
  }
  return false;
}

/** Whether `contract` goes before `best` on a date: more volume, else nearer expiry, else the smaller name. */
function beats(
  volumes: DayVolumes,
  date: number,
  contract: number,
  best: number,
  expiryOf: (contract: number) => number,
): boolean {
  const { contracts } = volumes.table;
  const difference =
    volumes.volume[date * volumes.width + contract] - volumes.volume[date * volumes.width + best];
  if (difference !== 0) return difference > 0;
  const [expiry, bestExpiry] = [expiryOf(contract), expiryOf(best)];
  if (expiry !== bestExpiry) return expiry < bestExpiry;
  return (contracts[contract] ?? '') < (contracts[best] ?? '');
}

/** No instrument's contract: those that can be none have -1. */
const NONE = -2;

function frontRows(
  bars: Bars,
  instrument: Uint16Array,
  { table, startsUs }: DayVolumes,
  front: Int32Array,
): Int32Array {
  const { contractOf } = table;
  const { tsUs } = bars;
  const rows = new Int32Array(bars.rowCount);
  let kept = 0;
  let date = 1;
  let fromUs = 0;
  let toUs = 0;
  let wanted = NONE;
  for (let row = 0; row < bars.rowCount; row++) {
    const ts = tsUs[row];
    if (ts < fromUs || ts >= toUs) {
      date = intervalOf(startsUs, ts, date);
      fromUs = startsUs[date - 1];
      toUs = startsUs[date];
      wanted = front[date - 1] < 0 ? NONE : front[date - 1];
    }
    // written always and kept by chance: contracts alternate too wildly for a branch
    rows[kept] = row;
    kept += Number(contractOf[instrument[row]] === wanted);
  }
  return rows.subarray(0, kept);
}

function severalContracts(volumes: DayVolumes): number {
  const contractCount = volumes.table.contracts.length;
  let days = 0;
  for (let date = 0; date < volumes.dayCount; date++) {
    if (contractsOn(volumes, date, contractCount) > 1) days++;
  }
  return days;
}

function contractsOn(volumes: DayVolumes, date: number, contractCount: number): number {
  let present = 0;
  for (let contract = 0; contract < contractCount; contract++) {
    if (volumes.barCount[date * volumes.width + contract] > 0) present++;
  }
  return present;
}

function namedFronts(
  volumes: DayVolumes,
  front: Int32Array,
): { readonly fronts: FrontOfDate[]; readonly datesWithoutFront: string[] } {
  const { contracts } = volumes.table;
  const fronts: FrontOfDate[] = [];
  const datesWithoutFront: string[] = [];
  for (let date = 0; date < volumes.dayCount; date++) {
    const contract = contracts[front[date] ?? -1];
    const contractCount = contractsOn(volumes, date, contracts.length);
    const cell = date * volumes.width + (front[date] ?? -1);
    if (contract !== undefined && volumes.barCount[cell] > 0) {
      fronts.push({
        date: isoDate(volumes.firstDay + date),
        contract,
        volume: volumes.volume[cell],
        contractCount,
      });
    } else if (contractCount > 0) datesWithoutFront.push(isoDate(volumes.firstDay + date));
  }
  return { fronts, datesWithoutFront };
}

function lastSessionOf(
  bars: Bars,
  rows: Int32Array,
  volumes: DayVolumes,
  front: Int32Array,
  hours: TradingHours,
): LastSession | null {
  for (let date = volumes.dayCount - 1; date >= 0; date--) {
    const contract = volumes.table.contracts[front[date] ?? -1];
    const span = contract === undefined ? undefined : sessionOn(hours, volumes.firstDay + date);
    if (!span || contract === undefined) continue;
    for (let k = rows.length - 1; k >= 0; k--) {
      const ts = bars.tsUs[rows[k]];
      if (ts >= span.openUs && ts < span.closeUs) return { date: span.date, front: contract };
    }
  }
  return null;
}
