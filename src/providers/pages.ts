/** Asking a vendor span by span: what every HTTP provider has in common. */
import { byTime, coarserBars } from './coarser.ts';
import type { BarPage, BarRequest, VendorBar } from './provider.ts';
import { gridCeil, gridFloor, TIMEFRAME_US } from './timeframe.ts';

/** What a vendor answered for [fromUs, toUs). */
export interface VendorAnswer {
  /** In any order; bars outside the span asked for are left out later. */
  readonly bars: readonly VendorBar[];
  /** The vendor's clock as its answer told it, or ours where it is behind: decides what is still forming. */
  readonly nowMs: number;
  /** The vendor speaks for nothing before this (it offers recent bars only). */
  readonly knownFromUs?: number;
}

export interface PageSource {
  /** Length of the bars the vendor is asked for; a divisor of the timeframe wanted. */
  readonly barUs: number;
  /** Most bars of one answer. */
  readonly pageBars: number;
  /** Pages asked for at once, so that the rate limit is used while an answer is on its way. */
  readonly pagesInFlight: number;
  nowMs(): number;
  fetchSpan(fromUs: number, toUs: number, signal: AbortSignal): Promise<VendorAnswer>;
}

/**
 * A bar may show at the vendor some time after it closed. An empty stretch younger than this is not taken for
 * empty: it is asked again next time.
 */
export const SETTLING_US = 5 * 60_000_000;

/** Pages of bars in order of time, each span asked once, none of them still forming. */
export async function* pagesOf(
  request: BarRequest,
  source: PageSource,
): AsyncGenerator<BarPage, void, undefined> {
  const barUs = TIMEFRAME_US[request.timeframe];
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const spans = pageSpans(request, source)[Symbol.iterator]();
  const underway: Promise<BarPage>[] = [];
  const askNext = (): void => {
    const next = spans.next();
    if (next.done === true) return;
    const [fromUs, toUs] = next.value;
    const page = source
      .fetchSpan(fromUs, toUs, signal)
      .then((answer) => pageOf(answer, { fromUs, toUs, barUs, sourceBarUs: source.barUs }));
    // a page behind one that failed is never awaited
    page.catch(() => {});
    underway.push(page);
  };
  try {
    for (let k = 0; k < source.pagesInFlight; k++) askNext();
    for (let page = underway.shift(); page !== undefined; page = underway.shift()) {
      const done = await page;
      askNext();
      yield done;
    }
  } finally {
    stop.abort();
  }
}

/** Spans of whole bars of the timeframe, none beyond the bars that have closed. */
export function* pageSpans(
  { fromUs, toUs, timeframe }: Pick<BarRequest, 'fromUs' | 'toUs' | 'timeframe'>,
  { barUs: sourceBarUs, pageBars, nowMs }: Pick<PageSource, 'barUs' | 'pageBars' | 'nowMs'>,
): Generator<readonly [fromUs: number, toUs: number], void, undefined> {
  const barUs = TIMEFRAME_US[timeframe];
  const endUs = Math.min(gridCeil(toUs, barUs), gridFloor(nowMs() * 1000, barUs));
  const spanUs = Math.max(1, Math.floor((pageBars * sourceBarUs) / barUs)) * barUs;
  for (let startUs = gridCeil(fromUs, barUs); startUs < endUs; startUs += spanUs) {
    yield [startUs, Math.min(startUs + spanUs, endUs)];
  }
}

/** An answer as a page: bars of the span in order of time, without those still forming. */
export function pageOf(
  answer: VendorAnswer,
  span: { fromUs: number; toUs: number; barUs: number; sourceBarUs: number },
): BarPage {
  const { fromUs, toUs, barUs, sourceBarUs } = span;
  const nowUs = answer.nowMs * 1000;
  const closedUs = gridFloor(nowUs, barUs);
  const inSpan = answer.bars.filter(
    ({ tsUs }) => tsUs === undefined || Number.isNaN(tsUs) || (tsUs >= fromUs && tsUs < toUs),
  );
  const whole = sourceBarUs === barUs ? inSpan : coarserBars(inSpan, barUs);
  // a bar off the grid is no bar: it goes to validation as it is, once it could have closed
  const bars = whole.filter(({ tsUs }) => tsUs === undefined || !(tsUs + barUs > nowUs)).sort(byTime);
  const lastEndUs = bars.reduce(
    (end, { tsUs }) => (tsUs !== undefined && tsUs + barUs > end ? gridFloor(tsUs, barUs) + barUs : end),
    fromUs,
  );
  const settledUs = gridFloor(nowUs - SETTLING_US, barUs);
  const coveredFromUs = Math.min(toUs, Math.max(fromUs, answer.knownFromUs ?? fromUs));
  const coveredToUs = Math.min(toUs, closedUs, Math.max(lastEndUs, settledUs));
  return { bars, coveredFromUs, coveredToUs: Math.max(coveredFromUs, coveredToUs), sourceFile: null };
}
