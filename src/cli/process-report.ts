import type { BarSource } from '../bars/index.ts';
import type { ProcessReport } from '../months/index.ts';
import { formatCount } from './text-table.ts';

/** What was read, as `--json` shows it. */
export function inputDocument({ kind, rowCount, skippedRecords, undefinedTimes, ignoredColumns }: BarSource) {
  return {
    format: kind,
    rows: rowCount,
    skipped_records: skippedRecords,
    bars_without_time: undefinedTimes,
    ignored_columns: ignoredColumns,
  };
}

/** What a person must know who does not read the report: what was left out, guessed or could not be done. */
export function reportNotes(source: BarSource, report: ProcessReport): string[] {
  const notes: string[] = [];
  const note = (is: boolean, text: () => string) => {
    if (is) notes.push(text());
  };
  const { skippedRecords, undefinedTimes, ignoredColumns } = source;
  note(ignoredColumns.length > 0, () => `columns not used: ${ignoredColumns.join(', ')}`);
  note(
    skippedRecords > 0,
    () => `left out ${formatCount(skippedRecords)} records that are no bars of the file’s schema`,
  );
  note(undefinedTimes > 0, () => `left out ${formatCount(undefinedTimes)} bars without a time`);
  const segments = report.contract?.segments;
  if (segments) {
    const dropped = segments.splitDates.reduce((sum, each) => sum + each.rowsDropped, 0);
    notes.push(
      `the input names no contracts: days were split at jumps above ${segments.jump} points and the part with the most volume kept ` +
        `(days split: ${segments.splitDates.length}, bars left out: ${formatCount(dropped)})`,
    );
  }
  for (const { date, shiftSeconds } of report.session?.timezoneIssues ?? []) {
    notes.push(
      `${date}: the bars look an hour ${shiftSeconds > 0 ? 'late' : 'early'}, as in another time zone`,
    );
  }
  for (const { category, message } of report.featureFailures) {
    notes.push(`the features of ${category} could not be computed and are null: ${message}`);
  }
  return notes;
}

/** The stages' reports as `--json` shows them: snake_case keys, times as ISO 8601 text. */
export function reportDocument(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reportDocument);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => documentEntry(key, item)));
}

function documentEntry(key: string, value: unknown): [string, unknown] {
  if (!key.endsWith('Us') || (typeof value !== 'number' && value !== null))
    return [snakeCase(key), reportDocument(value)];
  // the unit goes with the number: what is left is a time
  const name = snakeCase(key.slice(0, -'Us'.length));
  return [
    name === 'timestamp' ? name : `${name}_time`,
    value === null ? null : new Date(value / 1000).toISOString(),
  ];
}

/** `rowsIn` as `rows_in`; what is no such name (a contract, a date) stays. */
function snakeCase(name: string): string {
  return /^[a-z]+([A-Z][a-z0-9]*)+$/.test(name)
    ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : name;
}
