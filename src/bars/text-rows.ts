/** Rows of text sources (CSV, NDJSON) as bars, checked field by field. */
import { BarlineError } from '../base/index.ts';
import { BarColumns } from './bar-columns.ts';
import type { BarColumn } from './column-names.ts';
import type { Bars } from './columns.ts';
import { InstrumentDirectory } from './instrument-directory.ts';
import { timestampUs } from './timestamps.ts';

/** A row's fields as text; null or an empty text where a value is not given. */
export type TextRow = Readonly<Record<BarColumn, string | null>>;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const ABSENT = /^(?:|nan|null|none|na|n\/a)$/i;
const MAX_ID = 2 ** 32 - 1;

/** Collects rows; about 1 µs each. */
export class TextRows {
  readonly #columns = new BarColumns();
  readonly #directory = new InstrumentDirectory();
  readonly #source: string;
  readonly #withInstruments: boolean;

  constructor(source: string, withInstruments: boolean) {
    this.#source = source;
    this.#withInstruments = withInstruments;
  }

  get rowCount(): number {
    return this.#columns.rowCount;
  }

  /**
   * Appends a row that stands on `line` (from 1). A price or volume not given is NaN. Throws BAD_FIELD for a time
   * that is none or not given, text in a number's place, and an id that is no whole number of 32 bits.
   */
  add(row: TextRow, line: number): void {
    const columns = this.#columns;
    const k = columns.rowCount;
    columns.reserve(k + 1);
    columns.tsUs[k] = this.#time(row.timestamp, line);
    columns.open[k] = this.#number('open', row.open, line);
    columns.high[k] = this.#number('high', row.high, line);
    columns.low[k] = this.#number('low', row.low, line);
    columns.close[k] = this.#number('close', row.close, line);
    columns.volume[k] = this.#number('volume', row.volume, line);
    if (this.#withInstruments) {
      const symbol = row.symbol === null || row.symbol === '' ? null : row.symbol;
      columns.instrument[k] = this.#directory.indexOf(this.#id(row.instrument_id, line), symbol);
    }
    columns.rowCount = k + 1;
  }

  toBars(): Bars {
    return this.#columns.toBars(this.#directory.instruments);
  }

  #time(text: string | null, line: number): number {
    const ts = text === null ? undefined : timestampUs(text);
    if (ts !== undefined) return ts;
    throw this.#badField('timestamp', text, line, 'a time such as 2024-03-01T13:30:00Z');
  }

  #number(column: BarColumn, text: string | null, line: number): number {
    if (text === null) return Number.NaN;
    if (NUMBER.test(text)) return Number(text);
    if (ABSENT.test(text)) return Number.NaN;
    throw this.#badField(column, text, line, 'a number');
  }

  #id(text: string | null, line: number): number {
    if (text === null || text === '') return 0;
    const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (id <= MAX_ID) return id;
    throw this.#badField('instrument_id', text, line, `a whole number up to ${MAX_ID}`);
  }

  #badField(column: BarColumn, text: string | null, line: number, expected: string): BarlineError {
    const found = text === null || text === '' ? 'nothing' : JSON.stringify(text.slice(0, 60));
    return new BarlineError({
      code: 'BAD_FIELD',
      message: `${this.#source}: line ${line}, column ${column}: expected ${expected}, found ${found}.`,
      hint:
        column === 'timestamp' || column === 'instrument_id'
          ? 'Correct the line, or take it out.'
          : 'Correct the line; a value that is not known may be left empty.',
      facts: { file: this.#source, line, column, expected, found: text },
    });
  }
}
