import { BarlineError } from '../base/index.ts';
import { type DuckDbSession, quoteText } from '../duckdb/index.ts';
import { type Condition, UNKNOWN } from './condition.ts';
import { type Constraint, compileWhere } from './predicate.ts';
import { type DeltaType, isRecord, type StructType } from './schema.ts';
import { type Comparable, parseTimestampUs } from './values.ts';

/** A constant of the SQL: its type in DuckDB and its value. */
interface Constant {
  readonly type: string;
  readonly value: string | number | boolean | null;
}

/**
 * What an SQL expression says of single columns and constants, as far as partition values and statistics can answer
 * it; the rest is unknown. DuckDB parses it, nothing is run. `SQL_INVALID` when it is not one expression.
 */
export async function sqlCondition(
  session: DuckDbSession,
  where: string,
  schema: StructType,
  properties: Readonly<Record<string, string>>,
  /** A name that may stand before the table's columns. */
  alias?: string,
): Promise<Condition> {
  const what = `the condition ${JSON.stringify(where)}`;
  const query = `SELECT 1 WHERE ${where}`;
  const count = await session.statementCount(query, what);
  if (count !== 1) {
    throw new BarlineError({
      code: 'SQL_INVALID',
      message: `${what} holds ${count} statements; expected one expression`,
      exitCode: 2,
    });
  }
  const text = await session.value(`SELECT json_serialize_sql(${quoteText(query)})`, what);
  const parsed: unknown = JSON.parse(String(text));
  const [statement] = isRecord(parsed) && Array.isArray(parsed.statements) ? parsed.statements : [];
  if (!isRecord(statement)) return UNKNOWN;
  const node = isRecord(statement.node) ? statement.node : {};
  return new SqlReader(schema, properties, alias).condition(node.where_clause);
}

const SWAPPED: Readonly<Record<string, string>> = {
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
  COMPARE_EQUAL: 'COMPARE_EQUAL',
};

const BOUNDS: Readonly<Record<string, 'ge' | 'gt' | 'le' | 'lt'>> = {
  COMPARE_LESSTHAN: 'lt',
  COMPARE_GREATERTHAN: 'gt',
  COMPARE_LESSTHANOREQUALTO: 'le',
  COMPARE_GREATERTHANOREQUALTO: 'ge',
};

class SqlReader {
  readonly #schema: StructType;
  readonly #properties: Readonly<Record<string, string>>;
  readonly #alias: string | undefined;

  constructor(schema: StructType, properties: Readonly<Record<string, string>>, alias: string | undefined) {
    this.#schema = schema;
    this.#properties = properties;
    this.#alias = alias;
  }

  condition(node: unknown): Condition {
    if (!isRecord(node)) return UNKNOWN;
    const children = Array.isArray(node.children) ? node.children : [];
    switch (node.type) {
      case 'CONJUNCTION_AND':
        return { kind: 'all', parts: children.map((child) => this.condition(child)) };
      case 'CONJUNCTION_OR':
        return { kind: 'any', parts: children.map((child) => this.condition(child)) };
      case 'COMPARE_BETWEEN': {
        const low = this.#compare('COMPARE_GREATERTHANOREQUALTO', node.input, node.lower);
        return {
          kind: 'all',
          parts: [low, this.#compare('COMPARE_LESSTHANOREQUALTO', node.input, node.upper)],
        };
      }
      case 'COMPARE_IN': {
        const [input, ...values] = children;
        return { kind: 'any', parts: values.map((value) => this.#compare('COMPARE_EQUAL', input, value)) };
      }
      case 'OPERATOR_IS_NULL':
        return this.#about(children[0], () => null);
      case 'OPERATOR_IS_NOT_NULL':
        return this.#about(children[0], () => ({}));
      default:
        return this.#comparison(node);
    }
  }

  #comparison({ type, left, right }: Record<string, unknown>): Condition {
    const swapped = typeof type === 'string' ? SWAPPED[type] : undefined;
    if (typeof type !== 'string' || swapped === undefined) return UNKNOWN;
    return constantOf(left) === undefined
      ? this.#compare(type, left, right)
      : this.#compare(swapped, right, left);
  }

  #compare(type: string, input: unknown, constant: unknown): Condition {
    const found = constantOf(constant);
    if (found === undefined) return UNKNOWN;
    return this.#about(input, (columnType) => {
      const value = comparableTo(columnType, found);
      const bound = BOUNDS[type];
      return value === undefined || bound === undefined ? value : { [bound]: value };
    });
  }

  /** A condition on a column; unknown when the node is none, or the value none of its type. */
  #about(node: unknown, constrain: (type: DeltaType) => Constraint | undefined): Condition {
    if (!isRecord(node) || node.class !== 'COLUMN_REF' || !Array.isArray(node.column_names)) return UNKNOWN;
    const names = node.column_names.map(String);
    const [name, ...rest] = names.length === 2 && names[0] === this.#alias ? names.slice(1) : names;
    if (name === undefined || rest.length > 0) return UNKNOWN;
    const field = this.#schema.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
    const constraint = field === undefined ? undefined : constrain(field.type);
    if (field === undefined || constraint === undefined) return UNKNOWN;
    const [term] = compileWhere(this.#schema, { [field.name]: constraint }, this.#properties);
    return term === undefined ? UNKNOWN : { kind: 'term', term };
  }
}

