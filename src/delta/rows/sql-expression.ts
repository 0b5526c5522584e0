import { BarlineError } from '../../base/index.ts';
import type { DuckDbSession } from '../../duckdb/index.ts';

/** Refuses a text that is not one SQL expression by itself, before it is put into brackets. */
export async function checkExpression(
  session: DuckDbSession,
  expression: string,
  what: string,
): Promise<void> {
  const count = await session.statementCount(`SELECT (${expression}\n)`, what);
  if (count === 1) return;
  throw new BarlineError({
    code: 'SQL_INVALID',
    message: `${what} holds ${count} statements; expected one expression`,
    exitCode: 2,
  });
}

/** An expression of Spark's as DuckDB reads it: names in backticks become names in double quotes. */
export function fromSpark(expression: string): string {
  return expression.replace(/'(?:[^']|'')*'|`((?:[^`]|``)*)`/g, (found: string, name: string | undefined) =>
    name === undefined ? found : `"${name.replaceAll('``', '`').replaceAll('"', '""')}"`,
  );
}

/** In brackets, with room for a comment at its end. */
export function bracketed(expression: string): string {
  return `(${expression}\n)`;
}
