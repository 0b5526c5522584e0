import type { Grid } from '../../src/bars/index.ts';
import type { FeatureName } from '../../src/features/index.ts';

type Series = number[];

const NULL = Number.NaN;
const range = (count: number) => Array.from({ length: count }, (_, k) => k);

/** `of` over the last `bars` values, null where fewer are there or one is null. */
function rolling(values: Series, bars: number, of: (window: Series) => number): Series {
  return values.map((_, i) => {
    if (i + 1 < bars) return NULL;
    const window = values.slice(i + 1 - bars, i + 1);
    return window.some(Number.isNaN) ? NULL : of(window);
  });
}

const sum = (window: Series) => window.reduce((total, value) => total + value, 0);
const mean = (window: Series) => sum(window) / window.length;
const highest = (window: Series) => window.reduce((best, value) => Math.max(best, value));
const lowest = (window: Series) => window.reduce((best, value) => Math.min(best, value));
const ratio = (dividend: number, divisor: number) => (divisor === 0 ? NULL : dividend / divisor);

function std(window: Series): number {
  const centre = mean(window);
  return Math.sqrt(sum(window.map((value) => (value - centre) ** 2)) / (window.length - 1));
}

function slope(window: Series): number {
  const centre = (window.length - 1) / 2;
  const shifted = window.map((value) => value - window[0]);
  return sum(shifted.map((value, k) => (k - centre) * value)) / sum(window.map((_, k) => (k - centre) ** 2));
}

function rank(window: Series): number {
  const own = window[window.length - 1];
  const below = window.filter((value) => value < own).length;
  const equal = window.filter((value) => value === own).length;
  return ((below + (equal + 1) / 2) / window.length) * 100;
}

const zip = (of: (...values: number[]) => number, first: Series, ...rest: Series[]): Series =>
  first.map((value, i) => of(value, ...rest.map((series) => series[i])));

/**
 * The features of one scope, rows [start, end), as the definitions read. Prices stay whole ticks until the end
 * and rolling means of whole numbers stay sums, so that nulls and ties are decided exactly.
 */
export function naiveFeatures(
  grid: Grid,
  tickSize: number,
  start: number,
  end: number,
): Record<FeatureName, Series> {
  const close = [...grid.closeTicks.slice(start, end)];
  const high = [...grid.highTicks.slice(start, end)];
  const low = [...grid.lowTicks.slice(start, end)];
  const volume = [...grid.volume.slice(start, end)];
  const seconds = [...grid.secondOfDay.slice(start, end)];
  return {
    ...volumeTwins(volume),
    ...priceTwins(close, high, low, volume, tickSize),
    ...rangeTwins(close, high, low, tickSize),
    ...returnTwins(close),
    ...volatilityTwins(close, high, low, tickSize),
    ...uptickTwins(close),
    ...timeTwins(seconds),
  };
}

function volumeTwins(volume: Series) {
  const share = zip((own, total) => ratio(30 * own, total), volume, rolling(volume, 30, sum));
  const slope5 = rolling(volume, 5, slope);
  return {
    volume_ratio_30s: share,
    volume_slope_30s: rolling(rolling(volume, 5, sum), 30, slope).map((value) => value / 5),
    volume_slope_5s: slope5,
    volume_exhaustion: zip((a, b) => a * b, share, slope5),
  };
}

function priceTwins(close: Series, high: Series, low: Series, volume: Series, tickSize: number) {
  // Offsets from the own close: exact sums, as in the definition times Σ volume.
  const offset = close.map((own, i) => {
    if (i < 299) return 0;
    const window = range(300).map((k) => i - k);
    const traded = sum(window.map((k) => volume[k]));
    return traded === 0 ? 0 : sum(window.map((k) => (close[k] - own) * volume[k])) / traded;
  });
  const vwap = zip((own, away) => own + away, close, offset);
  return {
    vwap: vwap.map((ticks) => ticks * tickSize),
    distance_from_vwap_pct: zip((away, ticks) => ratio(-away, ticks) * 100, offset, vwap),
    vwap_slope: rolling(vwap, 30, slope).map((ticks) => ticks * tickSize),
    distance_from_rth_high: zip((c, h) => (c - h) * tickSize, close, rolling(high, 1800, highest)),
    distance_from_rth_low: zip((c, l) => (c - l) * tickSize, close, rolling(low, 1800, lowest)),
  };
}

