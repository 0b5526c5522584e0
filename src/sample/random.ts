const UNIT = 2 ** -32;

/** Finalizer of MurmurHash3 (Appleby, 2011): every input bit reaches every output bit. */
function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/**
 * A seeded stream of random numbers: xoshiro128** (Blackman and Vigna, 2021), period 2^128 - 1. Streams made from
 * different seeds or keys are independent for all practical purposes, so a day's bars need no other day's.
 */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  private constructor(a: number, b: number, c: number, d: number) {
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }

  /** A stream with this state; all four words zero is no state. */
  static ofState(a: number, b: number, c: number, d: number): RandomStream {
    return new RandomStream(a, b, c, (a | b | c | d) === 0 ? 1 : d);
  }

  /** The stream of a seed (safe integer) and keys, e.g. a date and a purpose. */
  static of(seed: number, ...keys: readonly number[]): RandomStream {
    let hash = 0x9e3779b9 | 0;
    for (const key of [seed, ...keys]) {
      hash = mix32(hash + Math.imul(key | 0, 0x27d4eb2f) + 0x165667b1);
      hash = mix32(hash ^ Math.floor(key / 2 ** 32));
    }
    const words = [0, 0, 0, 0];
    for (let i = 0; i < 4; i++) {
      hash = (hash + 0x9e3779b9) | 0;
      words[i] = mix32(hash ^ Math.imul(i + 1, 0x2545f491));
    }
    return RandomStream.ofState(words[0], words[1], words[2], words[3]);
  }

  /** Uniform in [0, 2^32). */
  nextUint32(): number {
    const { b } = this;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    this.c ^= this.a;
    this.d ^= b;
    this.b = b ^ this.c;
    this.a ^= this.d;
    this.c ^= b << 9;
    this.d = rotateLeft(this.d, 11);
    return result;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.nextUint32() * UNIT;
  }

  /** Uniform integer in [low, high], both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.nextUint32() * UNIT * (high - low + 1));
  }

  /** Mean 0, variance 1, within ±3.46: the sum of four bytes, near enough to a normal for one second's move. */
  roughNormal(): number {
    const bits = this.nextUint32();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    return (sum - 510) * 0.006765875;
  }

  /** Normal, mean 0, variance 1 (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One of `choices`. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.integer(0, choices.length - 1)] ?? choices[0];
  }

  /** The items in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.nextUint32() }))
      .sort((x, y) => x.key - y.key)
      .map(({ item }) => item);
  }
}
