/** One column of one row group: statistics, encoding, pages. */

import { chunkStatistics } from './chunk-statistics.ts';
import { type ColumnData, type DenseColumn, densify } from './column-data.ts';
import { type ChunkEncoding, chooseEncoding, findDictionary, type ValueEncoder } from './encoding-choice.ts';
import { plainByteLength, writePlain } from './encoding-plain.ts';
import {
  type Codec,
  compress,
  DATA_PAGE,
  DICTIONARY_PAGE,
  type EncodingName,
  type PageBytes,
  type StoredPage,
  writePage,
} from './page.ts';
import { PageBuffer } from './page-buffer.ts';
import { type PageLimits, type PageSpan, pageSpans } from './page-span.ts';
import type { PieceSink } from './piece-sink.ts';
import type { ParquetField } from './schema.ts';
import type { ColumnStatistics } from './statistics.ts';
import { ValidityCursor } from './validity.ts';

export interface EncodedPage {
  /** From the row group's first byte. */
  readonly byteOffset: number;
  /** Header included. */
  readonly byteLength: number;
  readonly rowStart: number;
  readonly rowCount: number;
  readonly statistics: ColumnStatistics;
}

export interface EncodedColumnChunk {
  readonly name: string;
  readonly codec: Codec;
  /** The encoding of the data pages. */
  readonly encoding: EncodingName;
  /** Rows, nulls included. */
  readonly valueCount: number;
  /** Page headers included. */
  readonly compressedByteLength: number;
  readonly uncompressedByteLength: number;
  /** From the row group's first byte; null without a dictionary. */
  readonly dictionaryPageOffset: number | null;
  /** Data pages, in row order. */
  readonly pages: readonly EncodedPage[];
  readonly statistics: ColumnStatistics;
}

export interface ChunkOptions {
  readonly zstdLevel: number;
  readonly pageLimits: PageLimits;
}

/** Zstd has to make the first page this much smaller to be used by `auto`. */
const ZSTD_PAYS_BELOW = 0.95;

/** Appends a column's pages to the row group. */
export function writeColumnChunk(
  sink: PieceSink,
  field: ParquetField,
  column: ColumnData,
  rowCount: number,
  options: ChunkOptions,
): EncodedColumnChunk {
  const dense = densify(field, column, rowCount);
  const spans = pageSpans(dense, options.pageLimits);
  const choice = field.encoding ?? 'auto';
  const dictionary = findDictionary(dense.values, choice);
  const { chunk: statistics, pages: pageStatistics } = chunkStatistics(field, dense, spans, dictionary);
  const encoding = chooseEncoding(dense.values, choice, dictionary, statistics);
  const written = new ChunkWriter(sink, field, dense, encoding, options.zstdLevel).write(spans);
  return {
    name: field.name,
    codec: written.codec,
    encoding: written.encoding,
    valueCount: rowCount,
    compressedByteLength: written.compressedByteLength,
    uncompressedByteLength: written.uncompressedByteLength,
    dictionaryPageOffset: written.dictionaryPageOffset,
    pages: spans.map((span, index) => ({
      byteOffset: written.pageOffsets[index],
      byteLength: written.pageByteLengths[index],
      rowStart: span.rowStart,
      rowCount: span.rowEnd - span.rowStart,
      statistics: pageStatistics[index],
    })),
    statistics,
  };
}

class ChunkWriter {
  readonly #sink: PieceSink;
  readonly #field: ParquetField;
  readonly #dense: DenseColumn;
  readonly #encoding: ChunkEncoding;
  readonly #zstdLevel: number;
  readonly #page = new PageBuffer();
  readonly #pageOffsets: number[] = [];
  readonly #pageByteLengths: number[] = [];
  #compressedByteLength = 0;
  #uncompressedByteLength = 0;

  constructor(
    sink: PieceSink,
    field: ParquetField,
    dense: DenseColumn,
    encoding: ChunkEncoding,
    zstdLevel: number,
  ) {
    this.#sink = sink;
    this.#field = field;
    this.#dense = dense;
    this.#encoding = encoding;
    this.#zstdLevel = zstdLevel;
  }

