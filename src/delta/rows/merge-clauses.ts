import { deltaError } from '../delta-error.ts';
import type { Assignments } from './update-rows.ts';

/** A condition may name columns of both sides where a row of the table met one of the source, else of the one there is. */
export interface UpdateClause {
  readonly condition?: string;
  /** `all`: each column that the source has too; or SQL by column. */
  readonly set: 'all' | Assignments;
}

export interface DeleteClause {
  readonly condition?: string;
}

export interface InsertClause {
  readonly condition?: string;
  /** `all`: each column that the source has too; or SQL by column. */
  readonly values: 'all' | Assignments;
}

export interface BySourceUpdateClause {
  readonly condition?: string;
  readonly set: Assignments;
}

type OneOrMany<T> = T | readonly T[];

/**
 * What becomes of rows. Of clauses that fit a row the first takes it, in the order in which they are written here:
 * keys of the object one after the other, in a list from its start.
 */
export interface MergeClauses {
  readonly whenMatchedUpdate?: 'all' | OneOrMany<UpdateClause>;
  readonly whenMatchedDelete?: true | OneOrMany<DeleteClause>;
  readonly whenNotMatchedInsert?: 'all' | OneOrMany<InsertClause>;
  readonly whenNotMatchedBySourceUpdate?: OneOrMany<BySourceUpdateClause>;
  readonly whenNotMatchedBySourceDelete?: true | OneOrMany<DeleteClause>;
}

export type MergeClause = {
  /** Its place among all clauses. */
  readonly number: number;
  readonly condition: string | undefined;
} & (
  | { readonly when: 'matched'; readonly does: 'update'; readonly set: 'all' | Assignments }
  | { readonly when: 'matched'; readonly does: 'delete' }
  | { readonly when: 'not-matched'; readonly does: 'insert'; readonly set: 'all' | Assignments }
  | { readonly when: 'not-matched-by-source'; readonly does: 'update'; readonly set: Assignments }
  | { readonly when: 'not-matched-by-source'; readonly does: 'delete' }
);

/** The clauses in their order. `DELTA_BAD_WRITE` when there are none, or one can never be reached. */
export function mergeClauses(clauses: MergeClauses, table: string): MergeClause[] {
  const list: MergeClause[] = [];
  const place = (clause: { readonly condition?: string }) => ({
    number: list.length,
    condition: clause.condition,
  });
  for (const key of Object.keys(clauses)) {
    switch (key) {
      case 'whenMatchedUpdate':
        for (const each of many(clauses.whenMatchedUpdate, { set: 'all' as const })) {
          list.push({ ...place(each), when: 'matched', does: 'update', set: each.set });
        }
        break;
      case 'whenMatchedDelete':
        for (const each of many(clauses.whenMatchedDelete, {})) {
          list.push({ ...place(each), when: 'matched', does: 'delete' });
        }
        break;
      case 'whenNotMatchedInsert':
        for (const each of many(clauses.whenNotMatchedInsert, { values: 'all' as const })) {
          list.push({ ...place(each), when: 'not-matched', does: 'insert', set: each.values });
        }
        break;
      case 'whenNotMatchedBySourceUpdate':
        for (const each of many(clauses.whenNotMatchedBySourceUpdate, { set: {} })) {
          list.push({ ...place(each), when: 'not-matched-by-source', does: 'update', set: each.set });
        }
        break;
      case 'whenNotMatchedBySourceDelete':
        for (const each of many(clauses.whenNotMatchedBySourceDelete, {})) {
          list.push({ ...place(each), when: 'not-matched-by-source', does: 'delete' });
        }
        break;
    }
  }
  if (list.length === 0) throw bad(table, 'it has no clauses, so it would do nothing');
  checkReachable(list, table);
  return list;
}

function many<T>(given: 'all' | true | OneOrMany<T> | undefined, whole: T): readonly T[] {
  if (given === undefined) return [];
  if (given === 'all' || given === true) return [whole];
  return isList(given) ? given : [given];
}

function isList<T>(given: OneOrMany<T>): given is readonly T[] {
  return Array.isArray(given);
}

function checkReachable(clauses: readonly MergeClause[], table: string): void {
  const closed = new Set<string>();
  for (const { when, does, condition } of clauses) {
    if (closed.has(when)) {
      throw bad(
        table,
        `its clause to ${does} rows ${when} follows one without a condition and is never reached`,
      );
    }
    if (condition === undefined) closed.add(when);
  }
}

function bad(table: string, why: string) {
  return deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `cannot merge into ${table}: ${why}`,
    exitCode: 2,
    facts: { table },
  });
}

/** SQL of the number of the first clause whose condition holds; null where none does. */
export function clauseNumber(clauses: readonly MergeClause[]): string {
  if (clauses.length === 0) return 'NULL::INTEGER';
  const cases = clauses.map(
    ({ number, condition }) => `WHEN ${condition === undefined ? 'true' : `(${condition}\n)`} THEN ${number}`,
  );
  return `CASE ${cases.join(' ')} END`;
}
