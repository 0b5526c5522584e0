/**
 * The footer of any Parquet file: what its columns are, and where their chunks lie.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { BarlineError } from '../base/index.ts';
import { type LeafColumn, readSchema } from './footer-schema.ts';
import { ThriftCompactReader, ThriftError } from './thrift-compact-reader.ts';

/** Bytes [start, end) of the file or of the metadata. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bounds as the footer holds them: PLAIN, without a length. */
export interface RawStatistics {
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
  readonly nullCount: number | undefined;
  /** Written in the older fields, which are right for signed numbers only. */
  readonly isOld: boolean;
}

export interface ChunkFacts {
  /** Index into the footer's columns. */
  readonly columnIndex: number;
  /** Dictionary and pages. */
  readonly range: ByteRange;
  /** Undefined when there is none; its end is undefined when the footer leaves it open. */
  readonly bloomFilter: { readonly start: number; readonly end: number | undefined } | undefined;
  readonly valueCount: number;
  readonly statistics: RawStatistics | undefined;
}

export interface RowGroupFacts {
  /** Of its first row in the file. */
  readonly firstRow: number;
  readonly rowCount: number;
  readonly chunks: readonly ChunkFacts[];
}

export interface ParquetFooter {
  /** Leaves of the schema, in the file's order; a chunk of each in every row group. */
  readonly columns: readonly LeafColumn[];
  readonly rowCount: number;
  readonly rowGroups: readonly RowGroupFacts[];
  readonly keyValues: ReadonlyMap<string, string>;
  readonly createdBy: string;
  /** False where the footer does not say how bounds are ordered: then those of text are not to be trusted. */
  readonly hasColumnOrders: boolean;
  /** The metadata's bytes, and where in them the parts lie that `withRowGroups` writes anew. */
  readonly metadata: Uint8Array;
  readonly places: FooterPlaces;
}

export interface FooterPlaces {
  readonly rowCount: ByteRange;
  readonly rowGroupList: ByteRange;
  readonly rowGroups: readonly ByteRange[];
}

/** Length of the metadata and the magic, at the very end. */
export const TRAILER_BYTES = 8;
const LEADING_MAGIC_BYTES = 4;

/**
 * How long the metadata is, from the file's last eight bytes. `PARQUET_NOT_A_FILE`, `PARQUET_ENCRYPTED` or
 * `PARQUET_TRUNCATED` when it is no such file; `file` is what the message names.
 */
export function metadataByteLength(trailer: Uint8Array, fileByteLength: number, file: string): number {
  const magic = Buffer.from(trailer.subarray(-4)).toString('latin1');
  if (magic === 'PARE') {
    throw new BarlineError({
      code: 'PARQUET_ENCRYPTED',
      message: `${file} is a Parquet file with an encrypted footer, which cannot be read`,
      facts: { file },
    });
  }
  if (trailer.length < TRAILER_BYTES || magic !== 'PAR1') {
    throw new BarlineError({
      code: 'PARQUET_NOT_A_FILE',
      message: `${file} is no whole Parquet file: expected PAR1 at the end of its ${fileByteLength} bytes, found ${JSON.stringify(magic)}`,
      hint: 'it may have been cut off; write or copy it again',
      facts: { file, byteLength: fileByteLength },
    });
  }
  const byteLength = new DataView(
    trailer.buffer,
    trailer.byteOffset + trailer.length - TRAILER_BYTES,
  ).getUint32(0, true);
  if (byteLength + TRAILER_BYTES + LEADING_MAGIC_BYTES > fileByteLength) {
    throw new BarlineError({
      code: 'PARQUET_TRUNCATED',
      message: `${file} has ${fileByteLength} bytes, but says that its footer alone has ${byteLength}`,
      hint: 'it may have been cut off; write or copy it again',
      facts: { file, byteLength: fileByteLength, footerByteLength: byteLength },
    });
  }
  return byteLength;
}

/** Parses the metadata (without its length). Cost: once over the bytes. `PARQUET_BAD_FOOTER` when they are none. */
export function readFooter(metadata: Uint8Array, file: string): ParquetFooter {
  try {
    return parse(metadata);
  } catch (error) {
    if (!(error instanceof ThriftError)) throw error;
    throw new BarlineError({
      code: 'PARQUET_BAD_FOOTER',
      message: `the footer of ${file} cannot be read: ${error.message}`,
      hint: 'the file is damaged; write or copy it again',
      cause: error,
      facts: { file },
    });
  }
}

