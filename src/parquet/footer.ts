/**
 * The file's last part: page indexes, then schema, row groups and statistics.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { VERSION } from '../base/index.ts';
import type { EncodedColumnChunk } from './column-chunk.ts';
import { DATA_PAGE, DICTIONARY_PAGE, ENCODING_ID, type EncodingName } from './page.ts';
import type { EncodedRowGroup } from './row-group.ts';
import {
  decimalByteLength,
  type ParquetField,
  type ParquetSchema,
  type ParquetType,
  PHYSICAL_TYPE_ID,
  physicalType,
} from './schema.ts';
import { boundBytes, type ColumnStatistics } from './statistics.ts';
import type { ThriftCompactWriter } from './thrift-compact.ts';

/** Raised when the same rows come to be written as other bytes. */
const ENCODER_REVISION = 1;

const CODEC_ID = { uncompressed: 0, zstd: 6 } as const;
const REQUIRED = 0;
const OPTIONAL = 1;

/** Where a column chunk's page indexes lie in the file. */
export interface IndexPlaces {
  readonly columnIndex: { readonly byteOffset: number; readonly byteLength: number } | undefined;
  readonly offsetIndex: { readonly byteOffset: number; readonly byteLength: number };
}

export interface PlacedRowGroup {
  readonly byteOffset: number;
  readonly rowGroup: EncodedRowGroup;
  /** In schema order. */
  readonly indexes: readonly IndexPlaces[];
}

/** FileMetaData, without its length. */
export function fileMetadata(
  thrift: ThriftCompactWriter,
  schema: ParquetSchema,
  rowGroups: readonly PlacedRowGroup[],
  keyValues: ReadonlyMap<string, string>,
): Uint8Array {
  thrift.i32(1, 2);
  const root = { name: 'schema', childCount: schema.fields.length };
  thrift.listOfStruct(2, [root, ...schema.fields], (element) =>
    'childCount' in element ? writeRoot(thrift, element) : writeField(thrift, element),
  );
  thrift.i64(
    3,
    rowGroups.reduce((rows, { rowGroup }) => rows + rowGroup.rowCount, 0),
  );
  const numbered = rowGroups.map((placed, ordinal) => ({ placed, ordinal }));
  thrift.listOfStruct(4, numbered, ({ placed, ordinal }) => writeRowGroup(thrift, schema, placed, ordinal));
  if (keyValues.size > 0) {
    thrift.listOfStruct(5, [...keyValues], ([key, value]) => {
      thrift.string(1, key);
      thrift.string(2, value);
    });
  }
  thrift.string(6, `barline version ${VERSION} (build ${ENCODER_REVISION})`);
  // Without an order of its type for each column, readers must not trust min and max.
  thrift.listOfStruct(7, schema.fields, () => thrift.struct(1, () => undefined));
  return thrift.finish();
}

function writeRoot(thrift: ThriftCompactWriter, root: { name: string; childCount: number }): void {
  thrift.string(4, root.name);
  thrift.i32(5, root.childCount);
}

function writeField(thrift: ThriftCompactWriter, field: ParquetField): void {
  const { type } = field;
  const physical = physicalType(type);
  thrift.i32(1, PHYSICAL_TYPE_ID[physical]);
  if (physical === 'FIXED_LEN_BYTE_ARRAY' && typeof type !== 'string')
    thrift.i32(2, decimalByteLength(type.precision));
  thrift.i32(3, field.nullable === false ? REQUIRED : OPTIONAL);
  thrift.string(4, field.name);
  const converted = convertedType(type);
  if (converted !== undefined) thrift.i32(6, converted);
  if (typeof type !== 'string') {
    thrift.i32(7, type.scale);
    thrift.i32(8, type.precision);
  }
  if (field.fieldId !== undefined) thrift.i32(9, field.fieldId);
  writeLogicalType(thrift, type);
}

/** The older way of naming a logical type, by number; timestamps without a zone and nanoseconds have none. */
function convertedType(type: ParquetType): number | undefined {
  if (typeof type !== 'string') return 5;
  const ids: Partial<Record<typeof type, number>> = {
    string: 0,
    date: 6,
    timestamp: 10,
    int8: 15,
    int16: 16,
    int32: 17,
    int64: 18,
  };
  return ids[type];
}

