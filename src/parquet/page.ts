/** One page: its bytes compressed, summed (CRC-32 over what is stored) and put behind their header. */
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import type { PieceSink } from './piece-sink.ts';
import { ThriftCompactWriter } from './thrift-compact.ts';

export type Codec = 'uncompressed' | 'zstd';

/** The names that Parquet gives its encodings, of those this writer uses. */
export type EncodingName = 'PLAIN' | 'RLE' | 'RLE_DICTIONARY' | 'DELTA_BINARY_PACKED' | 'BYTE_STREAM_SPLIT';

export const ENCODING_ID: Readonly<Record<EncodingName, number>> = {
  PLAIN: 0,
  RLE: 3,
  DELTA_BINARY_PACKED: 5,
  RLE_DICTIONARY: 8,
  BYTE_STREAM_SPLIT: 9,
};

/** The numbers of page types in the file's metadata. */
export const DATA_PAGE = 0;
export const DICTIONARY_PAGE = 2;

export interface PageBytes {
  readonly uncompressedByteLength: number;
  /** The page as it is to be stored. */
  readonly stored: Uint8Array;
}

export interface PageContent extends PageBytes {
  readonly type: typeof DATA_PAGE | typeof DICTIONARY_PAGE;
  /** Values, nulls included. */
  readonly valueCount: number;
  readonly encoding: EncodingName;
}

export interface StoredPage {
  /** Header and content. */
  readonly byteLength: number;
  readonly uncompressedByteLength: number;
}

const thrift = new ThriftCompactWriter();

/** Appends a header and the page. Data pages are of version 1, which every reader knows with every encoding. */
export function writePage(sink: PieceSink, page: PageContent): StoredPage {
  thrift.i32(1, page.type);
  thrift.i32(2, page.uncompressedByteLength);
  thrift.i32(3, page.stored.length);
  thrift.i32(4, crc32(page.stored) | 0);
  thrift.struct(page.type === DATA_PAGE ? 5 : 7, () => {
    thrift.i32(1, page.valueCount);
    thrift.i32(2, ENCODING_ID[page.encoding]);
    if (page.type === DICTIONARY_PAGE) return;
    thrift.i32(3, ENCODING_ID.RLE);
    thrift.i32(4, ENCODING_ID.RLE);
  });
  const header = thrift.finish();
  sink.write(header);
  sink.write(page.stored);
  return {
    byteLength: header.length + page.stored.length,
    uncompressedByteLength: header.length + page.uncompressedByteLength,
  };
}

/** A call of zlib takes 30 µs; so short a page, most often a dictionary, is not worth one. */
const LARGEST_RAW_FRAME = 255;

/** A zstd frame (RFC 8878, 3.1.1) of one raw block: magic, one segment with its size in a byte, the last block. */
function rawFrame(page: Uint8Array): Uint8Array {
  const frame = new Uint8Array(9 + page.length);
  const blockHeader = 1 | (page.length << 3);
  frame.set([0x28, 0xb5, 0x2f, 0xfd, 0x20, page.length, blockHeader & 255, blockHeader >> 8, 0]);
  frame.set(page, 9);
  return frame;
}

/**
 * zstd's frame of a page. At level 1 with a window and a hash table that fit the processor's nearest caches: pages
 * are short and their repeats near, so this is a third faster than the level's defaults and no larger. Pages of plain
 * four-byte values are searched for repeats of four bytes, not seven: a fifth smaller for half as much time again.
 */
export function compress(page: Uint8Array, level: number, fourByteValues: boolean): Uint8Array {
  if (page.length <= LARGEST_RAW_FRAME) return rawFrame(page);
  const params: Record<number, number> = { [constants.ZSTD_c_compressionLevel]: level };
  if (level === 1) {
    params[constants.ZSTD_c_windowLog] = 17;
    params[constants.ZSTD_c_hashLog] = 12;
    if (fourByteValues) params[constants.ZSTD_c_minMatch] = 4;
  }
  // Room for the largest outcome, so that it comes in one piece.
  return zstdCompressSync(page, { chunkSize: page.length + (page.length >> 7) + 1024, params });
}
