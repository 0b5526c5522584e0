import { BarlineError } from '../../base/index.ts';
import type { ResultColumn } from '../../duckdb/index.ts';
import { type DeltaType, field, type PrimitiveType, type StructType, struct } from '../schema.ts';

/** Delta's types by DuckDB's names for them. */
const PRIMITIVES: Readonly<Record<string, PrimitiveType>> = {
  VARCHAR: 'string',
  UUID: 'string',
  JSON: 'string',
  TINYINT: 'byte',
  SMALLINT: 'short',
  UTINYINT: 'short',
  INTEGER: 'integer',
  USMALLINT: 'integer',
  BIGINT: 'long',
  UINTEGER: 'long',
  UBIGINT: 'decimal(20,0)',
  HUGEINT: 'decimal(38,0)',
  FLOAT: 'float',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  BLOB: 'binary',
  DATE: 'date',
  TIME: 'string',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
  TIMESTAMP: 'timestamp_ntz',
  TIMESTAMP_S: 'timestamp_ntz',
  TIMESTAMP_MS: 'timestamp_ntz',
  TIMESTAMP_NS: 'timestamp_ntz',
  '"NULL"': 'void',
};

/** A table's schema for the columns of a query. `DELTA_BAD_SCHEMA` names one whose type Delta has not. */
export function schemaOfColumns(columns: readonly ResultColumn[], what: string): StructType {
  return struct(
    columns.map(({ name, type }) => {
      const found = deltaTypeOf(type);
      if (found !== undefined && found !== 'void') return field(name, found);
      throw new BarlineError({
        code: 'DELTA_BAD_SCHEMA',
        message: `${what}: column ${name} is of the type ${type}, which Delta has not`,
        hint: 'give the schema itself, or cast the column',
        facts: { column: name, type },
      });
    }),
  );
}

/** The type that holds the values of a DuckDB type (as DESCRIBE writes it); undefined where Delta has none. */
export function deltaTypeOf(duckdbName: string): DeltaType | undefined {
  const text = duckdbName.trim();
  const list = /^(.*)\[\d*\]$/s.exec(text)?.[1];
  if (list !== undefined) {
    const elementType = deltaTypeOf(list);
    return elementType && { type: 'array', elementType, containsNull: true };
  }
  const [, kind, inner = ''] = /^(STRUCT|MAP|DECIMAL|ENUM)\((.*)\)$/s.exec(text) ?? [];
  switch (kind) {
    case 'ENUM':
      return 'string';
    case 'DECIMAL': {
      const [, precision, scale] = /^(\d+),(\d+)$/.exec(inner) ?? [];
      return precision === undefined ? undefined : `decimal(${Number(precision)},${Number(scale)})`;
    }
    case 'MAP': {
      const [keyType, valueType] = parts(inner).map(deltaTypeOf);
      return keyType && valueType && { type: 'map', keyType, valueType, valueContainsNull: true };
    }
    case 'STRUCT':
      return structOf(inner);
    default:
      return PRIMITIVES[text];
  }
}

function structOf(inner: string): DeltaType | undefined {
  const fields = parts(inner).map((part) => {
    const [, quoted, plain, type = ''] = /^\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)$/s.exec(part) ?? [];
    const found = deltaTypeOf(type);
    return found && field(quoted?.replaceAll('""', '"') ?? plain ?? '', found);
  });
  const known = fields.filter((each) => each !== undefined);
  return known.length === fields.length ? struct(known) : undefined;
}

/** What lies between the commas that are in no brackets and no quotes. */
function parts(text: string): string[] {
  const found: string[] = [];
  let [depth, start, quote] = [0, 0, ''];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === ',' && depth === 0) {
      found.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...found, text.slice(start)];
}
