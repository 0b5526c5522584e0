/** Finding the columns of bars among those a table has. */
import { BarlineError } from '../base/index.ts';

/** Columns every table of bars must have, and those it may have. */
export const BAR_COLUMNS = ['timestamp', 'open', 'high', 'low', 'close', 'volume'] as const;
export const OPTIONAL_BAR_COLUMNS = ['symbol', 'instrument_id'] as const;

export type BarColumn = (typeof BAR_COLUMNS)[number] | (typeof OPTIONAL_BAR_COLUMNS)[number];

export interface ColumnPlaces {
  /** Place of each column in the table's list, -1 for an optional one that is not there. */
  readonly place: Readonly<Record<BarColumn, number>>;
  /** Names of columns that mean nothing to bars. */
  readonly ignored: readonly string[];
}

/**
 * Places the columns of bars in a table's list of names, whatever their case. Throws COLUMN_MISSING, with the
 * nearest name the table has, or COLUMN_TWICE.
 */
export function placeColumns(names: readonly string[], source: string): ColumnPlaces {
  const place: Record<BarColumn, number> = {
    timestamp: -1,
    open: -1,
    high: -1,
    low: -1,
    close: -1,
    volume: -1,
    symbol: -1,
    instrument_id: -1,
  };
  const ignored: string[] = [];
  for (const [k, name] of names.entries()) {
    const column = [...BAR_COLUMNS, ...OPTIONAL_BAR_COLUMNS].find(
      (known) => known === name.trim().toLowerCase(),
    );
    if (column === undefined) ignored.push(name);
    else if (place[column] >= 0) {
      throw new BarlineError({
        code: 'COLUMN_TWICE',
        message: `${source}: column ${column} is there twice, as number ${place[column] + 1} and ${k + 1}.`,
        facts: { source, column },
      });
    } else place[column] = k;
  }
  const missing = BAR_COLUMNS.find((column) => place[column] < 0);
  if (missing !== undefined) throw missingColumn(missing, names, ignored, source);
  return { place, ignored };
}

function missingColumn(
  column: string,
  names: readonly string[],
  ignored: readonly string[],
  source: string,
): BarlineError {
  const near = ignored.length > 0 ? nearestName(column, ignored) : undefined;
  return new BarlineError({
    code: 'COLUMN_MISSING',
    message: `${source}: column ${column} is missing; found ${names.length > 0 ? names.join(', ') : 'no columns'}.`,
    hint:
      near === undefined
        ? `Bars have the columns ${BAR_COLUMNS.join(', ')}.`
        : `Did you mean ${JSON.stringify(near)}? Rename it to ${column}.`,
    facts: {
      source,
      column,
      expected: BAR_COLUMNS,
      found: names,
      ...(near !== undefined && { nearest: near }),
    },
  });
}

/** The candidate with the fewest edits from `name`, if that is at most half its length. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate.trim().toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= name.length / 2 ? best.candidate : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, rows[i - 2][j - 2] + 1);
      }
      row.push(edits);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
