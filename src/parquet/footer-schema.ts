import { type ThriftCompactReader, ThriftError } from './thrift-compact-reader.ts';

export type StoredType =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'INT96'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

const STORED_TYPES: readonly StoredType[] = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
];

/** What the stored values mean, as far as bounds need it. `other` has bounds that only its writer can order. */
export type Meaning =
  | 'plain'
  | 'unsigned'
  | 'text'
  | 'decimal'
  | 'date'
  | 'timestamp_millis'
  | 'timestamp_micros'
  | 'timestamp_nanos'
  | 'other';

/** A leaf of the schema. */
export interface LeafColumn {
  /** From the top-level column down. */
  readonly path: readonly string[];
  /** The path, joined by dots. */
  readonly name: string;
  readonly storedType: StoredType;
  readonly meaning: Meaning;
  /** Of the top-level column, by which column mapping finds it. */
  readonly fieldId: number | undefined;
}

interface Element {
  readonly name: string;
  readonly childCount: number;
  readonly typeId: number | undefined;
  readonly convertedType: number | undefined;
  readonly fieldId: number | undefined;
  readonly logical: Meaning | undefined;
}

/** The schema's list, depth first, as its leaves. */
export function readSchema(thrift: ThriftCompactReader, type: number): LeafColumn[] {
  const elements: Element[] = [];
  thrift.list(type, () => elements.push(readElement(thrift)));
  const leaves: LeafColumn[] = [];
  let next = 1;
  const walk = (path: readonly string[], top: Element | undefined) => {
    const element = elements[next++];
    if (element === undefined) throw new ThriftError('the schema ends too early');
    const below = [...path, element.name];
    const topLevel = top ?? element;
    if (element.typeId !== undefined && element.childCount === 0) {
      const storedType = STORED_TYPES[element.typeId];
      if (storedType === undefined) throw new ThriftError(`there is no physical type ${element.typeId}`);
      leaves.push({
        path: below,
        name: below.join('.'),
        storedType,
        meaning: meaningOf(element),
        fieldId: topLevel.fieldId,
      });
    }
    for (let i = 0; i < element.childCount; i++) walk(below, topLevel);
  };
  for (let i = 0; i < (elements[0]?.childCount ?? 0); i++) walk([], undefined);
  return leaves;
}

function readElement(thrift: ThriftCompactReader): Element {
  let name = '';
  let childCount = 0;
  let typeId: number | undefined;
  let convertedType: number | undefined;
  let fieldId: number | undefined;
  let logical: Meaning | undefined;
  thrift.struct((id, type) => {
    if (id === 1) typeId = thrift.integer(type);
    else if (id === 4) name = thrift.string(type);
    else if (id === 5) childCount = thrift.integer(type);
    else if (id === 6) convertedType = thrift.integer(type);
    else if (id === 9) fieldId = thrift.integer(type);
    else if (id === 10) logical = readLogicalType(thrift, type);
  });
  return { name, childCount, typeId, convertedType, fieldId, logical };
}

function readLogicalType(thrift: ThriftCompactReader, type: number): Meaning {
  let meaning: Meaning = 'other';
  thrift.nested(type, (id, fieldType) => {
    if (id === 1 || id === 4 || id === 12) meaning = 'text';
    else if (id === 5) meaning = 'decimal';
    else if (id === 6) meaning = 'date';
    else if (id === 8) meaning = readTimestamp(thrift, fieldType);
    else if (id === 10) meaning = readInteger(thrift, fieldType);
  });
  return meaning;
}

function readTimestamp(thrift: ThriftCompactReader, type: number): Meaning {
  let meaning: Meaning = 'other';
  thrift.nested(type, (id, fieldType) => {
    if (id !== 2) return;
    thrift.nested(fieldType, (unit) => {
      if (unit === 1) meaning = 'timestamp_millis';
      else if (unit === 2) meaning = 'timestamp_micros';
      else if (unit === 3) meaning = 'timestamp_nanos';
    });
  });
  return meaning;
}

function readInteger(thrift: ThriftCompactReader, type: number): Meaning {
  let meaning: Meaning = 'plain';
  thrift.nested(type, (id, fieldType) => {
    if (id === 2 && !thrift.bool(fieldType)) meaning = 'unsigned';
  });
  return meaning;
}

const CONVERTED: Readonly<Record<number, Meaning>> = {
  0: 'text',
  4: 'text',
  5: 'decimal',
  6: 'date',
  9: 'timestamp_millis',
  10: 'timestamp_micros',
  11: 'unsigned',
  12: 'unsigned',
  13: 'unsigned',
  14: 'unsigned',
  15: 'plain',
  16: 'plain',
  17: 'plain',
  18: 'plain',
  19: 'text',
};

function meaningOf({ logical, convertedType }: Element): Meaning {
  if (logical !== undefined) return logical;
  return convertedType === undefined ? 'plain' : (CONVERTED[convertedType] ?? 'other');
}
