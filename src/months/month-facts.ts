import { parquetSchema } from '../delta/index.ts';
import { columnStatistics } from '../parquet/index.ts';
import type { DatasetCondition } from './dataset-condition.ts';
import { featureStatistics } from './feature-statistics.ts';
import { modeStatistics } from './mode-statistics.ts';
import { configHash, type Processing } from './processing.ts';
import { addSeconds, StageClock, type StageSeconds } from './stage-clock.ts';
import type { MonthFacts } from './statistics.ts';
import { shapeOf, trainingBarsTable } from './tables.ts';
import type { BuiltRowGroup, LastFront, PreparedMonth } from './tasks.ts';
import { type ColumnBounds, validateFeatures } from './validation.ts';

/** A month through all stages but writing. */
export interface MadeMonth {
  readonly prepared: PreparedMonth;
  readonly built: readonly BuiltRowGroup[];
  readonly previous: LastFront | null;
  readonly condition: DatasetCondition | null;
}

interface FactsRequest {
  readonly month: string;
  readonly sourcePath: string;
  readonly processing: Processing;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly txnVersion: number;
  readonly peakRssBytes: number;
}

/** What the statistics document is made from: reports of the stages, and row groups' tallies added up. */
export function monthFacts(
  { prepared, built, previous, condition }: MadeMonth,
  request: FactsRequest,
): MonthFacts {
  const { month, sourcePath, processing, txnVersion, peakRssBytes, nowMs } = request;
  const { modes } = processing.labels;
  const { rowCount } = prepared.grid;
  const clock = new StageClock();
  const bounds = boundsOf(built, processing);
  const featureFlags = validateFeatures(bounds, rowCount, processing.instrument);
  clock.lap('validate');
  const ofModes = modeStatistics(
    modes,
    built.map((group) => group.modes),
    bounds,
  );
  const features = featureStatistics(
    built.map((group) => group.features),
    bounds,
    featureFlags,
    rowCount,
  );
  clock.lap('statistics');
  return {
    month,
    processedAtMs: nowMs,
    seconds: (nowMs - request.startedMs) / 1000,
    configHash: configHash(processing),
    sourcePath,
    previousFront: previous?.contract ?? null,
    datasetCondition: condition,
    prepared,
    stageSeconds: [...built.map(({ seconds }) => seconds), clock.seconds].reduce<StageSeconds>(
      addSeconds,
      prepared.seconds,
    ),
    peakRssBytes,
    modes: ofModes,
    features,
    featureFlags,
    featureFailures: built.flatMap(({ failures }) => failures),
    txnVersion,
  };
}

/** Least and largest value and nulls of every column, as the file's footer will have them. */
function boundsOf(built: readonly BuiltRowGroup[], { labels }: Processing): Map<string, ColumnBounds> {
  const { schema, partitionColumns } = shapeOf(trainingBarsTable(labels.modes));
  const parquet = parquetSchema(schema, partitionColumns);
  const statistics = columnStatistics(
    parquet,
    built.map(({ rowGroup }) => rowGroup),
  );
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return new Map(
    statistics.map(({ min, max, nullCount }, index) => [
      parquet.fields[index].name,
      { min: number(min), max: number(max), nullCount },
    ]),
  );
}
