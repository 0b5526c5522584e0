import { deltaError } from './delta-error.ts';
import type { DeltaType, StructField, StructType } from './schema.ts';

/** Columns by dotted path: `a`, `a.b` in a struct, `a.element.b` in an array of structs, `m.value`. */

export function pathParts(path: string): readonly string[] {
  return path.split('.').map((part) => part.replace(/^`(.*)`$/, '$1'));
}

/** The fields of a struct replaced; the struct may lie inside arrays and maps. */
export type FieldsChange = (fields: readonly StructField[], name: string) => readonly StructField[];

/** Changes the list of fields that holds (or shall hold) the path's last part. */
export function changeFields(
  schema: StructType,
  path: string,
  table: string,
  change: FieldsChange,
): StructType {
  const parts = pathParts(path);
  const name = parts.at(-1) ?? '';
  const changed = within(schema, parts.slice(0, -1), {
    table,
    path,
    change: (fields) => change(fields, name),
  });
  return {
    type: 'struct',
    fields: typeof changed === 'object' && changed.type === 'struct' ? changed.fields : [],
  };
}

interface Step {
  readonly table: string;
  readonly path: string;
  readonly change: (fields: readonly StructField[]) => readonly StructField[];
}

function within(type: DeltaType, parts: readonly string[], step: Step): DeltaType {
  const [part, ...rest] = parts;
  if (typeof type === 'string') throw noColumn(step.table, step.path, []);
  if (type.type === 'array' && part === 'element') {
    return { ...type, elementType: within(type.elementType, rest, step) };
  }
  if (type.type === 'map' && part === 'key') return { ...type, keyType: within(type.keyType, rest, step) };
  if (type.type === 'map' && part === 'value')
    return { ...type, valueType: within(type.valueType, rest, step) };
  if (type.type !== 'struct') throw noColumn(step.table, step.path, []);
  if (part === undefined) return { ...type, fields: step.change(type.fields) };
  const index = indexOf(type.fields, part, step.table, step.path);
  const fields = type.fields.map((field, i) =>
    i === index ? { ...field, type: within(field.type, rest, step) } : field,
  );
  return { ...type, fields };
}

/** The field's place by its exact name, else by one that differs in case alone. */
export function indexOf(fields: readonly StructField[], name: string, table: string, path: string): number {
  const exact = fields.findIndex((field) => field.name === name);
  if (exact >= 0) return exact;
  const near = fields.findIndex((field) => field.name.toLowerCase() === name.toLowerCase());
  if (near >= 0) return near;
  throw noColumn(
    table,
    path,
    fields.map((field) => field.name),
  );
}

/** One field replaced, or left out when the change gives undefined. */
export function changeField(
  schema: StructType,
  path: string,
  table: string,
  change: (field: StructField) => StructField | undefined,
): StructType {
  return changeFields(schema, path, table, (fields, name) => {
    const index = indexOf(fields, name, table, path);
    return fields.flatMap((field, i) => (i === index ? (change(field) ?? []) : field));
  });
}

function noColumn(table: string, path: string, names: readonly string[]) {
  return deltaError({
    code: 'DELTA_BAD_COLUMN_CHANGE',
    message: `${table} has no column ${path}`,
    hint: names.length === 0 ? undefined : `there are ${names.join(', ')}`,
    facts: { table, column: path },
  });
}
