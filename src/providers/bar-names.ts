/** What columns and files of bars are called. */
import { TIMEFRAMES, type Timeframe } from './provider.ts';
import { normaliseAsset, pairOf } from './symbols.ts';

const NAMES = {
  time: ['timestamp', 'time', 'datetime', 'date', 'ts', 'ts_event', 'open_time', 'start'],
  open: ['open', 'o'],
  high: ['high', 'h'],
  low: ['low', 'l'],
  close: ['close', 'c'],
  volume: ['volume', 'v', 'vol'],
  asset: ['asset_pair', 'asset', 'symbol', 'pair', 'ticker', 'product_id', 'instrument'],
  timeframe: ['timeframe', 'interval', 'granularity'],
} as const;

export type BarField = keyof typeof NAMES;

/** The place of each field among a table's columns, whatever their case; -1 where there is none. */
export function fieldPlaces(columns: readonly string[]): Readonly<Record<BarField, number>> {
  const lower = columns.map((column) => column.trim().toLowerCase());
  const place = (field: BarField): number =>
    NAMES[field].map((name) => lower.indexOf(name)).find((index) => index >= 0) ?? -1;
  return {
    time: place('time'),
    open: place('open'),
    high: place('high'),
    low: place('low'),
    close: place('close'),
    volume: place('volume'),
    asset: place('asset'),
    timeframe: place('timeframe'),
  };
}

/** What a file's name says of its bars: `BTCUSD_1m.csv`, `btc-usd.1h.ndjson`; null where it says nothing. */
export function namedBars(fileName: string): {
  readonly asset: string | null;
  readonly timeframe: Timeframe | null;
} {
  const words = fileName.replace(/\.[^.]*$/, '').split(/[-_. ]+/);
  const timeframe = TIMEFRAMES.find((each) => words.some((word) => word.toLowerCase() === each)) ?? null;
  const rest = words.filter((word) => word.toLowerCase() !== timeframe).join('');
  if (!/^[a-z0-9]{5,12}$/i.test(rest)) return { asset: null, timeframe };
  const asset = normaliseAsset(rest);
  return { asset: pairOf(asset) === undefined ? null : asset, timeframe };
}

/** A timeframe as files write it: `1m`, `1min`, `60`, `4H`, `1day`; undefined for any other. */
export function timeframeOf(text: string): Timeframe | undefined {
  const word = text.trim().toLowerCase();
  return TIMEFRAMES.find((each) => each === word) ?? WORDS[word];
}

const WORDS: Readonly<Record<string, Timeframe>> = {
  ...{
    '1min': '1m',
    '5min': '5m',
    '15min': '15m',
    '60min': '1h',
    '1hour': '1h',
    '4hour': '4h',
    '1day': '1d',
  },
  ...{ d: '1d', daily: '1d', h: '1h', '60m': '1h', '24h': '1d', '240m': '4h' },
  ...{ 'ohlcv-1m': '1m', 'ohlcv-1h': '1h', 'ohlcv-1d': '1d' },
};
