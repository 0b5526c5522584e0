import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { encodeBase85 } from '../../src/delta/deletion-vectors/base85.ts';
import { encodeRoaring } from '../../src/delta/deletion-vectors/roaring-bitmap.ts';
import { type StructType, schemaString } from '../../src/delta/index.ts';
import { DuckDbSession, quoteText } from '../../src/duckdb/index.ts';

export interface Definition {
  readonly schema: StructType;
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
  readonly readerFeatures?: readonly string[];
}

/** A table in a folder of its own, written by hand: Parquet by DuckDB, the log line by line. Gone after the test. */
export class HandMadeTable {
  readonly folder = mkdtempSync(join(tmpdir(), 'barline-test-'));

  constructor() {
    mkdirSync(join(this.folder, '_delta_log'));
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  logPath(version: number): string {
    return join(this.folder, '_delta_log', `${String(version).padStart(20, '0')}.json`);
  }

  commit(version: number, ...actions: readonly object[]): void {
    writeFileSync(this.logPath(version), actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
  }

  /** The protocol and metadata of version 0. */
  static first({
    schema,
    partitionColumns = [],
    configuration = {},
    readerFeatures = [],
  }: Definition): object[] {
    return [
      {
        protocol: {
          minReaderVersion: 3,
          minWriterVersion: 7,
          readerFeatures,
          writerFeatures: readerFeatures,
        },
      },
      HandMadeTable.metadata({ schema, partitionColumns, configuration }),
    ];
  }

  static metadata({ schema, partitionColumns = [], configuration = {} }: Definition): object {
    const format = { provider: 'parquet', options: {} };
    return {
      metaData: {
        id: 'by-hand',
        format,
        schemaString: schemaString(schema),
        partitionColumns,
        configuration,
      },
    };
  }

  /** Writes a query's rows as a data file and gives its `add`. */
  async file(name: string, query: string, more: object = {}, options = ''): Promise<{ add: Added }> {
    const path = join(this.folder, name);
    using session = await DuckDbSession.open({
      memoryByteLength: 2e8,
      threads: 1,
      temporaryFolder: tmpdir(),
    });
    const numRecords = await session.copy(query, path, `FORMAT parquet${options}`);
    return {
      add: {
        path: encodeURI(name),
        partitionValues: {},
        size: statSync(path).size,
        modificationTime: 0,
        dataChange: true,
        stats: JSON.stringify({ numRecords }),
        ...more,
      },
    };
  }

  /** Writes a classic checkpoint of files given as DuckDB structs: see `checkpointed`. */
  async checkpoint(version: number, definition: Definition, files: readonly string[]): Promise<string> {
    const path = this.logPath(version).replace('.json', '.checkpoint.parquet');
    const kinds = HandMadeTable.first(definition).map((action) => {
      const [[kind, value] = ['', {}]] = Object.entries(action);
      return `from_json(${quoteText(JSON.stringify(value))}, ${quoteText(CHECKPOINT_SHAPES[kind] ?? '')}) AS "${kind}"`;
    });
    const rows = [
      `SELECT ${kinds.join(', ')}${files.length === 0 ? '' : ', NULL AS add'}`,
      ...files.map((file) => `SELECT NULL, NULL, ${file}`),
    ];
    using session = await DuckDbSession.open({
      memoryByteLength: 2e8,
      threads: 1,
      temporaryFolder: tmpdir(),
    });
    await session.copy(rows.join(' UNION ALL '), path, 'FORMAT parquet');
    return path;
  }

  /** Writes vectors one after the other into a file of that UUID; the vectors as the log names them. */
  vectorFile(uuid: string, ...rowLists: readonly (readonly number[])[]): object[] {
    const pieces: Uint8Array[] = [Uint8Array.of(1)];
    let offset = 1;
    const name = encodeBase85(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    const vectors = rowLists.map((rows) => {
      const bitmap = encodeRoaring(rows);
      const frame = new DataView(new ArrayBuffer(8));
      frame.setInt32(0, bitmap.length);
      frame.setUint32(4, crc32(bitmap));
      pieces.push(new Uint8Array(frame.buffer, 0, 4), bitmap, new Uint8Array(frame.buffer, 4, 4));
      const vector = {
        storageType: 'u',
        pathOrInlineDv: name,
        offset,
        sizeInBytes: bitmap.length,
        cardinality: rows.length,
      };
      offset += bitmap.length + 8;
      return vector;
    });
    writeFileSync(join(this.folder, `deletion_vector_${uuid}.bin`), Buffer.concat(pieces));
    return vectors;
  }
}

export interface Added {
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  readonly stats: string;
}

const CHECKPOINT_SHAPES: Readonly<Record<string, string>> = {
  protocol:
    '{"minReaderVersion":"INTEGER","minWriterVersion":"INTEGER","readerFeatures":["VARCHAR"],"writerFeatures":["VARCHAR"]}',
  metaData:
    '{"id":"VARCHAR","format":{"provider":"VARCHAR"},"schemaString":"VARCHAR","partitionColumns":["VARCHAR"],"configuration":"MAP(VARCHAR, VARCHAR)"}',
};

/** An `add` as a struct of DuckDB, with statistics as they are given: `stats: '…'` or `stats_parsed: {…}`. */
export function checkpointed({ path, size }: Pick<Added, 'path' | 'size'>, stats: string): string {
  return `{path: ${quoteText(path)}, "partitionValues": MAP {}::MAP(VARCHAR, VARCHAR), size: ${size}, "modificationTime": 0, "dataChange": false, ${stats}}`;
}

/** The `remove` of an `add`. */
export function removed({ add }: { readonly add: Added & { readonly deletionVector?: object } }): object {
  const { path, partitionValues, size, deletionVector } = add;
  return {
    remove: {
      path,
      partitionValues,
      size,
      dataChange: true,
      deletionTimestamp: 0,
      ...(deletionVector && { deletionVector }),
    },
  };
}

export function inlineVector(rows: readonly number[]): object {
  const bitmap = encodeRoaring(rows);
  return {
    storageType: 'i',
    pathOrInlineDv: encodeBase85(bitmap),
    sizeInBytes: bitmap.length,
    cardinality: rows.length,
  };
}
