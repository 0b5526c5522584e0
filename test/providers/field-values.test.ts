import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestampUs } from '../../src/bars/index.ts';
import { fieldNumber, fieldTime } from '../../src/providers/field-values.ts';

describe('fields', () => {
  it('are numbers as Number reads them', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer(),
          fc.float({ noNaN: true, noDefaultInfinity: true }),
        ),
        (value) => {
          for (const text of [String(value), value.toFixed(5), value.toExponential()]) {
            const bytes = Buffer.from(`,${text},`);
            expect(fieldNumber(bytes, 1, bytes.length - 1)).toBe(Number(text));
          }
        },
      ),
    );
    const read = (text: string) => fieldNumber(Buffer.from(text), 0, Buffer.byteLength(text));
    expect(['', ' ', '.', '-', '1.2.3', '0x10', 'NaN', ' 7 ', '+5', 'Infinity'].map(read)).toEqual([
      undefined,
      undefined,
      '.',
      '-',
      '1.2.3',
      '0x10',
      'NaN',
      7,
      5,
      'Infinity',
    ]);
  });

  it('are times as timestampUs reads them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (second) => {
        const text = new Date(second * 1000).toISOString();
        for (const each of [
          text,
          text.slice(0, 19),
          `${text.slice(0, 19)}Z`,
          text.replace('T', ' ').slice(0, 19),
          `${text.slice(0, 19)}+00:00`,
        ]) {
          expect(fieldTime(Buffer.from(each), 0, each.length)).toBe(timestampUs(each));
        }
      }),
    );
    const read = (text: string) => fieldTime(Buffer.from(text), 0, text.length);
    expect(read('2024-02-30T00:00:00Z')).toBeNaN();
    expect(read('2024-02-29T00:00:00Z')).toBe(Date.UTC(2024, 1, 29) * 1000);
    expect(read('2024-02-29T24:00:00Z')).toBeNaN();
    expect(read('2024-02-29T23:61:00Z')).toBeNaN();
    expect(read('1709210096.5')).toBe(1709210096.5e6);
    expect(read('')).toBeUndefined();
  });
});
