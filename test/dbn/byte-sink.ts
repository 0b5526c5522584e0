import type { DbnSink } from '../../src/dbn/index.ts';

/** A sink that keeps what it is given. */
export class ByteSink implements DbnSink {
  readonly #pieces: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** The bytes in pieces that end at the given places. */
export async function* cutAt(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    yield bytes.subarray(from, end);
    from = end;
  }
}
