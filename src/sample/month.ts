import { isoDate } from '../bars/index.ts';
import { usageError } from '../base/index.ts';
import { type BarBatch, type DbnMetadata, type DbnVersion, dbnMetadata } from '../dbn/index.ts';
import { batchOf } from './batch.ts';
import { expiryDay, type Listing, listedFrom, listingsOn, OUTRIGHTS_LISTED } from './contracts.ts';
import { firstDayOf, monthText, parseMonth } from './dates.ts';
import { type Day, generateDay } from './day.ts';
import { DefectDeck } from './defects.ts';
import { MIDNIGHT, sessionOf, utcSecond } from './hours.ts';
import { MonthRecord } from './month-record.ts';
import { nightRateOf } from './month-size.ts';
import { Planting } from './planting.ts';
import { PricePath } from './price-path.ts';
import { RandomStream } from './random.ts';
import { sessionPlan } from './session-plan.ts';
import type { MonthTruth } from './truth.ts';

const STREAM_DECK = 51;
const STREAM_DEFECTS = 52;
const DAY_SECONDS = 86_400;
const FIRST_MONTH = '2010-01';
const LAST_MONTH = '2030-12';

export interface MonthRequest {
  /** Only `ES` so far. */
  readonly instrument: string;
  /** `YYYY-MM`, from 2010-01 to 2030-12, the years of the calendar. */
  readonly month: string;
  /** A whole number from 0. */
  readonly seed: number;
  /** Share of the records of a real month to write: above 0, at most 1. */
  readonly scale: number;
  /** Whether to plant faults. */
  readonly defects: boolean;
  /** DBN version, 3 by default. */
  readonly version?: DbnVersion;
}

export interface GeneratedMonth {
  readonly metadata: DbnMetadata;
  /** A batch per Chicago date, generated as they are taken; once only. */
  readonly batches: Iterable<BarBatch>;
  /** What is in the batches. Complete once all are taken; throws before. */
  readonly truth: () => MonthTruth;
}

/** `glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst`: first and last UTC date. */
export function monthFileName(monthIndex: number): string {
  const compact = (day: number): string => isoDate(day).replaceAll('-', '');
  return `glbx-mdp3-${compact(firstDayOf(monthIndex))}-${compact(firstDayOf(monthIndex + 1) - 1)}.ohlcv-1s.dbn.zst`;
}

/** The month of a request; throws a usage error that names what is wrong with it. */
export function checkedMonth(month: string): number {
  const index = parseMonth(month);
  if (index === undefined || month < FIRST_MONTH || month > LAST_MONTH) {
    throw usageError(
      `Month ${JSON.stringify(month)} cannot be generated; expected YYYY-MM from ${FIRST_MONTH} to ${LAST_MONTH}.`,
    );
  }
  return index;
}

