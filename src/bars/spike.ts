/** Lone spikes: one close far from its surroundings that is taken back at once. */

export interface SpikeRule {
  /** Distance in ticks that the close must exceed, and that the neighbours may lie apart. */
  readonly distanceTicks: number;
  /** Closes before, and as many after, that the deviation is taken from. */
  readonly windowBars: number;
  /** How many median absolute deviations the close must exceed. */
  readonly deviations: number;
}

export const SPIKE_RULE: SpikeRule = { distanceTicks: 20, windowBars: 30, deviations: 10 };

/**
 * Positions in [start, end), one session's bars in time order, whose close is a lone spike. With m the median of
 * the closes just before and just after: the close lies more than `distanceTicks` from m and more than
 * `deviations` × the median absolute deviation of up to `windowBars` closes on either side (without its own);
 * both neighbours lie more than `distanceTicks` away on one side and at most that far from each other. Every bar
 * is judged on the closes as they came, so a spike in the window counts. A session's first and last bar have one
 * neighbour and are never judged. About 1 ns per bar, and 2 µs per bar that leaves and returns.
 */
export function findSpikes(
  closeTicks: Int32Array,
  start: number,
  end: number,
  rule: SpikeRule = SPIKE_RULE,
): number[] {
  const { distanceTicks } = rule;
  const spikes: number[] = [];
  let before = closeTicks[start];
  let close = closeTicks[start + 1];
  for (let k = start + 1; k < end - 1; k++) {
    const after = closeTicks[k + 1];
    const rise = close - before;
    const fall = close - after;
    if (
      (rise > distanceTicks ? fall > distanceTicks : rise < -distanceTicks && fall < -distanceTicks) &&
      Math.abs(after - before) <= distanceTicks &&
      isOutlier(closeTicks, start, end, k, (before + after) / 2, rule)
    ) {
      spikes.push(k);
    }
    before = close;
    close = after;
  }
  return spikes;
}

function isOutlier(
  closeTicks: Int32Array,
  start: number,
  end: number,
  position: number,
  median: number,
  { distanceTicks, windowBars, deviations }: SpikeRule,
): boolean {
  const from = Math.max(start, position - windowBars);
  const to = Math.min(end, position + windowBars + 1);
  const window = new Float64Array(to - from - 1);
  for (let k = from, w = 0; k < to; k++) if (k !== position) window[w++] = closeTicks[k];
  const centre = medianOf(window);
  for (let w = 0; w < window.length; w++) window[w] = Math.abs(window[w] - centre);
  const deviation = medianOf(window);
  const distance = Math.abs(closeTicks[position] - median);
  return distance > distanceTicks && distance > deviations * deviation;
}

/** Sorts `values` in place; the mean of the two in the middle for an even count. */
function medianOf(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  const upper = values[middle];
  return values.length % 2 === 1 ? upper : (values[middle - 1] + upper) / 2;
}
