import { dayOf, weekdayOf, yearOf } from '../bars/index.ts';
import { isWeekday } from './dates.ts';
import { levelOfYear } from './level.ts';
import { RandomStream } from './random.ts';

/** A quarterly contract: year * 4 + quarter, so that the next expiry is `contract + 1`. */
export type Contract = number;

export interface Listing {
  readonly symbol: string;
  readonly instrumentId: number;
  /** The outright, or the near leg of a calendar spread. */
  readonly near: Contract;
  /** The far leg of a spread; null for an outright. */
  readonly far: Contract | null;
}

const STREAM_ROLL = 11;
const STREAM_CARRY = 12;

/** How many quarterly outrights trade at a time. */
export const OUTRIGHTS_LISTED = 4;

/** Carry per quarter in percent of the index: interest less dividends, by year from 2010. */
const CARRY_PERCENT = [
  -0.45, -0.45, -0.5, -0.45, -0.45, -0.45, -0.4, -0.3, 0.45, 0.4, -0.4, -0.35, 0.35, 0.95, 1, 0.85, 0.75,
] as const;

/** Third Friday of March, June, September or December: trading ends at 08:30 Chicago time. */
export function expiryDay(contract: Contract): number {
  const first = dayOf(Math.floor(contract / 4), ((contract % 4) + 1) * 3, 1);
  return first + ((5 - weekdayOf(first) + 7) % 7) + 14;
}

export function outrightSymbol(contract: Contract): string {
  return `ES${'HMUZ'.charAt(contract % 4)}${Math.floor(contract / 4) % 10}`;
}

/** The nearest contract not expired before `day`. */
export function nearestContract(day: number): Contract {
  let contract = yearOf(day) * 4;
  while (expiryDay(contract) < day) contract++;
  return contract;
}

function outright(contract: Contract): Listing {
  const instrumentId = 10_000 + (((contract - 8040) * 7919 + 3217) % 89_989);
  return { symbol: outrightSymbol(contract), instrumentId, near: contract, far: null };
}

function calendarSpread(near: Contract): Listing {
  const instrumentId = 100_000 + (((near - 8040) * 70_901 + 82_130) % 899_981);
  return { symbol: `${outrightSymbol(near)}-${outrightSymbol(near + 1)}`, instrumentId, near, far: near + 1 };
}

/** What is listed on a date: four outrights, nearest first, then the spreads of the first three. */
export function listingsOn(day: number): Listing[] {
  const nearest = nearestContract(day);
  const listings: Listing[] = [];
  for (let k = 0; k < OUTRIGHTS_LISTED; k++) listings.push(outright(nearest + k));
  for (let k = 0; k < 2; k++) listings.push(calendarSpread(nearest + k));
  return listings;
}

/** First date on which a listing can trade: the day after the expiry that made room for it. */
export function listedFrom(listing: Listing): number {
  const ahead = listing.far === null ? OUTRIGHTS_LISTED : 2;
  return expiryDay(listing.near - ahead) + 1;
}

/** The date on which most volume first trades in `contract + 1`: about eight days before `contract` expires. */
export function rollDay(seed: number, contract: Contract): number {
  const random = RandomStream.of(seed, STREAM_ROLL, contract);
  return expiryDay(contract) - random.pick([8, 8, 8, 9, 7, 4]);
}

/** Share of the volume of the two nearest contracts that trades in the farther, by weekdays from the roll. */
function migratedShare(weekdaysFromRoll: number): number {
  const before = [0.28, 0.08, 0.03, 0.012, 0.006];
  const after = [0.72, 0.9, 0.95, 0.97, 0.98];
  if (weekdaysFromRoll < 0) return before[-1 - weekdaysFromRoll] ?? 0.004;
  return after[weekdaysFromRoll] ?? 0.985;
}

/** How the volume of `day` lies on the two nearest contracts. Below 0.5 the nearest is the front contract. */
export function shareOfNext(seed: number, day: number): number {
  const roll = rollDay(seed, nearestContract(day));
  let weekdays = 0;
  for (let d = day; d < roll; d++) if (isWeekday(d)) weekdays--;
  for (let d = roll; d < day; d++) if (isWeekday(d)) weekdays++;
  return migratedShare(weekdays);
}

/** Price of a contract less the index, in ticks: its carry, shrinking evenly to nothing at expiry. */
export function basisTicks(seed: number, contract: Contract, day: number): number {
  const year = Math.floor(contract / 4);
  const percent = CARRY_PERCENT[Math.min(year - 2010, CARRY_PERCENT.length - 1)] ?? 0.5;
  const random = RandomStream.of(seed, STREAM_CARRY, contract);
  const points = (percent / 100) * levelOfYear(year) * (0.9 + 0.2 * random.uniform());
  const bounded = Math.sign(points) * Math.min(55, Math.max(12, Math.abs(points)));
  return (bounded * 4 * (expiryDay(contract) - day)) / 91;
}
