import { quoteName, quoteText } from '../duckdb/index.ts';
import { storedName } from './column-identity.ts';
import { supportedFeatures } from './protocol-upgrade.ts';
import { duckdbType } from './relation/duckdb-types.ts';
import type { DeltaType, StructField } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { indexedColumns } from './stats.ts';

/** The columns of a checkpoint's Parquet files, made by DuckDB of actions as JSON, one a row. */

const TEXT_MAP = 'MAP(VARCHAR, VARCHAR)';

type Members = readonly (readonly [name: string, type: string])[];

const VECTOR: Members = [
  ['storageType', 'VARCHAR'],
  ['pathOrInlineDv', 'VARCHAR'],
  ['offset', 'INTEGER'],
  ['sizeInBytes', 'INTEGER'],
  ['cardinality', 'BIGINT'],
  ['maxRowIndex', 'BIGINT'],
];

const FORMAT: Members = [
  ['provider', 'VARCHAR'],
  ['options', TEXT_MAP],
];

/** Few of each in a checkpoint. */
const SMALL: Readonly<Record<string, Members>> = {
  protocol: [
    ['minReaderVersion', 'INTEGER'],
    ['minWriterVersion', 'INTEGER'],
    ['readerFeatures', 'VARCHAR[]'],
    ['writerFeatures', 'VARCHAR[]'],
  ],
  metaData: [
    ['id', 'VARCHAR'],
    ['name', 'VARCHAR'],
    ['description', 'VARCHAR'],
    ['format', structOf(FORMAT)],
    ['schemaString', 'VARCHAR'],
    ['partitionColumns', 'VARCHAR[]'],
    ['configuration', TEXT_MAP],
    ['createdTime', 'BIGINT'],
  ],
  txn: [
    ['appId', 'VARCHAR'],
    ['version', 'BIGINT'],
    ['lastUpdated', 'BIGINT'],
  ],
  domainMetadata: [
    ['domain', 'VARCHAR'],
    ['configuration', 'VARCHAR'],
    ['removed', 'BOOLEAN'],
  ],
};

const ROW_IDS: Members = [
  ['baseRowId', 'BIGINT'],
  ['defaultRowCommitVersion', 'BIGINT'],
];

const ADD: Members = [
  ['path', 'VARCHAR'],
  ['partitionValues', TEXT_MAP],
  ['size', 'BIGINT'],
  ['modificationTime', 'BIGINT'],
  ['dataChange', 'BOOLEAN'],
  ['tags', TEXT_MAP],
  ['deletionVector', structOf(VECTOR)],
  ...ROW_IDS,
  ['clusteringProvider', 'VARCHAR'],
];

const REMOVE: Members = [
  ['path', 'VARCHAR'],
  ['deletionTimestamp', 'BIGINT'],
  ['dataChange', 'BOOLEAN'],
  ['extendedFileMetadata', 'BOOLEAN'],
  ['partitionValues', TEXT_MAP],
  ['size', 'BIGINT'],
  ['deletionVector', structOf(VECTOR)],
  ...ROW_IDS,
];

export interface CheckpointColumns {
  /** Also the few actions that are no files; without them the file is a sidecar. */
  readonly small: boolean;
  readonly statsAsJson: boolean;
  readonly statsAsStruct: boolean;
}

/** Which statistics the table's properties ask for: JSON unless they say otherwise, structs where they say so. */
export function statsColumns(
  properties: Snapshot['properties'],
): Pick<CheckpointColumns, 'statsAsJson' | 'statsAsStruct'> {
  return {
    statsAsJson: properties['delta.checkpoint.writeStatsAsJson'] !== 'false',
    statsAsStruct: properties['delta.checkpoint.writeStatsAsStruct'] === 'true',
  };
}

/** The SELECT that makes a checkpoint's rows of a file of actions, each a line of JSON. */
export function checkpointSelect(snapshot: Snapshot, jsonPath: string, columns: CheckpointColumns): string {
  const kinds: [string, Members][] = [
    ...(columns.small ? Object.entries(SMALL) : []),
    ['add', [...ADD, ['stats', 'VARCHAR']]],
    ['remove', REMOVE],
  ];
  const read = kinds.map(([kind, members]) => `${quoteName(kind)}: ${quoteText(structOf(members))}`);
  const source = `read_json(${quoteText(jsonPath)}, format = 'newline_delimited', maximum_object_size = ${LONGEST_LINE}, columns = {${read.join(', ')}})`;
  const small = columns.small ? Object.keys(SMALL).map(quoteName) : [];
  return `SELECT ${[...small, `${addOf(snapshot, columns)} AS add`, '"remove"'].join(', ')} FROM ${source}`;
}

const LONGEST_LINE = 256 << 20;

function addOf(snapshot: Snapshot, { statsAsJson, statsAsStruct }: CheckpointColumns): string {
  const members = ADD.map(([name]) => `${quoteName(name)} := add.${quoteName(name)}`);
  if (statsAsJson) members.push('stats := add.stats');
  if (statsAsStruct) {
    members.push(`stats_parsed := json_transform(add.stats, ${quoteText(statsType(snapshot))})`);
    const values = partitionMembers(snapshot);
    if (values.length > 0) members.push(`"partitionValues_parsed" := struct_pack(${values.join(', ')})`);
  }
  return `CASE WHEN add IS NOT NULL THEN struct_pack(${members.join(', ')}) END`;
}

function partitionMembers({ schema, partitionColumns, properties }: Snapshot): string[] {
  return schema.fields
    .filter(({ name }) => partitionColumns.includes(name))
    .map((field) => {
      const name = storedName(field, properties);
      const text = `nullif(add."partitionValues"[${quoteText(name)}], '')`;
      return `${quoteName(name)} := TRY_CAST(${text} AS ${duckdbType(field.type)})`;
    });
}

/** What `json_transform` makes of a file's statistics. Values that JSON does not hold exactly are left out. */
function statsType({ schema, partitionColumns, properties, protocol }: Snapshot): string {
  const fields = indexedColumns(schema, partitionColumns, properties);
  const bounds = nested(fields, properties, (type) => (hasBounds(type) ? duckdbType(type) : undefined));
  const counts = nested(fields, properties, () => 'BIGINT');
  return JSON.stringify({
    numRecords: 'BIGINT',
    ...(bounds && { minValues: bounds, maxValues: bounds }),
    ...(counts && { nullCount: counts }),
    ...(supportedFeatures(protocol).has('deletionVectors') && { tightBounds: 'BOOLEAN' }),
  });
}

type JsonType = string | { readonly [name: string]: JsonType };

function nested(
  fields: readonly StructField[],
  properties: Snapshot['properties'],
  leaf: (type: DeltaType) => string | undefined,
): JsonType | undefined {
  const members = fields.flatMap((field) => {
    const { type } = field;
    const isStruct = typeof type !== 'string' && type.type === 'struct';
    const found = isStruct ? nested(type.fields, properties, leaf) : leaf(type);
    return found === undefined ? [] : [[storedName(field, properties), found] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

const MOST_DIGITS = 15;
const BOUNDED = /^(string|byte|short|integer|long|float|double|date|timestamp|timestamp_ntz)$/;

function hasBounds(type: DeltaType): boolean {
  if (typeof type !== 'string') return false;
  const digits = /^decimal\((\d+),/.exec(type)?.[1];
  return digits === undefined ? BOUNDED.test(type) : Number(digits) <= MOST_DIGITS;
}

function structOf(members: Members): string {
  return `STRUCT(${members.map(([name, type]) => `${quoteName(name)} ${type}`).join(', ')})`;
}
