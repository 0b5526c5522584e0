/** Where figures and months lie on a chart. */

/** A straight line from figures to points. */
export interface Scale {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/** A scale whose ends and ticks are round: 1, 2 or 5 times a power of ten apart, about `count` of them. */
export function figureScale(
  [least, most]: readonly [number, number],
  [start, end]: readonly [number, number],
  count: number,
): Scale {
  const step = roundStep((most - least) / count);
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(Math.ceil(most / step - 1e-9), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const [low, high] = [first * step, last * step];
  return { ticks, at: (value) => start + ((value - low) / (high - low)) * (end - start) };
}

function roundStep(rough: number): number {
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

/** Months since year 0. */
export function monthIndex(month: string): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1;
}

export interface MonthAxis {
  /** Width of a month. */
  readonly step: number;
  /** The middle of a month. */
  readonly at: (month: string) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

const STEPS = [1, 2, 3, 6, 12, 24, 36, 60, 120, 240];

/** An equal stretch for every month from the first to the last, there or not; labels never touch. */
export function monthAxis(months: readonly string[], [start, end]: readonly [number, number]): MonthAxis {
  const first = monthIndex(months[0] ?? '2000-01');
  const last = monthIndex(months.at(-1) ?? '2000-01');
  const step = (end - start) / (last - first + 1);
  const every = STEPS.find((each) => each * step >= (each < 12 ? 58 : 40)) ?? STEPS.at(-1) ?? 240;
  const ticks: { at: number; label: string }[] = [];
  for (let index = first; index <= last; index++) {
    if (index % every !== 0 && last - first >= every) continue;
    const year = String(Math.floor(index / 12)).padStart(4, '0');
    const label = every < 12 ? `${year}-${String((index % 12) + 1).padStart(2, '0')}` : year;
    ticks.push({ at: start + (index - first + 0.5) * step, label });
    if (last - first < every) break;
  }
  return { step, at: (month) => start + (monthIndex(month) - first + 0.5) * step, ticks };
}
