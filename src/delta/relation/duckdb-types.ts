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
  void: 'INTEGER',
};

/** The DuckDB type of a Delta type. A column of type `void` is all null, as an integer. */
export function duckdbType(type: DeltaType): string {
  if (typeof type === 'string') return PRIMITIVES[type] ?? type.toUpperCase();
  switch (type.type) {
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoteName(field.name)} ${duckdbType(field.type)}`).join(', ')})`;
    case 'array':
      return `${duckdbType(type.elementType)}[]`;
    case 'map':
      return `MAP(${duckdbType(type.keyType)}, ${duckdbType(type.valueType)})`;
  }
}
