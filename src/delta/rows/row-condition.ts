import { allOf, type Condition, namesOthers } from '../condition.ts';
import { compileWhere, type Where, whereToSql } from '../predicate.ts';
import { termsToSql } from '../relation/sql-literal.ts';
import type { Snapshot } from '../snapshot.ts';
import { sqlCondition } from '../sql-condition.ts';
import { checkExpression } from './sql-expression.ts';
import type { Workplace } from './workplace.ts';

/** Which rows a write means. */
export interface RowCondition {
  /** True of these rows; undefined when all are meant. */
  readonly sql: string | undefined;
  /** What of it partition values and statistics can answer. */
  readonly condition: Condition;
  /** For the record. */
  readonly text: string | undefined;
}

/** The rows of a `where`, as SQL or by column. `alias` is a name that may stand before the table's columns. */
export async function rowCondition(
  work: Workplace,
  { schema, properties }: Snapshot,
  where: Where | string | undefined,
): Promise<RowCondition> {
  if (where === undefined) return { sql: undefined, condition: allOf([]), text: undefined };
  if (typeof where === 'string') {
    await checkExpression(work.session, where, `the condition ${JSON.stringify(where)}`);
    const condition = await sqlCondition(work.session, where, schema, properties);
    return { sql: where, condition, text: where };
  }
  const terms = compileWhere(schema, where, properties);
  if (terms.length === 0) return { sql: undefined, condition: allOf([]), text: undefined };
  return { sql: termsToSql(terms), condition: allOf(terms), text: whereToSql(where) };
}

/** True when partition values alone answer the condition, for every row of a file alike. */
export function isOfPartitions(condition: Condition, partitionColumns: readonly string[]): boolean {
  return !hasUnknown(condition) && !namesOthers(condition, new Set(partitionColumns));
}

function hasUnknown(condition: Condition): boolean {
  if (condition.kind === 'unknown') return true;
  return condition.kind !== 'term' && condition.parts.some(hasUnknown);
}
