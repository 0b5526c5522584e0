import { quoteName, quoteText } from '../../duckdb/index.ts';
import { encodePartitionValue } from '../partition-values.ts';
import type { Term } from '../predicate.ts';
import type { DeltaType } from '../schema.ts';
import type { Comparable } from '../values.ts';
import { duckdbType } from './duckdb-types.ts';

/** A value as a literal of its column's type. */
export function sqlLiteral(type: DeltaType, value: Comparable | null): string {
  const sqlType = duckdbType(type);
  if (value === null) return `NULL::${sqlType}`;
  if (type === 'string') return `${quoteText(String(value))}::${sqlType}`;
  if (type === 'binary') return `encode(${quoteText(String(value))})`;
  const text = typeof value === 'string' ? value : encodePartitionValue(type, value, '');
  return `${quoteText(text ?? '')}::${sqlType}`;
}

/** To be compared with: a decimal keeps digits that its column has not, instead of being rounded to it. */
function comparedLiteral(type: DeltaType, value: Comparable): string {
  const isDecimal = typeof type === 'string' && type.startsWith('decimal');
  return isDecimal ? String(value) : sqlLiteral(type, value);
}

/** The rows that meet all of the terms, as a condition; `true` when there are none. */
export function termsToSql(terms: readonly Term[]): string {
  return terms.length === 0 ? 'true' : terms.map(termToSql).join(' AND ');
}

function termToSql(term: Term): string {
  const column = quoteName(term.column);
  if (term.anyOf !== undefined) {
    const values = term.anyOf
      .filter((value) => value !== null)
      .map((value) => comparedLiteral(term.type, value));
    const parts = values.length === 0 ? [] : [`${column} IN (${values.join(', ')})`];
    if (term.anyOf.includes(null)) parts.push(`${column} IS NULL`);
    return parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`;
  }
  const parts = [`${column} IS NOT NULL`];
  if (term.low !== undefined) {
    parts.push(`${column} ${term.low.inclusive ? '>=' : '>'} ${comparedLiteral(term.type, term.low.value)}`);
  }
  if (term.high !== undefined) {
    parts.push(
      `${column} ${term.high.inclusive ? '<=' : '<'} ${comparedLiteral(term.type, term.high.value)}`,
    );
  }
  return `(${parts.join(' AND ')})`;
}
