import type { DeltaType, StructField } from './schema.ts';

/** Which types a column may take without its files being rewritten, and how the schema records it. */

export const TYPE_CHANGES_KEY = 'delta.typeChanges';

const WHOLE: readonly DeltaType[] = ['byte', 'short', 'integer', 'long'];

/** True when the protocol lets a column of type `from` become one of type `to`. */
export function isWider(from: DeltaType, to: DeltaType): boolean {
  if (typeof from !== 'string' || typeof to !== 'string') return false;
  const wholeFrom = WHOLE.indexOf(from);
  if (wholeFrom >= 0 && WHOLE.indexOf(to) > wholeFrom) return true;
  if (from === 'float' && to === 'double') return true;
  if (wholeFrom >= 0 && from !== 'long' && to === 'double') return true;
  if (from === 'date' && to === 'timestamp_ntz') return true;
  const target = decimalOf(to);
  if (target === undefined) return false;
  const source = wholeFrom < 0 ? decimalOf(from) : { precision: from === 'long' ? 20 : 10, scale: 0 };
  if (source === undefined) return false;
  const moreScale = target.scale - source.scale;
  return moreScale >= 0 && target.precision - source.precision >= moreScale;
}

/** The field with its new type and the record of the change; `place` names an element, key or value within it. */
export function widenField(
  field: StructField,
  to: DeltaType,
  from: DeltaType,
  place: string | undefined,
): StructField {
  const before: unknown = field.metadata[TYPE_CHANGES_KEY];
  const change = { fromType: from, toType: to, ...(place !== undefined && { fieldPath: place }) };
  const changes: unknown[] = [...(Array.isArray(before) ? before : []), change];
  return { ...field, metadata: { ...field.metadata, [TYPE_CHANGES_KEY]: changes } };
}

function decimalOf(type: DeltaType): { precision: number; scale: number } | undefined {
  const found = typeof type === 'string' ? /^decimal\((\d+),(\d+)\)$/.exec(type) : null;
  return found === null ? undefined : { precision: Number(found[1]), scale: Number(found[2]) };
}
