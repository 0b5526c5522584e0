import { isStorageError, type Storage } from '../storage/index.ts';
import type { AddFile, Metadata, Protocol } from './actions.ts';
import { deltaError } from './delta-error.ts';
import { decodePartitionValue } from './partition-values.ts';
import { decodePath, isAbsolutePath } from './paths.ts';
import { checkNewProperties, checkWritable } from './protocol.ts';
import { checkNewSchema, containsType, parseSchema } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { parseStats } from './stats.ts';

/** Files looked at together. */
const LOOK_AHEAD = 32;

/** Refuses files that would make the table wrong: odd partition values, nulls where none may be, a missing file. */
export async function checkAddedFiles(
  files: readonly AddFile[],
  snapshot: Snapshot,
  storage: Storage | undefined,
): Promise<void> {
  for (const file of files) {
    checkPartition(file, snapshot);
    checkNulls(file, snapshot);
  }
  if (storage === undefined) return;
  const relative = files.filter((file) => !isAbsolutePath(file.path));
  for (let i = 0; i < relative.length; i += LOOK_AHEAD) {
    await Promise.all(relative.slice(i, i + LOOK_AHEAD).map((file) => checkThere(file, storage)));
  }
}

function checkPartition(file: AddFile, snapshot: Snapshot): void {
  const expected = [...snapshot.partitionColumns].sort();
  const found = Object.keys(file.partitionValues).sort();
  if (expected.join('\n') !== found.join('\n')) {
    throw badWrite(
      snapshot,
      file,
      `expected partition values for ${expected.join(', ') || 'no column'}, found ${found.join(', ') || 'none'}`,
    );
  }
  for (const { name, type, nullable } of snapshot.schema.fields) {
    if (!expected.includes(name)) continue;
    const value = decodePartitionValue(type, file.partitionValues[name], name);
    if (value === null && !nullable) throw badWrite(snapshot, file, `column ${name} must not be null`);
  }
}

function checkNulls(file: AddFile, snapshot: Snapshot): void {
  const required = snapshot.schema.fields.filter((f) => !f.nullable);
  if (required.length === 0) return;
  const nullCount = parseStats(file)?.nullCount ?? {};
  for (const { name } of required) {
    const count = nullCount[name];
    if (typeof count === 'number' && count > 0) {
      throw badWrite(snapshot, file, `column ${name} must not be null, and ${count} values are`);
    }
  }
}

async function checkThere(file: AddFile, storage: Storage): Promise<void> {
  const path = decodePath(file.path);
  const found = await storage.stat(path).catch((error: unknown) => {
    if (isStorageError(error, 'STORAGE_NOT_A_FOLDER')) return undefined;
    throw error;
  });
  if (found?.byteLength === file.size) return;
  throw deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `cannot add ${path} to ${storage.uri}: expected a file of ${file.size} bytes, found ${found === undefined ? 'none' : found.byteLength}`,
    hint: 'write the data file first',
    facts: { table: storage.uri, path, expected: file.size, found: found?.byteLength ?? null },
  });
}

/** Refuses metadata that drops or retypes a column, moves the partitioning, or needs another protocol. */
export function checkNewMetadata(next: Metadata, current: Metadata, protocol: Protocol, table: string): void {
  const schema = parseSchema(next.schemaString ?? '', table);
  checkNewSchema(schema, next.partitionColumns, table);
  const changed = Object.entries(next.configuration).filter(
    ([key, value]) => current.configuration[key] !== value,
  );
  checkNewProperties(Object.fromEntries(changed), table);
  checkWritable(protocol, next, schema, table);
  if (next.partitionColumns.join('\n') !== current.partitionColumns.join('\n')) {
    throw mismatch(table, 'the partition columns cannot change without rewriting the table');
  }
  const old = parseSchema(current.schemaString ?? '', table);
  for (const added of schema.fields.filter((f) => !old.fields.some((before) => before.name === f.name))) {
    if (!added.nullable)
      throw mismatch(table, `the new column ${added.name} must be nullable: older rows lack it`);
  }
  if (containsType(schema, 'timestamp_ntz') && !containsType(old, 'timestamp_ntz')) {
    throw mismatch(table, 'a timestamp_ntz column needs another protocol; name it when the table is created');
  }
  for (const before of old.fields) {
    const after = schema.fields.find((f) => f.name === before.name);
    if (after === undefined) throw mismatch(table, `column ${before.name} cannot be dropped`);
    if (JSON.stringify(after.type) !== JSON.stringify(before.type)) {
      throw mismatch(table, `column ${before.name} cannot change its type`);
    }
    if (before.nullable && !after.nullable)
      throw mismatch(table, `column ${before.name} cannot become not null`);
  }
}

function mismatch(table: string, why: string) {
  return deltaError({ code: 'DELTA_SCHEMA_MISMATCH', message: `${table}: ${why}`, facts: { table } });
}

function badWrite(snapshot: Snapshot, file: AddFile, why: string) {
  return deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `cannot add ${file.path} to ${snapshot.table}: ${why}`,
    facts: { table: snapshot.table, path: file.path },
  });
}
