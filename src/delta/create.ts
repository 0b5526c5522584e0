import type { Storage } from '../storage/index.ts';
import type { Action, Protocol } from './actions.ts';
import { identifyColumns, MAX_ID_PROPERTY, mappingMode, newPhysicalName } from './column-identity.ts';
import { encodeCommit } from './commit-file.ts';
import { deltaError } from './delta-error.ts';
import type { DeltaEnvironment } from './environment.ts';
import { keepsInCommitTimestamps } from './in-commit-timestamp.ts';
import { listLog } from './log-listing.ts';
import { commitPath } from './paths.ts';
import { protocolOf, withFeatures } from './protocol-upgrade.ts';
import { checkNewSchema, containsType, type DeltaType, type StructType, schemaString } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { checkProperties } from './table-properties.ts';

export interface TableDefinition {
  readonly schema: StructType;
  readonly partitionBy?: readonly string[];
  /** Table properties, e.g. `delta.appendOnly`. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly description?: string;
}

export interface CreateOptions {
  readonly environment: DeltaEnvironment;
  readonly singleWriter: boolean;
  /** Leaves a table that is there already as it is. */
  readonly orKeep?: boolean;
}

/** Writes version 0 of a table: protocol and metadata, no files. */
export async function createTable(
  storage: Storage,
  definition: TableDefinition,
  options: CreateOptions,
): Promise<void> {
  const { schema, partitionBy = [], properties = {} } = definition;
  checkNewSchema(schema, partitionBy, storage.uri, { anyNames: mappingMode(properties) !== 'none' });
  const actions = firstActions(definition, options, storage.uri);
  if (!options.singleWriter && !(await storage.capabilities()).atomicPutIfAbsent) {
    throw deltaError({
      code: 'DELTA_UNSAFE_STORAGE',
      message: `${storage.uri}: this storage cannot create a file only if it is missing, so two writers could lose commits`,
      hint: 'write from one process only and say so (singleWriter)',
    });
  }
  const found = await listLog(storage);
  const exists = found.commits.length + found.checkpoints.length > 0;
  // Commit point: as for every version, the file of version 0.
  const created = !exists && (await storage.putIfAbsent(commitPath(0), encodeCommit(actions)));
  if (!created && options.orKeep !== true) {
    throw deltaError({
      code: 'DELTA_TABLE_EXISTS',
      message: `there is a Delta table at ${storage.uri} already`,
      hint: 'open it, or choose another path',
      facts: { table: storage.uri },
    });
  }
}

function firstActions(definition: TableDefinition, { environment }: CreateOptions, table: string): Action[] {
  const { partitionBy = [], properties = {}, name, description } = definition;
  const nowMs = environment.nowMs();
  const { schema, configuration, protocol } = firstDefinition(definition, environment, table);
  return [
    {
      commitInfo: {
        ...(keepsInCommitTimestamps(configuration) && { inCommitTimestamp: nowMs }),
        timestamp: nowMs,
        operation: 'CREATE TABLE',
        operationParameters: {
          isManaged: 'false',
          description: description ?? null,
          partitionBy: JSON.stringify(partitionBy),
          properties: JSON.stringify(properties),
        },
        isolationLevel: 'Serializable',
        isBlindAppend: true,
        operationMetrics: {},
        engineInfo: environment.engineInfo,
        txnId: environment.uuid(),
      },
    },
    { protocol },
    {
      metaData: {
        id: environment.uuid(),
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
        format: { provider: 'parquet', options: {} },
        schemaString: schemaString(schema),
        partitionColumns: partitionBy,
        configuration,
        createdTime: nowMs,
      },
    },
  ];
}

interface FirstDefinition {
  readonly schema: StructType;
  readonly configuration: Readonly<Record<string, string>>;
  readonly protocol: Protocol;
}

/** Writer version 2 and what schema and properties need besides; columns with ids where they are mapped. */
function firstDefinition(
  { schema, properties = {} }: TableDefinition,
  environment: DeltaEnvironment,
  table: string,
): FirstDefinition {
  const { stored, features } = checkProperties(properties, table);
  const needed = containsType(schema, 'timestamp_ntz') ? [...features, 'timestampNtz'] : features;
  const protocol = withFeatures(protocolOf(['appendOnly', 'invariants']), needed, table);
  if (mappingMode(stored) === 'none') return { schema, configuration: stored, protocol };
  const identified = identifyColumns(schema, 0, () => newPhysicalName(() => environment.uuid()));
  const configuration = { ...stored, [MAX_ID_PROPERTY]: String(identified.maxColumnId) };
  return { schema: identified.schema, configuration, protocol };
}

/** Refuses a table whose columns or partitioning are not those of the definition; names the first difference. */
export function sameDefinition(snapshot: Snapshot, definition: TableDefinition): void {
  const { schema, partitionBy = [] } = definition;
  const difference =
    columnDifference(snapshot.schema, schema) ??
    (snapshot.partitionColumns.join('\n') === partitionBy.join('\n')
      ? undefined
      : `expected the partition columns (${partitionBy.join(', ')}), found (${snapshot.partitionColumns.join(', ')})`);
  if (difference === undefined) return;
  throw deltaError({
    code: 'DELTA_SCHEMA_MISMATCH',
    message: `the table at ${snapshot.table} is not the one expected: ${difference}`,
    hint: 'write to another path, or change the table first',
    facts: { table: snapshot.table },
  });
}

function columnDifference(found: StructType, expected: StructType): string | undefined {
  for (const { name, type } of expected.fields) {
    const other = found.fields.find((f) => f.name === name);
    if (other === undefined) return `column ${name} is missing`;
    if (!sameType(other.type, type)) {
      return `column ${name}: expected ${JSON.stringify(type)}, found ${JSON.stringify(other.type)}`;
    }
  }
  const extra = found.fields.find((f) => !expected.fields.some((wanted) => wanted.name === f.name));
  return extra === undefined ? undefined : `column ${extra.name} was not expected`;
}

function sameType(a: DeltaType, b: DeltaType): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
