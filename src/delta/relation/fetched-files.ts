/** Data files in an object store, read on this machine by the parts a query needs. */
import { BarlineError } from '../../base/index.ts';
import type { CandidateRowGroup, ColumnBounds, ColumnChoice, FetchedParquet } from '../../parquet/index.ts';
import { isStorageError, type Storage } from '../../storage/index.ts';
import type { DeletionVector, PartitionValues } from '../actions.ts';
import { ID_KEY, mappingMode, storedName } from '../column-identity.ts';
import { type Condition, fileMayMatch } from '../condition.ts';
import { locateFile } from '../located-file.ts';
import { absoluteLocalPath, isAbsolutePath } from '../paths.ts';
import type { DeltaType, StructField } from '../schema.ts';
import type { Snapshot } from '../snapshot.ts';
import { isoMicroseconds } from '../values.ts';
import type { DataFiles } from './relation.ts';

export interface FetchPlan {
  /** The table's columns that the query reads, those of its condition included; all unless given. */
  readonly columns?: readonly string[];
  /** Row groups that cannot hold such rows are left out; the query still filters rows. */
  readonly condition?: Condition;
  /** For queries that use the numbers of rows in their files: no row group is left out. */
  readonly keepRowNumbers?: boolean;
  /** So many of the first rows of each file will do. */
  readonly rowCount?: number;
  readonly signal?: AbortSignal;
}

/** What of an `add`, `remove` or `cdc` tells how to fetch its file. */
export interface FetchableFile {
  readonly path: string;
  readonly size?: number;
  readonly partitionValues?: PartitionValues;
  readonly deletionVector?: DeletionVector;
}

/** Whether programs on this machine can open a data file where it lies. */
export function isHere(table: DataFiles, path: string): boolean {
  if (isAbsolutePath(path)) return absoluteLocalPath(path) !== undefined;
  return table.localPath({ path }) !== undefined;
}

/**
 * Fetches what a query needs of these files. The result stands for the table wherever local files are wanted
 * (`tableRelation`), until `fetched` is disposed of; files that lie on this machine are left where they are. Row
 * groups of a file with a deletion vector are all fetched, since the vector counts rows. `fetched.counts` tells bytes.
 */
export async function fetchDataFiles(
  fetched: FetchedParquet,
  table: DataFiles,
  snapshot: Snapshot,
  files: readonly FetchableFile[],
  plan: FetchPlan = {},
): Promise<DataFiles> {
  const columns = columnChoice(snapshot, plan.columns);
  const localPaths = new Map<string, string>();
  const fetchOne = async (file: FetchableFile) => {
    const { storage, path } = locateFile(table.storage, file.path);
    const fetching = fetched.fetch(storage, {
      path,
      ...(file.size !== undefined && { byteLength: file.size }),
      ...(columns && { columns }),
      ...rowGroupChoice(snapshot, file, plan),
      ...(plan.signal && { signal: plan.signal }),
    });
    const { localPath } = await fetching.catch((error: unknown) => {
      throw isStorageError(error, 'STORAGE_NOT_FOUND') ? missing(table, storage, path, error) : error;
    });
    localPaths.set(file.path, localPath);
  };
  // each ends before an error is told, so that nothing is written after the folder is removed
  const remote = new Map(
    files.flatMap((file) => (isHere(table, file.path) ? [] : [[file.path, file] as const])),
  );
  const results = await Promise.allSettled([...remote.values()].map(fetchOne));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return {
    uri: table.uri,
    storage: table.storage,
    localPath: (file) => localPaths.get(file.path) ?? absoluteLocalPath(file.path) ?? table.localPath(file),
  };
}

function missing({ uri }: DataFiles, storage: Storage, path: string, cause: unknown): BarlineError {
  return new BarlineError({
    code: 'QUERY_FILE_MISSING',
    message: `table ${uri}: there is no file ${storage.uri}/${path}`,
    hint: 'somebody deleted it: restore it from a backup, or read an older version',
    cause,
    facts: { file: path },
  });
}

