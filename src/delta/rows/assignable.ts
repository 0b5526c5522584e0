import type { DeltaType, StructField } from '../schema.ts';

/** Which values go into which columns without a cast that somebody should have written. */

const WHOLE: ReadonlySet<string> = new Set(['byte', 'short', 'integer', 'long']);
const TIMES: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamp_ntz']);

/**
 * Whether values of one type may be written to a column of another: the same, a wider one, a whole number of another
 * width (out of its range it fails), text that is read as a time or number, any time as another. Undefined when they
 * may, else where they may not: `a.b`, or an empty text for the type itself.
 */
export function unassignable(from: DeltaType, to: DeltaType): string | undefined {
  if (typeof from === 'string' && typeof to === 'string') return mayAssign(from, to) ? undefined : '';
  if (from === 'void') return undefined;
  if (typeof from === 'string' || typeof to === 'string') return '';
  if (from.type === 'array' && to.type === 'array') {
    return within('element', unassignable(from.elementType, to.elementType));
  }
  if (from.type === 'map' && to.type === 'map') {
    return (
      within('key', unassignable(from.keyType, to.keyType)) ??
      within('value', unassignable(from.valueType, to.valueType))
    );
  }
  if (from.type !== 'struct' || to.type !== 'struct') return '';
  for (const field of from.fields) {
    const target = fieldNamed(to.fields, field.name);
    const place = target === undefined ? '' : unassignable(field.type, target.type);
    if (place !== undefined) return within(field.name, place);
  }
  return undefined;
}

function within(name: string, place: string | undefined): string | undefined {
  if (place === undefined) return undefined;
  return place === '' ? name : `${name}.${place}`;
}

function mayAssign(from: string, to: string): boolean {
  if (from === to || from === 'void') return true;
  const isDecimal = (type: string) => type.startsWith('decimal');
  const isFloat = (type: string) => type === 'float' || type === 'double';
  if (WHOLE.has(from)) return WHOLE.has(to) || isFloat(to) || isDecimal(to);
  if (isDecimal(from))
    return (
      isFloat(to) || (isDecimal(to) && scaleOf(from) <= scaleOf(to)) || (scaleOf(from) === 0 && WHOLE.has(to))
    );
  if (isFloat(from)) return isFloat(to);
  if (TIMES.has(from)) return TIMES.has(to) && to !== 'date';
  if (from === 'string') return TIMES.has(to) || isDecimal(to);
  return false;
}

function scaleOf(decimal: string): number {
  return Number(/,(\d+)\)/.exec(decimal)?.[1] ?? 0);
}

/** A field by its exact name, else by one that differs in case alone. */
export function fieldNamed(fields: readonly StructField[], name: string): StructField | undefined {
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => field.name.toLowerCase() === name.toLowerCase())
  );
}