function checkRequest(request: MonthRequest): void {
  const { instrument, seed, scale } = request;
  if (instrument !== 'ES') {
    throw usageError(`Instrument ${JSON.stringify(instrument)} cannot be generated; expected "ES".`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw usageError(`Seed ${seed} is no whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
  }
  if (!(scale > 0 && scale <= 1)) {
    throw usageError(
      `Scale ${scale} is out of range; expected more than 0 and at most 1.`,
      'Scale 1 is a full month of about a million records, 0.05 a quick one.',
    );
  }
}

/**
 * A month of one-second bars as the vendor delivers them: every record from midnight UTC on its first day to
 * midnight UTC after its last. The same request always gives the same records, whatever other months are generated,
 * and neighbouring months join. About 0.1 s a month, as every second is drawn, and 300 ns a record. Throws a usage
 * error for a request out of range.
 */
export function generateMonth(request: MonthRequest): GeneratedMonth {
  checkRequest(request);
  const monthIndex = checkedMonth(request.month);
  const record = new MonthRecord(request.seed, monthIndex, monthFileName(monthIndex));
  return {
    metadata: metadataOf(monthIndex, request.version ?? 3),
    batches: batchesOf(request, monthIndex, record),
    truth: () => record.truth(),
  };
}

function* batchesOf(request: MonthRequest, monthIndex: number, record: MonthRecord): Generator<BarBatch> {
  const { seed, scale } = request;
  const path = new PricePath(seed);
  const firstDay = firstDayOf(monthIndex);
  const endDay = firstDayOf(monthIndex + 1);
  const deck = new DefectDeck(RandomStream.of(seed, STREAM_DECK, monthIndex));
  for (let day = firstDay - 1; day < endDay; day++) {
    // noon, since an hour is missing or twice on the nights in which clocks change, when nothing trades
    const baseSecond = utcSecond(day, MIDNIGHT / 2) - MIDNIGHT / 2;
    const nightRate = nightRateOf(day < firstDay ? monthIndex - 1 : monthIndex);
    const from = Math.max(0, firstDay * DAY_SECONDS - baseSecond);
    const to = Math.min(MIDNIGHT, endDay * DAY_SECONDS - baseSecond);
    const drawn = generateDay({ seed, path, day, scale, nightRate, from, to });
    if (drawn.bars.rowCount === 0) continue;
    const generated = withSettledFront(drawn);
    const session = sessionOf(day);
    const plan = session ? sessionPlan(generated, session) : null;
    const planting = new Planting(generated, plan, RandomStream.of(seed, STREAM_DEFECTS, day), baseSecond);
    if (request.defects) deck.plantDay(planting);
    const order = planting.order();
    record.addDay({ day, generated, plan, planting, order });
    yield batchOf(generated.bars, order, generated.listings, baseSecond);
  }
  record.finish();
}

/**
 * Gives the contract meant to be in front the most volume where chance did not: with a few bars a night, one of them
 * can decide. Where it has no bar at all, another one is in front.
 */
function withSettledFront(day: Day): Day {
  const { bars, front } = day;
  const volumes = new Float64Array(OUTRIGHTS_LISTED);
  let lastFront = -1;
  for (let row = 0; row < bars.rowCount; row++) {
    const slot = bars.listing[row];
    if (slot < OUTRIGHTS_LISTED) volumes[slot] += bars.volume[row];
    if (slot === front) lastFront = row;
  }
  const own = volumes[front];
  volumes[front] = 0;
  const most = Math.max(...volumes);
  if (lastFront < 0) return { ...day, front: volumes.indexOf(most) };
  const missing = Math.ceil(1.2 * most) + 1 - own;
  if (missing > 0) bars.volume[lastFront] += missing;
  return day;
}

function metadataOf(monthIndex: number, version: DbnVersion): DbnMetadata {
  const first = firstDayOf(monthIndex);
  const end = firstDayOf(monthIndex + 1);
  const listings = new Map<string, Listing>();
  for (let day = first - 1; day < end; day++) {
    for (const listing of listingsOn(day)) listings.set(listing.symbol, listing);
  }
  const mappings = [...listings.values()].flatMap((listing) => {
    const start = Math.max(first, listedFrom(listing));
    const stop = Math.min(end, expiryDay(listing.near) + 1);
    if (start >= stop) return [];
    const interval = {
      startDate: isoDate(start),
      endDate: isoDate(stop),
      symbol: String(listing.instrumentId),
    };
    return [{ rawSymbol: listing.symbol, intervals: [interval] }];
  });
  const nanoseconds = (day: number): bigint => BigInt(day) * 86_400_000_000_000n;
  return dbnMetadata({
    version,
    dataset: 'GLBX.MDP3',
    schema: 'ohlcv-1s',
    stypeIn: 'parent',
    start: nanoseconds(first),
    end: nanoseconds(end),
    symbols: ['ES.FUT'],
    mappings,
  });
}

/** Months from one to another, both included. Throws a usage error when they are the wrong way round. */
export function monthsBetween(from: string, to: string): string[] {
  const first = checkedMonth(from);
  const last = checkedMonth(to);
  if (last < first)
    throw usageError(`Months from ${from} to ${to} are none; the first comes after the last.`);
  return Array.from({ length: last - first + 1 }, (_, k) => monthText(first + k));
}
