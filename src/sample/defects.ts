import { duplicate, lateCorrection, outOfOrder } from './order-defects.ts';
import type { Planter, Planting } from './planting.ts';
import {
  atBounds,
  extremeOffTick,
  inconsistent,
  negativePrice,
  offTick,
  outOfBounds,
  slightlyInconsistent,
  undefinedPrice,
  zeroPrice,
} from './price-defects.ts';
import type { RandomStream } from './random.ts';
import {
  doubleSpike,
  edgeSpike,
  loneSpike,
  longWick,
  moveThatStays,
  spikeAtLimit,
  spikeWithinNoise,
} from './spike-defects.ts';

/** Each fault as often as the list names it. */
const PLANTERS: readonly Planter[] = [
  outOfOrder,
  outOfOrder,
  duplicate,
  duplicate,
  lateCorrection,
  undefinedPrice,
  zeroPrice,
  negativePrice,
  outOfBounds,
  outOfBounds,
  atBounds,
  slightlyInconsistent,
  slightlyInconsistent,
  inconsistent,
  inconsistent,
  offTick,
  offTick,
  extremeOffTick,
  loneSpike,
  loneSpike,
  loneSpike,
  spikeWithinNoise,
  spikeAtLimit,
  doubleSpike,
  edgeSpike,
  longWick,
  moveThatStays,
];

/** Bars of a session for one fault: their windows of 30 bars each side, and late records, never meet. */
const BARS_PER_DEFECT = 90;
const ROOM = 72;
const MARGIN = 40;
const SESSION_DEFECTS = 9;
const TRIES = 30;
/** Faults a date gets where the rules must not look: outside the session, or in other contracts. */
const IGNORED_DEFECTS = 4;

/** Deals out the kinds of faults so that, over sessions, each comes as often as the list has it. */
export class DefectDeck {
  private cards: Planter[] = [];
  private readonly random: RandomStream;

  constructor(random: RandomStream) {
    this.random = random;
  }

  /** Plants faults in one date. A session of less than about 200 bars gets none: they would touch each other. */
  plantDay(planting: Planting): void {
    const { plan } = planting;
    const room = (plan?.barCount ?? 0) - 2 * MARGIN;
    const count = Math.min(SESSION_DEFECTS, Math.floor(room / BARS_PER_DEFECT));
    if (plan && count > 0) {
      const dealt = this.deal(count);
      // a jump moves the bars behind it, on which later faults rely
      const order = [
        ...dealt.filter((p) => p === moveThatStays),
        ...dealt.filter((p) => p !== moveThatStays),
      ];
      const width = room / count;
      const cells = this.random.shuffled(dealt.map((_, k) => k));
      order.forEach((planter, k) => {
        const start = MARGIN + cells[k] * width;
        for (let attempt = 0; attempt < TRIES; attempt++) {
          const i = Math.floor(start + this.random.uniform() * (width - ROOM));
          if (planter(planting, plan, i)) return;
        }
        this.cards.push(planter);
      });
    }
    plantIgnored(planting, this.random);
  }

  /** Different kinds, but for those the list has twice. */
  private deal(count: number): Planter[] {
    while (this.cards.length < count) this.cards = [...this.cards, ...this.random.shuffled(PLANTERS)];
    const dealt = this.cards.slice(0, count);
    this.cards = this.cards.slice(count);
    const jump = dealt.indexOf(moveThatStays);
    return dealt.filter((planter, k) => planter !== moveThatStays || k === jump);
  }
}

/** Faults of records that no rule may see, so that a reader that counts them is found out. */
function plantIgnored(planting: Planting, random: RandomStream): void {
  const { plan, generatedRows: rowCount } = planting;
  const inSession = new Set(plan?.row);
  for (let k = 0; k < IGNORED_DEFECTS && rowCount > 100; k++) {
    const row = random.integer(0, rowCount - 60);
    if (inSession.has(row) || !planting.claim(row)) continue;
    const kind = random.pick(['undefined_price', 'zero_price', 'off_tick', 'inconsistent', 'out_of_order']);
    const { high, low } = planting.pricesOf(row);
    if (kind === 'undefined_price') planting.setPrices(row, { close: Number.POSITIVE_INFINITY });
    if (kind === 'zero_price') planting.setPrices(row, { open: 0, high: 0, low: 0, close: 0 });
    if (kind === 'off_tick') planting.setPrices(row, { high: high + 10_000_001 });
    if (kind === 'inconsistent') planting.setPrices(row, { high: low - 250_000_000 });
    if (kind === 'out_of_order') planting.follow(row, row + random.integer(5, 40));
    planting.note(kind, null, 'ignored', row, null);
  }
}
