import { deltaError } from './delta-error.ts';

/** The types of a Delta schema, as they stand in `schemaString`. */
export type PrimitiveType =
  | 'string'
  | 'byte'
  | 'short'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'boolean'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | 'variant'
  | 'void'
  | `decimal(${number},${number})`;

export interface ArrayType {
  readonly type: 'array';
  readonly elementType: DeltaType;
  readonly containsNull: boolean;
}

export interface MapType {
  readonly type: 'map';
  readonly keyType: DeltaType;
  readonly valueType: DeltaType;
  readonly valueContainsNull: boolean;
}

export interface StructField {
  readonly name: string;
  readonly type: DeltaType;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface StructType {
  readonly type: 'struct';
  readonly fields: readonly StructField[];
}

export type DeltaType = PrimitiveType | ArrayType | MapType | StructType;

export function field(
  name: string,
  type: DeltaType,
  options: { nullable?: boolean; metadata?: StructField['metadata'] } = {},
): StructField {
  return { name, type, nullable: options.nullable ?? true, metadata: options.metadata ?? {} };
}

export function struct(fields: readonly StructField[]): StructType {
  return { type: 'struct', fields };
}

/** The text of `metaData.schemaString`. */
export function schemaString(schema: StructType): string {
  return JSON.stringify(schema);
}

/** Reads `metaData.schemaString`; `DELTA_BAD_SCHEMA` names the field it cannot read. */
export function parseSchema(text: string, table: string): StructType {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw badSchema(table, 'schemaString is not JSON', cause);
  }
  const type = readType(parsed, '', table);
  if (typeof type === 'string' || type.type !== 'struct') {
    throw badSchema(table, `the schema's root: expected a struct, found ${JSON.stringify(type)}`);
  }
  return type;
}

const SIMPLE_TYPES: ReadonlySet<string> = new Set([
  'string',
  'byte',
  'short',
  'integer',
  'long',
  'float',
  'double',
  'boolean',
  'binary',
  'date',
  'timestamp',
  'timestamp_ntz',
  'variant',
  'void',
]);

function isPrimitive(text: string): text is PrimitiveType {
  return SIMPLE_TYPES.has(text) || /^decimal\(\d{1,2},\d{1,2}\)$/.test(text);
}

function readType(value: unknown, at: string, table: string): DeltaType {
  if (typeof value === 'string') {
    // Spark once wrote decimals without precision, and intervals of blanks inside the brackets
    const text = value === 'decimal' ? 'decimal(10,0)' : value.replaceAll(' ', '');
    if (isPrimitive(text)) return text;
    if (text === 'null') return 'void';
    throw badSchema(table, `${place(at)}: unknown type ${JSON.stringify(value)}`);
  }
  if (isRecord(value)) {
    if (value.type === 'struct' && Array.isArray(value.fields)) {
      return struct(value.fields.map((f: unknown) => readField(f, at, table)));
    }
    if (value.type === 'array') {
      const elementType = readType(value.elementType, `${at}.element`, table);
      return { type: 'array', elementType, containsNull: value.containsNull !== false };
    }
    if (value.type === 'map') {
      const keyType = readType(value.keyType, `${at}.key`, table);
      const valueType = readType(value.valueType, `${at}.value`, table);
      return { type: 'map', keyType, valueType, valueContainsNull: value.valueContainsNull !== false };
    }
  }
  throw badSchema(table, `${place(at)}: expected a type, found ${JSON.stringify(value)}`);
}

function readField(value: unknown, at: string, table: string): StructField {
  if (!isRecord(value) || typeof value.name !== 'string') {
    throw badSchema(table, `${place(at)}: expected a field with a name, found ${JSON.stringify(value)}`);
  }
  const name = value.name;
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const type = readType(value.type, at === '' ? name : `${at}.${name}`, table);
  return { name, type, nullable: value.nullable !== false, metadata };
}

/** Every field, nested ones included, with its dotted path. */
export function* allFields(schema: StructType, at = ''): Iterable<{ path: string; field: StructField }> {
  for (const f of schema.fields) {
    const path = at === '' ? f.name : `${at}.${f.name}`;
    yield { path, field: f };
    yield* nestedFields(f.type, path);
  }
}

function* nestedFields(type: DeltaType, at: string): Iterable<{ path: string; field: StructField }> {
  if (typeof type === 'string') return;
  if (type.type === 'struct') yield* allFields(type, at);
  if (type.type === 'array') yield* nestedFields(type.elementType, `${at}.element`);
  if (type.type === 'map') {
    yield* nestedFields(type.keyType, `${at}.key`);
    yield* nestedFields(type.valueType, `${at}.value`);
  }
}

/** True when any value in the type, at any depth, is of this primitive type. */
export function containsType(type: DeltaType, wanted: PrimitiveType): boolean {
  if (typeof type === 'string') return type === wanted;
  if (type.type === 'struct') return type.fields.some((f) => containsType(f.type, wanted));
  if (type.type === 'array') return containsType(type.elementType, wanted);
  return containsType(type.keyType, wanted) || containsType(type.valueType, wanted);
}

/** Refuses a schema that a new table cannot have; names the column. */
export function checkNewSchema(
  schema: StructType,
  partitionBy: readonly string[],
  table: string,
  /** True under column mapping, where files do not have the columns' names. */
  { anyNames = false }: { readonly anyNames?: boolean } = {},
): void {
  if (schema.fields.length === 0) throw badSchema(table, 'the schema has no columns');
  const seen = new Set<string>();
  for (const { path } of allFields(schema)) {
    const key = path.toLowerCase();
    if (seen.has(key))
      throw badSchema(table, `column ${path} is there twice (names must differ by more than case)`);
    seen.add(key);
  }
  for (const { path, field: f } of allFields(schema)) {
    if (f.name === '' || (!anyNames && /[ ,;{}()\n\t=]/.test(f.name))) {
      throw badSchema(
        table,
        `column ${JSON.stringify(path)}: without column mapping a name has none of " ,;{}()\\n\\t="`,
      );
    }
  }
  for (const name of partitionBy) {
    const found = schema.fields.find((f) => f.name === name);
    if (found === undefined) throw badSchema(table, `partition column ${name} is not in the schema`);
    if (typeof found.type !== 'string')
      throw badSchema(table, `partition column ${name} is not of a primitive type`);
  }
  if (new Set(partitionBy).size !== partitionBy.length)
    throw badSchema(table, 'a partition column is named twice');
  if (partitionBy.length === schema.fields.length) {
    throw badSchema(table, 'every column is a partition column; at least one must hold data');
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function place(at: string): string {
  return at === '' ? 'the schema' : `column ${at}`;
}

function badSchema(table: string, why: string, cause?: unknown) {
  return deltaError({ code: 'DELTA_BAD_SCHEMA', message: `schema of ${table}: ${why}`, cause });
}
