import { quoteName } from '../../duckdb/index.ts';
import type { AddFile } from '../actions.ts';
import { localFiles } from '../relation/local-files.ts';
import { type DataFiles, localFile, tableRelation } from '../relation/relation.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Workplace } from './workplace.ts';

/** Columns that say where a row of the table lies: the number of its file among those looked at, and its number there. */
export const FILE_NUMBER = 'barline_file_number';
export const ROW_NUMBER = 'barline_row_number';
const PATH = 'barline_file_path';

/** The files of a table that a write looks at, each known by its number. */
export class TargetRows {
  readonly files: readonly AddFile[];
  readonly snapshot: Snapshot;
  readonly #work: Workplace;
  readonly #table: DataFiles;
  readonly #numbers: ReadonlyMap<AddFile, number>;
  #pathType: Promise<string> | undefined;

  constructor(work: Workplace, table: DataFiles, snapshot: Snapshot, files: readonly AddFile[]) {
    this.#work = work;
    this.#table = table;
    this.snapshot = snapshot;
    this.files = files;
    this.#numbers = new Map(files.map((file, i) => [file, i]));
  }

  /**
   * A SELECT of the rows of these files (all unless given) that are not deleted, with their place. Of files in an
   * object store only the columns are there that the query asked reads: it is given a name in the place of the table.
   */
  async relation(files: readonly AddFile[] = this.files, asked?: (table: string) => string): Promise<string> {
    const positions = { file: PATH, row: ROW_NUMBER };
    if (files.length === 0) {
      const none = await tableRelation(this.#work.session, this.#table, this.snapshot, [], { positions });
      return `SELECT * EXCLUDE (${PATH}), NULL::INTEGER AS ${FILE_NUMBER} FROM (${none})`;
    }
    const local = await localFiles(this.#work.session, this.#table, this.snapshot, files, {
      ...(asked && { asked }),
      keepRowNumbers: true,
    });
    const rows = await tableRelation(this.#work.session, local, this.snapshot, files, { positions });
    return `SELECT * EXCLUDE (${PATH}), ${await this.#number(local, files)}::INTEGER AS ${FILE_NUMBER} FROM (${rows})`;
  }

  /** From a path to the file's number: looked up once for every vector of rows. */
  async #number(local: DataFiles, files: readonly AddFile[]): Promise<string> {
    const isHere = this.files.every((file) => this.#table.localPath(file) !== undefined);
    if (isHere) {
      const paths = () => this.files.map((file) => localFile(this.#table, file.path));
      this.#pathType ??= this.#work.enumerate('files', paths());
      return `enum_code(${PATH}::${quoteName(await this.#pathType)})`;
    }
    // what was fetched lies elsewhere each time
    const type = await this.#work.enumerate(
      'files',
      files.map((file) => localFile(local, file.path)),
    );
    const numbers = files.map((file) => this.numberOf(file));
    return `[${numbers.join(', ')}][enum_code(${PATH}::${quoteName(type)})::BIGINT + 1]`;
  }

  numberOf(file: AddFile): number {
    return this.#numbers.get(file) ?? -1;
  }
}
