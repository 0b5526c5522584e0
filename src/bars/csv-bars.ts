/** Bars from CSV. */
import { BarlineError } from '../base/index.ts';
import { type ColumnPlaces, placeColumns } from './column-names.ts';
import type { Bars } from './columns.ts';
import { type ByteChunks, lineBatches } from './text-lines.ts';
import { type TextRow, TextRows } from './text-rows.ts';

const DELIMITERS = [',', ';', '\t'] as const;

/**
 * Reads CSV with a header line: `timestamp, open, high, low, close, volume` and optionally `symbol` or
 * `instrument_id`, in any order and case; other columns are ignored and named. Fields are parted by comma,
 * semicolon or tab (whichever the header has) and may be quoted. Empty lines are skipped. Throws EMPTY_INPUT for
 * no line, or none but the header; COLUMN_MISSING; BAD_FIELD and BAD_ROW with the line's number.
 */
export async function csvBars(
  chunks: ByteChunks,
  source: string,
): Promise<{ readonly bars: Bars; readonly ignoredColumns: readonly string[] }> {
  let reader: CsvReader | null = null;
  let line = 0;
  let open = '';
  let openLine = 0;
  for await (const lines of lineBatches(chunks, source)) {
    for (const text of lines) {
      line++;
      const record = open === '' ? text : `${open}\n${text}`;
      if (open === '') openLine = line;
      if (record.includes('"') && quoteCount(record) % 2 === 1) {
        open = record;
        continue;
      }
      open = '';
      if (record === '') continue;
      if (reader) reader.add(record, openLine);
      else reader = new CsvReader(record, source);
    }
  }
  if (open !== '') {
    throw new BarlineError({
      code: 'BAD_ROW',
      message: `${source}: line ${openLine}: a quote is opened and not closed.`,
      hint: 'Close the quote, or take it off; two in a row stand for one in the text.',
      facts: { file: source, line: openLine },
    });
  }
  if (!reader) throw emptyInput(source, 'a header line and rows', 'nothing');
  if (reader.rows.rowCount === 0) throw emptyInput(source, 'rows after the header', 'none');
  return { bars: reader.rows.toBars(), ignoredColumns: reader.places.ignored };
}

export function emptyInput(source: string, expected: string, found: string): BarlineError {
  return new BarlineError({
    code: 'EMPTY_INPUT',
    message: `${source}: expected ${expected}, found ${found}.`,
    hint: 'Export the file again; it holds no bars.',
    facts: { file: source, expected, found },
  });
}

class CsvReader {
  readonly places: ColumnPlaces;
  readonly rows: TextRows;
  readonly #source: string;
  readonly #delimiter: string;
  readonly #fieldCount: number;

  constructor(header: string, source: string) {
    this.#source = source;
    this.#delimiter = DELIMITERS.find((delimiter) => header.includes(delimiter)) ?? ',';
    const names = fieldsOf(header, this.#delimiter).map((name) => name.trim());
    this.#fieldCount = names.length;
    this.places = placeColumns(names, source);
    const { symbol, instrument_id: id } = this.places.place;
    this.rows = new TextRows(source, symbol >= 0 || id >= 0);
  }

  add(record: string, line: number): void {
    const fields = fieldsOf(record, this.#delimiter);
    if (fields.length !== this.#fieldCount) {
      throw new BarlineError({
        code: 'BAD_ROW',
        message: `${this.#source}: line ${line}: expected ${this.#fieldCount} fields as in the header, found ${fields.length}.`,
        hint: 'Correct the line; a field that holds the delimiter needs quotes.',
        facts: { file: this.#source, line, expected: this.#fieldCount, found: fields.length },
      });
    }
    const { place } = this.places;
    const row: TextRow = {
      timestamp: fields[place.timestamp].trim(),
      open: fields[place.open].trim(),
      high: fields[place.high].trim(),
      low: fields[place.low].trim(),
      close: fields[place.close].trim(),
      volume: fields[place.volume].trim(),
      symbol: place.symbol < 0 ? null : fields[place.symbol].trim(),
      instrument_id: place.instrument_id < 0 ? null : fields[place.instrument_id].trim(),
    };
    this.rows.add(row, line);
  }
}

function quoteCount(text: string): number {
  return text.split('"').length - 1;
}

function fieldsOf(record: string, delimiter: string): string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let k = 0; k < record.length; k++) {
    const char = record.charAt(k);
    if (char === '"') {
      if (quoted && record.charAt(k + 1) === '"') {
        field += '"';
        k++;
      } else quoted = !quoted;
    } else if (char === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return [...fields, field];
}
