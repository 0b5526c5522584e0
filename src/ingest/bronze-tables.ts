/** The bronze tables: what came in, as it came in, never changed. */
import {
  DeltaTable,
  field,
  type PrimitiveType,
  type StructType,
  struct,
  type TableDefinition,
} from '../delta/index.ts';
import type { Timeframe } from '../providers/index.ts';
import { openStorage, type Storage } from '../storage/index.ts';

const required = (name: string, type: PrimitiveType) => field(name, type, { nullable: false });

export const BAR_SCHEMA: StructType = struct([
  required('asset_pair', 'string'),
  required('timestamp', 'timestamp'),
  required('open', 'double'),
  required('high', 'double'),
  required('low', 'double'),
  required('close', 'double'),
  required('volume', 'double'),
  required('source_provider', 'string'),
  required('is_mock', 'boolean'),
  required('revision', 'integer'),
  field('revision_reason', 'string'),
  required('_extracted_at', 'timestamp'),
  required('_ingestion_id', 'string'),
  field('_source_file', 'string'),
  field('partition_date', 'date'),
  field('partition_asset_pair', 'string'),
]);

export const BAR_PARTITIONS = ['partition_date', 'partition_asset_pair'] as const;

const PROPERTIES = {
  'delta.appendOnly': 'true',
  // a run a minute leaves a file a minute in the partition of the day
  'delta.autoOptimize.autoCompact': 'true',
  'delta.feature.domainMetadata': 'supported',
} as const;

/** A stream makes thousands of commits and small files a day, which are joined: their traces are kept for a day only. */
const STREAM_PROPERTIES = {
  ...PROPERTIES,
  // a stream joins them beside its commits, which are not to wait for it
  'delta.autoOptimize.autoCompact': 'false',
  'delta.checkpointInterval': '50',
  'delta.deletedFileRetentionDuration': 'interval 1 day',
} as const;

function barTable(timeframe: BarLength): TableDefinition {
  const properties = timeframe === '5s' ? STREAM_PROPERTIES : PROPERTIES;
  return { schema: BAR_SCHEMA, partitionBy: BAR_PARTITIONS, properties };
}

/** A provider's, or that of the windows of a stream. */
export type BarLength = Timeframe | '5s';

export function barTableName(timeframe: BarLength): string {
  return `raw_market_data_${timeframe}`;
}

/** The table of a timeframe, or undefined where nothing was ever ingested into it. */
export async function openBarTable(lake: Storage, timeframe: BarLength): Promise<DeltaTable | undefined> {
  const storage = tableStorage(lake, barTableName(timeframe));
  for await (const _ of storage.list('_delta_log/', { details: false })) {
    return DeltaTable.openOrCreate(storage, barTable(timeframe), OPTIONS);
  }
  return undefined;
}

export function createBarTable(lake: Storage, timeframe: BarLength): Promise<DeltaTable> {
  return DeltaTable.openOrCreate(tableStorage(lake, barTableName(timeframe)), barTable(timeframe), OPTIONS);
}

/** The files are written by the process that commits them: nobody needs to look whether they are there. */
const OPTIONS = { commit: { verifyFiles: false } } as const;

export function tableStorage(lake: Storage, name: string): Storage {
  return openStorage(`${lake.uri}/${name}`);
}
