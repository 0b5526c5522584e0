import type { DuckDBValue } from '@duckdb/node-api';
import type { DeltaType } from '../schema.ts';

/**
 * A value of a row: dates as days and times as microseconds (bigint) since the epoch, longs as bigint, decimals and
 * variants (JSON) as text, binaries as bytes, structs as objects, maps as `Map`.
 */
export type RowValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly RowValue[]
  | ReadonlyMap<RowValue, RowValue>
  | { readonly [field: string]: RowValue };

export type Row = Readonly<Record<string, RowValue>>;

type Convert = (value: DuckDBValue | undefined) => RowValue;

/** From a value as DuckDB's Node client gives it. */
export function rowValueOf(type: DeltaType): Convert {
  const convert = converterOf(type);
  return (value) => (value === null || value === undefined ? null : convert(value));
}

function converterOf(type: DeltaType): (value: DuckDBValue) => RowValue {
  if (typeof type === 'string') return primitiveOf(type);
  switch (type.type) {
    case 'struct': {
      const members = type.fields.map((field) => [field.name, rowValueOf(field.type)] as const);
      return (value) => {
        const entries = has(value, 'entries') && !Array.isArray(value.entries) ? value.entries : {};
        return Object.fromEntries(members.map(([name, convert]) => [name, convert(entries[name])]));
      };
    }
    case 'array': {
      const convert = rowValueOf(type.elementType);
      return (value) => (has(value, 'items') ? value.items.map(convert) : []);
    }
    case 'map': {
      const [key, item] = [rowValueOf(type.keyType), rowValueOf(type.valueType)];
      return (value) => {
        const entries = has(value, 'entries') && Array.isArray(value.entries) ? value.entries : [];
        return new Map(entries.map((entry) => [key(entry.key), item(entry.value)]));
      };
    }
  }
}

function primitiveOf(type: string): (value: DuckDBValue) => RowValue {
  switch (type) {
    case 'date':
      return (value) => (has(value, 'days') ? value.days : 0);
    case 'timestamp':
    case 'timestamp_ntz':
      return (value) => (has(value, 'micros') ? value.micros : 0n);
    case 'binary':
      return (value) => (has(value, 'bytes') ? value.bytes : new Uint8Array());
    case 'boolean':
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return (value) => (typeof value === 'object' ? null : value);
    default:
      return (value) => String(value);
  }
}

type Having<K extends PropertyKey> = Extract<DuckDBValue, Readonly<Record<K, unknown>>>;

function has<K extends PropertyKey>(value: DuckDBValue, key: K): value is Having<K> {
  return typeof value === 'object' && value !== null && key in value;
}
