/** Cuts SQL into the few kinds of pieces that matter for finding table names in it. */

export type TokenKind = 'name' | 'quoted-name' | 'text' | 'comment' | 'space' | 'other';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the SQL; all tokens joined are the SQL. */
  readonly text: string;
}

const SPACE = /\s+/y;
const NAME = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /\d[\w.]*/y;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/**
 * Follows the rules of DuckDB's (PostgreSQL's) lexer: doubled quotes, `E'…'` with backslashes, `$tag$…$tag$`, nested
 * block comments. Never fails: what is not closed runs to the end, and the database then says so.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

/** The name a token stands for; undefined for other kinds. */
export function nameOf(token: Token): string | undefined {
  if (token.kind === 'name') return token.text;
  if (token.kind === 'quoted-name') return token.text.slice(1, -1).replaceAll('""', '"');
  return undefined;
}

/** The token that starts at a place of the SQL, which must be the start of one. */
export function tokenAt(sql: string, at: number): Token {
  const first = sql[at];
  if (sql.startsWith('--', at)) return { kind: 'comment', text: upTo(sql, at, sql.indexOf('\n', at)) };
  if (sql.startsWith('/*', at)) return { kind: 'comment', text: sql.slice(at, endOfComment(sql, at)) };
  if (first === "'") return { kind: 'text', text: sql.slice(at, endOfQuoted(sql, at, "'", false)) };
  if (first === '"') return { kind: 'quoted-name', text: sql.slice(at, endOfQuoted(sql, at, '"', false)) };
  if ((first === 'e' || first === 'E') && sql[at + 1] === "'") {
    return { kind: 'text', text: sql.slice(at, endOfQuoted(sql, at + 1, "'", true)) };
  }
  const tag = match(DOLLAR_TAG, sql, at);
  if (tag !== undefined) {
    const close = sql.indexOf(tag, at + tag.length);
    return { kind: 'text', text: upTo(sql, at, close < 0 ? -1 : close + tag.length) };
  }
  const space = match(SPACE, sql, at);
  if (space !== undefined) return { kind: 'space', text: space };
  const name = match(NAME, sql, at);
  if (name !== undefined) return { kind: 'name', text: name };
  return { kind: 'other', text: match(NUMBER, sql, at) ?? first };
}

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function upTo(sql: string, at: number, end: number): string {
  return sql.slice(at, end < 0 ? sql.length : end);
}

function endOfQuoted(sql: string, at: number, quote: string, backslashes: boolean): number {
  for (let i = at + 1; i < sql.length; i++) {
    if (backslashes && sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return sql.length;
}

function endOfComment(sql: string, at: number): number {
  let depth = 0;
  for (let i = at; i < sql.length; i++) {
    if (sql.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (sql.startsWith('*/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return sql.length;
}
