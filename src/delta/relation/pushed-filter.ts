import type { Constraint } from '../predicate.ts';
import { type DeltaType, isRecord } from '../schema.ts';
import { type Comparable, isoMicroseconds } from '../values.ts';

const BOUNDS: Readonly<Record<string, 'ge' | 'gt' | 'le' | 'lt'>> = {
  COMPARE_LESSTHAN: 'lt',
  COMPARE_GREATERTHAN: 'gt',
  COMPARE_LESSTHANOREQUALTO: 'le',
  COMPARE_GREATERTHANOREQUALTO: 'ge',
};

/**
 * A filter of DuckDB's on one column, in the JSON of a plan, as a constraint of the log; undefined where it is none
 * that partition values and statistics can answer.
 */
export function filterConstraint(
  type: DeltaType,
  filter: Readonly<Record<string, unknown>>,
): Constraint | undefined {
  switch (filter.filter_type) {
    case 'IS_NULL':
      return null;
    case 'IS_NOT_NULL':
      return {};
    case 'IN_FILTER': {
      if (!Array.isArray(filter.values)) return undefined;
      const values = filter.values.flatMap((value) => constantOf(type, value) ?? []);
      return values.length === filter.values.length ? values : undefined;
    }
    case 'CONSTANT_COMPARISON': {
      const value = constantOf(type, filter.constant);
      if (value === undefined || typeof filter.comparison_type !== 'string') return undefined;
      if (filter.comparison_type === 'COMPARE_EQUAL') return value;
      const bound = BOUNDS[filter.comparison_type];
      return bound === undefined ? undefined : { [bound]: value };
    }
    default:
      return undefined;
  }
}

const WHOLE = /^(TINYINT|SMALLINT|INTEGER|BIGINT)$/;

/** A constant of the column's own type; others are compared after a cast, which is no filter of the reading. */
function constantOf(type: DeltaType, node: unknown): Comparable | undefined {
  if (!isRecord(node) || node.is_null !== false || !isRecord(node.type)) return undefined;
  const { value } = node;
  const sqlType = String(node.type.id);
  switch (type) {
    case 'string':
      return sqlType === 'VARCHAR' && typeof value === 'string' ? value : undefined;
    case 'boolean':
      return sqlType === 'BOOLEAN' && typeof value === 'boolean' ? value : undefined;
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return WHOLE.test(sqlType) ? whole(value) : undefined;
    case 'double':
      return sqlType === 'DOUBLE' && Number.isFinite(value) ? Number(value) : undefined;
    case 'date': {
      const days = sqlType === 'DATE' ? whole(value) : undefined;
      return days === undefined ? undefined : timeText(days * 86_400e6)?.slice(0, 10);
    }
    case 'timestamp':
    case 'timestamp_ntz': {
      const timeUs = sqlType.startsWith('TIMESTAMP') ? whole(value) : undefined;
      return timeUs === undefined || timeText(timeUs) === undefined ? undefined : BigInt(timeUs);
    }
    default:
      return undefined;
  }
}

function whole(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined;
}

const FIRST_TIME_US = -62_135_596_800_000_000;

/** Undefined outside the years that the log can hold, and beyond what a double counts exactly. */
function timeText(timeUs: number): string | undefined {
  return Number.isSafeInteger(timeUs) && timeUs >= FIRST_TIME_US
    ? isoMicroseconds(BigInt(timeUs))
    : undefined;
}
