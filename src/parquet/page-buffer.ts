import { scratch } from './scratch.ts';

/** The uncompressed bytes of the page in hand, in working memory that every page of the thread reuses. */
export class PageBuffer {
  bytes = new Uint8Array(scratch('page', 0));
  length = 0;

  /** Empties the buffer and makes room for `byteLength` bytes in all. */
  reset(byteLength: number): void {
    this.length = 0;
    if (this.bytes.length < byteLength) this.bytes = new Uint8Array(scratch('page', byteLength));
  }

  /** Makes room for `byteLength` bytes after what is written. */
  reserve(byteLength: number): void {
    if (this.length + byteLength <= this.bytes.length) return;
    const before = this.bytes.subarray(0, this.length);
    this.bytes = new Uint8Array(scratch('page', Math.max(2 * this.bytes.length, this.length + byteLength)));
    this.bytes.set(before);
  }

  /** The page as written so far; valid until the next `reset`. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** Four bytes, little endian. */
  uint32(position: number, value: number): void {
    this.bytes[position] = value;
    this.bytes[position + 1] = value >>> 8;
    this.bytes[position + 2] = value >>> 16;
    this.bytes[position + 3] = value >>> 24;
  }

  /** An unsigned LEB128 number of up to 2^53. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  append(source: Uint8Array): void {
    this.bytes.set(source, this.length);
    this.length += source.length;
  }
}
