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

/** Byte lengths that versions 1 to 3 give each record type, without ts_out: how a fragment is told from noise. */
const RECORD_BYTES: Readonly<Record<number, readonly number[]>> = {
  0: [48], // trades
  1: [80], // mbp-1, tbbo
  10: [368], // mbp-10
  17: [56], // deprecated bars
  18: [40], // status
  19: [360, 400, 520], // definition
  20: [112], // imbalance
  21: [80, 320], // error
  22: [80, 176], // symbol mapping
  23: [80, 320], // system
  24: [64, 80], // statistics
  32: [56], // bars, from here to 36
  33: [56],
  34: [56],
  35: [56],
  36: [56],
  160: [56], // mbo
  177: [80], // cmbp-1
  192: [80], // cbbo-1s
  193: [80], // cbbo-1m
  194: [80], // tcbbo
  195: [80], // bbo-1s
  196: [80], // bbo-1m
};
const TS_OUT_BYTES = 8;

/** Whether bytes that are no metadata could be the start of a record of a known type. */
export function looksLikeRecord(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false;
  const byteLength = bytes[0] * 4;
  const known = RECORD_BYTES[bytes[1]] ?? [];
  return known.includes(byteLength) || known.includes(byteLength - TS_OUT_BYTES);
}
