/**
 * What a file's columns are: names, types, nullability, and how each is to be encoded; and how those types are said
 * in Parquet (physical, logical and converted type).
 * https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
 */
import { BarlineError } from '../base/index.ts';

export interface DecimalType {
  readonly kind: 'decimal';
  /** Decimal digits in all, 1 … 38. */
  readonly precision: number;
  /** Digits after the point, 0 … precision. */
  readonly scale: number;
}

export type ParquetType =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'string'
  | 'binary'
  /** Days since 1970-01-01. */
  | 'date'
  /** Microseconds since the epoch, UTC. */
  | 'timestamp'
  /** Microseconds on a clock without a zone. */
  | 'timestamp_ntz'
  /** Nanoseconds since the epoch, UTC. */
  | 'timestamp_nanos'
  | DecimalType;

/**
 * How values are laid out in pages. `auto` looks at the values (column-chunk.ts tells how) and is the right choice
 * unless a reader asks for something else: every reader knows what it takes. Spark cannot read `byte_stream_split` in
 * its vectorized reader. `rle` is for booleans, `byte_stream_split` for floats and doubles, `delta`
 * for whole numbers, dates and timestamps. `dictionary` and `delta` give way to `plain` where they cannot be used:
 * above 65,536 distinct values; neighbours 2^52 or more apart.
 */
export type EncodingChoice = 'auto' | 'plain' | 'dictionary' | 'delta' | 'byte_stream_split' | 'rle';

/** `auto`: zstd where it saves a twentieth of a column's first page, else none. */
export type CompressionChoice = 'auto' | 'zstd' | 'uncompressed';

export interface ParquetField {
  readonly name: string;
  readonly type: ParquetType;
  /** Default true. A null in a column that is not nullable is an error. */
  readonly nullable?: boolean;
  /** Number by which Delta's and Iceberg's column mapping find the column. */
  readonly fieldId?: number;
  readonly encoding?: EncodingChoice;
  readonly compression?: CompressionChoice;
}

export interface ParquetSchema {
  readonly fields: readonly ParquetField[];
}

export type PhysicalType =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

/** The numbers of physical types in the file's metadata. */
export const PHYSICAL_TYPE_ID: Readonly<Record<PhysicalType, number>> = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
};

const PHYSICAL_TYPE: Readonly<Record<Exclude<ParquetType, DecimalType>, PhysicalType>> = {
  boolean: 'BOOLEAN',
  int8: 'INT32',
  int16: 'INT32',
  int32: 'INT32',
  int64: 'INT64',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'BYTE_ARRAY',
  binary: 'BYTE_ARRAY',
  date: 'INT32',
  timestamp: 'INT64',
  timestamp_ntz: 'INT64',
  timestamp_nanos: 'INT64',
};

/** The physical type a field is stored as; decimals of up to 9 digits as INT32, up to 18 as INT64. */
export function physicalType(type: ParquetType): PhysicalType {
  if (typeof type === 'string') return PHYSICAL_TYPE[type];
  return type.precision <= 9 ? 'INT32' : type.precision <= 18 ? 'INT64' : 'FIXED_LEN_BYTE_ARRAY';
}

/** Bytes of a value of a decimal of more than 18 digits: the fewest that hold 10^precision in two's complement. */
export function decimalByteLength(precision: number): number {
  return Math.ceil((precision * Math.log2(10) + 1) / 8);
}

/** `decimal(10,2)`, `timestamp`: a type as messages name it. */
export function typeName(type: ParquetType): string {
  return typeof type === 'string' ? type : `decimal(${type.precision},${type.scale})`;
}

const WHOLE = ['int8', 'int16', 'int32', 'int64', 'date', 'timestamp', 'timestamp_ntz', 'timestamp_nanos'];

function allowsEncoding(type: ParquetType, encoding: EncodingChoice): boolean {
  if (encoding === 'rle') return type === 'boolean';
  if (encoding === 'dictionary') return type !== 'boolean';
  if (encoding === 'byte_stream_split') return type === 'float' || type === 'double';
  if (encoding === 'delta') return typeof type === 'string' ? WHOLE.includes(type) : type.precision <= 18;
  return true;
}

/** Throws `PARQUET_SCHEMA` when names repeat, a decimal is out of range or an encoding does not suit its type. */
export function checkSchema(schema: ParquetSchema): void {
  const names = new Set<string>();
  if (schema.fields.length === 0)
    throw schemaError('A Parquet schema needs at least one column, found none.', '');
  for (const { name, type, encoding } of schema.fields) {
    if (names.has(name)) throw schemaError(`Column ${JSON.stringify(name)} is in the schema twice.`, name);
    names.add(name);
    if (typeof type !== 'string') {
      const { precision, scale } = type;
      const inRange = Number.isInteger(precision) && precision >= 1 && precision <= 38;
      if (!inRange || !Number.isInteger(scale) || scale < 0 || scale > precision) {
        throw schemaError(
          `Column ${JSON.stringify(name)}: expected a decimal of 1 to 38 digits with a scale of 0 to its digits, found ${typeName(type)}.`,
          name,
        );
      }
    }
    if (encoding !== undefined && !allowsEncoding(type, encoding)) {
      throw schemaError(
        `Column ${JSON.stringify(name)}: the encoding ${encoding} does not apply to the type ${typeName(type)}.`,
        name,
      );
    }
  }
}

function schemaError(message: string, column: string): BarlineError {
  return new BarlineError({ code: 'PARQUET_SCHEMA', message, facts: { column } });
}
