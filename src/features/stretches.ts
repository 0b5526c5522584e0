import type { GridSession } from '../bars/index.ts';
import { leadRows } from './table.ts';

/** What a window may cross: `session` starts afresh with every session, `all` takes the rows as one sequence. */
export type FeatureScope = 'session' | 'all';

/** Grid rows [startRow, endRow). */
export interface FeatureRange {
  readonly startRow: number;
  readonly endRow: number;
}

/** Rows [start, end) to write, and the rows [leadStart, start) of the same scope that their windows reach into. */
export interface Stretch {
  readonly leadStart: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Rows written at once: a day session is one stretch, and the kernels' scratch (44 bytes a row) stays in
 * the cache. It also bounds what is summed, so that sums of whole numbers stay exact however long the input.
 */
export const stretchRows = 32_768;

/** The range cut into stretches: none crosses a scope's edge, none is longer than `stretchRows`. */
export function stretchesOf(
  sessions: readonly GridSession[],
  rowCount: number,
  scope: FeatureScope,
  range: FeatureRange,
): Stretch[] {
  const scopes = scope === 'all' ? [{ start: 0, end: rowCount }] : sessions;
  const stretches: Stretch[] = [];
  for (const { start, end } of scopes) {
    const to = Math.min(end, range.endRow);
    for (let from = Math.max(start, range.startRow); from < to; from += stretchRows) {
      stretches.push({
        leadStart: Math.max(start, from - leadRows),
        start: from,
        end: Math.min(from + stretchRows, to),
      });
    }
  }
  return stretches;
}
