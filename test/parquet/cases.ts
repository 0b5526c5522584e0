// Columns of every type, with what a reader must find in them: shared by the plain tests and test/conformance.
import type {
  ColumnData,
  CompressionChoice,
  EncodingChoice,
  ParquetField,
  ParquetType,
} from '../../src/parquet/index.ts';

/** What a row holds, as text that every reader can be brought to; null for null. */
export type Expected = readonly (string | null)[];

export interface CaseColumn {
  readonly field: ParquetField;
  readonly data: ColumnData;
  readonly expected: Expected;
}

export const NULL_PATTERNS = ['required', 'none', 'all', 'some', 'runs', 'first', 'alternating'] as const;
export type NullPattern = (typeof NULL_PATTERNS)[number];

/** How often values repeat: constants and small pools make dictionaries, repeats make runs. */
export const SHAPES = ['constant', 'few', 'repeated', 'many', 'close'] as const;
export type Shape = (typeof SHAPES)[number];

export const TYPES: readonly ParquetType[] = [
  'boolean',
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'string',
  'binary',
  'date',
  'timestamp',
  'timestamp_ntz',
  'timestamp_nanos',
  { kind: 'decimal', precision: 7, scale: 2 },
  { kind: 'decimal', precision: 18, scale: 4 },
  { kind: 'decimal', precision: 38, scale: 10 },
];

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The encodings a field of a type may ask for. */
export function encodingsOf(type: ParquetType): EncodingChoice[] {
  if (type === 'boolean') return ['auto', 'plain', 'rle'];
  if (type === 'float' || type === 'double') return ['auto', 'plain', 'dictionary', 'byte_stream_split'];
  if (type === 'string' || type === 'binary') return ['auto', 'plain', 'dictionary'];
  if (typeof type !== 'string' && type.precision > 18) return ['auto', 'plain', 'dictionary'];
  return ['auto', 'plain', 'dictionary', 'delta'];
}

/** Which rows are null. */
export function nullRows(pattern: NullPattern, rowCount: number, random: () => number): boolean[] {
  return Array.from({ length: rowCount }, (_, row) => {
    if (pattern === 'all') return true;
    if (pattern === 'some') return random() < 0.3;
    if (pattern === 'runs') return row % 97 < 23 || (row > 300 && row < 720);
    if (pattern === 'first') return row < 30;
    if (pattern === 'alternating') return row % 2 === 0;
    return false;
  });
}

/** A column of a type; its values depend on the arguments alone. */
export function caseColumn(
  type: ParquetType,
  options: {
    name: string;
    rowCount: number;
    pattern: NullPattern;
    shape: Shape;
    encoding?: EncodingChoice;
    compression?: CompressionChoice;
    seed?: number;
    fieldId?: number;
  },
): CaseColumn {
  const { name, rowCount, pattern, shape, encoding, compression, fieldId } = options;
  const random = seededRandom((options.seed ?? 1) * 7919 + rowCount * 31 + SHAPES.indexOf(shape));
  const nulls = nullRows(pattern, rowCount, random);
  const values = shapedValues(type, shape, rowCount, random);
  const { data, text } = columnOf(type, values, nulls);
  const field: ParquetField = {
    name,
    type,
    nullable: pattern !== 'required',
    ...(encoding && { encoding }),
    ...(compression && { compression }),
    ...(fieldId !== undefined && { fieldId }),
  };
  return { field, data, expected: values.map((value, row) => (nulls[row] ? null : text(value))) };
}

type Value = number | bigint | string | Uint8Array;

function shapedValues(type: ParquetType, shape: Shape, rowCount: number, random: () => number): Value[] {
  const pool = edgeValues(type);
  if (shape === 'constant') return new Array<Value>(rowCount).fill(pool[0]);
  if (shape === 'few')
    return Array.from({ length: rowCount }, () => pool[Math.floor(random() * pool.length)]);
  if (shape === 'close') return Array.from({ length: rowCount }, (_, row) => closeValue(type, row, random));
  if (shape === 'many') return Array.from({ length: rowCount }, () => anyValue(type, random));
  const values: Value[] = [];
  while (values.length < rowCount) {
    const value = random() < 0.5 ? pool[Math.floor(random() * pool.length)] : anyValue(type, random);
    for (let left = 1 + Math.floor(random() * 40); left > 0 && values.length < rowCount; left--)
      values.push(value);
  }
  return values;
}

