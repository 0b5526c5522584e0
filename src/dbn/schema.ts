/** Schemas by their number in the metadata. */
export const DBN_SCHEMAS = [
  'mbo',
  'mbp-1',
  'mbp-10',
  'tbbo',
  'trades',
  'ohlcv-1s',
  'ohlcv-1m',
  'ohlcv-1h',
  'ohlcv-1d',
  'definition',
  'statistics',
  'status',
  'imbalance',
  'ohlcv-eod',
  'cmbp-1',
  'cbbo-1s',
  'cbbo-1m',
  'tcbbo',
  'bbo-1s',
  'bbo-1m',
] as const;

export type DbnSchema = (typeof DBN_SCHEMAS)[number];

/** Symbology types by their number in the metadata. */
export const DBN_STYPES = [
  'instrument_id',
  'raw_symbol',
  'smart',
  'continuous',
  'parent',
  'nasdaq_symbol',
  'cms_symbol',
  'isin',
  'us_code',
  'bbg_comp_id',
  'bbg_comp_ticker',
  'figi',
  'figi_ticker',
  'listing_id',
  'issuer_id',
  'security_id',
] as const;

export type DbnSType = (typeof DBN_STYPES)[number];

/** Record type of each bar schema. */
export const BAR_RTYPES = {
  'ohlcv-1s': 32,
  'ohlcv-1m': 33,
  'ohlcv-1h': 34,
  'ohlcv-1d': 35,
  'ohlcv-eod': 36,
} as const;

export type BarSchema = keyof typeof BAR_RTYPES;

/** Bars of any length of time, from before each had a record type of its own. Skipped unless asked for. */
export const DEPRECATED_BAR_RTYPE = 17;

export const ALL_BAR_RTYPES: readonly number[] = Object.values(BAR_RTYPES);

export function isBarSchema(schema: string): schema is BarSchema {
  return Object.hasOwn(BAR_RTYPES, schema);
}

/** True for the five bar types and the deprecated one. */
export function isBarRtype(rtype: number): boolean {
  return rtype === DEPRECATED_BAR_RTYPE || (rtype >= 32 && rtype <= 36);
}

/**
 * Record types: what the vendor calls each, and the byte lengths that versions 1 to 3 give it, without ts_out, by
 * which a fragment is told from noise.
 */
const RECORD_TYPES: Readonly<Record<number, readonly [name: string, ...byteLengths: number[]]>> = {
  0: ['trades', 48],
  1: ['mbp-1', 80],
  10: ['mbp-10', 368],
  17: ['ohlcv (deprecated)', 56],
  18: ['status', 40],
  19: ['definition', 360, 400, 520],
  20: ['imbalance', 112],
  21: ['error', 80, 320],
  22: ['symbol mapping', 80, 176],
  23: ['system', 80, 320],
  24: ['statistics', 64, 80],
  32: ['ohlcv-1s', 56],
  33: ['ohlcv-1m', 56],
  34: ['ohlcv-1h', 56],
  35: ['ohlcv-1d', 56],
  36: ['ohlcv-eod', 56],
  160: ['mbo', 56],
  177: ['cmbp-1', 80],
  192: ['cbbo-1s', 80],
  193: ['cbbo-1m', 80],
  194: ['tcbbo', 80],
  195: ['bbo-1s', 80],
  196: ['bbo-1m', 80],
};
const TS_OUT_BYTES = 8;

/** What the vendor calls a record type, mostly its schema; undefined for a number of none. */
export function recordTypeName(rtype: number): string | undefined {
  return RECORD_TYPES[rtype]?.[0];
}

/** Whether bytes that are no metadata could be the start of a record of a known type. */
export function looksLikeRecord(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false;
  const byteLength = bytes[0] * 4;
  const [, ...known] = RECORD_TYPES[bytes[1]] ?? [''];
  return known.includes(byteLength) || known.includes(byteLength - TS_OUT_BYTES);
}
