/**
 * Finds where a zstd frame ends without decompressing it, by its headers (RFC 8878, section 3.1.1):
 *
 *     magic 4 | descriptor 1 | window 0-1, dictionary id 0-4, content size 0-8 | blocks | checksum 0 or 4
 *     block: header 3 (last 1 bit, type 2 bits, size 21 bits) | content
 *
 * The decompressor at hand stops silently after the first frame; this is how the reader goes on, and how it knows a
 * frame that is cut from one that is whole.
 */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const SKIPPABLE_MAGIC_TAIL = [0x2a, 0x4d, 0x18];
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const CHECKSUM_BYTES = 4;
/** No block holds more, whatever the window (RFC 8878, section 3.1.1.2.4). */
const LARGEST_BLOCK_BYTES = 128 * 1024;

export type FrameKind = 'zstd' | 'skippable' | 'none';

/** What the first bytes announce. Fewer than four bytes count as the frame they could become. */
export function frameKindOf(bytes: Uint8Array): FrameKind {
  const head = [...bytes.subarray(0, 4)];
  if (head.every((byte, i) => byte === ZSTD_MAGIC[i])) return 'zstd';
  const tail = head.slice(1);
  if ((head[0] & 0xf0) === 0x50 && tail.every((byte, i) => byte === SKIPPABLE_MAGIC_TAIL[i]))
    return 'skippable';
  return 'none';
}

type Part = 'descriptor' | 'block' | 'end';

/** Walks over one zstd frame in as many pieces as it comes in. */
export class ZstdFrameWalk {
  /** Bytes to pass over before the next part. */
  #passBytes = ZSTD_MAGIC.length;
  #next: Part = 'descriptor';
  #header = 0;
  #headerBytes = 0;
  #hasChecksum = false;
  #contentByteLimit = 0;
  #fault: string | undefined;

  /** The frame's last byte has been passed. */
  get isWhole(): boolean {
    return this.#next === 'end' && this.#passBytes === 0;
  }

  /** What is wrong with the last header seen, if anything; the walk stops there. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** No more bytes than this come out of the blocks passed so far. */
  get contentByteLimit(): number {
    return this.#contentByteLimit;
  }

  /** Passes over the bytes of this frame that start at `from`; returns where it stopped. */
  scan(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && !this.isWhole && this.#fault === undefined) {
      if (this.#passBytes > 0) {
        const step = Math.min(this.#passBytes, bytes.length - at);
        this.#passBytes -= step;
        at += step;
      } else {
        this.#header |= bytes[at++] << (8 * this.#headerBytes++);
        if (this.#headerBytes === (this.#next === 'block' ? 3 : 1)) this.#readHeader();
      }
    }
    return at;
  }

  #readHeader(): void {
    const header = this.#header;
    this.#header = 0;
    this.#headerBytes = 0;
    if (this.#next === 'descriptor') this.#readDescriptor(header);
    else this.#readBlock(header);
  }

  #readDescriptor(descriptor: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    if ((descriptor & 0x08) !== 0) this.#fault = 'the reserved bit of a frame descriptor is set';
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    this.#passBytes =
      (isSingleSegment ? 0 : 1) +
      DICTIONARY_ID_BYTES[descriptor & 3] +
      (sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag]);
    this.#next = 'block';
  }

  #readBlock(header: number): void {
    const isLast = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const byteLength = header >>> 3;
    if (type === 3) this.#fault = 'a block has the reserved type';
    if (byteLength > LARGEST_BLOCK_BYTES) this.#fault = `a block of ${byteLength} bytes`;
    this.#contentByteLimit += type === 2 ? LARGEST_BLOCK_BYTES : byteLength;
    this.#passBytes = type === 1 ? 1 : byteLength;
    if (!isLast) return;
    this.#next = 'end';
    if (this.#hasChecksum) this.#passBytes += CHECKSUM_BYTES;
  }
}