const LARGE = 2 ** 53 - 1;
const NANOS_EDGE = 9_000_000_000_000_000_000n;

function edgeValues(type: ParquetType): Value[] {
  if (typeof type !== 'string') {
    const most = 10n ** BigInt(type.precision) - 1n;
    return [0n, 1n, -1n, most, -most, 12_345n];
  }
  switch (type) {
    case 'boolean':
      return [1, 0];
    case 'int8':
      return [0, 1, -1, 127, -128];
    case 'int16':
      return [0, 1, -1, 32_767, -32_768];
    case 'int32':
      return [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];
    case 'int64':
      return [0, 1, -1, LARGE, -LARGE, 2 ** 32, -(2 ** 32), 2 ** 31, -(2 ** 31)];
    case 'float':
    case 'double':
      return [0, -0, 1.5, -1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0.25, 1e-40];
    case 'string':
      return ['', 'a', 'ESH4', 'é😀', '\u0000', 'x'.repeat(300), '\uffff'];
    case 'binary':
      return [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(255, 254), new Uint8Array(100).fill(255)];
    case 'date':
      return [0, -1, 19_800, 20_000, -100_000];
    case 'timestamp':
    case 'timestamp_ntz':
      return [0, -1, 1_714_000_000_000_000, -620_000_000_000_000, 1_714_000_000_000_001];
    case 'timestamp_nanos':
      return [0n, -1n, 1_714_000_000_000_000_001n, NANOS_EDGE, -NANOS_EDGE];
  }
}

/** Over the whole range of the type. */
function anyValue(type: ParquetType, random: () => number): Value {
  if (typeof type !== 'string') {
    let digits = '';
    while (digits.length < type.precision) digits += Math.floor(random() * 10);
    return random() < 0.5 ? BigInt(digits) : -BigInt(digits);
  }
  switch (type) {
    case 'boolean':
      return random() < 0.5 ? 0 : 1;
    case 'int8':
      return Math.floor(random() * 256) - 128;
    case 'int16':
      return Math.floor(random() * 65_536) - 32_768;
    case 'int32':
      return Math.floor(random() * 2 ** 32) - 2 ** 31;
    case 'int64':
      return Math.floor((random() - 0.5) * 2 ** (10 + Math.floor(random() * 43)));
    case 'float':
      return Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 30 - 15));
    case 'double':
      return (random() - 0.5) * 10 ** Math.floor(random() * 200 - 100);
    case 'string':
      return `row ${Math.floor(random() * 1e9)} ${'·'.repeat(Math.floor(random() * 50))}`;
    case 'binary':
      return Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
    case 'date':
      return Math.floor(random() * 200_000) - 100_000;
    case 'timestamp':
    case 'timestamp_ntz':
      return Math.floor((random() - 0.2) * 4e15);
    case 'timestamp_nanos':
      return BigInt(Math.floor(random() * 2 ** 53)) * 1000n + BigInt(Math.floor(random() * 1000));
  }
}

/** Rising slowly, as times and counters do. */
function closeValue(type: ParquetType, row: number, random: () => number): Value {
  const step = row * 3 + Math.floor(random() * 5);
  if (typeof type !== 'string') return BigInt(step % 1000);
  switch (type) {
    case 'boolean':
      return row % 50 < 25 ? 1 : 0;
    case 'int8':
      return step % 128;
    case 'int16':
      return step % 32_768;
    case 'float':
    case 'double':
      return 4000 + step * 0.25;
    case 'string':
      return `key-${String(step).padStart(8, '0')}`;
    case 'binary':
      return Uint8Array.of(step >>> 16, step >>> 8, step);
    case 'timestamp':
    case 'timestamp_ntz':
      return 1_714_000_000_000_000 + row * 1_000_000;
    case 'timestamp_nanos':
      return 1_714_000_000_000_000_000n + BigInt(row) * 1_000_000_001n;
    default:
      return step;
  }
}

