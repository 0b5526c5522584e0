/** What a bar must be to be stored. */

/** A bar as it came from outside; nothing of it has been checked. */
export interface RawBar {
  /** Start, µs since the epoch; NaN when the time could not be read, undefined when there was none. */
  readonly tsUs: number | undefined;
  readonly open: unknown;
  readonly high: unknown;
  readonly low: unknown;
  readonly close: unknown;
  readonly volume: unknown;
  readonly original: unknown;
  /** What it says of its asset and timeframe, where that cannot be read: then it is nobody's bar. */
  readonly misplaced?: Misplaced | undefined;
}

/** By field: `asset_pair`, `timeframe`. */
export type Misplaced = Readonly<Record<string, unknown>>;

export interface PriceBounds {
  readonly lowestPrice: number;
  readonly highestPrice: number;
}

export interface BarRules extends PriceBounds {
  /** Length of a bar; its start is a multiple of it, counted from 1970-01-01T00:00Z. */
  readonly barUs: number;
  /** Bars that begin later are in the future; those that end later are still forming. */
  readonly nowUs: number;
}

export const LOWEST_PRICE = 0.0001;
export const HIGHEST_PRICE = 1_000_000;
export const DEFAULT_PRICE_BOUNDS: PriceBounds = {
  lowestPrice: LOWEST_PRICE,
  highestPrice: HIGHEST_PRICE,
};

export interface BarColumns {
  readonly tsUs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

export interface FailedBar {
  /** Among the bars checked. */
  readonly index: number;
  readonly reason: string;
}

export interface CheckedBars {
  /** The bars that passed, in the order they came. */
  readonly columns: BarColumns;
  /** Where each of them stood among the bars checked. */
  readonly indexes: Int32Array;
  readonly failed: readonly FailedBar[];
  /** Sound bars that have not ended yet: neither stored nor wrong. */
  readonly formingCount: number;
}

/** Checks bars one by one; some 50 ns a bar that passes. Numbers may come as text. */
export function checkBars(bars: readonly RawBar[], rules: BarRules): CheckedBars {
  const columns = emptyColumns(bars.length);
  const { tsUs, open, high, low, close, volume } = columns;
  const indexes = new Int32Array(bars.length);
  const failed: FailedBar[] = [];
  const { barUs, nowUs, lowestPrice, highestPrice } = rules;
  let count = 0;
  let formingCount = 0;
  for (const [index, bar] of bars.entries()) {
    const t = bar.tsUs ?? Number.NaN;
    const o = numberOf(bar.open);
    const h = numberOf(bar.high);
    const l = numberOf(bar.low);
    const c = numberOf(bar.close);
    const v = numberOf(bar.volume);
    const sound =
      o >= l && o <= h && c >= l && c <= h && l >= lowestPrice && h <= highestPrice && v >= 0 && v < Infinity;
    if (!sound || t % barUs !== 0 || t > nowUs || bar.misplaced !== undefined) {
      failed.push({ index, reason: reasonOf(bar, rules) });
    } else if (t + barUs > nowUs) {
      formingCount++;
    } else {
      tsUs[count] = t;
      open[count] = o;
      high[count] = h;
      low[count] = l;
      close[count] = c;
      volume[count] = v;
      indexes[count++] = index;
    }
  }
  return { columns: firstRows(columns, count), indexes: indexes.subarray(0, count), failed, formingCount };
}

/** In one buffer: memory outside the heap is dear to make and to find again. */
export function emptyColumns(rowCount: number): BarColumns {
  const buffer = new ArrayBuffer(6 * 8 * rowCount);
  const column = (k: number) => new Float64Array(buffer, k * 8 * rowCount, rowCount);
  return {
    tsUs: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
  };
}

function firstRows(columns: BarColumns, count: number): BarColumns {
  const { tsUs, open, high, low, close, volume } = columns;
  return {
    tsUs: tsUs.subarray(0, count),
    open: open.subarray(0, count),
    high: high.subarray(0, count),
    low: low.subarray(0, count),
    close: close.subarray(0, count),
    volume: volume.subarray(0, count),
  };
}

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** A number or a decimal as text; NaN for anything else. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : Number.NaN;
}

const PRICES = ['open', 'high', 'low', 'close'] as const;

/** Everything that is wrong with a bar, in one line. */
function reasonOf(bar: RawBar, { barUs, nowUs, lowestPrice, highestPrice }: BarRules): string {
  const reasons = Object.entries(bar.misplaced ?? {}).map(
    ([field, value]) =>
      `${field} ${value === null || value === '' ? 'is missing' : 'is not that of the stream'}`,
  );
  const t = bar.tsUs;
  if (t === undefined) reasons.push('timestamp is missing');
  else if (!Number.isFinite(t)) reasons.push('timestamp cannot be read');
  else {
    if (t % barUs !== 0) reasons.push(`timestamp is not on the grid of ${barUs / 60e6} min`);
    if (t > nowUs) reasons.push('timestamp is in the future');
  }
  const isNumber = (field: (typeof PRICES)[number] | 'volume') => {
    const value = bar[field];
    const isMissing = value === undefined || value === null || value === '';
    if (isMissing) reasons.push(`${field} is missing`);
    else if (!Number.isFinite(numberOf(value))) reasons.push(`${field} is no number`);
    else return true;
    return false;
  };
  const known = PRICES.filter(isNumber);
  for (const field of known) {
    const price = numberOf(bar[field]);
    if (price <= 0) reasons.push(`${field} is not above 0`);
    else if (price < lowestPrice) reasons.push(`${field} is below ${lowestPrice}`);
    else if (price > highestPrice) reasons.push(`${field} is above ${highestPrice}`);
  }
  if (known.includes('high') && known.includes('low')) {
    const [high, low] = [numberOf(bar.high), numberOf(bar.low)];
    if (high < low) reasons.push('high is below low');
    for (const field of known.filter((each) => each === 'open' || each === 'close')) {
      const price = numberOf(bar[field]);
      if (price > high) reasons.push(`${field} is above high`);
      if (price < low) reasons.push(`${field} is below low`);
    }
  }
  if (isNumber('volume') && numberOf(bar.volume) < 0) reasons.push('volume is negative');
  return reasons.join('; ');
}
