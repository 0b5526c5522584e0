import type { DeltaType } from '../delta/index.ts';

/** A type in SQL's words: `array<struct<a: long>>`. */
export function typeText(type: DeltaType): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'array':
      return `array<${typeText(type.elementType)}>`;
    case 'map':
      return `map<${typeText(type.keyType)}, ${typeText(type.valueType)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
  }
}
