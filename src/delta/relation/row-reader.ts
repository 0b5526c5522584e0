import { DuckDbSession, type SessionLimits } from '../../duckdb/index.ts';
import type { StructField } from '../schema.ts';
import { ColumnReader, joinColumns, type ReadColumn } from './read-column.ts';
import { type Row, rowValueOf } from './row-values.ts';

/** Some rows, column by column. */
export interface Batch {
  readonly rowCount: number;
  readonly columns: Readonly<Record<string, ReadColumn>>;
}

/** Rows that are read when they are asked for: as SQL, as objects or as columns. */
export class RowReader {
  /** The columns the rows have, in order. */
  readonly fields: readonly StructField[];
  readonly #what: string;
  readonly #limits: SessionLimits;
  readonly #relation: (session: DuckDbSession) => Promise<string>;

  constructor(
    what: string,
    fields: readonly StructField[],
    limits: SessionLimits,
    relation: (session: DuckDbSession) => Promise<string>,
  ) {
    this.#what = what;
    this.fields = fields;
    this.#limits = limits;
    this.#relation = relation;
  }

  /** A SELECT of the rows, to be run in this session. Reads deletion vectors, no data. */
  relation(session: DuckDbSession): Promise<string> {
    return this.#relation(session);
  }

  /** Rows one by one; memory for some thousands. `QUERY_FILE_MISSING` names a data file that is gone. */
  async *rows(): AsyncGenerator<Row> {
    using session = await DuckDbSession.open(this.#limits);
    const converters = this.fields.map((field) => rowValueOf(field.type));
    for await (const chunk of session.chunks(await this.#relation(session), this.#what)) {
      const columns = converters.map((convert, i) => chunk.values(i).map(convert));
      for (let row = 0; row < chunk.rowCount; row++) {
        yield Object.fromEntries(this.fields.map((field, i) => [field.name, columns[i]?.[row] ?? null]));
      }
    }
  }

  /** Some 2,048 rows at a time, as typed arrays where a type has one. */
  async *batches(): AsyncGenerator<Batch> {
    using session = await DuckDbSession.open(this.#limits);
    const readers = this.fields.map((field) => new ColumnReader(field));
    for await (const chunk of session.chunks(await this.#relation(session), this.#what)) {
      const columns = readers.map((reader, i) => [reader.field.name, reader.read(chunk, i)]);
      yield { rowCount: chunk.rowCount, columns: Object.fromEntries(columns) };
    }
  }

  /** All rows at once, in memory. */
  async columns(): Promise<Batch> {
    const parts: Batch[] = [];
    for await (const batch of this.batches()) parts.push(batch);
    const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
    const columns = this.fields.map((field) => [
      field.name,
      joinColumns(
        field,
        parts.map((part) => part.columns[field.name]),
      ),
    ]);
    return { rowCount, columns: Object.fromEntries(columns) };
  }
}
