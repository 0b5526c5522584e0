import { BarlineError } from '../../base/index.ts';
import { DuckDbSession, defaultLimits, type SessionLimits } from '../../duckdb/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { type DataFiles, tableRelation } from './relation.ts';

/**
 * How many rows an SQL expression is not true of: where it is false or null. Reads the columns it names of every
 * row. `SQL_INVALID` and the like say why an expression cannot be evaluated.
 */
export async function countFailingRows(
  table: DataFiles,
  snapshot: Snapshot,
  expression: string,
  limits: SessionLimits = defaultLimits(),
): Promise<number> {
  using session = await DuckDbSession.open(limits);
  const what = `the check ${JSON.stringify(expression)}`;
  const statements = await session.statementCount(`SELECT 1 WHERE ${expression}`, what);
  if (statements !== 1) {
    throw new BarlineError({
      code: 'SQL_INVALID',
      message: `${what} holds ${statements} statements; expected one expression`,
      exitCode: 2,
    });
  }
  const asked = (rows: string) =>
    `SELECT count(*) FROM ${rows} AS checked WHERE ((${expression}\n)::BOOLEAN) IS NOT TRUE`;
  const rows = await tableRelation(session, table, snapshot, [...snapshot.files()], { fetch: { asked } });
  return Number(await session.value(asked(`(${rows})`), what));
}
