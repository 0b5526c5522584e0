/** A page of a vendor, checked: the rows that may be stored, and what became of the others. */
import type { BarPage, VendorBar } from '../providers/index.ts';
import { type BarColumns, type BarRules, checkBars, type DeadRecord, deadBar } from '../quality/index.ts';
import { covers, type Span, within } from './spans.ts';

export interface PageCounts {
  fetched: number;
  stored: number;
  duplicate: number;
  dead: number;
  skipped: number;
}

export function noCounts(): PageCounts {
  return { fetched: 0, stored: 0, duplicate: 0, dead: 0, skipped: 0 };
}

export interface PageRows {
  /** In order of time, none twice. */
  readonly columns: BarColumns;
  readonly covered: Span;
  readonly sourceFile: string | null;
  readonly extractedUs: number;
  readonly dead: readonly DeadRecord[];
  /** Rows of times that this run has had before, with what the vendor sent: they must equal what is stored. */
  readonly repeated: ReadonlyMap<number, VendorBar>;
  /** Without what depends on the rows stored. */
  readonly counts: PageCounts;
}

export interface PageRequest {
  readonly rules: BarRules;
  /** What was asked for; bars outside are passed over. */
  readonly wanted: Span;
  /** Spans whose bars this run has had. */
  readonly had: readonly Span[];
  /** Hides what must not be kept, in text. */
  readonly mask: (text: string) => string;
}

/** Checks a page. Of bars of one time the first counts: an equal one is a duplicate, another one is dead. */
export function pageRows(page: BarPage, request: PageRequest): PageRows {
  const { rules, wanted, had } = request;
  const checked = checkBars(page.bars, rules);
  const { tsUs } = checked.columns;
  const dead: DeadRecord[] = [];
  const bury = (bar: VendorBar | undefined, reason: string) => {
    if (bar !== undefined) dead.push(deadBar(maskedBar(bar, request.mask), reason, page.sourceFile));
  };
  for (const { index, reason } of checked.failed) bury(page.bars[index], reason);
  const order = inOrder(tsUs);
  const kept: number[] = [];
  const repeated = new Map<number, VendorBar>();
  let duplicate = 0;
  let skipped = checked.formingCount;
  const isPlain = order === undefined && isNew(tsUs, wanted, had);
  for (const row of isPlain ? [] : (order ?? tsUs.keys())) {
    const at = tsUs[row] ?? Number.NaN;
    const last = kept.at(-1);
    if (at < wanted[0] || at >= wanted[1]) skipped++;
    else if (last !== undefined && tsUs[last] === at) {
      if (sameBar(checked.columns, last, checked.columns, row)) duplicate++;
      else bury(page.bars[checked.indexes[row] ?? -1], REPEATED);
    } else {
      const bar = page.bars[checked.indexes[row] ?? -1];
      if (had.length > 0 && bar !== undefined && covers(had, at)) repeated.set(at, bar);
      kept.push(row);
    }
  }
  const fetched = page.bars.length;
  return {
    columns: isPlain ? checked.columns : take(checked.columns, kept),
    covered: [page.coveredFromUs, page.coveredToUs],
    sourceFile: page.sourceFile,
    extractedUs: rules.nowUs,
    dead,
    repeated,
    counts: { fetched, stored: 0, duplicate, dead: dead.length, skipped },
  };
}

export const REPEATED = 'duplicate: a bar of this time came with other values';

/** Row numbers by time, first come first where times are equal; undefined where times rise from row to row. */
function inOrder(tsUs: Float64Array): Int32Array | undefined {
  for (let row = 1; row < tsUs.length; row++) {
    if ((tsUs[row - 1] ?? 0) >= (tsUs[row] ?? 0)) {
      const rows = Int32Array.from(tsUs, (_, k) => k);
      return rows.sort((a, b) => (tsUs[a] ?? 0) - (tsUs[b] ?? 0) || a - b);
    }
  }
  return undefined;
}

/** Whether rising times all lie in what was asked for, and apart from what this run has had. */
function isNew(tsUs: Float64Array, wanted: Span, had: readonly Span[]): boolean {
  const [first, last] = [tsUs[0], tsUs.at(-1)];
  if (first === undefined || last === undefined) return true;
  return first >= wanted[0] && last < wanted[1] && within(had, first, last + 1).length === 0;
}

export function sameBar(a: BarColumns, rowA: number, b: BarColumns, rowB: number): boolean {
  return (
    a.open[rowA] === b.open[rowB] &&
    a.high[rowA] === b.high[rowB] &&
    a.low[rowA] === b.low[rowB] &&
    a.close[rowA] === b.close[rowB] &&
    a.volume[rowA] === b.volume[rowB]
  );
}

/** The rows of these numbers, in their order. */
export function take(columns: BarColumns, rows: ArrayLike<number>): BarColumns {
  const pick = (values: Float64Array) => {
    const picked = new Float64Array(rows.length);
    for (let k = 0; k < rows.length; k++) picked[k] = values[rows[k] ?? 0] ?? Number.NaN;
    return picked;
  };
  const { tsUs, open, high, low, close, volume } = columns;
  return {
    tsUs: pick(tsUs),
    open: pick(open),
    high: pick(high),
    low: pick(low),
    close: pick(close),
    volume: pick(volume),
  };
}

/** The bar with keys hidden that its vendor may have sent back. */
export function maskedBar(bar: VendorBar, mask: (text: string) => string): VendorBar {
  const { original } = bar;
  const text = (value: unknown) => (typeof value === 'string' ? mask(value) : value);
  return {
    tsUs: bar.tsUs,
    open: text(bar.open),
    high: text(bar.high),
    low: text(bar.low),
    close: text(bar.close),
    volume: text(bar.volume),
    original: maskedValue(original, mask),
    misplaced: bar.misplaced,
  };
}

function maskedValue(value: unknown, mask: (text: string) => string): unknown {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString('latin1');
    const masked = mask(text);
    return masked === text ? value : Buffer.from(masked, 'latin1');
  }
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  const masked = mask(text);
  return masked === text ? value : JSON.parse(masked);
}
