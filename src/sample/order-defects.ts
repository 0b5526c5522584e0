import { TICK_UNITS } from './day-bars.ts';
import type { Planter, Planting } from './planting.ts';
import type { SessionPlan } from './session-plan.ts';
import { staysCalm } from './spike-shape.ts';

/** How many of the session's bars a late record comes behind, at most; neighbouring faults lie further apart. */
export const LATE_BARS = 25;

/** Row of the session's bar behind which a late record comes. */
function lateBehind(planting: Planting, plan: SessionPlan, i: number): number {
  const behind = Math.min(plan.barCount - 1, i + planting.random.integer(1, LATE_BARS));
  return plan.row[behind];
}

/** A record behind others that start later. */
export const outOfOrder: Planter = (planting, plan, i) => {
  const row = plan.row[i];
  if (i + 1 >= plan.barCount) return false;
  planting.follow(row, lateBehind(planting, plan, i));
  planting.sessionDescents++;
  planting.note('out_of_order', 'order', 'sorted', row, planting.plannedValues(plan, i));
  return true;
};

interface Correction {
  /** Ticks by which the close moves. */
  readonly move: number;
  /** Volumes that records of this second have. */
  readonly volumes: Set<number>;
}

/**
 * Gives a copied record other values, and the plan with it. Its volume is one that no record of that second has had,
 * so that no two are alike, and small, so that the day's front contract stays the same.
 */
function correct(planting: Planting, plan: SessionPlan, i: number, copy: number, change: Correction): void {
  const { move, volumes } = change;
  const close = plan.close[i] + move;
  plan.close[i] = close;
  plan.high[i] = Math.max(plan.high[i], close);
  plan.low[i] = Math.min(plan.low[i], close);
  let volume = planting.random.integer(1, 9);
  while (volumes.has(volume)) volume = (volume % 9) + 1;
  volumes.add(volume);
  plan.volume[i] = volume;
  planting.bars.volume[copy] = plan.volume[i];
  planting.setPrices(copy, {
    high: plan.high[i] * TICK_UNITS,
    low: plan.low[i] * TICK_UNITS,
    close: close * TICK_UNITS,
  });
}

/** The same instrument and second once or twice more, with other values; the last record is the one to keep. */
export const duplicate: Planter = (planting, plan, i) => {
  const copies = planting.random.pick([1, 1, 2]);
  const moves = Array.from({ length: copies }, () => planting.random.pick([-2, -1, 0, 1, 2]));
  const moved = moves.reduce((sum, move) => sum + move, 0);
  if (!staysCalm(plan, i, [plan.close[i] + moved])) return false;
  let row = plan.row[i];
  const volumes = new Set([plan.volume[i]]);
  for (const move of moves) {
    const copy = planting.copyOf(row);
    planting.follow(copy, row);
    correct(planting, plan, i, copy, { move, volumes });
    planting.note('duplicate', 'duplicate', 'dropped', row, null);
    row = copy;
  }
  return true;
};

/** A second record of a bar that comes late: both a duplicate and out of order. */
export const lateCorrection: Planter = (planting, plan, i) => {
  const move = planting.random.pick([-2, -1, 1, 2]);
  if (i + 1 >= plan.barCount || !staysCalm(plan, i, [plan.close[i] + move])) return false;
  const row = plan.row[i];
  const copy = planting.copyOf(row);
  planting.follow(copy, lateBehind(planting, plan, i));
  correct(planting, plan, i, copy, { move, volumes: new Set([plan.volume[i]]) });
  planting.sessionDescents++;
  planting.note('late_correction', 'duplicate', 'dropped', row, null);
  planting.note('late_correction', 'order', 'sorted', copy, planting.plannedValues(plan, i));
  return true;
};
