/** Which SQL is let through: statements that read. */
import { usageError } from '../base/index.ts';
import type { DuckDbSession } from '../duckdb/index.ts';
import { type Token, tokenize } from './tokens.ts';

const READING = [
  'SELECT',
  'WITH',
  'FROM',
  'VALUES',
  'TABLE',
  'DESCRIBE',
  'SHOW',
  'SUMMARIZE',
  'PIVOT',
  'UNPIVOT',
  'EXPLAIN',
];

export interface ReadStatement {
  /** Without a closing semicolon. */
  readonly sql: string;
  /** The word it begins with, in capitals. */
  readonly keyword: string;
}

/** The one reading statement of a text; throws a usage error for anything else. */
export async function readStatement(session: DuckDbSession, text: string): Promise<ReadStatement> {
  const sql = withoutSemicolon(text);
  const keyword = firstKeyword(sql);
  if (keyword === undefined)
    throw usageError('the query is empty', 'give it as one argument, or `-` to read it from stdin');
  const count = READING.includes(keyword) ? await session.statementCount(sql) : 1;
  // DuckDB makes two statements of a PIVOT
  if (count > 1 && !/\bPIVOT\b/i.test(sql)) {
    throw usageError(`the query holds ${count} statements; expected one`, 'run them one after another');
  }
  if (!READING.includes(keyword) || (keyword === 'EXPLAIN' && !READING.includes(explained(sql)))) {
    throw usageError(
      `${keyword === 'EXPLAIN' ? `EXPLAIN ${explained(sql)}` : keyword} is no query; expected ${READING.join(', ')}`,
      'barline sql reads only; tables are written by the barline table commands',
      { keyword },
    );
  }
  return { sql, keyword };
}

function words(sql: string): string[] {
  return tokenize(sql)
    .filter((token) => !isBlank(token))
    .map((token) => token.text.toUpperCase());
}

function firstKeyword(sql: string): string | undefined {
  return words(sql).find((word) => word !== '(');
}

/** The keyword behind EXPLAIN and its options. */
function explained(sql: string): string {
  return firstKeyword(explainedSql(sql)) ?? '';
}

/** The statement behind EXPLAIN and its options: ANALYZE, `(ANALYZE)`, `(FORMAT json)`. */
function explainedSql(sql: string): string {
  const plain = tokenize(sql).map(({ kind, text }) => (kind === 'comment' ? ' ' : text));
  return plain
    .join('')
    .replace(/^[\s(]*EXPLAIN\b\s*/i, '')
    .replace(/^(?:(?:ANALYZE\b|\(\s*(?:ANALYZE|FORMAT)\b[^)]*\))\s*)*/i, '');
}

/** The query whose rows a statement gives, sums up or explains; undefined for one that tells of columns and names alone. */
export function rowsQuery({ sql, keyword }: ReadStatement): string | undefined {
  if (keyword === 'DESCRIBE' || keyword === 'SHOW') return undefined;
  return keyword === 'EXPLAIN' ? explainedSql(sql) : sql;
}

/** Without what follows the last word: semicolons, blanks and comments. */
function withoutSemicolon(text: string): string {
  const tokens = tokenize(text);
  let end = tokens.length;
  while (end > 0 && (tokens[end - 1].text === ';' || isBlank(tokens[end - 1]))) end--;
  return tokens
    .slice(0, end)
    .map((token) => token.text)
    .join('');
}

function isBlank(token: Token): boolean {
  return token.kind === 'space' || token.kind === 'comment';
}
