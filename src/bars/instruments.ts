/** What Barline knows of a traded product, as data: no kernel knows ES. */
import { usageError } from '../base/index.ts';

/** Exchange month codes, January to December. */
export const MONTH_CODES = 'FGHJKMNQUVXZ';

export interface InstrumentDefinition {
  /** Product code, e.g. `ES`. */
  readonly name: string;
  /** Smallest price step, in points. */
  readonly tickSize: number;
  /** Worth of one tick of one contract, in dollars. */
  readonly tickValue: number;
  /** Plausible prices in points, both inclusive; a price outside is an error of the data. */
  readonly minPrice: number;
  readonly maxPrice: number;
  /** In points: a move between two bars by more than this is a roll under `rolls: gaps`. */
  readonly rollThreshold: number;
  /** In points: where no contract is named, a larger jump between two bars of a day starts another segment. */
  readonly segmentJump: number;
  /** Name of its session. */
  readonly session: string;
  /** Name of its calendar; null for the session's own. */
  readonly calendar: string | null;
  /** Month codes of its contracts; empty for what has no contracts (a currency pair, a coin, a share). */
  readonly contractMonths: string;
}

/** Prices are compared as whole units of 1e-9 points, the resolution of DBN. */
export const UNITS_PER_POINT = 1e9;

/** Points as whole units of 1e-9. Exact for prices below 2^51 units (2.2 million points) read from decimals. */
export function unitsOf(points: number): number {
  return Math.round(points * UNITS_PER_POINT);
}

/**
 * Points of a whole number of ticks: the float64 nearest to the exact decimal for every price below 9 million
 * points.
 */
export function pointsOfTicks(ticks: number, tickUnits: number): number {
  return (ticks * tickUnits) / UNITS_PER_POINT;
}

const EQUITY_INDEX = { session: 'cme-rth', calendar: 'cme-equity', contractMonths: 'HMUZ' } as const;

// Bounds hold from 2010 to several times the level of 2025; thresholds are in the proportion of ES to its price.
const ES = { minPrice: 500, maxPrice: 10_000, rollThreshold: 20, segmentJump: 5, ...EQUITY_INDEX } as const;
const NQ = {
  minPrice: 1_000,
  maxPrice: 60_000,
  rollThreshold: 80,
  segmentJump: 20,
  ...EQUITY_INDEX,
} as const;
const RTY = { minPrice: 300, maxPrice: 6_000, rollThreshold: 10, segmentJump: 2.5, ...EQUITY_INDEX } as const;
const YM = {
  minPrice: 5_000,
  maxPrice: 120_000,
  rollThreshold: 160,
  segmentJump: 40,
  ...EQUITY_INDEX,
} as const;

/** The instruments Barline ships with. */
export const BUILT_IN_INSTRUMENTS: readonly InstrumentDefinition[] = [
  { name: 'ES', tickSize: 0.25, tickValue: 12.5, ...ES },
  { name: 'MES', tickSize: 0.25, tickValue: 1.25, ...ES },
  { name: 'NQ', tickSize: 0.25, tickValue: 5, ...NQ },
  { name: 'MNQ', tickSize: 0.25, tickValue: 0.5, ...NQ },
  { name: 'RTY', tickSize: 0.1, tickValue: 5, ...RTY },
  { name: 'YM', tickSize: 1, tickValue: 5, ...YM },
];

/** The instrument of a name among the built-in and the configured ones (which win); a usage error if there is none. */
export function findInstrument(
  name: string,
  configured: readonly InstrumentDefinition[] = [],
): InstrumentDefinition {
  const known = [...configured, ...BUILT_IN_INSTRUMENTS];
  const found = known.find((instrument) => instrument.name === name);
  if (found) return found;
  const names = [...new Set(known.map((instrument) => instrument.name))];
  throw usageError(
    `Instrument ${JSON.stringify(name)} is not defined; known are ${names.join(', ')}.`,
    'Define it under `instruments` in barline.yaml.',
  );
}