function columnChoice(
  { schema, properties }: Snapshot,
  names: readonly string[] | undefined,
): ColumnChoice | undefined {
  if (names === undefined) return undefined;
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const fields = schema.fields.filter((field) => wanted.has(field.name.toLowerCase()));
  if (mappingMode(properties) !== 'id') return fields.map((field) => storedName(field, properties));
  const ids = new Set(fields.map((field) => field.metadata[ID_KEY]));
  return ({ fieldId }) => ids.has(fieldId);
}

function rowGroupChoice(
  snapshot: Snapshot,
  file: FetchableFile,
  plan: FetchPlan,
): { keepRowGroup?: (rowGroup: CandidateRowGroup) => boolean } {
  if (plan.keepRowNumbers === true || file.deletionVector !== undefined) return {};
  const { rowCount = Number.POSITIVE_INFINITY } = plan;
  const mayMatch = rowGroupCondition(snapshot, file, plan.condition);
  if (mayMatch === undefined && rowCount === Number.POSITIVE_INFINITY) return {};
  return {
    keepRowGroup: (rowGroup) => rowGroup.firstRow < rowCount && (mayMatch?.(rowGroup) ?? true),
  };
}

function rowGroupCondition(
  snapshot: Snapshot,
  { path, partitionValues }: FetchableFile,
  condition: Condition | undefined,
): ((rowGroup: CandidateRowGroup) => boolean) | undefined {
  const byName = mappingMode(snapshot.properties) !== 'id';
  if (condition === undefined || partitionValues === undefined || !byName) return undefined;
  const partitionColumns = new Set(snapshot.partitionColumns);
  const file = { path, partitionValues, size: 0, modificationTime: 0, dataChange: false };
  return (rowGroup) =>
    fileMayMatch(condition, { ...file, stats: rowGroupStats(snapshot, rowGroup) }, partitionColumns);
}

/** A row group's bounds as an `add` holds those of a file. Bounds whose stored type is not the table's are left out. */
function rowGroupStats({ schema, properties }: Snapshot, rowGroup: CandidateRowGroup): string {
  const minValues: Record<string, unknown> = {};
  const maxValues: Record<string, unknown> = {};
  const nullCount: Record<string, number> = {};
  for (const field of schema.fields) {
    const name = storedName(field, properties);
    const bounds = rowGroup.bounds(name);
    if (bounds === undefined) continue;
    if (bounds.nullCount !== undefined) nullCount[name] = bounds.nullCount;
    const min = boundJson(field, bounds, bounds.min);
    const max = boundJson(field, bounds, bounds.max);
    if (min !== undefined) minValues[name] = min;
    if (max !== undefined) maxValues[name] = max;
  }
  return JSON.stringify({ numRecords: rowGroup.rowCount, minValues, maxValues, nullCount });
}

const LAST_TIME_US = 253_402_300_799_999_999n;
const FIRST_TIME_US = -62_135_596_800_000_000n;

function boundJson(
  { type }: StructField,
  { column }: ColumnBounds,
  value: ColumnBounds['min'],
): string | number | undefined {
  if (value === undefined || !storedAs(type, column)) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  if (type === 'timestamp' || type === 'timestamp_ntz') return timeText(BigInt(value), type);
  if (type === 'date') return timeText(BigInt(value) * 86_400_000_000n, 'timestamp')?.slice(0, 10);
  return Number.isFinite(Number(value)) ? Number(value) : undefined;
}

function timeText(timeUs: bigint, type: 'timestamp' | 'timestamp_ntz'): string | undefined {
  if (timeUs < FIRST_TIME_US || timeUs > LAST_TIME_US) return undefined;
  return `${isoMicroseconds(timeUs)}${type === 'timestamp' ? 'Z' : ''}`;
}

/** Whether the stored values are in the terms of the table's type; a widened column's may not be. */
function storedAs(type: DeltaType, { storedType, meaning }: ColumnBounds['column']): boolean {
  switch (type) {
    case 'string':
      return meaning === 'text';
    case 'date':
      return meaning === 'date';
    case 'timestamp':
    case 'timestamp_ntz':
      return meaning.startsWith('timestamp');
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
      return meaning === 'plain' && (storedType === 'INT32' || storedType === 'INT64');
    case 'float':
    case 'double':
      return meaning === 'plain' && storedType !== 'BYTE_ARRAY';
    default:
      return false;
  }
}
