/** A text table of any length: the first rows decide how wide its columns are, the rest follows as it comes. */
import { oneLine } from '../base/index.ts';
import type { Output } from './output.ts';
import { columnWidths, type TextColumn, tableLine, textTable } from './text-table.ts';

const NULL_TEXT = 'NULL';
/** Rows looked at before the first is printed. */
const MEASURED_ROWS = 1000;
const WIDEST_CELL = 120;

export class TextTableWriter {
  readonly #output: Output;
  readonly #lineWidth: number;
  #columns: readonly TextColumn[];
  #hiddenColumns: readonly TextColumn[] = [];
  #measured: string[][] | undefined = [];
  #widths: number[] = [];

  /** `lineWidth`: characters of a terminal's line; columns that do not fit are left out, but for the first. */
  constructor(
    output: Output,
    columns: readonly TextColumn[],
    lineWidth: number | undefined = process.stdout.isTTY ? process.stdout.columns : undefined,
  ) {
    this.#lineWidth = lineWidth ?? Number.POSITIVE_INFINITY;
    this.#output = output;
    this.#columns = columns;
  }

  /** Titles of the columns left out, known once rows have been printed. */
  get hiddenTitles(): string[] {
    return this.#hiddenColumns.map((column) => column.title);
  }

  /** Takes rows; a null cell is shown as NULL. Waits for a slow reader. */
  async write(rows: readonly (readonly (string | null)[])[]): Promise<void> {
    const cells = rows.map((row) => row.map((cell) => (cell === null ? NULL_TEXT : shortLine(cell))));
    if (this.#measured !== undefined) {
      this.#measured.push(...cells);
      if (this.#measured.length >= MEASURED_ROWS) await this.#begin(this.#measured);
    } else if (cells.length > 0) {
      await this.#output.raw(
        `${cells.map((row) => tableLine(this.#columns, this.#widths, row)).join('\n')}\n`,
      );
    }
  }

  /** Prints what is left; a table without rows still has its titles. */
  async end(): Promise<void> {
    if (this.#measured !== undefined) await this.#begin(this.#measured);
  }

  async #begin(rows: readonly string[][]): Promise<void> {
    this.#measured = undefined;
    this.#widths = columnWidths(this.#columns, rows);
    this.#hideWhatDoesNotFit();
    await this.#output.raw(`${textTable(this.#columns, rows)}\n`);
  }

  #hideWhatDoesNotFit(): void {
    let end = -2;
    const fitting = this.#widths.findIndex((width) => {
      end += width + 2;
      return end > this.#lineWidth;
    });
    if (fitting < 0) return;
    const shown = Math.max(1, fitting);
    this.#hiddenColumns = this.#columns.slice(shown);
    this.#columns = this.#columns.slice(0, shown);
  }
}

/** A cell takes one line, and no more than its share of it. */
function shortLine(cell: string): string {
  const line = oneLine(cell);
  return line.length <= WIDEST_CELL ? line : `${line.slice(0, WIDEST_CELL - 1)}…`;
}
