import { type DuckDbSession, quoteName } from '../../duckdb/index.ts';
import type { StructType } from '../schema.ts';

/** What a set of rows comes to, in whatever order they lie. */
export interface Content {
  readonly rowCount: number;
  /** The sum and the exclusive or of a 64-bit hash of each row. */
  readonly hash: string;
}

/** Reads every column of every row of a query. */
export async function contentOf(
  session: DuckDbSession,
  schema: StructType,
  query: string,
  what: string,
): Promise<Content> {
  const row = `hash(${schema.fields.map(({ name }) => quoteName(name)).join(', ')})`;
  const hash = `concat_ws(':', count(*), coalesce(sum(${row}), 0), coalesce(bit_xor(${row}), 0))`;
  const text = String(await session.value(`SELECT ${hash} FROM (${query}\n)`, what));
  const [rowCount, ...sums] = text.split(':');
  return { rowCount: Number(rowCount), hash: sums.join(':') };
}

export function sameContent(a: Content, b: Content): boolean {
  return a.rowCount === b.rowCount && a.hash === b.hash;
}
