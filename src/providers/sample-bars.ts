/**
 * The bundled sample: made-up bars of a few assets for any time. A price is a function of asset and time alone, so any
 * span can be had again, alone or as part of a longer one, and the bars of the longer timeframes are those of the
 * minutes in them. Prices are continuous, hold between a floor and a ceiling, and are rounded to the asset's step.
 */
import type { Timeframe, VendorBar } from './provider.ts';
import { TIMEFRAME_US } from './timeframe.ts';

const MINUTE_US = 60_000_000;

export interface SampleAsset {
  readonly asset: string;
  /** The middle of its range. */
  readonly price: number;
  /** Decimal places of its prices. */
  readonly decimals: number;
  /** Relative reach of the slowest swing; the others are fractions of it. */
  readonly swing: number;
  /** Mean volume of a minute. */
  readonly minuteVolume: number;
  /** False: closed from Friday 22:00 to Sunday 22:00 UTC. */
  readonly weekends: boolean;
}

const CRYPTO = { swing: 0.18, weekends: true } as const;
const FOREX = { swing: 0.03, minuteVolume: 240, weekends: false } as const;

export const SAMPLE_ASSETS: readonly SampleAsset[] = [
  { ...CRYPTO, asset: 'BTCUSD', price: 64_000, decimals: 2, minuteVolume: 9 },
  { ...CRYPTO, asset: 'ETHUSD', price: 3_100, decimals: 2, minuteVolume: 85 },
  { ...CRYPTO, asset: 'SOLUSD', price: 148, decimals: 3, minuteVolume: 900 },
  { ...CRYPTO, asset: 'XRPUSD', price: 0.62, decimals: 5, minuteVolume: 42_000 },
  { ...CRYPTO, asset: 'LTCUSD', price: 83, decimals: 2, minuteVolume: 130 },
  { ...FOREX, asset: 'EURUSD', price: 1.085, decimals: 5 },
  { ...FOREX, asset: 'GBPUSD', price: 1.272, decimals: 5 },
  { ...FOREX, asset: 'USDJPY', price: 151.4, decimals: 3 },
  { ...FOREX, asset: 'AUDUSD', price: 0.661, decimals: 5 },
  { ...FOREX, asset: 'USDCHF', price: 0.884, decimals: 5 },
  { ...FOREX, asset: 'USDCAD', price: 1.357, decimals: 5 },
  { ...FOREX, asset: 'EURGBP', price: 0.853, decimals: 5 },
];

/** The bars of a sample asset that start in [fromUs, toUs) on the grid; about 0.5 µs per minute of them. */
export function* sampleBars(
  sample: SampleAsset,
  timeframe: Timeframe,
  fromUs: number,
  toUs: number,
): Generator<VendorBar, void, undefined> {
  const barUs = TIMEFRAME_US[timeframe];
  const minutes = barUs / MINUTE_US;
  const path = new PricePath(sample);
  const scale = 10 ** sample.decimals;
  const price = (value: number): number => Math.round(value * scale) / scale;
  for (let tsUs = Math.ceil(fromUs / barUs) * barUs; tsUs < toUs; tsUs += barUs) {
    const first = tsUs / MINUTE_US;
    let [open, high, low, close, volume] = [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      0,
      0,
    ];
    for (let minute = first; minute < first + minutes; minute++) {
      if (!isOpen(sample, minute)) continue;
      const start = path.at(minute);
      close = path.at(minute + 1);
      if (Number.isNaN(open)) open = start;
      high = Math.max(high, Math.max(start, close) + path.wick(minute, 1));
      low = Math.min(low, Math.min(start, close) - path.wick(minute, 2));
      volume += path.volume(minute);
    }
    if (Number.isNaN(open)) continue;
    const bar = {
      open: price(open),
      high: price(high),
      low: price(low),
      close: price(close),
      volume: Math.round(volume * 1e4) / 1e4,
    };
    yield { tsUs, ...bar, original: { time: tsUs / 1e6, ...bar } };
  }
}

/** Minutes since the epoch; 1970-01-01 was a Thursday. */
function isOpen({ weekends }: SampleAsset, minute: number): boolean {
  if (weekends) return true;
  const sinceFriday22 = (((minute - (1 * 1440 + 22 * 60)) % 10_080) + 10_080) % 10_080;
  return sinceFriday22 >= 2880;
}

/** Minutes between the lattice points of each octave, and how far it reaches: slower swings are wider. */
const OCTAVES: readonly (readonly [minutes: number, share: number])[] = [
  [262_144, 1],
  [65_536, 0.5],
  [16_384, 0.25],
  [4_096, 0.12],
  [1_024, 0.06],
  [256, 0.03],
  [64, 0.015],
  [16, 0.008],
  [4, 0.004],
  [1, 0.0025],
];

/** Prices as the sum of value noise at ten scales (Perlin, 1985, in one dimension with linear slopes). */
class PricePath {
  readonly #sample: SampleAsset;
  readonly #seed: number;
  readonly #cells = OCTAVES.map(([minutes, share]) => new NoiseCell(minutes, share));
  #minute = Number.NaN;
  #price = 0;

  constructor(sample: SampleAsset) {
    this.#sample = sample;
    this.#seed = [...sample.asset].reduce((hash, letter) => mixed(hash ^ letter.charCodeAt(0)), 0x51f0);
  }

  at(minute: number): number {
    if (minute === this.#minute) return this.#price;
    let sum = 0;
    let key = 0;
    for (const cell of this.#cells) {
      const place = minute / cell.minutes;
      const index = Math.floor(place);
      if (cell.index !== index) {
        cell.left = cell.index === index - 1 ? cell.right : this.#noise(index, key);
        cell.right = this.#noise(index + 1, key);
        cell.index = index;
      }
      sum += cell.share * (cell.left + (cell.right - cell.left) * (place - index));
      key++;
    }
    this.#minute = minute;
    this.#price = this.#sample.price * Math.exp(this.#sample.swing * sum);
    return this.#price;
  }

  /** How far a minute's price strays beyond its open and close. */
  wick(minute: number, side: number): number {
    const share = (this.#noise(minute, 16 + side) + 1) / 2;
    return this.#sample.price * this.#sample.swing * 0.002 * share * share;
  }

  volume(minute: number): number {
    const daily = 1 + 0.5 * Math.sin((2 * Math.PI * (minute % 1440)) / 1440 - 2.2);
    return this.#sample.minuteVolume * daily * Math.exp(0.8 * this.#noise(minute, 32));
  }

  /** In [-1, 1). */
  #noise(index: number, key: number): number {
    return mixed(mixed(this.#seed + Math.imul(key + 1, 0x27d4eb2f)) ^ index) / 2 ** 31;
  }
}

/** The stretch between two lattice points of one octave, kept while the minutes pass through it. */
class NoiseCell {
  readonly minutes: number;
  readonly share: number;
  index = Number.NaN;
  left = 0;
  right = 0;

  constructor(minutes: number, share: number) {
    this.minutes = minutes;
    this.share = share;
  }
}

/** Finalizer of MurmurHash3 (Appleby, 2011): every input bit reaches every output bit. */
function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}
