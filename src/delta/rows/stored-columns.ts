import { quoteName } from '../../duckdb/index.ts';
import { ID_KEY, mappingMode, storedName } from '../column-identity.ts';
import type { TableShape } from '../data-file.ts';
import { duckdbType } from '../relation/duckdb-types.ts';
import type { DeltaType, StructField } from '../schema.ts';

/** How columns of the table lie in its data files: under stored names, with ids where the table maps its columns. */

type Properties = TableShape['properties'];

/** The columns that data files hold: all but the partition columns and those of type void. */
export function storedFields({ schema, partitionColumns }: TableShape): readonly StructField[] {
  return schema.fields.filter(({ name, type }) => !partitionColumns.includes(name) && type !== 'void');
}

/** The shape by the names that columns have in files, partition values and statistics. */
export function storedShape(shape: TableShape): TableShape {
  const { schema, partitionColumns, properties } = shape;
  if (mappingMode(properties) === 'none') return shape;
  const names = new Map(schema.fields.map((field) => [field.name, storedName(field, properties)]));
  const nameOf = (name: string) => names.get(name) ?? name;
  const { 'delta.columnMapping.mode': _, ...others } = properties;
  const indexed = others['delta.dataSkippingStatsColumns'];
  return {
    schema: { ...schema, fields: schema.fields.map((field) => ({ ...field, name: nameOf(field.name) })) },
    partitionColumns: partitionColumns.map(nameOf),
    properties:
      indexed === undefined
        ? others
        : {
            ...others,
            'delta.dataSkippingStatsColumns': indexed
              .split(',')
              .map((name) => nameOf(name.trim().replaceAll('`', '')))
              .join(','),
          },
  };
}

/** The select list that makes stored columns of the table's. `guard` is laid around the first. */
export function storedSelect(shape: TableShape, guard: (value: string) => string = (value) => value): string {
  const columns = storedFields(shape).map((field, i) => {
    const value = storedValue(field.type, `${quoteName(field.name)}::${duckdbType(field.type)}`, shape, 0);
    return `${i === 0 ? guard(value) : value} AS ${quoteName(storedName(field, shape.properties))}`;
  });
  return columns.join(', ');
}

function storedValue(type: DeltaType, value: string, shape: TableShape, depth: number): string {
  if (typeof type === 'string' || !renames(type, shape.properties)) return value;
  const inner = `e${depth}`;
  switch (type.type) {
    case 'struct': {
      const members = type.fields.map(
        (field) =>
          `${quoteName(storedName(field, shape.properties))} := ${storedValue(field.type, `(${value}).${quoteName(field.name)}`, shape, depth)}`,
      );
      return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${members.join(', ')}) END`;
    }
    case 'array':
      return `list_transform(${value}, lambda ${inner}: ${storedValue(type.elementType, inner, shape, depth + 1)})`;
    case 'map': {
      const key = storedValue(type.keyType, `${inner}.key`, shape, depth + 1);
      const item = storedValue(type.valueType, `${inner}.value`, shape, depth + 1);
      return `map_from_entries(list_transform(map_entries(${value}), lambda ${inner}: struct_pack(key := ${key}, value := ${item})))`;
    }
  }
}

/** True when some field within has another name in files. */
function renames(type: DeltaType, properties: Properties): boolean {
  if (typeof type === 'string') return false;
  if (type.type === 'array') return renames(type.elementType, properties);
  if (type.type === 'map') return renames(type.keyType, properties) || renames(type.valueType, properties);
  return type.fields.some(
    (field) => storedName(field, properties) !== field.name || renames(field.type, properties),
  );
}

/** DuckDB's FIELD_IDS for the columns; undefined where the table does not map its columns. */
export function fieldIds(shape: TableShape): string | undefined {
  if (mappingMode(shape.properties) === 'none') return undefined;
  const members = storedFields(shape).flatMap((field) => fieldId(field, shape.properties));
  return members.length === 0 ? undefined : `{${members.join(', ')}}`;
}

function fieldId(field: StructField, properties: Properties): string[] {
  const id = field.metadata[ID_KEY];
  const own = typeof id === 'number' ? [`__duckdb_field_id: ${id}`] : [];
  const members = [...own, ...childIds(field.type, properties)];
  if (members.length === 0) return [];
  const isPlain = own.length === members.length;
  return [`${quoteName(storedName(field, properties))}: ${isPlain ? id : `{${members.join(', ')}}`}`];
}

/** Elements, keys and values have no ids; structs within them do. */
function childIds(type: DeltaType, properties: Properties): string[] {
  if (typeof type === 'string') return [];
  if (type.type === 'struct') return type.fields.flatMap((field) => fieldId(field, properties));
  const named: [string, DeltaType][] =
    type.type === 'array'
      ? [['element', type.elementType]]
      : [
          ['key', type.keyType],
          ['value', type.valueType],
        ];
  return named.flatMap(([name, child]) => {
    const members = childIds(child, properties);
    return members.length === 0 ? [] : [`${name}: {${members.join(', ')}}`];
  });
}
