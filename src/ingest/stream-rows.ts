/** The pages of a stream that go into one commit, as rows to be stored. */
import type { BarProvider, VendorBar } from '../providers/index.ts';
import { type BarColumns, type DeadRecord, deadBar, emptyColumns } from '../quality/index.ts';
import { type PageCounts, type PageRows, REPEATED, sameBar, take } from './page-rows.ts';
import { covers, type Span, unionOf, within, without } from './spans.ts';
import type { StoredBar, StoredBars } from './stored-bars.ts';
import type { BarStream, StreamState } from './stream-state.ts';

/** A stream's part in a run. */
export interface StreamRun {
  readonly stream: BarStream;
  readonly barUs: number;
  readonly isMock: BarProvider['isMock'];
  readonly origin?: BarProvider['origin'];
  /** What the run set out to fetch. */
  readonly plan: readonly Span[];
  /** Spans whose bars the run has had, stored or not. */
  had: readonly Span[];
  readonly counts: PageCounts;
  watermarkUs: number | null;
}

/** Bars in order of time (two of one time only where the run had the second before), page by page behind it. */
export interface GatheredRows {
  readonly columns: BarColumns;
  /** Of each row. */
  readonly pageOf: Uint32Array;
  readonly pages: readonly PageRows[];
  readonly covered: readonly Span[];
  /** By row: what the vendor sent of bars that the run has had before. */
  readonly repeated: ReadonlyMap<number, VendorBar>;
}

export function gather(pages: readonly PageRows[]): GatheredRows {
  const rowCount = pages.reduce((sum, page) => sum + page.columns.tsUs.length, 0);
  const columns = emptyColumns(rowCount);
  let at = 0;
  for (const page of pages) {
    columns.tsUs.set(page.columns.tsUs, at);
    columns.open.set(page.columns.open, at);
    columns.high.set(page.columns.high, at);
    columns.low.set(page.columns.low, at);
    columns.close.set(page.columns.close, at);
    columns.volume.set(page.columns.volume, at);
    at += page.columns.tsUs.length;
  }
  const pageOf = new Uint32Array(rowCount);
  const repeated = new Map<number, VendorBar>();
  let start = 0;
  for (const [index, page] of pages.entries()) {
    pageOf.fill(index, start, start + page.columns.tsUs.length);
    if (page.repeated.size > 0) {
      for (const [row, tsUs] of page.columns.tsUs.entries()) {
        const bar = page.repeated.get(tsUs);
        if (bar !== undefined) repeated.set(start + row, bar);
      }
    }
    start += page.columns.tsUs.length;
  }
  return sorted({ columns, pageOf, pages, covered: unionOf(pages.map(({ covered }) => covered)), repeated });
}

function sorted(rows: GatheredRows): GatheredRows {
  const { tsUs } = rows.columns;
  if (tsUs.every((at, row) => row === 0 || (tsUs[row - 1] ?? 0) <= at)) return rows;
  const order = Int32Array.from(tsUs, (_, row) => row);
  order.sort((a, b) => (tsUs[a] ?? 0) - (tsUs[b] ?? 0) || a - b);
  const repeated = new Map<number, VendorBar>();
  for (const [place, row] of order.entries()) {
    const bar = rows.repeated.get(row);
    if (bar !== undefined) repeated.set(place, bar);
  }
  const pageOf = Uint32Array.from(order, (row) => rows.pageOf[row] ?? 0);
  return { ...rows, columns: take(rows.columns, order), pageOf, repeated };
}

/** What is to become of gathered rows, given what the table holds. */
export interface StreamWrite {
  /** Row numbers of what is to be stored. */
  readonly rows: Int32Array;
  /** Of each of them; undefined where all are 0. */
  readonly revisions: Int32Array | undefined;
  readonly dead: readonly DeadRecord[];
  readonly duplicate: number;
  readonly next: StreamState;
}

/** Times whose rows must be looked up before these are stored: those that the source was asked for before. */
export function doubtful(rows: GatheredRows, { asked }: StreamState): Span | undefined {
  const { tsUs } = rows.columns;
  const [first, last] = [tsUs[0], tsUs.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const inside = within(asked, first, last + 1);
  const [from, to] = [inside[0]?.[0], inside.at(-1)?.[1]];
  return from === undefined || to === undefined ? undefined : [from, to];
}

/**
 * Chooses what to store. A bar the table has with the same values is a duplicate. With other values it is the
 * vendor's correction, a new revision; unless this very run had the bar before: then it is dead.
 */
export function planWrite(
  run: StreamRun,
  rows: GatheredRows,
  state: StreamState,
  stored: StoredBars | undefined,
): StreamWrite {
  const { tsUs } = rows.columns;
  const chosen = new Int32Array(tsUs.length);
  const revisions = new Int32Array(tsUs.length);
  const dead: DeadRecord[] = [];
  let count = 0;
  let duplicate = 0;
  let anyRevision = false;
  for (let row = 0; row < tsUs.length; row++) {
    const at = tsUs[row] ?? Number.NaN;
    const last = count === 0 ? -1 : (chosen[count - 1] ?? -1);
    const isTwin = last >= 0 && tsUs[last] === at;
    const known = stored?.get(at);
    if (!isTwin && known === undefined) {
      chosen[count++] = row;
    } else if (isTwin ? sameBar(rows.columns, last, rows.columns, row) : isStored(known, rows.columns, row)) {
      duplicate++;
    } else {
      const repeated = rows.repeated.get(row);
      if (repeated !== undefined) {
        dead.push(deadBar(repeated, REPEATED, rows.pages[rows.pageOf[row] ?? 0]?.sourceFile ?? null));
      } else {
        revisions[count] = (known?.revision ?? 0) + 1;
        chosen[count++] = row;
        anyRevision = true;
      }
    }
  }
  const kept = chosen.subarray(0, count);
  return {
    rows: kept,
    revisions: anyRevision ? revisions.subarray(0, count) : undefined,
    dead,
    duplicate,
    next: nextState(run, rows, state, kept),
  };
}

function isStored(known: StoredBar | undefined, columns: BarColumns, row: number): boolean {
  return (
    known !== undefined &&
    known.open === columns.open[row] &&
    known.high === columns.high[row] &&
    known.low === columns.low[row] &&
    known.close === columns.close[row] &&
    known.volume === columns.volume[row]
  );
}

function nextState(run: StreamRun, rows: GatheredRows, state: StreamState, kept: Int32Array): StreamState {
  const { tsUs } = rows.columns;
  const newest = kept.at(-1);
  const watermarkUs =
    newest === undefined ? state.watermarkUs : Math.max(state.watermarkUs ?? -Infinity, tsUs[newest] ?? 0);
  const outside: Span[] = [];
  for (const row of kept) {
    const at = tsUs[row] ?? 0;
    if (!covers(rows.covered, at)) outside.push([at, at + run.barUs]);
  }
  const asked = unionOf([...state.asked, ...rows.covered, ...outside]);
  const behind = watermarkUs === null ? [] : within(unionOf([...state.begun, ...run.plan]), 0, watermarkUs);
  return { watermarkUs, asked, begun: without(behind, asked), origin: run.origin ?? state.origin };
}