/** Values as a reader says them: whole numbers, unscaled decimals, days and times as integers, bytes as hex. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

export function bytesText(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}

interface Built {
  readonly data: ColumnData;
  readonly text: (value: Value) => string;
}

function columnOf(type: ParquetType, values: Value[], nulls: readonly boolean[]): Built {
  const anyNull = nulls.includes(true);
  const validity = anyNull ? { validity: Uint8Array.from(nulls, (isNull) => (isNull ? 0 : 1)) } : {};
  const numbers = () => values.map(Number);
  const whole = (value: Value) => String(value === 0 ? 0 : value);
  if (typeof type !== 'string') {
    const rows = values.map((value, row) => (nulls[row] || typeof value !== 'bigint' ? null : value));
    return { data: { values: rows }, text: whole };
  }
  switch (type) {
    case 'boolean':
      return {
        data: { values: Uint8Array.from(numbers()), ...validity },
        text: (value) => String(value === 1),
      };
    case 'int8':
      return { data: { values: Int8Array.from(numbers()), ...validity }, text: whole };
    case 'int16':
      return { data: { values: Int16Array.from(numbers()), ...validity }, text: whole };
    case 'int32':
    case 'date':
      return { data: { values: Int32Array.from(numbers()), ...validity }, text: whole };
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return { data: { values: Float64Array.from(numbers()), ...validity }, text: whole };
    case 'timestamp_nanos':
      return { data: { values: BigInt64Array.from(values.map(asBigint)), ...validity }, text: whole };
    case 'float':
      return {
        data: { values: Float32Array.from(numbers()), ...validity },
        text: (value) => numberText(Math.fround(Number(value))),
      };
    case 'double':
      return {
        data: { values: Float64Array.from(numbers()), ...validity },
        text: (value) => numberText(Number(value)),
      };
    case 'string': {
      const rows = values.map((value, row) => (nulls[row] ? null : String(value)));
      return { data: { values: rows }, text: String };
    }
    case 'binary': {
      const rows = values.map((value, row) => (nulls[row] || !(value instanceof Uint8Array) ? null : value));
      return {
        data: { values: rows },
        text: (value) => (value instanceof Uint8Array ? bytesText(value) : ''),
      };
    }
  }
}

function asBigint(value: Value): bigint {
  return typeof value === 'bigint' ? value : 0n;
}

/** One file: columns of equal length, and how it is cut. */
export interface FileCase {
  readonly name: string;
  readonly rowCount: number;
  readonly columns: readonly CaseColumn[];
  readonly options: { readonly rowGroupRows: number; readonly pageRows: number };
}

const SIZES = [
  { rowCount: 0, rowGroupRows: 100, pageRows: 100 },
  { rowCount: 1, rowGroupRows: 100, pageRows: 100 },
  { rowCount: 9, rowGroupRows: 4, pageRows: 3 },
  { rowCount: 1000, rowGroupRows: 1000, pageRows: 64 },
  { rowCount: 1500, rowGroupRows: 801, pageRows: 333 },
];

/** Every type in every encoding and shape, for every pattern of nulls and several sizes. */
export function fileCases(types: readonly ParquetType[] = TYPES): FileCase[] {
  return SIZES.flatMap((size) =>
    NULL_PATTERNS.map((pattern) => ({
      name: `${pattern}-${size.rowCount}`,
      rowCount: size.rowCount,
      columns: caseColumns(types, size.rowCount, pattern),
      options: { rowGroupRows: size.rowGroupRows, pageRows: size.pageRows },
    })),
  );
}

function caseColumns(types: readonly ParquetType[], rowCount: number, pattern: NullPattern): CaseColumn[] {
  return types.flatMap((type, index) =>
    encodingsOf(type).flatMap((encoding, encodingIndex) =>
      SHAPES.map((shape, shapeIndex) => {
        const compression = (['auto', 'zstd', 'uncompressed'] as const)[
          (index + encodingIndex + shapeIndex) % 3
        ];
        const label = typeof type === 'string' ? type : `decimal${type.precision}`;
        const name = `${label}_${encoding}_${shape}`;
        return caseColumn(type, { name, rowCount, pattern, shape, encoding, compression, seed: index });
      }),
    ),
  );
}
