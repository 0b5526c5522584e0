import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/sample/random.ts';

/** The generator's definition, step by step, in integers of any size. */
function exactNumbers(state: readonly bigint[], count: number): number[] {
  const low = (x: bigint): bigint => BigInt.asUintN(32, x);
  const rotated = (x: bigint, bits: bigint): bigint => low((x << bits) | (x >> (32n - bits)));
  let [a, b, c, d] = state;
  return Array.from({ length: count }, () => {
    const result = low(rotated(low(b * 5n), 7n) * 9n);
    const shifted = low(b << 9n);
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11n);
    return Number(result);
  });
}

describe('RandomStream', () => {
  it('gives the numbers of the C reference of xoshiro128** from the same state', () => {
    const random = RandomStream.ofState(0x964d4a0c, 0xd40ab895, 0xad7fdecb, 0x3006f0f0);
    const numbers = Array.from({ length: 4 }, () => random.nextUint32());
    expect(numbers).toEqual([0xf1391922, 0x6fe53806, 0xa5be2840, 0xf510ee70]);
  });

  it('equals the algorithm in exact integers, whatever the state', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        fc.pre((a | b | c | d) !== 0);
        const random = RandomStream.ofState(a, b, c, d);
        const numbers = Array.from({ length: 20 }, () => random.nextUint32());
        expect(numbers).toEqual(exactNumbers([a, b, c, d].map(BigInt), 20));
      }),
    );
  });

  it('fills all bytes of all four places evenly (chi-square)', () => {
    const random = RandomStream.of(42, 7);
    const counts = Array.from({ length: 4 }, () => new Float64Array(256));
    const draws = 256 * 1000;
    for (let k = 0; k < draws; k++) {
      const bits = random.nextUint32();
      for (let place = 0; place < 4; place++) counts[place][(bits >>> (8 * place)) & 255]++;
    }
    for (const count of counts) {
      const chiSquare = count.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
      // 255 degrees of freedom: mean 255, deviation 22.6
      expect(chiSquare).toBeGreaterThan(255 - 4 * 22.6);
      expect(chiSquare).toBeLessThan(255 + 4 * 22.6);
    }
  });

  it.each(['roughNormal', 'normal'] as const)('%s has mean 0 and variance 1', (name) => {
    const random = RandomStream.of(3, 1);
    const values = Array.from({ length: 200_000 }, () => random[name]());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.015);
  });

  it('gives neighbouring seeds and keys streams that have nothing in common', () => {
    const streams = [
      [0, 0],
      [1, 0],
      [0, 1],
      [2 ** 32, 0],
      [19_000, 41],
      [19_001, 41],
      [19_000, 42],
    ].map(([seed, key]) => {
      const random = RandomStream.of(seed, key);
      return Array.from({ length: 20_000 }, () => random.uniform() - 0.5);
    });
    streams.forEach((a, i) => {
      for (const b of streams.slice(i + 1)) {
        const correlation = a.reduce((sum, value, k) => sum + value * b[k], 0) / (a.length / 12);
        expect(Math.abs(correlation)).toBeLessThan(4.5 / Math.sqrt(a.length));
      }
    });
  });

  it('keeps integers within bounds and reaches both', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -50, max: 50 }), fc.nat(6), (seed, low, width) => {
        const random = RandomStream.of(seed);
        const seen = new Set(Array.from({ length: 400 }, () => random.integer(low, low + width)));
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: width + 1 }, (_, k) => low + k));
      }),
      { numRuns: 50 },
    );
  });

  it('shuffles without losing anything', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(fc.integer()), (seed, items) => {
        const shuffled = RandomStream.of(seed).shuffled(items);
        expect(shuffled.sort()).toEqual([...items].sort());
      }),
    );
  });
});
