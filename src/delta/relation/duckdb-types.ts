import { quoteName } from '../../duckdb/index.ts';
import type { DeltaType } from '../schema.ts';

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  byte: 'TINYINT',
  short: 'SMALLINT',
  integer: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  timestamp_ntz: 'TIMESTAMP',
  variant: 'JSON',
  void: 'INTEGER',
};

/** The DuckDB type of a Delta type. A `void` is all null, as an integer; a `variant` is JSON text. */
export function duckdbType(type: DeltaType): string {
  if (typeof type === 'string') return PRIMITIVES[type] ?? type.toUpperCase();
  switch (type.type) {
    case 'struct':
      return structType(type.fields.map((field) => [field.name, duckdbType(field.type)]));
    case 'array':
      return `${duckdbType(type.elementType)}[]`;
    case 'map':
      return mapType(duckdbType(type.keyType), duckdbType(type.valueType));
  }
}

export function structType(fields: readonly (readonly [name: string, type: string])[]): string {
  return `STRUCT(${fields.map(([name, type]) => `${quoteName(name)} ${type}`).join(', ')})`;
}

export function mapType(key: string, value: string): string {
  return `MAP(${key}, ${value})`;
}
