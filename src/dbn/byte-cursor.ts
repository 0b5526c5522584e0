const EMPTY = new Uint8Array(0);

/** A place in a stream of byte chunks: look ahead a little, take a chunk at a time, know the offset. */
export class ByteCursor {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = EMPTY;
  #offset = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Bytes consumed so far; at the end of the stream, its length. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Gathers at least `byteLength` bytes in one piece and returns them without consuming them; fewer only where the
   * stream ends. Copies once, and only what does not already lie in one chunk.
   */
  async peek(byteLength: number): Promise<Uint8Array> {
    if (this.#chunk.length >= byteLength) return this.#chunk.subarray(0, byteLength);
    const pieces = this.#chunk.length > 0 ? [this.#chunk] : [];
    let gathered = this.#chunk.length;
    while (gathered < byteLength) {
      const piece = await this.#pull();
      if (!piece) break;
      pieces.push(piece);
      gathered += piece.length;
    }
    this.#chunk = pieces.length === 1 ? pieces[0] : joinBytes(pieces, gathered);
    return this.#chunk.subarray(0, byteLength);
  }

  /** All bytes at hand, not consumed; the next chunk if there are none; undefined at the end. */
  async rest(): Promise<Uint8Array | undefined> {
    if (this.#chunk.length === 0) this.#chunk = (await this.#pull()) ?? EMPTY;
    return this.#chunk.length === 0 ? undefined : this.#chunk;
  }

  /** Consumes bytes that `peek` or `rest` returned. */
  skip(byteLength: number): void {
    this.#chunk = this.#chunk.subarray(byteLength);
    this.#offset += byteLength;
  }

  /** Everything not yet consumed, chunk by chunk. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.rest(); chunk; chunk = await this.rest()) {
      this.skip(chunk.length);
      yield chunk;
    }
  }

  /** Tells the source that no more will be read. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#chunk = EMPTY;
    await this.#source.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const next = await this.#source.next();
      if (next.done) this.#ended = true;
      else if (next.value.length > 0) return next.value;
    }
    return undefined;
  }
}

function joinBytes(pieces: readonly Uint8Array[], byteLength: number): Uint8Array {
  const joined = new Uint8Array(byteLength);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
