import { fromBigEndian } from './blobs.ts';
import type { ParquetFooter, RowGroupFacts } from './footer-reader.ts';
import type { LeafColumn } from './footer-schema.ts';
import type { StatisticValue } from './statistics.ts';

/** What a footer says of a column's values in a row group; what is undefined is not known. */
export interface ColumnBounds {
  /** No value is below; in the terms of `StatisticValue`, times in microseconds. */
  readonly min: StatisticValue | undefined;
  /** No value is above. Never known of floats: NaN lies above all numbers and is in no statistics. */
  readonly max: StatisticValue | undefined;
  readonly nullCount: number | undefined;
  readonly rowCount: number;
  readonly column: LeafColumn;
}

/** Bounds of a leaf, by its path (`close`, `address.city`); undefined when the file has no such column. */
export function columnBounds(
  footer: ParquetFooter,
  rowGroup: RowGroupFacts,
  path: string,
): ColumnBounds | undefined {
  const index = footer.columns.findIndex((column) => column.name === path);
  const column = footer.columns[index];
  if (column === undefined) return undefined;
  const { statistics } = rowGroup.chunks[index] ?? {};
  const nothing = { min: undefined, max: undefined, rowCount: rowGroup.rowCount, column };
  if (statistics === undefined) return { ...nothing, nullCount: undefined };
  const { min, max, nullCount, isOld } = statistics;
  if (!isOrdered(column, isOld, footer.hasColumnOrders)) return { ...nothing, nullCount };
  const isFloat = column.storedType === 'FLOAT' || column.storedType === 'DOUBLE';
  return {
    min: min === undefined ? undefined : decode(column, min, Math.floor),
    max: max === undefined || isFloat ? undefined : decode(column, max, Math.ceil),
    nullCount,
    rowCount: rowGroup.rowCount,
    column,
  };
}

/** Whether the bounds follow the order of the column's type. */
function isOrdered({ storedType, meaning }: LeafColumn, isOld: boolean, hasColumnOrders: boolean): boolean {
  if (meaning === 'other' || storedType === 'INT96') return false;
  const isSigned = !storedType.endsWith('BYTE_ARRAY') && meaning !== 'unsigned';
  return isSigned || (!isOld && hasColumnOrders);
}

function decode(
  { storedType, meaning }: LeafColumn,
  bytes: Uint8Array,
  round: (value: number) => number,
): StatisticValue | undefined {
  if (storedType === 'BYTE_ARRAY' || storedType === 'FIXED_LEN_BYTE_ARRAY') {
    if (meaning === 'decimal') return bytes.length === 0 ? undefined : narrow(fromBigEndian(bytes));
    return meaning === 'text' ? textOf(bytes) : bytes;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length !== BYTE_LENGTH[storedType]) return undefined;
  if (storedType === 'BOOLEAN') return bytes[0] !== 0;
  if (storedType === 'FLOAT') return numberOf(view.getFloat32(0, true));
  if (storedType === 'DOUBLE') return numberOf(view.getFloat64(0, true));
  if (storedType === 'INT32') {
    return meaning === 'unsigned' ? view.getUint32(0, true) : view.getInt32(0, true);
  }
  const whole = meaning === 'unsigned' ? view.getBigUint64(0, true) : view.getBigInt64(0, true);
  if (meaning === 'timestamp_millis') return narrow(whole * 1000n);
  if (meaning === 'timestamp_nanos') {
    const rest = ((whole % 1000n) + 1000n) % 1000n;
    return narrow((whole - rest) / 1000n + (rest > 0n ? BigInt(round(0.5)) : 0n));
  }
  return narrow(whole);
}

const BYTE_LENGTH: Readonly<Record<string, number>> = { BOOLEAN: 1, INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8 };

function numberOf(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function narrow(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** A bound that was cut inside a character stays bytes that no text is: then nothing is known. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
