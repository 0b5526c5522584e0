/** `table@v12` is no syntax of DuckDB: such names become quoted ones before it parses the SQL. */
import { quoteName } from '../duckdb/index.ts';
import { parseTableReference, type TableReference, VERSION_SUFFIX } from './table-reference.ts';
import { nameOf, tokenAt } from './tokens.ts';

export interface TravelledSql {
  readonly sql: string;
  /** By the name that now stands in the SQL: `bars@v12`. */
  readonly references: ReadonlyMap<string, TableReference>;
}

const SUFFIX = new RegExp(`@(?:${VERSION_SUFFIX})(?![\\w$])`, 'iy');

/** Rewrites `name@version` outside text and comments; the name may be a quoted one. One pass over the text. */
export function rewriteTimeTravel(sql: string): TravelledSql {
  const references = new Map<string, TableReference>();
  let rewritten = '';
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at);
    at += token.text.length;
    const name = nameOf(token);
    SUFFIX.lastIndex = at;
    const suffix = name === undefined ? undefined : SUFFIX.exec(sql)?.[0];
    if (name === undefined || suffix === undefined) {
      rewritten += token.text;
      continue;
    }
    const travelled = `${name}${suffix}`;
    references.set(travelled, parseTableReference(travelled));
    rewritten += quoteName(travelled);
    at += suffix.length;
  }
  return { sql: rewritten, references };
}
