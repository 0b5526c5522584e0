import { quoteName } from '../../duckdb/index.ts';
import { mappingMode, storedName } from '../column-identity.ts';
import type { DeltaType, StructField, StructType } from '../schema.ts';
import { duckdbType, mapType, structType } from './duckdb-types.ts';
import { elementOf, type FileLayout, type LayoutNode } from './file-layout.ts';
import { VARIANT_FUNCTION } from './variant-function.ts';

/** How a value comes out of a file: the type it is read as, and what makes the table's value of it. */
interface Reading {
  readonly readType: string;
  /** Undefined where it is the table's value already. `depth` tells the variables of nested lambdas apart. */
  readonly convert: ((value: string, depth: number) => string) | undefined;
}

/** A column of the table as data files of one layout have it. */
export interface ColumnReading extends Reading {
  /** Its name in the file; undefined where the file has no such column. */
  readonly source: string | undefined;
}

const STRUCTURAL_VARIANT = structType([
  ['value', 'BLOB'],
  ['metadata', 'BLOB'],
]);

export interface FileNaming {
  readonly properties: Readonly<Record<string, string>>;
  readonly layout: FileLayout;
}

/** Nested fields are found by name, or by id in tables that say so; a field that a file lacks is null. */
export function readColumn(field: StructField, naming: FileNaming): ColumnReading {
  const { node, name } = find(field, naming.layout.root, naming);
  if (name === undefined) return { source: undefined, ...absent(field.type) };
  const described = naming.layout.types?.get(name) ?? '';
  const reader = new TypeReader(naming, /\bVARIANT\b/.test(described));
  return { source: name, ...reader.read(field.type, node) };
}

function absent(type: DeltaType): Reading {
  return { readType: duckdbType(type), convert: () => `NULL::${duckdbType(type)}` };
}

/** A field in a struct of the file. Columns without an id, in files that another engine wrote, go by name. */
function find(
  field: StructField,
  parent: LayoutNode | undefined,
  { properties }: FileNaming,
): { node: LayoutNode | undefined; name: string | undefined } {
  const stored = storedName(field, properties);
  if (mappingMode(properties) !== 'id' || parent === undefined) return { node: undefined, name: stored };
  const id = field.metadata['delta.columnMapping.id'];
  const node =
    parent.children.find(({ fieldId }) => fieldId !== undefined && fieldId === id) ??
    parent.children.find(({ fieldId, name }) => fieldId === undefined && name === stored);
  return { node, name: node?.name };
}

class TypeReader {
  readonly #naming: FileNaming;
  readonly #hasVariantType: boolean;

  constructor(naming: FileNaming, hasVariantType: boolean) {
    this.#naming = naming;
    this.#hasVariantType = hasVariantType;
  }

  read(type: DeltaType, node: LayoutNode | undefined): Reading {
    if (type === 'variant') return this.#variant();
    if (typeof type === 'string') return { readType: duckdbType(type), convert: undefined };
    switch (type.type) {
      case 'struct':
        return this.#struct(type, node);
      case 'array': {
        const element = this.read(type.elementType, node && elementOf(node));
        return { readType: `${element.readType}[]`, convert: eachOf(element.convert) };
      }
      case 'map': {
        const pair = node?.children[0];
        const key = this.read(type.keyType, pair?.children[0]);
        const value = this.read(type.valueType, pair?.children[1]);
        return { readType: mapType(key.readType, value.readType), convert: pairOf(key, value) };
      }
    }
  }

  #variant(): Reading {
    if (this.#hasVariantType) return { readType: 'VARIANT', convert: (value) => `${value}::JSON` };
    return {
      readType: STRUCTURAL_VARIANT,
      convert: (value) => `${VARIANT_FUNCTION}(${value}."metadata", ${value}."value")::JSON`,
    };
  }

  #struct(type: StructType, node: LayoutNode | undefined): Reading {
    const members = type.fields.map((field) => {
      const found = find(field, node, this.#naming);
      const reading = found.name === undefined ? absent(field.type) : this.read(field.type, found.node);
      return { name: field.name, source: found.name, ...reading };
    });
    const present = members.flatMap(({ source, readType }) =>
      source === undefined ? [] : [[source, readType] as const],
    );
    if (present.length === 0) return absent(type);
    const isSame = members.every(({ name, source, convert }) => convert === undefined && source === name);
    const readType = structType(present);
    if (isSame) return { readType, convert: undefined };
    return {
      readType,
      convert: (value, depth) => {
        const packed = members.map(({ name, source, convert }) => {
          const inFile = `${value}.${quoteName(source ?? '')}`;
          return `${quoteName(name)} := ${convert === undefined ? inFile : convert(inFile, depth)}`;
        });
        return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${packed.join(', ')}) END`;
      },
    };
  }
}

function eachOf(convert: Reading['convert']): Reading['convert'] {
  if (convert === undefined) return undefined;
  return (value, depth) => `list_transform(${value}, lambda e${depth}: ${convert(`e${depth}`, depth + 1)})`;
}

function pairOf(key: Reading, value: Reading): Reading['convert'] {
  if (key.convert === undefined && value.convert === undefined) return undefined;
  return (map, depth) => {
    const entry = `e${depth}`;
    const newKey = key.convert?.(`${entry}.key`, depth + 1) ?? `${entry}.key`;
    const newValue = value.convert?.(`${entry}.value`, depth + 1) ?? `${entry}.value`;
    const pairs = `list_transform(map_entries(${map}), lambda ${entry}: struct_pack(key := ${newKey}, value := ${newValue}))`;
    return `map_from_entries(${pairs})`;
  };
}