function rangeTwins(close: Series, high: Series, low: Series, tickSize: number) {
  const edges = (bars: number) => {
    const top = rolling(high, bars, highest);
    const bottom = rolling(low, bars, lowest);
    const size = zip((h, l) => h - l, top, bottom);
    const touch = zip(
      (c, h, l, s) => (20 * (h - c) <= s || 20 * (c - l) <= s ? 1 : 0),
      close,
      top,
      bottom,
      size,
    );
    return { top, bottom, size, touch };
  };
  const points = (ticks: Series) => ticks.map((value) => value * tickSize);
  const short = edges(300);
  const medium = edges(900);
  return {
    short_range_high: points(short.top),
    short_range_low: points(short.bottom),
    short_range_size: points(short.size),
    position_in_short_range: zip((c, l, s) => ratio(c - l, s), close, short.bottom, short.size),
    medium_range_high: points(medium.top),
    medium_range_low: points(medium.bottom),
    medium_range_size: points(medium.size),
    range_compression_ratio: zip(ratio, short.size, medium.size),
    short_range_retouches: short.touch,
    medium_range_retouches: medium.touch,
  };
}

function returnTwins(close: Series) {
  const change = (bars: number) =>
    close.map((own, i) => (i < bars ? NULL : ratio(own - close[i - bars], close[i - bars])));
  const near = change(30);
  const far = change(60);
  return {
    return_30s: near,
    return_60s: far,
    return_300s: change(300),
    momentum_acceleration: zip((a, b) => a - b, near, far),
    momentum_consistency: rolling(change(1), 30, std),
  };
}

function volatilityTwins(close: Series, high: Series, low: Series, tickSize: number) {
  const trueRange = close.map((_, i) =>
    i === 0
      ? high[0] - low[0]
      : Math.max(high[i] - low[i], Math.abs(high[i] - close[i - 1]), Math.abs(low[i] - close[i - 1])),
  );
  const sum30 = rolling(trueRange, 30, sum);
  const sum60 = rolling(trueRange, 60, sum);
  const sum300 = rolling(trueRange, 300, sum);
  const barRange = zip((h, l) => h - l, high, low);
  return {
    atr_30s: sum30.map((ticks) => (ticks / 30) * tickSize),
    atr_300s: sum300.map((ticks) => (ticks / 300) * tickSize),
    volatility_regime: zip((a, b) => ratio(10 * a, b), sum30, sum300),
    volatility_acceleration: zip((a, b) => ratio(2 * a - b, b), sum30, sum60),
    volatility_breakout: zip(
      (own, centre, deviation) => ratio(own - centre, deviation),
      sum30,
      rolling(sum30, 300, mean),
      rolling(sum30, 300, std),
    ),
    atr_percentile: rolling(sum30, 300, rank),
    bar_range: barRange.map((ticks) => ticks * tickSize),
    relative_bar_size: zip((own, total) => ratio(30 * own, total), barRange, sum30),
  };
}

function uptickTwins(close: Series) {
  const up: Series = close.map((own, i) => (i > 0 && own > close[i - 1] ? 1 : 0));
  const share30 = rolling(up, 30, (window) => (sum(window) * 100) / 30);
  const share60 = rolling(up, 60, (window) => (sum(window) * 100) / 60);
  return {
    uptick_pct_30s: share30,
    uptick_pct_60s: share60,
    bar_flow_consistency: zip((a, b) => Math.abs(a - b), share30, share60),
    directional_strength: share30.map((value) => Math.abs(value - 50) * 2),
  };
}

function timeTwins(seconds: Series) {
  const within = (from: string, to: string) => {
    const [a, b] = [from, to].map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));
    return seconds.map((second) => {
      const minute = Math.floor(second / 60);
      return minute >= a && minute < b ? 1 : 0;
    });
  };
  return {
    is_eth: within('07:30', '15:00').map((value) => 1 - value),
    is_pre_open: within('07:30', '08:30'),
    is_rth_open: within('08:30', '09:15'),
    is_morning: within('09:15', '11:00'),
    is_lunch: within('11:00', '13:00'),
    is_afternoon: within('13:00', '14:30'),
    is_rth_close: within('14:30', '15:00'),
  };
}
