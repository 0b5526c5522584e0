const FIRST_PIECE_BYTES = 64 * 1024;
const LARGEST_PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Collects bytes into pieces of up to 4 MiB, so that a row group never has to be moved as it grows and each piece can
 * be transferred to another thread.
 */
export class PieceSink {
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  #piece: Uint8Array<ArrayBuffer> = Buffer.allocUnsafeSlow(FIRST_PIECE_BYTES);
  #pieceLength = 0;
  #byteLength = 0;

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#byteLength;
  }

  write(bytes: Uint8Array): void {
    let start = 0;
    while (start < bytes.length) {
      if (this.#pieceLength === this.#piece.length) this.#next();
      const room = this.#piece.length - this.#pieceLength;
      const part = start === 0 && bytes.length <= room ? bytes : bytes.subarray(start, start + room);
      this.#piece.set(part, this.#pieceLength);
      this.#pieceLength += part.length;
      start += part.length;
    }
    this.#byteLength += bytes.length;
  }

  /** The pieces in order; the sink is spent. */
  finish(): Uint8Array<ArrayBuffer>[] {
    if (this.#pieceLength > 0) this.#full.push(this.#piece.subarray(0, this.#pieceLength));
    return this.#full;
  }

  #next(): void {
    this.#full.push(this.#piece);
    // not zeroed, since all that is handed out is written first; and not from Node's pool, which cannot be transferred
    this.#piece = Buffer.allocUnsafeSlow(Math.min(this.#piece.length * 4, LARGEST_PIECE_BYTES));
    this.#pieceLength = 0;
  }
}
