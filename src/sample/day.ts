import { ACTIVITY, isSessionMinute } from './activity.ts';
import {
  basisTicks,
  expiryDay,
  type Listing,
  listingsOn,
  OUTRIGHTS_LISTED,
  shareOfNext,
} from './contracts.ts';
import { DayBars, SPREAD_TICK_UNITS, TICK_UNITS } from './day-bars.ts';
import { daySegments, EXPIRY_CLOSE, eveningSegments, type Segment, sessionOf } from './hours.ts';
import type { PricePath } from './price-path.ts';
import { RandomStream } from './random.ts';

const STREAM_MORNING = 41;
const STREAM_EVENING = 42;
const TICKS_PER_POINT = 4;
/** A close this far from both neighbours is what the cleaning rule calls a lone spike; none comes about here. */
const SPIKE_TICKS = 20;

export interface DayRequest {
  readonly seed: number;
  readonly path: PricePath;
  readonly day: number;
  /** Chance of each record to be there: 1 is all of them. */
  readonly scale: number;
  /** Factor on the trade rate outside the session, which brings months of any length to the same size. */
  readonly nightRate: number;
  /** Only seconds [from, to) of the date are wanted. */
  readonly from: number;
  readonly to: number;
}

export interface Day {
  readonly listings: readonly Listing[];
  /** The listing meant to trade most; 0 or 1. */
  readonly front: number;
  /** In time order; within a second in any order. */
  readonly bars: DayBars;
}

/** A stretch of trading between two known levels. */
interface Stretch {
  readonly segments: readonly Segment[];
  readonly random: RandomStream;
  readonly startTicks: number;
  readonly endTicks: number;
  /** Ticks squared per day. */
  readonly dailyVariance: number;
  /** Trading day the prices belong to, whose carry they have. */
  readonly tradingDay: number;
}

/** All bars of a Chicago date. About 50 ns a second of trading and 100 ns a bar. */
export function generateDay(request: DayRequest): Day {
  const { seed, path, day } = request;
  const listings = listingsOn(day);
  const share = shareOfNext(seed, day);
  const front = share > 0.5 ? 1 : 0;
  const bars = new DayBars();
  for (const evening of [false, true]) {
    const segments = evening ? eveningSegments(day) : daySegments(day);
    const wanted = segments.some((segment) => segment.start < request.to && segment.end > request.from);
    if (!wanted) continue;
    const tradingDay = evening ? day + 1 : day;
    const levels = path.levelsOf(tradingDay);
    const stretch: Stretch = {
      segments,
      random: RandomStream.of(seed, evening ? STREAM_EVENING : STREAM_MORNING, day),
      startTicks: (evening ? levels.open : levels.midnight) * TICKS_PER_POINT,
      endTicks: (evening ? levels.midnight : levels.close) * TICKS_PER_POINT,
      dailyVariance: (levels.dailyDeviation * levels.close * TICKS_PER_POINT) ** 2,
      tradingDay,
    };
    new StretchTrading(request, listings, share, bars, stretch).run();
  }
  return { listings, front, bars };
}

/** Trades one stretch second by second. */
class StretchTrading {
  private readonly request: DayRequest;
  private readonly bars: DayBars;
  private readonly stretch: Stretch;
  private readonly random: RandomStream;
  private readonly front: number;
  private readonly expiring: boolean;
  private readonly session: Segment | null;
  private readonly basis: Float64Array;
  /** Factors on the profile's rate and volume, by listing. */
  private readonly rateShare: Float64Array;
  private readonly volumeShare: Float64Array;
  /** This minute's chance to trade, as a bound on 32 random bits, and mean volume, by listing. */
  private readonly chance = new Float64Array(OUTRIGHTS_LISTED + 2);
  private readonly meanVolume = new Float64Array(OUTRIGHTS_LISTED + 2);
  private activity = 0;
  private previousClose = 0;
  private previousStep = 0;

  constructor(
    request: DayRequest,
    listings: readonly Listing[],
    share: number,
    bars: DayBars,
    stretch: Stretch,
  ) {
    this.request = request;
    this.bars = bars;
    this.stretch = stretch;
    this.random = stretch.random;
    this.front = share > 0.5 ? 1 : 0;
    this.session = sessionOf(request.day);
    this.expiring = listings[0] !== undefined && expiryDay(listings[0].near) === request.day;
    const basisOf = (contract: number): number => basisTicks(request.seed, contract, stretch.tradingDay);
    this.basis = Float64Array.from(listings, (listing) =>
      listing.far === null ? basisOf(listing.near) : (basisOf(listing.far) - basisOf(listing.near)) * 5,
    );
    const shares = [1 - share, share, 0.0012, 0.0004];
    const spread = 0.0015 + share * (1 - share);
    this.rateShare = Float64Array.from([...shares.map((part) => part ** 0.85), spread, 0.0008]);
    this.volumeShare = Float64Array.from([...shares.map((part) => part ** 0.6), 0.4, 0.2]);
  }

