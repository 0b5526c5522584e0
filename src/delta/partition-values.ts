import type { PartitionValues } from './actions.ts';
import { deltaError } from './delta-error.ts';
import type { DeltaType, StructType } from './schema.ts';
import { badValue, type Comparable, isoMicroseconds, toComparable, type ValueInput } from './values.ts';

const DAY_MS = 86_400_000;

/** The text a partition value has in the log; null for null (and for '', which the protocol makes null). */
export function encodePartitionValue(type: DeltaType, input: ValueInput, column: string): string | null {
  const value = toComparable(type, input, column);
  if (value === null) return null;
  switch (type) {
    case 'date':
      return new Date(Number(value) * DAY_MS).toISOString().slice(0, 10);
    case 'timestamp':
      return isoMicroseconds(BigInt(value)).concat('Z');
    case 'timestamp_ntz':
      return isoMicroseconds(BigInt(value)).replace('T', ' ');
    case 'float':
    case 'double':
      return Object.is(value, -0) ? '-0.0' : String(value);
    default:
      return value === '' ? null : String(value);
  }
}

/** The value behind a partition value's text. A time without a zone is UTC. */
export function decodePartitionValue(
  type: DeltaType,
  text: string | null | undefined,
  column: string,
): Comparable | null {
  if (text === null || text === undefined || text === '') return null;
  switch (type) {
    case 'string':
    case 'binary':
      return text;
    case 'boolean':
      if (text.toLowerCase() === 'true') return true;
      if (text.toLowerCase() === 'false') return false;
      throw badValue(type, text, column);
    case 'byte':
    case 'short':
    case 'integer':
      if (!/^[+-]?\d+$/.test(text)) throw badValue(type, text, column);
      return Number(text);
    case 'long':
      if (!/^[+-]?\d+$/.test(text)) throw badValue(type, text, column);
      return BigInt(text);
    case 'float':
    case 'double':
      return decodeDouble(type, text, column);
    default:
      return toComparable(type, text, column);
  }
}

function decodeDouble(type: DeltaType, text: string, column: string): number {
  const value = Number(text);
  if (Number.isNaN(value) && text !== 'NaN') throw badValue(type, text, column);
  return value;
}

/** Encodes one value for each partition column; names a missing or unknown one. */
export function encodePartitionValues(
  schema: StructType,
  partitionColumns: readonly string[],
  values: Readonly<Record<string, ValueInput>>,
): PartitionValues {
  for (const name of Object.keys(values)) {
    if (!partitionColumns.includes(name)) {
      throw deltaError({
        code: 'DELTA_BAD_PARTITION_VALUE',
        message: `${name} is not a partition column; expected ${partitionColumns.join(', ') || 'none'}`,
      });
    }
  }
  return Object.fromEntries(
    partitionColumns.map((name) => {
      const value = values[name];
      if (value === undefined) {
        throw deltaError({
          code: 'DELTA_BAD_PARTITION_VALUE',
          message: `the partition value of ${name} is missing; give null for a null`,
        });
      }
      return [name, encodePartitionValue(columnType(schema, name), value, name)];
    }),
  );
}

export function columnType(schema: StructType, name: string): DeltaType {
  const found = schema.fields.find((f) => f.name === name);
  if (found === undefined) {
    throw deltaError({
      code: 'DELTA_BAD_PARTITION_VALUE',
      message: `there is no column ${name}; the table has ${schema.fields.map((f) => f.name).join(', ')}`,
    });
  }
  return found.type;
}
