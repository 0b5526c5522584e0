import { oneLine } from '../base/index.ts';

/** A column of a table for people: numbers are right-aligned. */
export interface TextColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Renders rows under titles, as wide as their widest cell, two spaces between columns. */
export function textTable(columns: readonly TextColumn[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(oneLine));
  const widths = columnWidths(columns, rows);
  const titles = columns.map((column) => column.title);
  const rule = widths.map((width) => '─'.repeat(width));
  return [
    tableLine(columns, widths, titles),
    rule.join('  '),
    ...rows.map((row) => tableLine(columns, widths, row)),
  ].join('\n');
}

/** The widest cell of each column, its title included. */
export function columnWidths(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): number[] {
  return columns.map((column, index) =>
    rows.reduce((width, row) => Math.max(width, (row[index] ?? '').length), column.title.length),
  );
}

/** One row; cells beyond the columns are left out. */
export function tableLine(
  columns: readonly TextColumn[],
  widths: readonly number[],
  cells: readonly string[],
): string {
  return columns
    .map((column, index) => {
      const [cell = '', width = 0] = [cells[index], widths[index]];
      return column.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
    })
    .join('  ')
    .trimEnd();
}

const NUMBER = new Intl.NumberFormat('en-US');

/** `621,000`. */
export function formatCount(value: number): string {
  return NUMBER.format(value);
}

/** `0.42 s`, `3.1 s`, `2 min 05 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
