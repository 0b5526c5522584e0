import { describe, expect, it } from 'vitest';
import { variantJson } from '../../src/delta/relation/variant-json.ts';

/** A dictionary of names, with one-byte offsets. */
function dictionary(...names: readonly string[]): Uint8Array {
  const texts = names.map((name) => Buffer.from(name));
  const offsets = [0];
  for (const text of texts) offsets.push((offsets.at(-1) ?? 0) + text.length);
  return Buffer.concat([Buffer.of(1, names.length, ...offsets), ...texts]);
}

const NONE = dictionary();
const primitive = (type: number, write: (view: DataView) => void = () => {}, byteLength = 0) => {
  const bytes = new Uint8Array(1 + byteLength);
  bytes[0] = type << 2;
  write(new DataView(bytes.buffer, 1));
  return bytes;
};

describe('a variant as JSON', () => {
  it.each([
    ['null', primitive(0)],
    ['true', primitive(1)],
    ['false', primitive(2)],
    ['-5', primitive(3, (v) => v.setInt8(0, -5), 1)],
    ['-500', primitive(4, (v) => v.setInt16(0, -500, true), 2)],
    ['70000', primitive(5, (v) => v.setInt32(0, 70_000, true), 4)],
    ['-9007199254740993', primitive(6, (v) => v.setBigInt64(0, -9_007_199_254_740_993n, true), 8)],
    ['0.1', primitive(7, (v) => v.setFloat64(0, 0.1, true), 8)],
    ['"NaN"', primitive(7, (v) => v.setFloat64(0, Number.NaN, true), 8)],
    ['-1.5', primitive(8, (v) => [v.setUint8(0, 2), v.setInt32(1, -150, true)], 5)],
    ['0.05', primitive(9, (v) => [v.setUint8(0, 2), v.setBigInt64(1, 5n, true)], 9)],
    ['-18446744073709551616', primitive(10, (v) => v.setBigInt64(9, -1n, true), 17)],
    ['"2024-03-01"', primitive(11, (v) => v.setInt32(0, 19_783, true), 4)],
    ['"1969-12-31T23:59:59.999999Z"', primitive(12, (v) => v.setBigInt64(0, -1n, true), 8)],
    ['"1970-01-01T00:00:01"', primitive(13, (v) => v.setBigInt64(0, 1_000_000n, true), 8)],
    ['0.5', primitive(14, (v) => v.setFloat32(0, 0.5, true), 4)],
    ['"AQI="', Buffer.concat([primitive(15, (v) => v.setUint32(0, 2, true), 4), Buffer.of(1, 2)])],
    [
      '"\u00e9\\""',
      Buffer.concat([primitive(16, (v) => v.setUint32(0, 3, true), 4), Buffer.from('\u00e9"')]),
    ],
    ['"12:00:00"', primitive(17, (v) => v.setBigInt64(0, 43_200_000_000n, true), 8)],
    ['"1970-01-01T00:00:00.000001Z"', primitive(18, (v) => v.setBigInt64(0, 1999n, true), 8)],
    ['"1970-01-01T00:00:00.000001"', primitive(19, (v) => v.setBigInt64(0, 1000n, true), 8)],
    [
      '"00112233-4455-6677-8899-aabbccddeeff"',
      Buffer.concat([primitive(20), Buffer.from('00112233445566778899aabbccddeeff', 'hex')]),
    ],
    ['"hi"', Buffer.concat([Buffer.of((2 << 2) | 1), Buffer.from('hi')])],
    ['[true,null]', Buffer.of(3, 2, 0, 1, 2, 1 << 2, 0)],
    ['[]', Buffer.of(3, 0)],
  ])('%s', (json, value) => {
    expect(variantJson(NONE, value)).toBe(json);
    for (let length = 0; length < value.length; length++)
      expect(variantJson(NONE, value.subarray(0, length))).toBeNull();
  });

  it('of an object, with nested values and wide offsets', () => {
    const metadata = dictionary('b', 'a', '\u00fc');
    const inner = Buffer.of(2, 1, 2, 0, 2, (1 << 2) | 1, 120); // {"\u00fc":"x"}
    const wide = Buffer.concat([
      Buffer.of(2 | (1 << 2), 2, 1, 0, 0, 0, 1, 0, 1 + inner.length, 0),
      Buffer.of(1 << 2),
      inner,
    ]);
    expect(variantJson(metadata, wide)).toBe('{"a":true,"b":{"\u00fc":"x"}}');
    expect(variantJson(dictionary('b'), wide)).toBeNull();
  });
});
