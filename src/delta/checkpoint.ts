import type { Storage } from '../storage/index.ts';
import { type Action, toAction } from './actions.ts';
import { deltaError } from './delta-error.ts';
import type { CheckpointFiles } from './log-segment.ts';

const KINDS = ['protocol', 'metaData', 'txn', 'domainMetadata', 'remove', 'add'];

/**
 * The actions of a classic checkpoint, read through DuckDB. Struct statistics (`stats_parsed`) and typed partition
 * values are left out: the JSON ones carry the same facts.
 */
export async function readCheckpoint(storage: Storage, checkpoint: CheckpointFiles): Promise<Action[]> {
  const files = checkpoint.paths.map((path) => localFile(storage, path));
  const list = `[${files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')}]`;
  const source = `read_parquet(${list}, union_by_name = true)`;
  // 180 modules and a native library: only for tables that have a checkpoint
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '1GB' });
  try {
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
    const columns = new Set(described.getRows().map((row) => String(row[0])));
    const actions: Action[] = [];
    for (const kind of KINDS.filter((name) => columns.has(name))) {
      const sql = `SELECT CAST(to_json("${kind}") AS VARCHAR) FROM ${source} WHERE "${kind}" IS NOT NULL`;
      const result = await connection.stream(sql);
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; ) {
        for (const text of chunk.getColumnValues(0)) actions.push(checkpointAction(kind, String(text)));
        chunk = await result.fetchChunk();
      }
    }
    connection.closeSync();
    return actions;
  } catch (cause) {
    throw deltaError({
      code: 'DELTA_BAD_CHECKPOINT',
      message: `the checkpoint ${storage.uri}/${checkpoint.paths[0]} cannot be read: ${firstLine(cause)}`,
      hint: 'when every commit since version 0 is still there, remove the checkpoint; it is only a shortcut',
      cause,
      facts: { table: storage.uri, file: checkpoint.paths[0] },
    });
  } finally {
    instance.closeSync();
  }
}

function checkpointAction(kind: string, json: string): Action {
  const parsed: unknown = JSON.parse(json, (key, value: unknown) =>
    key === 'stats_parsed' || key === 'partitionValues_parsed' ? undefined : value,
  );
  const action = toAction({ [kind]: parsed });
  if (typeof action === 'object') return action;
  throw new Error(action ?? `its ${kind} is not an action`);
}

function localFile(storage: Storage, path: string): string {
  const file = storage.localPath(path);
  if (file !== undefined) return file;
  throw deltaError({
    code: 'DELTA_CHECKPOINT_UNSUPPORTED',
    message: `reading ${storage.uri} needs the checkpoint ${path}, which is read on local disks only`,
    facts: { table: storage.uri, file: path },
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
