import { TICK_UNITS } from './day-bars.ts';
import { noteDropped, type Planter, type Prices } from './planting.ts';
import { staysCalm } from './spike-shape.ts';

/** 0.01 points: up to here an inconsistent high or low is corrected, beyond it the bar goes. */
const SMALL_UNITS = 10_000_000;
const HALF_TICK_UNITS = TICK_UNITS / 2;
const LOWEST_UNITS = 500e9;
const HIGHEST_UNITS = 10_000e9;
const UNDEFINED = Number.POSITIVE_INFINITY;

const FIELDS = ['open', 'high', 'low', 'close'] as const;

/** All four prices, or one of them, changed. */
function changed(
  prices: Prices,
  fields: readonly (keyof Prices)[],
  change: (units: number) => number,
): Prices {
  const result = { ...prices };
  for (const field of fields) result[field] = change(prices[field]);
  return result;
}

/** A price that is none: undefined, zero or negative, in one field or in all. */
function notPositive(kind: string, bad: (units: number) => number): Planter {
  return (planting, plan, i) => {
    if (!staysCalm(plan, i, [])) return false;
    const row = plan.row[i];
    const fields = planting.random.pick<readonly (keyof Prices)[]>([FIELDS, [planting.random.pick(FIELDS)]]);
    planting.setPrices(row, changed(planting.pricesOf(row), fields, bad));
    noteDropped(planting, plan, i, kind, 'not_positive');
    return true;
  };
}

export const undefinedPrice = notPositive('undefined_price', () => UNDEFINED);
export const zeroPrice = notPositive('zero_price', () => 0);
export const negativePrice = notPositive('negative_price', (units) => -units);

/** Prices no contract has: shifted by a factor of 100, or one of them just beyond the bounds. */
export const outOfBounds: Planter = (planting, plan, i) => {
  if (!staysCalm(plan, i, [])) return false;
  const row = plan.row[i];
  const prices = planting.pricesOf(row);
  const whole = (factor: number): Prices =>
    changed(prices, FIELDS, (units) => Math.round((units * factor) / TICK_UNITS) * TICK_UNITS);
  planting.setPrices(
    row,
    planting.random.pick<Partial<Prices>>([
      whole(100),
      whole(0.01),
      { low: LOWEST_UNITS - TICK_UNITS },
      { low: LOWEST_UNITS - 1 },
      { high: HIGHEST_UNITS + TICK_UNITS },
      { high: HIGHEST_UNITS + 1 },
    ]),
  );
  noteDropped(planting, plan, i, 'out_of_bounds', 'bounds');
  return true;
};

/** A low of exactly 500 or a high of exactly 10,000 points: still within. */
export const atBounds: Planter = (planting, plan, i) => {
  const row = plan.row[i];
  if (planting.random.nextUint32() < 2 ** 31) {
    planting.setPrices(row, { low: LOWEST_UNITS });
    plan.low[i] = LOWEST_UNITS / TICK_UNITS;
  } else {
    planting.setPrices(row, { high: HIGHEST_UNITS });
    plan.high[i] = HIGHEST_UNITS / TICK_UNITS;
  }
  planting.note('at_bounds', null, 'kept', row, planting.plannedValues(plan, i));
  return true;
};

/** A high below, or a low above, the rest of the bar, by little enough to be corrected. */
export const slightlyInconsistent: Planter = (planting, plan, i) => {
  const row = plan.row[i];
  const { open, high, low, close } = planting.pricesOf(row);
  // on a flat bar high and low would both be at fault
  if (high === low) return false;
  const short = planting.random.pick([1, 2_500_000, SMALL_UNITS - 1, SMALL_UNITS]);
  const top = Math.max(open, close);
  if (top > low && (top < high || planting.random.nextUint32() < 2 ** 31)) {
    plan.high[i] = top / TICK_UNITS;
    planting.setPrices(row, { high: top - short });
  } else {
    const bottom = Math.min(open, close);
    if (bottom === high) return false;
    plan.low[i] = bottom / TICK_UNITS;
    planting.setPrices(row, { low: bottom + short });
  }
  planting.note('slightly_inconsistent', 'ohlc_small', 'changed', row, planting.plannedValues(plan, i));
  return true;
};

/** The same by more. */
export const inconsistent: Planter = (planting, plan, i) => {
  if (!staysCalm(plan, i, [])) return false;
  const row = plan.row[i];
  const { open, close } = planting.pricesOf(row);
  const short = planting.random.pick([SMALL_UNITS + 1, 2 * SMALL_UNITS, TICK_UNITS, 20 * TICK_UNITS]);
  if (planting.random.nextUint32() < 2 ** 31)
    planting.setPrices(row, { high: Math.max(open, close) - short });
  else planting.setPrices(row, { low: Math.min(open, close) + short });
  noteDropped(planting, plan, i, 'inconsistent', 'ohlc_large');
  return true;
};

/** All four prices off the tick grid by the same amount; half a tick goes up. */
export const offTick: Planter = (planting, plan, i) => {
  const away = planting.random.pick([
    1,
    50_000_000,
    HALF_TICK_UNITS - 1,
    HALF_TICK_UNITS,
    HALF_TICK_UNITS + 1,
    200_000_000,
    -1,
    -100_000_000,
    -HALF_TICK_UNITS,
    -HALF_TICK_UNITS - 1,
  ]);
  const moved = away >= HALF_TICK_UNITS ? 1 : away < -HALF_TICK_UNITS ? -1 : 0;
  if (!staysCalm(plan, i, [plan.close[i] + moved])) return false;
  const row = plan.row[i];
  planting.setPrices(
    row,
    changed(planting.pricesOf(row), FIELDS, (units) => units + away),
  );
  for (const column of [plan.open, plan.high, plan.low, plan.close]) column[i] += moved;
  planting.note('off_tick', 'tick', 'changed', row, planting.plannedValues(plan, i));
  return true;
};

/** Only the high or the low off the tick grid, outwards. */
export const extremeOffTick: Planter = (planting, plan, i) => {
  const row = plan.row[i];
  const { high, low } = planting.pricesOf(row);
  const away = planting.random.integer(1, HALF_TICK_UNITS - 1);
  planting.setPrices(
    row,
    planting.random.nextUint32() < 2 ** 31 ? { high: high + away } : { low: low - away },
  );
  planting.note('extreme_off_tick', 'tick', 'changed', row, planting.plannedValues(plan, i));
  return true;
};