function parse(metadata: Uint8Array): ParquetFooter {
  const thrift = new ThriftCompactReader(metadata);
  const keyValues = new Map<string, string>();
  const places: ByteRange[] = [];
  const rowGroups: RowGroupFacts[] = [];
  let columns: readonly LeafColumn[] = [];
  let rowCount = 0;
  let rowCountPlace: ByteRange | undefined;
  let listPlace: ByteRange | undefined;
  let createdBy = '';
  let hasColumnOrders = false;
  thrift.struct((fieldId, type) => {
    const start = thrift.offset;
    if (fieldId === 2) columns = readSchema(thrift, type);
    else if (fieldId === 3) {
      rowCount = thrift.integer(type);
      rowCountPlace = { start, end: thrift.offset };
    } else if (fieldId === 4) {
      let firstRow = 0;
      thrift.list(type, () => {
        const groupStart = thrift.offset;
        const rowGroup = readRowGroup(thrift, firstRow);
        firstRow += rowGroup.rowCount;
        rowGroups.push(rowGroup);
        places.push({ start: groupStart, end: thrift.offset });
      });
      listPlace = { start, end: thrift.offset };
    } else if (fieldId === 5) readKeyValues(thrift, type, keyValues);
    else if (fieldId === 6) createdBy = thrift.string(type);
    else if (fieldId === 7) hasColumnOrders = true;
  });
  if (rowCountPlace === undefined || listPlace === undefined) {
    throw new ThriftError('it names no rows or no row groups');
  }
  for (const { chunks } of rowGroups) {
    if (chunks.length !== columns.length) {
      throw new ThriftError(
        `a row group has ${chunks.length} column chunks, the schema ${columns.length} columns`,
      );
    }
  }
  return {
    columns,
    rowCount,
    rowGroups,
    keyValues,
    createdBy,
    hasColumnOrders,
    metadata,
    places: { rowCount: rowCountPlace, rowGroupList: listPlace, rowGroups: places },
  };
}

function readKeyValues(thrift: ThriftCompactReader, type: number, into: Map<string, string>): void {
  thrift.structs(type, () => {
    let key = '';
    return (fieldId, fieldType) => {
      if (fieldId === 1) key = thrift.string(fieldType);
      else if (fieldId === 2) into.set(key, thrift.string(fieldType));
    };
  });
}

function readRowGroup(thrift: ThriftCompactReader, firstRow: number): RowGroupFacts {
  const chunks: ChunkFacts[] = [];
  let rowCount = 0;
  thrift.struct((fieldId, type) => {
    if (fieldId === 1) thrift.list(type, (_, index) => chunks.push(readChunk(thrift, index)));
    else if (fieldId === 3) rowCount = thrift.integer(type);
  });
  return { firstRow, rowCount, chunks };
}

function readChunk(thrift: ThriftCompactReader, columnIndex: number): ChunkFacts {
  let valueCount = 0;
  let byteLength = 0;
  let dataOffset = -1;
  let dictionaryOffset = 0;
  let indexPageOffset = 0;
  let bloomStart = 0;
  let bloomLength: number | undefined;
  let statistics: RawStatistics | undefined;
  let path: string | undefined;
  const readMetadata = (fieldId: number, type: number) => {
    if (fieldId === 5) valueCount = thrift.integer(type);
    else if (fieldId === 7) byteLength = thrift.integer(type);
    else if (fieldId === 9) dataOffset = thrift.integer(type);
    else if (fieldId === 10) indexPageOffset = thrift.integer(type);
    else if (fieldId === 11) dictionaryOffset = thrift.integer(type);
    else if (fieldId === 12) statistics = readStatistics(thrift, type);
    else if (fieldId === 14) bloomStart = thrift.integer(type);
    else if (fieldId === 15) bloomLength = thrift.integer(type);
  };
  thrift.struct((fieldId, type) => {
    if (fieldId === 1) path = thrift.string(type);
    else if (fieldId === 3) thrift.nested(type, readMetadata);
  });
  if (path !== undefined) throw new ThriftError('its columns lie in other files');
  if (dataOffset < 0 || byteLength < 0) throw new ThriftError('a column chunk has no place');
  // some writers set an offset of 0 for a dictionary that is not there
  const start = Math.min(...[dataOffset, dictionaryOffset, indexPageOffset].filter((at) => at > 0));
  if (!Number.isFinite(start) && byteLength > 0) throw new ThriftError('a column chunk has no place');
  return {
    columnIndex,
    range: byteLength === 0 ? { start: 0, end: 0 } : { start, end: start + byteLength },
    bloomFilter:
      bloomStart > 0
        ? { start: bloomStart, end: bloomLength === undefined ? undefined : bloomStart + bloomLength }
        : undefined,
    valueCount,
    statistics,
  };
}

function readStatistics(thrift: ThriftCompactReader, type: number): RawStatistics {
  let min: Uint8Array | undefined;
  let max: Uint8Array | undefined;
  let oldMin: Uint8Array | undefined;
  let oldMax: Uint8Array | undefined;
  let nullCount: number | undefined;
  thrift.nested(type, (fieldId, fieldType) => {
    if (fieldId === 1) oldMax = thrift.binary(fieldType);
    else if (fieldId === 2) oldMin = thrift.binary(fieldType);
    else if (fieldId === 3) nullCount = thrift.integer(fieldType);
    else if (fieldId === 5) max = thrift.binary(fieldType);
    else if (fieldId === 6) min = thrift.binary(fieldType);
  });
  const isOld = min === undefined && max === undefined && (oldMin !== undefined || oldMax !== undefined);
  return { min: isOld ? oldMin : min, max: isOld ? oldMax : max, nullCount, isOld };
}
