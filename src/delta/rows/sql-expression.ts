import { BarlineError } from '../../base/index.ts';
import { type DuckDbSession, quoteName } from '../../duckdb/index.ts';
import type { TableShape } from '../data-file.ts';

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

/** Words that DuckDB keeps for statements, and that are a column's name where they stand in an expression. */
const KEPT_WORDS: ReadonlySet<string> = new Set(
  (
    'all analyse analyze anti asc asof asymmetric at authorization binary check column columns concurrently ' +
    'constraint create cross default deferrable desc describe do except fetch for foreign freeze full ' +
    'generated group having initially inner intersect into join lambda lateral left limit map natural offset on ' +
    'only order outer overlaps pivot placing positional primary qualify references returning right semi show ' +
    'similar struct summarize symmetric table tablesample to union unique unpack unpivot variadic verbose where ' +
    'window with'
  ).split(' '),
);

/**
 * An expression of Spark's as DuckDB reads it: names in backticks, and columns that are called as a word of DuckDB's,
 * get double quotes.
 */
export function fromSpark(expression: string, { schema }: Pick<TableShape, 'schema'>): string {
  const columns = new Set(schema.fields.map(({ name }) => name.toLowerCase()));
  const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`((?:[^`]|``)*)`|\b([A-Za-z_]\w*)\b(?!\s*\()/g;
  return expression.replace(tokens, (found: string, quoted: string | undefined, word: string | undefined) => {
    if (quoted !== undefined) return quoteName(quoted.replaceAll('``', '`'));
    const lower = word?.toLowerCase();
    const isColumn = lower !== undefined && KEPT_WORDS.has(lower) && columns.has(lower);
    return isColumn ? quoteName(found) : found;
  });
}

/** In brackets, with room for a comment at its end. */
export function bracketed(expression: string): string {
  return `(${expression}\n)`;
}
