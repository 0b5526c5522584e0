import { quoteName, quotePath, quoteText } from '../../duckdb/index.ts';
import { deltaError } from '../delta-error.ts';
import { duckdbType, mapType, structType } from '../relation/duckdb-types.ts';
import type { DeltaType, PrimitiveType, StructType } from '../schema.ts';
import { isoMicroseconds } from '../values.ts';

/** Rows given as objects, on their way to DuckDB as lines of JSON. */

/** A value of a row: as scans give it, or a `Date` or ISO text for a date or time, a number for a long. */
export type InputValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly InputValue[]
  | ReadonlyMap<InputValue, InputValue>
  | { readonly [field: string]: InputValue };

export type InputRow = Readonly<Record<string, InputValue>>;

/** One row as a line; unknown columns are refused. */
export function rowLine(schema: StructType, row: InputRow, table: string): string {
  for (const name of Object.keys(row)) {
    if (schema.fields.some((field) => field.name === name)) continue;
    throw deltaError({
      code: 'DELTA_SCHEMA_MISMATCH',
      message: `${table}: a row has the column ${name}, which the table has not`,
      hint: `its columns are ${schema.fields.map((field) => field.name).join(', ')}; give a schema with mergeSchema to add some`,
      facts: { table, column: name },
    });
  }
  return `${structText(schema, row, '')}\n`;
}

function structText(schema: StructType, value: InputValue, at: string): string {
  const holder: Readonly<Record<string, InputValue>> = isObject(value) ? value : {};
  const members = schema.fields.map((field) => {
    const path = at === '' ? field.name : `${at}.${field.name}`;
    return `${JSON.stringify(field.name)}:${valueText(field.type, holder[field.name], path)}`;
  });
  return `{${members.join(',')}}`;
}

function isObject(value: InputValue): value is { readonly [field: string]: InputValue } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date || value instanceof Uint8Array || value instanceof Map || Array.isArray(value))
  );
}

function valueText(type: DeltaType, value: InputValue, at: string): string {
  if (value === null || value === undefined) return 'null';
  if (typeof type === 'string') return JSON.stringify(primitiveText(type, value, at));
  if (type.type === 'struct' && isObject(value)) return structText(type, value, at);
  if (type.type === 'array' && Array.isArray(value)) {
    return `[${value.map((item: InputValue) => valueText(type.elementType, item, `${at}.element`)).join(',')}]`;
  }
  if (type.type === 'map' && (value instanceof Map || isObject(value))) {
    const entries: [InputValue, InputValue][] =
      value instanceof Map ? [...value.entries()] : Object.entries(value);
    const pairs = entries.map(
      ([key, item]) =>
        `{"key":${valueText(type.keyType, key, `${at}.key`)},"value":${valueText(type.valueType, item, `${at}.value`)}}`,
    );
    return `[${pairs.join(',')}]`;
  }
  throw badInput(type, value, at);
}

const DAY_US = 86_400_000_000n;

/** As text, which keeps every digit, NaN and infinities. */
function primitiveText(type: PrimitiveType, value: InputValue, at: string): string | boolean {
  switch (type) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'binary':
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      break;
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'date':
      if (typeof value === 'number' && Number.isInteger(value)) {
        return isoMicroseconds(BigInt(value) * DAY_US).slice(0, 10);
      }
      if (value instanceof Date) return value.toISOString().slice(0, 10);
      if (typeof value === 'string') return value;
      break;
    case 'timestamp':
    case 'timestamp_ntz':
      if (typeof value === 'bigint') return isoMicroseconds(value) + (type === 'timestamp' ? 'Z' : '');
      if (value instanceof Date) return value.toISOString().slice(0, type === 'timestamp' ? 24 : 23);
      if (typeof value === 'string') return value;
      break;
    case 'float':
    case 'double':
      if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value);
      break;
    default:
      if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') {
        return String(value);
      }
  }
  throw badInput(type, value, at);
}

function badInput(type: DeltaType, value: InputValue, at: string) {
  const found = value instanceof Date ? 'a Date' : `a ${typeof value}`;
  return deltaError({
    code: 'DELTA_SCHEMA_MISMATCH',
    message: `column ${at}: expected a ${typeof type === 'string' ? type : type.type}, found ${found}`,
    facts: { column: at },
  });
}

/** A SELECT of the rows in a file of such lines. */
export function linesQuery(schema: StructType, path: string): string {
  const columns = schema.fields.map(({ name, type }) => `${quoteText(name)}: ${quoteText(lineType(type))}`);
  const values = schema.fields.map(
    ({ name, type }) => `${fromLine(type, quoteName(name), 0)} AS ${quoteName(name)}`,
  );
  return `SELECT ${values.join(', ')} FROM read_json(${quotePath(path)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
}

function lineType(type: DeltaType): string {
  if (type === 'binary') return 'VARCHAR';
  if (typeof type === 'string') return duckdbType(type);
  if (type.type === 'struct') return structType(type.fields.map((f) => [f.name, lineType(f.type)]));
  if (type.type === 'array') return `${lineType(type.elementType)}[]`;
  return `${structType([
    ['key', lineType(type.keyType)],
    ['value', lineType(type.valueType)],
  ])}[]`;
}

function hasOwnForm(type: DeltaType): boolean {
  if (typeof type === 'string') return type === 'binary';
  if (type.type === 'struct') return type.fields.some((f) => hasOwnForm(f.type));
  return type.type === 'map' || hasOwnForm(type.elementType);
}

function fromLine(type: DeltaType, value: string, depth: number): string {
  if (!hasOwnForm(type)) return value;
  if (typeof type === 'string') return `from_base64(${value})`;
  const inner = `e${depth}`;
  if (type.type === 'struct') {
    const members = type.fields.map(
      ({ name, type: member }) =>
        `${quoteName(name)} := ${fromLine(member, `(${value}).${quoteName(name)}`, depth)}`,
    );
    return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${members.join(', ')}) END`;
  }
  if (type.type === 'array') {
    return `list_transform(${value}, lambda ${inner}: ${fromLine(type.elementType, inner, depth + 1)})`;
  }
  const pair = `struct_pack(key := ${fromLine(type.keyType, `${inner}.key`, depth + 1)}, value := ${fromLine(type.valueType, `${inner}.value`, depth + 1)})`;
  return `map_from_entries(list_transform(${value}, lambda ${inner}: ${pair}))::${mapType(duckdbType(type.keyType), duckdbType(type.valueType))}`;
}
