import type { DeltaType, StructField, StructType } from './schema.ts';

/** Ids and physical names of columns, as column mapping keeps them in the fields' metadata. */

export const ID_KEY = 'delta.columnMapping.id';
export const PHYSICAL_NAME_KEY = 'delta.columnMapping.physicalName';
export const MAX_ID_PROPERTY = 'delta.columnMapping.maxColumnId';

export function mappingMode(properties: Readonly<Record<string, string>>): string {
  return properties['delta.columnMapping.mode'] ?? 'none';
}

/** The name a column has in data files, partition values and statistics. */
export function storedName(field: StructField, properties: Readonly<Record<string, string>>): string {
  const physical = field.metadata[PHYSICAL_NAME_KEY];
  return mappingMode(properties) === 'none' || typeof physical !== 'string' ? field.name : physical;
}

/** A physical name no version of the table has used. */
export function newPhysicalName(uuid: () => string): string {
  return `col-${uuid()}`;
}

export interface IdentifiedSchema {
  readonly schema: StructType;
  readonly maxColumnId: number;
}

/**
 * Gives every field without one an id above `maxColumnId` and a physical name from `nameOf`. Fields of tables that
 * had no mapping keep their name as physical name (their files have it); new ones get a name never used before.
 */
export function identifyColumns(
  schema: StructType,
  maxColumnId: number,
  nameOf: (field: StructField) => string,
): IdentifiedSchema {
  let last = Math.max(maxColumnId, highestId(schema));
  const identify = (field: StructField): StructField => {
    const type = mapFields(field.type, identify);
    const hasId = typeof field.metadata[ID_KEY] === 'number';
    const hasName = typeof field.metadata[PHYSICAL_NAME_KEY] === 'string';
    if (hasId && hasName) return { ...field, type };
    if (!hasId) last += 1;
    const metadata = {
      ...field.metadata,
      ...(!hasId && { [ID_KEY]: last }),
      ...(!hasName && { [PHYSICAL_NAME_KEY]: nameOf(field) }),
    };
    return { ...field, type, metadata };
  };
  const identified = { ...schema, fields: schema.fields.map(identify) };
  return { schema: identified, maxColumnId: last };
}

/** The type with each struct field in it replaced, through arrays and maps. */
export function mapFields(type: DeltaType, replace: (field: StructField) => StructField): DeltaType {
  if (typeof type === 'string') return type;
  if (type.type === 'struct') return { ...type, fields: type.fields.map(replace) };
  if (type.type === 'array') return { ...type, elementType: mapFields(type.elementType, replace) };
  return {
    ...type,
    keyType: mapFields(type.keyType, replace),
    valueType: mapFields(type.valueType, replace),
  };
}

function highestId(schema: StructType): number {
  let highest = 0;
  const look = (field: StructField): StructField => {
    const id = field.metadata[ID_KEY];
    if (typeof id === 'number') highest = Math.max(highest, id);
    mapFields(field.type, look);
    return field;
  };
  mapFields(schema, look);
  return highest;
}
