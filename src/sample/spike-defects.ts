import { TICK_UNITS } from './day-bars.ts';
import { noteDropped, type Planter, type Planting } from './planting.ts';
import type { SessionPlan } from './session-plan.ts';
import { deviationAround, isAlone, outstanding, SPIKE_TICKS, staysCalm } from './spike-shape.ts';

/** Prices a contract may have, in ticks: 500 and 10,000 points. */
const LOWEST = 2_000;
const HIGHEST = 40_000;
/** Bars over which a move that stays ebbs away, by less than a tick a bar, so that later days are as they were. */
const EBB_BARS = 600;

const plausible = (ticks: number): boolean => ticks > LOWEST && ticks < HIGHEST;

/** Lifts a bar to a close: as a whole, or only its close and the extreme on that side. In bars and plan. */
function lift(planting: Planting, plan: SessionPlan, i: number, close: number, whole: boolean): void {
  const open = whole ? close : plan.open[i];
  plan.high[i] = whole ? close : Math.max(close, plan.high[i]);
  plan.low[i] = whole ? close : Math.min(close, plan.low[i]);
  plan.open[i] = open;
  plan.close[i] = close;
  planting.setPrices(plan.row[i], {
    open: open * TICK_UNITS,
    high: plan.high[i] * TICK_UNITS,
    low: plan.low[i] * TICK_UNITS,
    close: close * TICK_UNITS,
  });
}

function noteKept(planting: Planting, plan: SessionPlan, i: number, kind: string): void {
  planting.note(kind, null, 'kept', plan.row[i], planting.plannedValues(plan, i));
}

/** Where bar `i`'s neighbours meet, and how far a close must be from there to be 20 ticks from both. */
function neighbours(plan: SessionPlan, i: number): { middle: number; clear: number } {
  const before = plan.close[i - 1];
  const after = plan.close[i + 1];
  return { middle: (before + after) / 2, clear: SPIKE_TICKS + Math.abs(after - before) / 2 };
}

/** A close that the rule must drop, often only just. */
export const loneSpike: Planter = (planting, plan, i) => {
  const { random } = planting;
  const { middle, clear } = neighbours(plan, i);
  const least = Math.max(clear, 10 * deviationAround(plan, i));
  const more = random.pick([0, 0, 3, 40, 120]);
  const up = random.nextUint32() < 2 ** 31;
  const close = up ? Math.floor(middle + least) + 1 + more : Math.ceil(middle - least) - 1 - more;
  if (least > 1_500 || !plausible(close) || !isAlone(plan, i, close)) return false;
  lift(planting, plan, i, close, random.nextUint32() < 2 ** 31);
  noteDropped(planting, plan, i, 'lone_spike', 'spike');
  return true;
};

/** A close that stands out, but not by more than ten times the usual deviation: at that limit, or just below. */
export const spikeWithinNoise: Planter = (planting, plan, i) => {
  const { middle, clear } = neighbours(plan, i);
  const most = 10 * deviationAround(plan, i);
  const up = planting.random.nextUint32() < 2 ** 31;
  const close = up ? Math.floor(middle + most) : Math.ceil(middle - most);
  if (most > 1_500 || Math.abs(close - middle) <= clear || !plausible(close) || !isAlone(plan, i, close))
    return false;
  lift(planting, plan, i, close, true);
  noteKept(planting, plan, i, 'spike_within_noise');
  return true;
};

/** A close exactly 20 ticks from a neighbour, which is not more than 20. */
export const spikeAtLimit: Planter = (planting, plan, i) => {
  const before = plan.close[i - 1];
  const after = plan.close[i + 1];
  const up = planting.random.nextUint32() < 2 ** 31;
  const close = up ? Math.max(before, after) + SPIKE_TICKS : Math.min(before, after) - SPIKE_TICKS;
  if (!plausible(close) || !staysCalm(plan, i, [close])) return false;
  lift(planting, plan, i, close, true);
  noteKept(planting, plan, i, 'spike_at_limit');
  return true;
};

/** Two bars in a row far away: neither is alone. */
export const doubleSpike: Planter = (planting, plan, i) => {
  const { random } = planting;
  const away = random.integer(80, 200) * random.pick([-1, 1]);
  const first = plan.close[i] + away;
  const second = plan.close[i + 1] + away;
  if (!plausible(first) || !plausible(second) || !staysCalm(plan, i, [first, second], 2)) return false;
  lift(planting, plan, i, first, true);
  lift(planting, plan, i + 1, second, true);
  noteKept(planting, plan, i, 'double_spike');
  noteKept(planting, plan, i + 1, 'double_spike');
  return true;
};

/** The session's first or last bar far away: it has one neighbour only. */
export const edgeSpike: Planter = (planting, plan) => {
  const { random } = planting;
  const i = random.nextUint32() < 2 ** 31 ? 0 : plan.barCount - 1;
  const close = plan.close[i] + random.integer(80, 300) * random.pick([-1, 1]);
  if (!plausible(close) || !staysCalm(plan, i, [close])) return false;
  if (!planting.claim(plan.row[i])) return false;
  lift(planting, plan, i, close, true);
  noteKept(planting, plan, i, 'edge_spike');
  return true;
};

/** A high far above, or a low far below: the rule looks at closes only. */
export const longWick: Planter = (planting, plan, i) => {
  const away = planting.random.integer(100, 300);
  const row = plan.row[i];
  const ticks = planting.random.nextUint32() < 2 ** 31 ? plan.high[i] + away : plan.low[i] - away;
  if (!plausible(ticks)) return false;
  if (ticks > plan.high[i]) {
    plan.high[i] = ticks;
    planting.setPrices(row, { high: ticks * TICK_UNITS });
  } else {
    plan.low[i] = ticks;
    planting.setPrices(row, { low: ticks * TICK_UNITS });
  }
  noteKept(planting, plan, i, 'long_wick');
  return true;
};

/** A jump that stays, and ebbs away over the next minutes. Plant it before anything else in its session. */
export const moveThatStays: Planter = (planting, plan, i) => {
  const { random } = planting;
  const jump = random.integer(60, 160) * random.pick([-1, 1]);
  const end = Math.min(plan.barCount, i + EBB_BARS);
  const shift = (k: number): number => Math.round(jump * (1 - (k - i) / EBB_BARS));
  const closes = plan.close.slice(Math.max(0, i - 3), Math.min(plan.barCount, end + 3));
  const offset = Math.max(0, i - 3);
  for (let k = i; k < end; k++) closes[k - offset] += shift(k);
  if (outstanding(closes) > 0 || !closes.every(plausible)) return false;
  for (let k = i; k < end; k++) {
    const move = shift(k);
    for (const column of [plan.open, plan.high, plan.low, plan.close]) column[k] += move;
    const row = plan.row[k];
    const { open, high, low, close } = planting.pricesOf(row);
    const units = move * TICK_UNITS;
    planting.setPrices(row, {
      open: open + units,
      high: high + units,
      low: low + units,
      close: close + units,
    });
  }
  noteKept(planting, plan, i, 'move_that_stays');
  return true;
};
