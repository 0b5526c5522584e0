import {
  type ColumnData,
  columnStatistics,
  type EncodedRowGroup,
  type ParquetSchema,
  type ParquetType,
  type StatisticValue,
} from '../parquet/index.ts';
import { deltaError } from './delta-error.ts';
import type { DeltaType, StructType } from './schema.ts';
import type { ColumnStatistics, FileStatistics } from './stats.ts';
import type { ValueInput } from './values.ts';

/** Where a table's columns meet the Parquet writer's. */

const PARQUET_TYPES: Readonly<Record<string, ParquetType>> = {
  string: 'string',
  byte: 'int8',
  short: 'int16',
  integer: 'int32',
  long: 'int64',
  float: 'float',
  double: 'double',
  boolean: 'boolean',
  binary: 'binary',
  date: 'date',
  timestamp: 'timestamp',
  timestamp_ntz: 'timestamp_ntz',
};

/**
 * The columns that the data files of a table hold: all but the partition columns. `DELTA_BAD_WRITE` names a column
 * of a nested type, which the Parquet writer does not have.
 */
export function parquetSchema(schema: StructType, partitionColumns: readonly string[]): ParquetSchema {
  const fields = schema.fields.filter((f) => !partitionColumns.includes(f.name));
  return {
    fields: fields.map(({ name, type, nullable }) => ({ name, type: parquetType(type, name), nullable })),
  };
}

function parquetType(type: DeltaType, column: string): ParquetType {
  const simple = typeof type === 'string' ? PARQUET_TYPES[type] : undefined;
  if (simple !== undefined) return simple;
  const decimal = decimalOf(type);
  if (decimal !== undefined) return { kind: 'decimal', ...decimal };
  throw deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `column ${column}: type ${typeof type === 'string' ? type : type.type} cannot be written from typed arrays`,
    hint: 'write the Parquet file with DuckDB and add it to the table',
    facts: { column },
  });
}

function decimalOf(type: DeltaType): { precision: number; scale: number } | undefined {
  const found = typeof type === 'string' ? /^decimal\((\d+),(\d+)\)$/.exec(type) : null;
  return found === null ? undefined : { precision: Number(found[1]), scale: Number(found[2]) };
}

/** Columns by name in the order of the Parquet schema. `DELTA_BAD_WRITE` names a missing or unknown one. */
export function inSchemaOrder(
  parquet: ParquetSchema,
  columns: Readonly<Record<string, ColumnData>>,
): readonly ColumnData[] {
  const expected = parquet.fields.map((f) => f.name);
  const unknown = Object.keys(columns).find((name) => !expected.includes(name));
  if (unknown !== undefined)
    throw badColumn(`column ${unknown} is not among those of the data files`, expected);
  return expected.map((name) => {
    const column = columns[name];
    if (column === undefined) throw badColumn(`column ${name} is missing`, expected);
    return column;
  });
}

function badColumn(message: string, expected: readonly string[]) {
  return deltaError({
    code: 'DELTA_BAD_WRITE',
    message,
    hint: `expected the columns ${expected.join(', ')}`,
  });
}

/** What encoded row groups (of `parquetSchema`'s columns) say of their values, as a table's statistics. */
export function rowGroupStatistics(
  schema: StructType,
  partitionColumns: readonly string[],
  rowGroups: readonly EncodedRowGroup[],
): FileStatistics {
  const parquet = parquetSchema(schema, partitionColumns);
  const rowCount = rowGroups.reduce((sum, rowGroup) => sum + rowGroup.rowCount, 0);
  const columns = new Map<string, ColumnStatistics>();
  for (const [i, found] of columnStatistics(parquet, rowGroups).entries()) {
    const name = parquet.fields[i]?.name;
    const type = schema.fields.find((f) => f.name === name)?.type;
    if (name === undefined || type === undefined) continue;
    columns.set(name, {
      nullCount: found.nullCount,
      hasNaN: found.nanCount > 0,
      min: inputOf(type, found.min),
      max: inputOf(type, found.max),
    });
  }
  return { rowCount, columns };
}

function inputOf(type: DeltaType, value: StatisticValue | null): ValueInput {
  if (value === null || value instanceof Uint8Array) return null;
  if (type === 'timestamp' || type === 'timestamp_ntz') return BigInt(value);
  const decimal = decimalOf(type);
  return decimal === undefined ? value : decimalText(BigInt(value), decimal.scale);
}

/** `-1234` with scale 2 is `-12.34`. */
function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
