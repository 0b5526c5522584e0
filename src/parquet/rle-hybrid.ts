/**
 * The hybrid of run-length and bit-packed runs that definition levels and dictionary indices are written in.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE
 */
import { KERNEL_BLOCK } from './kernel-block.ts';
import type { PageBuffer } from './page-buffer.ts';

/** A repeated run pays from here; the format packs bits in groups of 8. */
const SHORTEST_REPEAT = 8;

/** Bits that hold the codes 0 … `count` - 1, at least 1: some readers stumble over a width of 0. */
export function codeBitWidth(count: number): number {
  return count <= 2 ? 1 : 32 - Math.clz32(count - 1);
}

/**
 * Writes runs of equal codes: runs of 8 and more as repeats, the stretches between them bit-packed.
 * `codes` of up to 16 bits; at most 5 bytes a run, and less than 3 a value.
 */
export function writeRuns(
  page: PageBuffer,
  codes: Int32Array,
  lengths: Int32Array,
  runCount: number,
  bitWidth: number,
): void {
  let packedFrom = 0; // first run of the pending bit-packed stretch
  let pending = 0; // values in that stretch
  for (let run = 0; run < runCount; run++) {
    const length = lengths[run];
    const fill = (8 - (pending % 8)) % 8;
    if (length - fill < SHORTEST_REPEAT) {
      pending += length;
      continue;
    }
    // The head of this run fills the stretch before it up to whole groups.
    if (pending > 0) packRuns(page, codes, lengths, packedFrom, pending + fill, bitWidth);
    writeRepeat(page, codes[run], length - fill, bitWidth);
    packedFrom = run + 1;
    pending = 0;
  }
  if (pending > 0) packRuns(page, codes, lengths, packedFrom, pending, bitWidth);
}

function writeRepeat(page: PageBuffer, code: number, length: number, bitWidth: number): void {
  page.reserve(8);
  page.varint(length * 2);
  page.byte(code);
  if (bitWidth > 8) page.byte(code >>> 8);
}

/** Bit-packs the first `count` values of the runs from `firstRun` on. */
function packRuns(
  page: PageBuffer,
  codes: Int32Array,
  lengths: Int32Array,
  firstRun: number,
  count: number,
  bitWidth: number,
): void {
  const groupCount = Math.ceil(count / 8);
  page.reserve(10 + groupCount * bitWidth);
  page.varint(groupCount * 2 + 1);
  const end = page.length + groupCount * bitWidth;
  let bits = 0;
  let bitCount = 0;
  let left = count;
  for (let run = firstRun; left > 0; run++) {
    const length = Math.min(left, lengths[run]);
    const code = codes[run];
    for (let i = 0; i < length; i++) {
      bits |= code << bitCount;
      bitCount += bitWidth;
      while (bitCount >= 8) {
        page.bytes[page.length++] = bits;
        bits >>>= 8;
        bitCount -= 8;
      }
    }
    left -= length;
  }
  if (bitCount > 0) page.bytes[page.length++] = bits;
  page.bytes.fill(0, page.length, end);
  page.length = end;
}

/** Bit-packs codes [start, end) as a single run, about 1 ns a code. */
export function writePacked(
  page: PageBuffer,
  codes: Uint16Array,
  start: number,
  end: number,
  bitWidth: number,
): void {
  const groupCount = Math.ceil((end - start) / 8);
  page.reserve(16 + groupCount * bitWidth);
  page.varint(groupCount * 2 + 1);
  for (let from = start; from < end; from += KERNEL_BLOCK) {
    const to = Math.min(end, from + KERNEL_BLOCK);
    packCodes(codes, from, to, bitWidth, page.bytes, page.length);
    // A block is whole groups of 8, so it ends at a byte.
    page.length += Math.ceil((to - from) / 8) * bitWidth;
  }
}

function packCodes(
  codes: Uint16Array,
  start: number,
  end: number,
  bitWidth: number,
  bytes: Uint8Array,
  position: number,
): void {
  const last = position + Math.ceil((end - start) / 8) * bitWidth;
  let at = position;
  let bits = 0;
  let bitCount = 0;
  for (let i = start; i < end; i++) {
    bits |= codes[i] << bitCount;
    bitCount += bitWidth;
    if (bitCount >= 16) {
      bytes[at] = bits;
      bytes[at + 1] = bits >>> 8;
      at += 2;
      bits >>>= 16;
      bitCount -= 16;
    }
  }
  for (; bitCount > 0; bitCount -= 8) {
    bytes[at++] = bits;
    bits >>>= 8;
  }
  bytes.fill(0, at, last);
}
