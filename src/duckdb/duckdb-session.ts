/** DuckDB in memory, within the limits it is given. */
import { rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import { removeLeftFolders, temporaryFolderName } from '../base/index.ts';
import type { ClientVector } from './column-vector.ts';
import { queryError } from './query-error.ts';
import { quoteText } from './sql-text.ts';

export interface SessionLimits {
  readonly memoryByteLength: number;
  readonly threads: number;
  /** A folder for what does not fit into memory; the session makes one of its own in it, and removes that. */
  readonly temporaryFolder: string;
}

/** A gigabyte, every processor, and the system's folder for temporary files. */
export function defaultLimits(): SessionLimits {
  return { memoryByteLength: 1e9, threads: availableParallelism(), temporaryFolder: tmpdir() };
}

/** Some 2,048 rows of a result: the values of each column. */
export interface ColumnChunk {
  readonly rowCount: number;
  values(column: number): readonly DuckDBValue[];
  /** The column as DuckDB's client keeps it: much of it can be had without a look at each value. */
  vector(column: number): ClientVector;
}

/** A column of a result, with DuckDB's name for its type. */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * A database of its own, gone when it is closed. It loads nothing from the network and reads times as UTC. Errors of
 * a query are `BarlineError`s.
 */
export class DuckDbSession implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #spillFolder: string;
  readonly #removeSpill: () => void;
  readonly #owned: Disposable[] = [];
  #keepsConditions = false;
  /** Where this session, and what it owns, may put what is gone with it. */
  readonly temporaryFolder: string;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    temporaryFolder: string,
    spillFolder: string,
  ) {
    this.temporaryFolder = temporaryFolder;
    this.#instance = instance;
    this.#connection = connection;
    this.#spillFolder = spillFolder;
    this.#removeSpill = () => rmSync(this.#spillFolder, { recursive: true, force: true });
    process.on('exit', this.#removeSpill);
  }

  static async open(limits: SessionLimits): Promise<DuckDbSession> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    removeLeftFolders(limits.temporaryFolder);
    const spillFolder = join(limits.temporaryFolder, temporaryFolderName('query'));
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${limits.memoryByteLength}B`,
      threads: String(limits.threads),
      temp_directory: spillFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new DuckDbSession(instance, connection, limits.temporaryFolder, spillFolder);
  }

  /** Disposes of what its queries read after the database is closed. */
  own<T extends Disposable>(resource: T): T {
    this.#owned.push(resource);
    return resource;
  }

  /** A function of two binaries, of which neither is null, to text; null stands for null. Called row by row. */
  async registerBlobFunction(
    name: string,
    compute: (first: Uint8Array, second: Uint8Array) => string | null,
  ): Promise<void> {
    const { BLOB, DuckDBBlobValue, DuckDBScalarFunction, VARCHAR } = await import('@duckdb/node-api');
    const bytesOf = (value: DuckDBValue | undefined) =>
      value instanceof DuckDBBlobValue ? value.bytes : new Uint8Array();
    this.#connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name,
        parameterTypes: [BLOB, BLOB],
        returnType: VARCHAR,
        mainFunction: (_info, input, output) => {
          const seconds = input.getColumnValues(1);
          for (const [row, first] of input.getColumnValues(0).entries()) {
            const second = seconds[row];
            const isNull = first === null || second === null;
            output.setItem(row, isNull ? null : compute(bytesOf(first), bytesOf(second)));
          }
          output.flush();
        },
      }),
    );
  }

  /** Runs statements for their effect. `what` begins the message of an error. */
  async run(sql: string, what = 'the query'): Promise<void> {
    await this.#asking(what, async () => (await this.#connectionFor(sql)).run(sql));
  }

  /** How many statements a text holds; throws `SQL_INVALID` when it cannot be parsed. */
  async statementCount(sql: string, what = 'the query'): Promise<number> {
    return (await this.#asking(what, () => this.#connection.extractStatements(sql))).count;
  }

  /** Names of the tables a statement reads, as far as DuckDB can tell before it knows them; none for a PIVOT. */
  tableNames(sql: string): readonly string[] {
    return this.#connection.getTableNames(sql, false);
  }

  /** The columns of a query that returns rows, without running it. */
  async columns(query: string, what = 'the query'): Promise<ResultColumn[]> {
    const reader = await this.#asking(what, async () =>
      (await this.#connectionFor(query)).runAndReadAll(`DESCRIBE SELECT * FROM (${query}\n)`),
    );
    return reader.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
  }

  /** The single value of a query's only row. */
  async value(query: string, what = 'the query'): Promise<DuckDBValue> {
    const reader = await this.#asking(what, async () =>
      (await this.#connectionFor(query)).runAndReadAll(query),
    );
    return reader.getRows()[0]?.[0] ?? null;
  }

  /** Rows as they come, some 2,048 at a time; each row's cells as text or null. An aborted signal ends it with its reason. */
  async *textRows(
    query: string,
    options: { readonly what?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<(string | null)[][]> {
    const { what = 'the query', signal } = options;
    using _ = this.#interruptOn(signal);
    const result = await this.#asking(
      what,
      async () => (await this.#connectionFor(query)).stream(query),
      signal,
    );
    for (;;) {
      const chunk = await this.#asking(what, () => result.fetchChunk(), signal);
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))));
      signal?.throwIfAborted();
    }
  }

  /** Values as they come, some 2,048 rows at a time, as DuckDB's Node client gives them. */
  async *chunks(query: string, what = 'the query'): AsyncGenerator<ColumnChunk> {
    const result = await this.#asking(what, async () => (await this.#connectionFor(query)).stream(query));
    for (;;) {
      const chunk = await this.#asking(what, () => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) return;
      yield {
        rowCount: chunk.rowCount,
        values: (column) => chunk.getColumnValues(column),
        vector: (column) => chunk.getColumnVector(column),
      };
    }
  }

  /** Writes a query's rows to a file by DuckDB's COPY; returns how many. */
  async copy(
    query: string,
    path: string,
    format: string,
    options: { readonly what?: string; readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    const { what = 'the query', signal } = options;
    using _ = this.#interruptOn(signal);
    const sql = `COPY (${query}\n) TO ${quoteText(path)} (${format})`;
    const reader = await this.#asking(
      what,
      async () => (await this.#connectionFor(sql)).runAndReadAll(sql),
      signal,
    );
    return Number(reader.getRows()[0]?.[0] ?? 0);
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
    process.off('exit', this.#removeSpill);
    this.#removeSpill();
    for (const resource of this.#owned.splice(0)) resource[Symbol.dispose]();
  }

  /** Again and again, since an interrupt between two steps of a query is lost. */
  #interruptOn(signal: AbortSignal | undefined): Disposable {
    let timer: NodeJS.Timeout | undefined;
    const interrupt = () => {
      this.#connection.interrupt();
      timer = setTimeout(interrupt, INTERRUPT_MS);
    };
    signal?.addEventListener('abort', interrupt);
    return {
      [Symbol.dispose]: () => {
        signal?.removeEventListener('abort', interrupt);
        clearTimeout(timer);
      },
    };
  }

  async #connectionFor(sql: string): Promise<DuckDBConnection> {
    if (IS_DISTINCT_FROM.test(sql) && !this.#keepsConditions) {
      await this.#connection.run("SET disabled_optimizers = 'expression_rewriter'");
      this.#keepsConditions = true;
    }
    return this.#connection;
  }

  async #asking<T>(what: string, ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      signal?.throwIfAborted();
      throw queryError(error, what);
    }
  }
}

/**
 * DuckDB 1.5.6 rewrites `s IS DISTINCT FROM 'a' OR s = 'b'` to what finds no row of a Parquet file whose `s` is all
 * null, so conditions with it are left as they are written.
 */
const IS_DISTINCT_FROM = /\bdistinct(?:\s|\/\*[\s\S]*?\*\/|--.*\n)+from\b/i;

/** How long an interrupt may take to be tried again. */
const INTERRUPT_MS = 20;
