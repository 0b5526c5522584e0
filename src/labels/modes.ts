/**
 * A mode asks of every bar: entered at the next bar's open, is the target reached before the stop within the
 * timeout? Distances are whole ticks, so no comparison rounds.
 */
export interface LabelMode {
  /** Names the columns: `label_<name>`, `weight_<name>`. */
  readonly name: string;
  readonly direction: 'long' | 'short';
  /** Whole ticks, above 0. */
  readonly stopTicks: number;
  /** Whole ticks, above 0. */
  readonly targetTicks: number;
}

/** The six default modes, in column order. */
export const labelModes: readonly LabelMode[] = [
  { name: 'low_vol_long', direction: 'long', stopTicks: 6, targetTicks: 12 },
  { name: 'normal_vol_long', direction: 'long', stopTicks: 8, targetTicks: 16 },
  { name: 'high_vol_long', direction: 'long', stopTicks: 10, targetTicks: 20 },
  { name: 'low_vol_short', direction: 'short', stopTicks: 6, targetTicks: 12 },
  { name: 'normal_vol_short', direction: 'short', stopTicks: 8, targetTicks: 16 },
  { name: 'high_vol_short', direction: 'short', stopTicks: 10, targetTicks: 20 },
];

export const defaultTimeoutBars = 900;

/** A mode's two levels as distances from the entry price, in ticks. */
export interface Barriers {
  /** Touched when a high reaches entry + this. */
  readonly aboveTicks: number;
  /** Touched when a low reaches entry − this. */
  readonly belowTicks: number;
}

export function barriersOf(mode: LabelMode): Barriers {
  return mode.direction === 'long'
    ? { aboveTicks: mode.targetTicks, belowTicks: mode.stopTicks }
    : { aboveTicks: mode.stopTicks, belowTicks: mode.targetTicks };
}

/** Whether every walk that leaves `outer` has left `inner` before or in the same bar. */
export function encloses(outer: Barriers, inner: Barriers): boolean {
  return outer.aboveTicks >= inner.aboveTicks && outer.belowTicks >= inner.belowTicks;
}
