import type { DuckDBValue } from '@duckdb/node-api';
import { decodePartitionValue } from '../partition-values.ts';
import type { DeltaType, StructType } from '../schema.ts';
import type { ColumnStatistics } from '../stats.ts';
import { type Comparable, toComparable } from '../values.ts';

/** What DuckDB's COPY returns of a file it has written: bounds as text, by column, by kind. */

/** Statistics of top-level columns, by stored name. Bounds that Delta cannot hold are left out. */
export function writtenStatistics(schema: StructType, value: DuckDBValue): Map<string, ColumnStatistics> {
  const columns = new Map<string, ColumnStatistics>();
  const types = new Map(schema.fields.map((field) => [quotedPath(field.name), field]));
  for (const [path, facts] of textEntries(value)) {
    const field = types.get(String(path));
    if (field === undefined) continue;
    const found = new Map(textEntries(facts).map(([kind, text]) => [String(kind), String(text)]));
    const nullCount = Number(found.get('null_count') ?? Number.NaN);
    if (!Number.isSafeInteger(nullCount)) continue;
    const min = boundOf(field.type, found.get('min'));
    const max = boundOf(field.type, found.get('max'));
    columns.set(field.name, {
      nullCount,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      hasNaN: found.get('has_nan') === 'true',
    });
  }
  return columns;
}

function textEntries(value: DuckDBValue): [DuckDBValue, DuckDBValue][] {
  if (typeof value !== 'object' || value === null || !('entries' in value)) return [];
  const { entries } = value;
  return Array.isArray(entries) ? entries.map(({ key, value: item }) => [key, item]) : [];
}

function quotedPath(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Undefined for infinities and for times beyond the years that Delta writes. */
function boundOf(type: DeltaType, text: string | undefined): Comparable | undefined {
  if (text === undefined || typeof type !== 'string') return undefined;
  try {
    switch (type) {
      case 'string':
        return text;
      case 'binary':
      case 'boolean':
        return undefined;
      case 'float':
      case 'double':
        return Number.isFinite(Number(text)) ? Number(text) : undefined;
      case 'date':
      case 'timestamp':
      case 'timestamp_ntz':
        return toComparable(type, text, '') ?? undefined;
      default:
        return decodePartitionValue(type, text, '') ?? undefined;
    }
  } catch {
    return undefined;
  }
}
