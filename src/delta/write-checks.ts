import { isStorageError, type Storage } from '../storage/index.ts';
import type { AddFile, Metadata, Protocol } from './actions.ts';
import { storedName } from './column-identity.ts';
import { deltaError } from './delta-error.ts';
import { decodePartitionValue } from './partition-values.ts';
import { decodePath, isAbsolutePath } from './paths.ts';
import type { PendingChanges } from './pending-changes.ts';
import { checkWritable } from './protocol.ts';
import { supportedFeatures } from './protocol-upgrade.ts';
import { checkNewSchema, containsType, parseSchema, type StructType } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { parseStats } from './stats.ts';
import { checkProperties } from './table-properties.ts';

/** Files looked at together. */
const LOOK_AHEAD = 32;

/** Refuses a commit that its storage, the table's features or `delta.appendOnly` forbid. */
export async function checkTransaction(
  storage: Storage,
  base: Snapshot,
  changes: PendingChanges,
  options: { readonly rowsChecked: boolean; readonly singleWriter: boolean },
): Promise<void> {
  const { table, protocol, metadata, schema, properties } = base;
  if (!options.singleWriter && !(await storage.capabilities()).atomicPutIfAbsent) {
    throw deltaError({
      code: 'DELTA_UNSAFE_STORAGE',
      message: `${table}: its storage cannot create a file only if it is missing, so two writers could lose commits`,
      hint: 'write from one process only and say so (singleWriter)',
    });
  }
  const addsRows = [...changes.adds.values()].some((file) => file.dataChange);
  const rows = !addsRows ? 'none' : options.rowsChecked ? 'checked' : 'given';
  checkWritable(protocol, metadata, schema, table, rows);
  if (changes.metadata !== undefined || changes.protocol !== undefined) {
    const next = changes.metadata ?? metadata;
    checkWritable(changes.protocol ?? protocol, next, schemaOf(next, table), table, rows);
  }
  const removesData = [...changes.removes.values()].some((file) => file.dataChange);
  if (removesData) checkMayRemove(properties, table);
}

/** `DELTA_APPEND_ONLY` where the table's rows must stay. */
export function checkMayRemove(properties: Readonly<Record<string, string>>, table: string): void {
  if (properties['delta.appendOnly'] !== 'true') return;
  throw deltaError({
    code: 'DELTA_APPEND_ONLY',
    message: `${table} is append-only (delta.appendOnly is true); this write would remove rows`,
  });
}

function schemaOf(metadata: Metadata, table: string): StructType {
  return parseSchema(metadata.schemaString ?? '', table);
}

/** Refuses files that would make the table wrong: odd partition values, nulls where none may be, a missing file. */
export async function checkAddedFiles(
  files: readonly AddFile[],
  table: string,
  metadata: Metadata,
  storage: Storage | undefined,
): Promise<void> {
  if (files.length === 0) return;
  const schema = schemaOf(metadata, table);
  for (const file of files) {
    checkPartition(file, table, metadata, schema);
    checkNulls(file, table, metadata, schema);
  }
  if (storage === undefined) return;
  const relative = files.filter((file) => !isAbsolutePath(file.path));
  for (let i = 0; i < relative.length; i += LOOK_AHEAD) {
    await Promise.all(relative.slice(i, i + LOOK_AHEAD).map((file) => checkThere(file, storage)));
  }
}

function checkPartition(file: AddFile, table: string, metadata: Metadata, schema: StructType): void {
  const columns = schema.fields.filter((field) => metadata.partitionColumns.includes(field.name));
  const expected = columns.map((field) => storedName(field, metadata.configuration)).sort();
  const found = Object.keys(file.partitionValues).sort();
  if (expected.join('\n') !== found.join('\n')) {
    throw badWrite(
      table,
      file,
      `expected partition values for ${expected.join(', ') || 'no column'}, found ${found.join(', ') || 'none'}`,
    );
  }
  for (const field of columns) {
    const text = file.partitionValues[storedName(field, metadata.configuration)];
    const value = decodePartitionValue(field.type, text, field.name);
    if (value === null && !field.nullable)
      throw badWrite(table, file, `column ${field.name} must not be null`);
  }
}

function checkNulls(file: AddFile, table: string, metadata: Metadata, schema: StructType): void {
  const required = schema.fields.filter((f) => !f.nullable);
  if (required.length === 0) return;
  const nullCount = parseStats(file)?.nullCount ?? {};
  for (const field of required) {
    const count = nullCount[storedName(field, metadata.configuration)];
    if (typeof count === 'number' && count > 0) {
      throw badWrite(table, file, `column ${field.name} must not be null, and ${count} values are`);
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
  const supported = supportedFeatures(protocol);
  const lacking = checkProperties(Object.fromEntries(changed), table).features.find(
    (name) => !supported.has(name),
  );
  if (lacking !== undefined)
    throw mismatch(table, `the protocol does not support ${lacking} yet; set the property by setProperties`);
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

function badWrite(table: string, file: AddFile, why: string) {
  return deltaError({
    code: 'DELTA_BAD_WRITE',
    message: `cannot add ${file.path} to ${table}: ${why}`,
    facts: { table, path: file.path },
  });
}
