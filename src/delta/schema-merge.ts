import {
  ID_KEY,
  identifyColumns,
  MAX_ID_PROPERTY,
  mapFields,
  mappingMode,
  newPhysicalName,
} from './column-identity.ts';
import { deltaError } from './delta-error.ts';
import { checkNewSchema, containsType, type DeltaType, type StructField, type StructType } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { isWider, widenField } from './type-widening.ts';

export interface MergedSchema {
  readonly schema: StructType;
  readonly configuration: Readonly<Record<string, string>>;
  /** Table features the new columns need. */
  readonly features: readonly string[];
}

/**
 * The table's schema with the columns that incoming rows have and it lacks, nested ones too, after those it has and
 * nullable; where `delta.enableTypeWidening` is on, columns of a wider type become wider. Undefined when nothing
 * is new. `DELTA_SCHEMA_MISMATCH` names a column whose types do not go together.
 */
export function mergeSchema(
  snapshot: Snapshot,
  incoming: StructType,
  uuid: () => string,
): MergedSchema | undefined {
  const { schema, properties, table, partitionColumns } = snapshot;
  const widens = properties['delta.enableTypeWidening'] === 'true';
  const mapped = mappingMode(properties) !== 'none';
  const highest = mapped ? Number(properties[MAX_ID_PROPERTY] ?? 0) : Number.POSITIVE_INFINITY;
  const merged = mergeStruct(schema, incoming, { at: '', table, widens, highest });
  if (JSON.stringify(merged) === JSON.stringify(schema)) return undefined;
  checkNewSchema(merged, partitionColumns, table, { anyNames: mapped });
  const features =
    containsType(merged, 'timestamp_ntz') && !containsType(schema, 'timestamp_ntz') ? ['timestampNtz'] : [];
  if (!mapped) return { schema: merged, configuration: properties, features };
  const identified = identifyColumns(merged, highest, () => newPhysicalName(uuid));
  const configuration = { ...properties, [MAX_ID_PROPERTY]: String(identified.maxColumnId) };
  return { schema: identified.schema, configuration, features };
}

interface Place {
  readonly at: string;
  readonly table: string;
  readonly widens: boolean;
  /** The highest column id given so far. */
  readonly highest: number;
}

function mergeStruct(current: StructType, incoming: StructType, place: Place): StructType {
  const path = (name: string) => (place.at === '' ? name : `${place.at}.${name}`);
  const found = (fields: readonly StructField[], name: string) =>
    fields.find((field) => field.name === name) ??
    fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
  const kept = current.fields.map((field) => {
    const other = found(incoming.fields, field.name);
    return other === undefined ? field : mergeField(field, other, { ...place, at: path(field.name) });
  });
  const added = incoming.fields.filter((field) => found(current.fields, field.name) === undefined);
  return { ...current, fields: [...kept, ...added.map((field) => asNewField(field, place.highest))] };
}

/**
 * Nullable, since older rows lack the column, and without what another table has recorded in its metadata. An id
 * above all given before is our own, of files that were written with this column already.
 */
function asNewField(field: StructField, highest: number): StructField {
  const id = field.metadata[ID_KEY];
  const isOurs = typeof id === 'number' && id > highest;
  const metadata = Object.entries(field.metadata).filter(
    ([key]) => !key.startsWith('delta.') || (isOurs && key.startsWith('delta.columnMapping.')),
  );
  const type = mapFields(field.type, (inner) => asNewField(inner, highest));
  return { ...field, type, nullable: true, metadata: Object.fromEntries(metadata) };
}

function mergeField(field: StructField, incoming: StructField, place: Place): StructField {
  let merged = field;
  const type = mergeType(field.type, incoming.type, place, '', (from, to, at) => {
    merged = widenField(merged, to, from, at === '' ? undefined : at);
  });
  return { ...merged, type };
}

function mergeType(
  current: DeltaType,
  incoming: DeltaType,
  place: Place,
  within: string,
  widened: (from: DeltaType, to: DeltaType, at: string) => void,
): DeltaType {
  const inner = (name: string) => (within === '' ? name : `${within}.${name}`);
  const child = (a: DeltaType, b: DeltaType, name: string) =>
    mergeType(a, b, { ...place, at: `${place.at}.${name}` }, inner(name), widened);
  if (typeof current === 'string' || typeof incoming === 'string') {
    if (current === incoming || incoming === 'void' || isWider(incoming, current)) return current;
    if (current === 'void') return incoming;
    if (place.widens && isWider(current, incoming)) {
      widened(current, incoming, within);
      return incoming;
    }
    throw mismatch(place, current, incoming);
  }
  if (current.type === 'struct' && incoming.type === 'struct') return mergeStruct(current, incoming, place);
  if (current.type === 'array' && incoming.type === 'array') {
    return { ...current, elementType: child(current.elementType, incoming.elementType, 'element') };
  }
  if (current.type === 'map' && incoming.type === 'map') {
    const keyType = child(current.keyType, incoming.keyType, 'key');
    return { ...current, keyType, valueType: child(current.valueType, incoming.valueType, 'value') };
  }
  throw mismatch(place, current, incoming);
}

function mismatch({ at, table, widens }: Place, expected: DeltaType, found: DeltaType) {
  const text = (type: DeltaType) => (typeof type === 'string' ? type : type.type);
  const mayWiden = !widens && isWider(expected, found);
  return deltaError({
    code: 'DELTA_SCHEMA_MISMATCH',
    message: `${table}: column ${at}: expected ${text(expected)}, found ${text(found)}`,
    hint: mayWiden
      ? 'set delta.enableTypeWidening to true, and the column becomes wider'
      : 'cast the column before it is written',
    facts: { table, column: at, expected, found },
  });
}
