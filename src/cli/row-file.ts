/** FILE of the commands that write rows to a table: where DuckDB reads them. */
import { createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BarlineError, makeTemporaryFolder, usageError } from '../base/index.ts';
import type { Invocation } from './command.ts';
import { openDbnInput, storedChunks } from './dbn-input.ts';

/** The FILE of commands that write rows to a table. */
export const ROW_FILE: readonly [string, string] = [
  '<file>',
  'a .parquet, .csv, .ndjson, .dbn or .dbn.zst file, local or s3://; - is stdin',
];

type Format = 'parquet' | 'csv' | 'ndjson' | 'dbn';

const ENDINGS: readonly (readonly [RegExp, Format])[] = [
  [/\.parquet$/i, 'parquet'],
  [/\.(csv|tsv)(\.gz|\.zst)?$/i, 'csv'],
  [/\.(ndjson|jsonl|json)(\.gz|\.zst)?$/i, 'ndjson'],
  [/\.dbn(\.zst)?$/i, 'dbn'],
];

/** A file's rows as a SELECT, until it is disposed of. */
export class RowFile implements AsyncDisposable {
  readonly relation: string;
  readonly #folder: string;

  private constructor(relation: string, folder: string) {
    this.relation = relation;
    this.#folder = folder;
  }

  /** A usage error when the name tells no format; `FILE_NOT_FOUND` when there is no such file. */
  static async open(invocation: Invocation, file: string): Promise<RowFile> {
    const folder = makeTemporaryFolder(tmpdir(), 'rows');
    try {
      return new RowFile(await relationOf(invocation, file, folder), folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function relationOf(invocation: Invocation, file: string, folder: string): Promise<string> {
  const { quotePath } = await import('../query/index.ts');
  const copy = join(folder, 'rows');
  if (file === '-') {
    await pipeline(process.stdin, createWriteStream(copy), { signal: invocation.signal });
    const format = await sniff(copy);
    if (format === 'dbn')
      return `SELECT * FROM read_parquet(${quotePath(await barsOf(invocation, copy, folder))})`;
    return reading(format, quotePath(copy));
  }
  const format = ENDINGS.find(([ending]) => ending.test(file))?.[1];
  if (format === undefined) {
    throw usageError(
      `${file} is of no known format`,
      'its name should end with .parquet, .csv, .ndjson, .dbn or .dbn.zst',
    );
  }
  const isStored = /^[a-z][a-z0-9+.-]*:\/\//i.test(file);
  if (format === 'dbn') {
    const bars = await barsOf(invocation, isStored ? file : resolve(invocation.directory, file), folder);
    return reading('parquet', quotePath(bars));
  }
  if (isStored) {
    await pipeline(Readable.from(await storedChunks(file)), createWriteStream(copy));
    return reading(format, quotePath(copy));
  }
  const path = resolve(invocation.directory, file);
  if ((await stat(path).catch(() => undefined)) === undefined) {
    throw new BarlineError({ code: 'FILE_NOT_FOUND', message: `there is no file ${file}`, facts: { file } });
  }
  return reading(format, quotePath(path));
}

function reading(format: Exclude<Format, 'dbn'>, path: string): string {
  switch (format) {
    case 'parquet':
      return `SELECT * FROM read_parquet(${path}, hive_partitioning = false)`;
    case 'csv':
      return `SELECT * FROM read_csv(${path}, hive_partitioning = false)`;
    case 'ndjson':
      return `SELECT * FROM read_json(${path}, format = 'newline_delimited', hive_partitioning = false)`;
  }
}

const ZSTD_MAGIC = '28b52ffd';

async function sniff(path: string): Promise<Format> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
  const head = buffer.subarray(0, bytesRead);
  const text = head.toString('latin1');
  if (text.startsWith('PAR1')) return 'parquet';
  if (text.startsWith('DBN') || head.subarray(0, 4).toString('hex') === ZSTD_MAGIC) return 'dbn';
  return /^\s*\{/.test(text) ? 'ndjson' : 'csv';
}

/** Bars of a DBN file as Parquet, as `barline dbn convert` writes them. */
async function barsOf({ signal }: Invocation, file: string, folder: string): Promise<string> {
  const { convertBars, outputFile } = await import('../export/index.ts');
  const path = join(folder, 'bars.parquet');
  await using reader = await openDbnInput(file);
  await convertBars(reader, await outputFile(path, { replace: true }), { format: 'parquet', signal });
  return path;
}
