import type { AddFile } from './actions.ts';
import { partitionMatches, type Term } from './predicate.ts';
import { mayContain, type ParsedStats, parseStats } from './stats.ts';

/**
 * What is known of a predicate before any file is opened. `any` and `all` of nothing are false and true; `unknown`
 * may be either, so that a file is left out only where the predicate cannot hold.
 */
export type Condition =
  | { readonly kind: 'term'; readonly term: Term }
  | { readonly kind: 'all'; readonly parts: readonly Condition[] }
  | { readonly kind: 'any'; readonly parts: readonly Condition[] }
  | { readonly kind: 'unknown' };

export const UNKNOWN: Condition = { kind: 'unknown' };

export function allOf(terms: readonly Term[]): Condition {
  return { kind: 'all', parts: terms.map((term) => ({ kind: 'term', term })) };
}

/** False where the partition alone rules the file out. */
export function partitionMayMatch(
  condition: Condition,
  file: AddFile,
  partitionColumns: ReadonlySet<string>,
): boolean {
  return may(
    condition,
    (term) => !partitionColumns.has(term.column) || partitionMatches([term], file.partitionValues),
  );
}

/** False where partition and statistics together rule the file out. Parses its statistics once. */
export function fileMayMatch(
  condition: Condition,
  file: AddFile,
  partitionColumns: ReadonlySet<string>,
): boolean {
  let stats: ParsedStats | undefined;
  let isParsed = false;
  return may(condition, (term) => {
    if (partitionColumns.has(term.column)) return partitionMatches([term], file.partitionValues);
    if (!isParsed) stats = parseStats(file);
    isParsed = true;
    return stats === undefined || mayContain(stats, term);
  });
}

/** True when some term is of a column that is none of these. */
export function namesOthers(condition: Condition, columns: ReadonlySet<string>): boolean {
  if (condition.kind === 'term') return !columns.has(condition.term.column);
  return condition.kind !== 'unknown' && condition.parts.some((part) => namesOthers(part, columns));
}

function may(condition: Condition, termMay: (term: Term) => boolean): boolean {
  switch (condition.kind) {
    case 'term':
      return termMay(condition.term);
    case 'all':
      return condition.parts.every((part) => may(part, termMay));
    case 'any':
      return condition.parts.some((part) => may(part, termMay));
    case 'unknown':
      return true;
  }
}
