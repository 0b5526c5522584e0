import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldNames, MESSAGE_FIELDS, readMessage } from '../../../src/ingest/stream/message.ts';
import { DEFAULT_PRICE_BOUNDS } from '../../../src/quality/index.ts';

const same = (field: string) => [field, field];
const NAMES: FieldNames = {
  ...{ asset_pair: 'asset_pair', timestamp: 'timestamp', price: 'price', size: 'size' },
  ...{ open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' },
};
const RULES = { names: NAMES, maxByteLength: 400, ...DEFAULT_PRICE_BOUNDS };
const read = (text: string | Uint8Array, rules = RULES) =>
  readMessage(typeof text === 'string' ? Buffer.from(text) : text, rules);
const TRADE = { asset_pair: 'btc-usd', timestamp: '2024-03-01T13:30:00.25Z', price: 61_000.5, size: 0.2 };
const BAR = {
  asset_pair: 'BTC/USD',
  timestamp: 1_709_299_800_250,
  open: 2,
  high: 4,
  low: 1,
  close: 3,
  volume: 9,
};
const AT_US = Date.UTC(2024, 2, 1, 13, 30) * 1000 + 250_000;

describe('a message', () => {
  it('is a trade or a bar, with times and numbers in any of their forms', () => {
    const [open, high, low, close] = [61_000.5, 61_000.5, 61_000.5, 61_000.5];
    const trade = { asset: 'BTCUSD', tsUs: AT_US, open, high, low, close, volume: 0.2 };
    expect(read(JSON.stringify(TRADE))).toEqual({ tick: trade });
    expect(read(JSON.stringify({ ...TRADE, price: '61000.5', size: '2e-1' }))).toEqual({ tick: trade });
    const bar = { asset: 'BTCUSD', tsUs: AT_US, open: 2, high: 4, low: 1, close: 3, volume: 9 };
    expect(read(JSON.stringify(BAR))).toEqual({ tick: bar });
    expect(read(JSON.stringify({ ...BAR, timestamp: '1709299800250' }))).toEqual({ tick: bar });
    expect(MESSAGE_FIELDS.map(same)).toEqual(Object.entries(NAMES));
  });

  it('may call its fields otherwise', () => {
    const names = { ...NAMES, asset_pair: 's', timestamp: 'T', price: 'p', size: 'q' };
    const text = JSON.stringify({ s: 'ETHUSD', T: 1_709_299_800_250, p: '3', q: 0 });
    expect(read(text, { ...RULES, names })).toEqual({
      tick: { asset: 'ETHUSD', tsUs: AT_US, open: 3, high: 3, low: 3, close: 3, volume: 0 },
    });
    expect(read(JSON.stringify(TRADE), { ...RULES, names })).toEqual({
      reason: expect.stringContaining('s is missing'),
    });
  });

  it.each([
    ['', 'has no value'],
    ['{', 'no JSON'],
    ['[1]', 'no object'],
    ['null', 'no object'],
    ['"x"', 'no object'],
    [Uint8Array.of(0x7b, 0xff, 0x7d), 'no UTF-8'],
    [JSON.stringify({ ...TRADE, note: 'x'.repeat(400) }), 'bytes, more than 400'],
    [JSON.stringify({ ...TRADE, asset_pair: undefined }), 'asset_pair is missing'],
    [JSON.stringify({ ...TRADE, asset_pair: 7 }), 'asset_pair is no asset pair'],
    [JSON.stringify({ ...TRADE, timestamp: undefined }), 'timestamp is missing'],
    [JSON.stringify({ ...TRADE, timestamp: 'yesterday' }), 'timestamp cannot be read'],
    [JSON.stringify({ ...TRADE, timestamp: 1e300 }), 'timestamp cannot be read'],
    [JSON.stringify({ ...TRADE, price: 'much' }), 'price is no number'],
    [JSON.stringify({ ...TRADE, price: 0 }), 'not above 0'],
    [JSON.stringify({ ...TRADE, price: 2e6 }), 'above 1000000'],
    [JSON.stringify({ ...TRADE, size: undefined }), 'size is missing'],
    [JSON.stringify({ ...TRADE, size: -1 }), 'volume is negative'],
    [JSON.stringify({ ...BAR, high: 1.5 }), 'is not within low and high'],
    [JSON.stringify({ ...BAR, high: 0.5 }), 'high is below low'],
    [JSON.stringify({ ...BAR, close: 5 }), 'close is not within'],
    [JSON.stringify({ ...BAR, volume: null }), 'volume is missing'],
    [JSON.stringify({ asset_pair: 'BTCUSD', timestamp: 1 }), 'open is missing; high is missing'],
  ])('that cannot be used says why: %s', (text, reason) => {
    expect(read(text)).toEqual({ reason: expect.stringContaining(reason) });
  });

  it('is a tombstone where it has no value', () => {
    expect(readMessage(null, RULES)).toEqual({ reason: 'the message has no value' });
  });

  it('never throws, whatever came', () => {
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ ...Object.fromEntries(MESSAGE_FIELDS.map((field) => [field, fc.jsonValue()])) })
        .map((each) => Buffer.from(JSON.stringify(each))),
    );
    fc.assert(
      fc.property(value, (bytes) => {
        const message = read(bytes);
        if ('reason' in message) expect(message.reason).not.toBe('');
        else expect(Number.isInteger(message.tick.tsUs)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
