/** One column of one row group: statistics, encoding, pages. */
import { type ColumnData, columnError, type DenseColumn, densify } from './column-data.ts';
import { type ChunkEncoding, chooseEncoding, type ValueEncoder } from './encoding-choice.ts';
import { plainByteLength, writePlain } from './encoding-plain.ts';
import {
  type Codec,
  compress,
  DATA_PAGE,
  DICTIONARY_PAGE,
  type EncodingName,
  type StoredPage,
  writePage,
} from './page.ts';
import { PageBuffer } from './page-buffer.ts';
import { type PageLimits, type PageSpan, pageSpans } from './page-span.ts';
import type { PieceSink } from './piece-sink.ts';
import type { ParquetField } from './schema.ts';
import { type ColumnStatistics, mergeStatistics, statisticsOf } from './statistics.ts';
import { ValidityCursor } from './validity.ts';
import { rangeOf } from './value-range.ts';

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
const ZSTD_PAYS_BELOW = 0.9;

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
  const pageStatistics = spans.map((span) => spanStatistics(field, dense, span));
  const statistics = mergeStatistics(pageStatistics);
  const encoding = chooseEncoding(dense.values, field.encoding ?? 'auto');
  const writer = new ChunkWriter(sink, field, dense, encoding, options.zstdLevel);
  const written = writer.write(spans);
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

function spanStatistics(field: ParquetField, dense: DenseColumn, span: PageSpan): ColumnStatistics {
  const range = rangeOf(dense.values, span.valueStart, span.valueEnd);
  const { min, max } = range;
  if (!range.whole)
    throw columnError('PARQUET_VALUE_RANGE', field, 'expected whole numbers, found a fraction or NaN');
  if (typeof min === 'number' && typeof max === 'number') {
    const limit = wholeLimit(field, dense);
    if (-min > limit || max > limit) {
      throw columnError(
        'PARQUET_VALUE_RANGE',
        field,
        `expected numbers within ±${limit}, found ${min} to ${max}`,
      );
    }
  } else if (typeof min === 'bigint' && typeof max === 'bigint' && typeof field.type !== 'string') {
    const limit = 10n ** BigInt(field.type.precision) - 1n;
    if (-min > limit || max > limit) {
      throw columnError(
        'PARQUET_VALUE_RANGE',
        field,
        `expected numbers within ±${limit}, found ${min} to ${max}`,
      );
    }
  }
  const nullCount = span.rowEnd - span.rowStart - (span.valueEnd - span.valueStart);
  return statisticsOf(field, range, nullCount);
}

/** The largest magnitude a value may have. */
function wholeLimit(field: ParquetField, dense: DenseColumn): number {
  if (typeof field.type !== 'string') return 10 ** field.type.precision - 1;
  return dense.values.kind === 'int64' ? 2 ** 53 : Number.POSITIVE_INFINITY;
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
    const first = spans[0];
    const { codec, firstPage } = this.#chooseCodec(first);
    const encoder = codec === 'zstd' ? this.#encoding.compressed : this.#encoding.uncompressed;
    const dictionaryPageOffset = this.#writeDictionary(codec);
    const cursor = new ValidityCursor(this.#dense.validity);
    for (const span of spans) {
      this.#pageOffsets.push(this.#sink.byteLength);
      const body = this.#encode(encoder, span, cursor);
      const kept = span === first ? firstPage : undefined;
      const stored = codec === 'uncompressed' ? body : (kept ?? compress(body, this.#zstdLevel));
      const page = writePage(this.#sink, {
        type: DATA_PAGE,
        valueCount: span.rowEnd - span.rowStart,
        encoding: encoder.encoding,
        uncompressedByteLength: body.length,
        stored,
      });
      this.#pageByteLengths.push(page.byteLength);
      this.#count(page);
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

  /** The codec for the whole chunk (a chunk has one), and the first page under zstd where it was tried. */
  #chooseCodec(first: PageSpan): { codec: Codec; firstPage?: Uint8Array } {
    const choice = this.#field.compression ?? 'auto';
    if (choice !== 'auto') return { codec: choice };
    const { compressed, uncompressed } = this.#encoding;
    const cursor = () => new ValidityCursor(this.#dense.validity);
    const without = this.#encode(uncompressed, first, cursor()).length;
    const body = this.#encode(compressed, first, cursor());
    const firstPage = compress(body, this.#zstdLevel);
    return firstPage.length < ZSTD_PAYS_BELOW * without
      ? { codec: 'zstd', firstPage }
      : { codec: 'uncompressed' };
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
        uncompressedByteLength: body.length,
        stored: codec === 'zstd' ? compress(body, this.#zstdLevel) : body,
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