function constantOf(node: unknown): Constant | undefined {
  if (!isRecord(node)) return undefined;
  if (node.class === 'CAST' && isRecord(node.cast_type) && typeof node.cast_type.id === 'string') {
    const text = constantOf(node.child);
    return text?.type === 'VARCHAR' ? { type: node.cast_type.id, value: text.value } : undefined;
  }
  if (node.class !== 'CONSTANT' || !isRecord(node.value) || node.value.is_null === true) return undefined;
  const { type, value } = node.value;
  if (!isRecord(type) || typeof type.id !== 'string') return undefined;
  if (type.id === 'DECIMAL') {
    // beyond 2^53 JSON.parse has rounded it
    if (!isRecord(type.type_info) || !Number.isSafeInteger(value)) return undefined;
    return { type: type.id, value: decimalText(Number(value), Number(type.type_info.scale)) };
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return { type: type.id, value };
}

function decimalText(unscaled: number, scale: number): string {
  const digits = String(Math.abs(unscaled)).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const WHOLE = /^(TINYINT|SMALLINT|INTEGER|BIGINT)$/;
const ZONE = /(?:Z|[+-]\d{2}(?::?\d{2})?)$/;

/** The constant as DuckDB compares it with a column; undefined where that takes more than looking at it. */
function comparableTo(type: DeltaType, { type: sqlType, value }: Constant): Comparable | undefined {
  const text = sqlType === 'VARCHAR' ? String(value) : undefined;
  switch (type) {
    case 'string':
      return text;
    case 'boolean':
      return sqlType === 'BOOLEAN' && (value === 't' || value === 'f') ? value === 't' : undefined;
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return WHOLE.test(sqlType) ? inRange(type, value) : undefined;
    case 'float':
    case 'double': {
      const number = /^(DOUBLE|DECIMAL)$/.test(sqlType) || WHOLE.test(sqlType) ? Number(value) : Number.NaN;
      const isExact = type === 'double' || Math.fround(number) === number;
      return Number.isFinite(number) && isExact ? number : undefined;
    }
    case 'date':
      return /^(VARCHAR|DATE)$/.test(sqlType) && /^\d{4}-\d\d-\d\d$/.test(String(value))
        ? String(value)
        : undefined;
    case 'timestamp':
    case 'timestamp_ntz':
      return timeOf(type, sqlType, String(value));
    default:
      return typeof type === 'string' && (WHOLE.test(sqlType) || sqlType === 'DECIMAL')
        ? String(value)
        : undefined;
  }
}

const LARGEST: Readonly<Record<string, number>> = { byte: 127, short: 32_767, integer: 2_147_483_647 };

function inRange(type: string, value: Constant['value']): Comparable | undefined {
  if (!Number.isSafeInteger(value)) return undefined;
  const whole = Number(value);
  const largest = LARGEST[type] ?? Number.MAX_SAFE_INTEGER;
  return whole <= largest && whole >= -largest ? whole : undefined;
}

function timeOf(type: 'timestamp' | 'timestamp_ntz', sqlType: string, text: string): bigint | undefined {
  if (!/^(VARCHAR|DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE)$/.test(sqlType)) return undefined;
  if (/\.\d{7,}/.test(text) || (sqlType === 'DATE' && text.length > 10)) return undefined;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  if (!isDate && ZONE.test(text) && (type === 'timestamp_ntz' || sqlType === 'TIMESTAMP')) return undefined;
  return parseTimestampUs(text);
}