  write(spans: readonly PageSpan[]) {
    const { validity } = this.#dense;
    const trial = this.#tryZstd(spans[0], new ValidityCursor(validity));
    const { codec } = trial;
    const encoder = codec === 'zstd' ? this.#encoding.compressed : this.#encoding.uncompressed;
    const dictionaryPageOffset = this.#writeDictionary(codec);
    const cursor = new ValidityCursor(validity);
    for (const [index, span] of spans.entries()) {
      this.#pageOffsets.push(this.#sink.byteLength);
      const page =
        index === 0 && trial.firstPage !== undefined
          ? trial.firstPage
          : this.#compress(codec, this.#encode(encoder, span, cursor), encoder.fourByteValues);
      if (page === trial.firstPage) cursor.take(span.rowEnd - span.rowStart, undefined);
      const stored = writePage(this.#sink, {
        type: DATA_PAGE,
        valueCount: span.rowEnd - span.rowStart,
        encoding: encoder.encoding,
        ...page,
      });
      this.#pageByteLengths.push(stored.byteLength);
      this.#count(stored);
    }
    return {
      codec,
      encoding: encoder.encoding,
      dictionaryPageOffset,
      pageOffsets: this.#pageOffsets,
      pageByteLengths: this.#pageByteLengths,
      compressedByteLength: this.#compressedByteLength,
      uncompressedByteLength: this.#uncompressedByteLength,
    };
  }

  /** The codec for the whole chunk (a chunk has one), and the first page under it where zstd was tried and kept. */
  #tryZstd(first: PageSpan, cursor: ValidityCursor): { codec: Codec; firstPage?: PageBytes } {
    const choice = this.#field.compression ?? 'auto';
    if (choice !== 'auto') return { codec: choice };
    const { compressed, uncompressedByteLength } = this.#encoding;
    const body = this.#encode(compressed, first, cursor);
    const without = uncompressedByteLength?.(first.valueEnd - first.valueStart) ?? body.length;
    const firstPage = this.#compress('zstd', body, compressed.fourByteValues);
    return firstPage.stored.length < ZSTD_PAYS_BELOW * without
      ? { codec: 'zstd', firstPage }
      : { codec: 'uncompressed' };
  }

  #compress(codec: Codec, body: Uint8Array, fourByteValues = false): PageBytes {
    const stored = codec === 'zstd' ? compress(body, this.#zstdLevel, fourByteValues) : body;
    return { stored, uncompressedByteLength: body.length };
  }

  #writeDictionary(codec: Codec): number | null {
    const { dictionary } = this.#encoding;
    if (dictionary === undefined) return null;
    const byteOffset = this.#sink.byteLength;
    const { distinct, distinctCount } = dictionary;
    this.#page.reset(plainByteLength(distinct, 0, distinctCount));
    writePlain(this.#page, distinct, 0, distinctCount);
    const body = this.#page.written();
    this.#count(
      writePage(this.#sink, {
        type: DICTIONARY_PAGE,
        valueCount: distinctCount,
        encoding: 'PLAIN',
        ...this.#compress(codec, body),
      }),
    );
    return byteOffset;
  }

  /** A page's bytes before compression: definition levels where the column may be null, then the values. */
  #encode(encoder: ValueEncoder, span: PageSpan, cursor: ValidityCursor): Uint8Array {
    const page = this.#page;
    page.reset(64);
    if (this.#field.nullable !== false) {
      page.length = 4;
      cursor.take(span.rowEnd - span.rowStart, page);
      page.uint32(0, page.length - 4);
    }
    encoder.write(page, span.valueStart, span.valueEnd);
    return page.written();
  }

  #count(page: StoredPage): void {
    this.#compressedByteLength += page.byteLength;
    this.#uncompressedByteLength += page.uncompressedByteLength;
  }
}
