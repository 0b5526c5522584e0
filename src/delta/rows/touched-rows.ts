import { quoteName } from '../../duckdb/index.ts';
import type { AddFile } from '../actions.ts';
import { readDeletionVector } from '../deletion-vectors/deletion-vector.ts';
import type { VectorWriter } from '../deletion-vectors/vector-writer.ts';
import type { DataFiles } from '../relation/relation.ts';
import { parseStats } from '../stats.ts';
import { FILE_NUMBER, ROW_NUMBER, type TargetRows } from './target-rows.ts';
import type { Workplace } from './workplace.ts';

/** Which clause of a write takes the row; what kind of change that is, the caller knows. */
export const CLAUSE = 'barline_clause';
/** The number of the row of the source that changes it, where there is one. */
export const SOURCE_ROW = 'barline_source_row';

/** Some rows of a file that a write takes out of it. */
export interface TouchedFile {
  readonly file: AddFile;
  readonly touchedCount: number;
  /** Rows that stay. */
  readonly keptCount: number;
}

/** Rows of the table that a write deletes or replaces, each once: its place and the clause that takes it. */
export class TouchedRows {
  /** A table of the session with the columns `FILE_NUMBER`, `ROW_NUMBER`, `CLAUSE` and `SOURCE_ROW`. */
  readonly table: string;
  readonly #work: Workplace;
  readonly #target: TargetRows;

  constructor(work: Workplace, target: TargetRows, table: string) {
    this.#work = work;
    this.#target = target;
    this.table = quoteName(table);
  }

  /** Condition that a row of the table, known as `alias`, is the touched row known as `touched`. */
  static samePlace(alias: string): string {
    return `touched.${FILE_NUMBER} = ${alias}.${FILE_NUMBER} AND touched.${ROW_NUMBER} = ${alias}.${ROW_NUMBER}`;
  }

  count(condition = 'true'): Promise<number> {
    return this.#work.count(`SELECT count(*) FROM ${this.table} WHERE ${condition}`);
  }

  async files(): Promise<TouchedFile[]> {
    const found: TouchedFile[] = [];
    const query = `SELECT ${FILE_NUMBER}, count(*)::DOUBLE FROM ${this.table} GROUP BY 1 ORDER BY 1`;
    for await (const chunk of this.#work.session.chunks(query)) {
      const [numbers, counts] = [chunk.values(0), chunk.values(1)];
      for (let i = 0; i < chunk.rowCount; i++) {
        const file = this.#target.files[Number(numbers[i])];
        if (file === undefined) throw new Error(`a touched row lies in no file: ${numbers[i]}`);
        const touchedCount = Number(counts[i]);
        found.push({ file, touchedCount, keptCount: (await this.#liveRows(file)) - touchedCount });
      }
    }
    return found;
  }

  async #liveRows(file: AddFile): Promise<number> {
    const physical = parseStats(file)?.numRecords;
    if (physical !== undefined) return physical - (file.deletionVector?.cardinality ?? 0);
    return this.#work.count(`SELECT count(*) FROM (${await this.#target.relation([file], countOf)})`);
  }

  /**
   * Adds a vector for each of these files (in the order of `files`): the rows it marked before, and those touched.
   * Memory for the row numbers of one file.
   */
  async addVectors(writer: VectorWriter, table: DataFiles, files: readonly AddFile[]): Promise<void> {
    let next = 0;
    for await (const { file, rows } of this.#rowsByFile(files)) {
      const before =
        file.deletionVector === undefined
          ? undefined
          : await readDeletionVector(table.storage, file.deletionVector, file.path);
      if (writer.add(before === undefined ? rows : merged(before, rows)) !== next) {
        throw new Error('the vectors are out of order');
      }
      next += 1;
    }
  }

  async *#rowsByFile(wanted: readonly AddFile[]): AsyncGenerator<{ file: AddFile; rows: Float64Array }> {
    const numbers = wanted.map((file) => this.#target.numberOf(file));
    const query =
      `SELECT ${FILE_NUMBER}, ${ROW_NUMBER}::DOUBLE FROM ${this.table} ` +
      `WHERE ${FILE_NUMBER} IN (${numbers.join(', ')}) ORDER BY 1, 2`;
    let current = -1;
    let rows = new RowNumbers();
    for await (const chunk of this.#work.session.chunks(query)) {
      const [files, numbers] = [chunk.values(0), chunk.values(1)];
      for (let i = 0; i < chunk.rowCount; i++) {
        const file = Number(files[i]);
        if (file !== current) {
          const done = this.#target.files[current];
          if (done !== undefined) yield { file: done, rows: rows.finish() };
          current = file;
          rows = new RowNumbers();
        }
        rows.push(Number(numbers[i]));
      }
    }
    const last = this.#target.files[current];
    if (last !== undefined) yield { file: last, rows: rows.finish() };
  }
}

/** Reads no column. */
export const countOf = (table: string) => `SELECT count(*) FROM ${table}`;

/** A typed array that grows. */
class RowNumbers {
  #values = new Float64Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  finish(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** Two ascending lists without a common number, as one. */
function merged(a: Float64Array, b: Float64Array): Float64Array {
  const rows = new Float64Array(a.length + b.length);
  let [i, j] = [0, 0];
  for (let at = 0; at < rows.length; at++) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    if (left < right) i += 1;
    else j += 1;
    rows[at] = Math.min(left, right);
  }
  return rows;
}