  run(): void {
    const { random, stretch } = this;
    const minutes = stretch.segments.flatMap(({ start, end }) =>
      Array.from({ length: (end - start) / 60 }, (_, k) => start / 60 + k),
    );
    const heat = Float64Array.from(minutes, () => this.nextActivity());
    const variance = Float64Array.from(
      minutes,
      (minute, k) => stretch.dailyVariance * ACTIVITY.variance[minute] * Math.exp(1.2 * heat[k]),
    );
    let left = 60 * variance.reduce((sum, value) => sum + value, 0);
    let index = stretch.startTicks;
    for (let k = 0; k < minutes.length; k++) {
      const minute = minutes[k];
      const step = variance[k];
      const deviation = Math.sqrt(step);
      this.startMinute(minute, heat[k]);
      for (let second = minute * 60; second < minute * 60 + 60; second++) {
        const before = index;
        const part = left > step ? step / left : 1;
        index += (stretch.endTicks - index) * part + deviation * Math.sqrt(1 - part) * random.roughNormal();
        left -= step;
        this.tradeSecond(second, before, index);
      }
    }
  }

  /** Logarithm of how lively this minute is against its usual: an AR(1) with rare shocks that die away. */
  private nextActivity(): number {
    this.activity = 0.94 * this.activity + 0.13 * this.random.roughNormal();
    if (this.random.uniform() < 1 / 700) this.activity += 1;
    return this.activity;
  }

  private startMinute(minute: number, heat: number): void {
    const { request, chance, meanVolume } = this;
    const night = isSessionMinute(minute) ? 1 : request.nightRate;
    const rate = ACTIVITY.rate[minute] * night * Math.exp(0.6 * heat);
    const volume = ACTIVITY.volume[minute] * Math.exp(0.7 * heat);
    const expired = this.expiring && minute * 60 >= EXPIRY_CLOSE;
    for (let slot = 0; slot < chance.length; slot++) {
      const gone = expired && (slot === 0 || slot === OUTRIGHTS_LISTED);
      const rateHere = gone ? 0 : rate * this.rateShare[slot];
      chance[slot] = (1 - Math.exp(-rateHere)) * request.scale * 2 ** 32;
      meanVolume[slot] = volume * this.volumeShare[slot];
    }
  }

  /** Decides who trades in a second, and writes their bars in any order. */
  private tradeSecond(second: number, before: number, after: number): void {
    const { random, chance } = this;
    const first = random.nextUint32() < chance[0];
    const next = random.nextUint32() < chance[1];
    const draw = random.nextUint32();
    let rest = -1;
    let bound = 0;
    for (let slot = 2; slot < chance.length; slot++) {
      bound += chance[slot];
      if (draw < bound) {
        rest = slot;
        break;
      }
    }
    if (!first && !next && rest < 0) return;
    if (second < this.request.from || second >= this.request.to) return;
    const order = draw & 3;
    if (rest >= 0 && order === 0) this.trade(second, rest, before, after);
    if (next && order === 1) this.trade(second, 1, before, after);
    if (first) this.trade(second, 0, before, after);
    if (next && order !== 1) this.trade(second, 1, before, after);
    if (rest >= 0 && order !== 0) this.trade(second, rest, before, after);
  }

  private trade(second: number, slot: number, before: number, after: number): void {
    const { random } = this;
    const heavy = Math.log(1 - random.uniform());
    const volume = 1 + Math.floor(0.5 * this.meanVolume[slot] * heavy * heavy);
    const dither = random.nextUint32();
    const basis = this.basis[slot];
    const spread = slot >= OUTRIGHTS_LISTED;
    let close = Math.floor((spread ? basis : after + basis) + (dither >>> 16) / 65_536);
    if (slot === this.front) close = this.withoutSpike(second, close);
    let open = close;
    if (volume > 1) open = Math.floor((spread ? basis : before + basis) + (dither & 65_535) / 65_536);
    let high = Math.max(open, close);
    let low = Math.min(open, close);
    if (volume > 3 && !spread) {
      const reach = random.nextUint32();
      high += (Math.clz32((reach & 0xffff) | 1) - 16) >> 1;
      low -= (Math.clz32((reach >>> 16) | 1) - 16) >> 1;
    }
    const tick = spread ? SPREAD_TICK_UNITS : TICK_UNITS;
    this.bars.push(second, slot, open * tick, high * tick, low * tick, close * tick, volume);
  }

  /** Shortens a move that would come straight back to where the last one started, so that no spike is left. */
  private withoutSpike(second: number, close: number): number {
    const session = this.session;
    if (!session || second < session.start || second >= session.end) return close;
    const first = this.previousClose === 0;
    let step = first ? 0 : close - this.previousClose;
    const there = this.previousStep;
    const back = (there > SPIKE_TICKS && step < -SPIKE_TICKS) || (there < -SPIKE_TICKS && step > SPIKE_TICKS);
    if (back && Math.abs(there + step) <= SPIKE_TICKS) step = Math.sign(step) * SPIKE_TICKS;
    this.previousClose = first ? close : this.previousClose + step;
    this.previousStep = step;
    return this.previousClose;
  }
}