function writeLogicalType(thrift: ThriftCompactWriter, type: ParquetType): void {
  const logical = (id: number, body: () => void = () => undefined) =>
    thrift.struct(10, () => thrift.struct(id, body));
  if (typeof type !== 'string') {
    logical(5, () => {
      thrift.i32(1, type.scale);
      thrift.i32(2, type.precision);
    });
  } else if (type === 'string') logical(1);
  else if (type === 'date') logical(6);
  else if (type === 'timestamp' || type === 'timestamp_ntz' || type === 'timestamp_nanos') {
    logical(8, () => {
      thrift.bool(1, type !== 'timestamp_ntz');
      thrift.struct(2, () => thrift.struct(type === 'timestamp_nanos' ? 3 : 2, () => undefined));
    });
  } else if (type === 'int8' || type === 'int16' || type === 'int32' || type === 'int64') {
    logical(10, () => {
      thrift.i8(1, Number(type.slice(3)));
      thrift.bool(2, true);
    });
  }
}

function writeRowGroup(
  thrift: ThriftCompactWriter,
  schema: ParquetSchema,
  placed: PlacedRowGroup,
  ordinal: number,
): void {
  const { rowGroup, byteOffset, indexes } = placed;
  const chunks = rowGroup.columns.map((chunk, index) => ({
    chunk,
    field: schema.fields[index],
    places: indexes[index],
  }));
  thrift.listOfStruct(1, chunks, ({ chunk, field, places }) => {
    thrift.i64(2, 0); // deprecated, and 0 by the format's advice
    thrift.struct(3, () => writeChunkMetadata(thrift, field, chunk, byteOffset));
    thrift.i64(4, places.offsetIndex.byteOffset);
    thrift.i32(5, places.offsetIndex.byteLength);
    if (places.columnIndex !== undefined) {
      thrift.i64(6, places.columnIndex.byteOffset);
      thrift.i32(7, places.columnIndex.byteLength);
    }
  });
  thrift.i64(
    2,
    rowGroup.columns.reduce((bytes, chunk) => bytes + chunk.uncompressedByteLength, 0),
  );
  thrift.i64(3, rowGroup.rowCount);
  thrift.i64(5, byteOffset);
  thrift.i64(6, rowGroup.byteLength);
  if (ordinal < 32_768) thrift.i16(7, ordinal);
}

function writeChunkMetadata(
  thrift: ThriftCompactWriter,
  field: ParquetField,
  chunk: EncodedColumnChunk,
  rowGroupOffset: number,
): void {
  const { dictionaryPageOffset, pages } = chunk;
  const encodings = new Set<EncodingName>([chunk.encoding]);
  if (dictionaryPageOffset !== null) encodings.add('PLAIN');
  encodings.add('RLE');
  thrift.i32(1, PHYSICAL_TYPE_ID[physicalType(field.type)]);
  thrift.listOfI32(
    2,
    [...encodings].map((encoding) => ENCODING_ID[encoding]),
  );
  thrift.listOfBinary(3, [Buffer.from(field.name)]);
  thrift.i32(4, CODEC_ID[chunk.codec]);
  thrift.i64(5, chunk.valueCount);
  thrift.i64(6, chunk.uncompressedByteLength);
  thrift.i64(7, chunk.compressedByteLength);
  thrift.i64(9, rowGroupOffset + pages[0].byteOffset);
  if (dictionaryPageOffset !== null) thrift.i64(11, rowGroupOffset + dictionaryPageOffset);
  thrift.struct(12, () => writeStatistics(thrift, field, chunk.statistics));
  const dataPages = { type: DATA_PAGE, encoding: chunk.encoding, count: pages.length };
  const dictionaryPages = { type: DICTIONARY_PAGE, encoding: 'PLAIN' as const, count: 1 };
  thrift.listOfStruct(
    13,
    dictionaryPageOffset === null ? [dataPages] : [dictionaryPages, dataPages],
    ({ type, encoding, count }) => {
      thrift.i32(1, type);
      thrift.i32(2, ENCODING_ID[encoding]);
      thrift.i32(3, count);
    },
  );
}

function writeStatistics(
  thrift: ThriftCompactWriter,
  field: ParquetField,
  statistics: ColumnStatistics,
): void {
  const { min } = statistics;
  // to readers like DuckDB a NaN lies above all numbers, and they would leave its row group out
  const max = statistics.nanCount > 0 ? null : statistics.max;
  thrift.i64(3, statistics.nullCount);
  if (max !== null) thrift.binary(5, boundBytes(field, max, false));
  if (min !== null) thrift.binary(6, boundBytes(field, min, true));
  if (max !== null) thrift.bool(7, statistics.maxExact);
  if (min !== null) thrift.bool(8, statistics.minExact);
}
