import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { DeltaTable } from '../delta/index.ts';
import { openStorage, type Storage } from '../storage/index.ts';
import { isRemote } from './fetch.ts';
import type { Month } from './month.ts';
import type { MonthRecord, PlannedMonth } from './plan.ts';
import { parallelismFor } from './run-memory.ts';
import type { RunOptions } from './run-options.ts';
import { statisticsPath } from './statistics-file.ts';
import { MONTH_COLUMN } from './tables.ts';

export interface RunEstimate {
  readonly months: number;
  readonly sourceBytes: number;
  /** What the lake grows by; months replaced keep their old files until a vacuum. */
  readonly lakeBytes: number;
  /** Free where the lake lies; null for a bucket. */
  readonly freeBytes: number | null;
  readonly seconds: number;
  /** Months made before that size and time are taken from; 0: measurements of full-size months elsewhere. */
  readonly earlierMonths: number;
  readonly parallelism: { readonly workers: number; readonly months: number };
}

/** Rates by byte of source: what a month becomes in the lake, and what all its stages take together. */
interface Rates {
  readonly lakeBytesPerByte: number;
  readonly secondsPerByte: number;
  readonly months: number;
}

/** Of months of 10 to 12 MB: 31 MB of Parquet, 1.6 s of one core. */
const DEFAULT_RATES: Rates = { lakeBytesPerByte: 2.9, secondsPerByte: 1.5e-7, months: 0 };
/** The newest of the months made before: enough for a mean, read in no time. */
const MONTHS_LOOKED_AT = 12;
/** From the start of the process to the first month. */
const START_SECONDS = 0.4;

/** What the months taken will need, by the size and time of those in the lake, else by usual ones. */
export async function estimateRun(
  options: Pick<RunOptions, 'sourceUri' | 'lakeUri' | 'workers' | 'memoryByteLength'>,
  records: ReadonlyMap<Month, MonthRecord>,
  planned: readonly PlannedMonth[],
): Promise<RunEstimate> {
  const lake = openStorage(options.lakeUri);
  const taken = planned.filter(({ take }) => take);
  const sourceBytes = taken.reduce((sum, { raw }) => sum + raw.byteLength, 0);
  const rates = (await ratesOf(options.lakeUri, lake, records)) ?? DEFAULT_RATES;
  const parallelism = parallelismFor(options, planned, isRemote(openStorage(options.sourceUri)));
  const threads = Math.min(parallelism.workers, availableParallelism());
  return {
    months: taken.length,
    sourceBytes,
    lakeBytes: Math.round(sourceBytes * rates.lakeBytesPerByte),
    freeBytes: await freeBytes(lake),
    seconds: taken.length === 0 ? 0 : START_SECONDS + (sourceBytes * rates.secondsPerByte) / threads,
    earlierMonths: rates.months,
    parallelism,
  };
}

async function ratesOf(
  lakeUri: string,
  lake: Storage,
  records: ReadonlyMap<Month, MonthRecord>,
): Promise<Rates | undefined> {
  const newest = [...records.values()]
    .sort((a, b) => (a.month < b.month ? 1 : -1))
    .slice(0, MONTHS_LOOKED_AT);
  if (newest.length === 0) return undefined;
  const sizes = await sizesByMonth(openStorage(`${lakeUri}/training_bars`));
  let [sourceBytes, lakeBytes, seconds, months] = [0, 0, 0, 0];
  for (const { month, sourceByteLength } of newest) {
    const worked = await secondsOf(lake, month);
    if (worked === undefined) continue;
    sourceBytes += sourceByteLength;
    lakeBytes += sizes.get(month) ?? 0;
    seconds += worked;
    months += 1;
  }
  if (sourceBytes === 0) return undefined;
  return { lakeBytesPerByte: lakeBytes / sourceBytes, secondsPerByte: seconds / sourceBytes, months };
}

async function sizesByMonth(storage: Storage): Promise<Map<Month, number>> {
  const sizes = new Map<Month, number>();
  for (const { partitionValues, size } of (await (await DeltaTable.open(storage)).scan()).files) {
    const month = String(partitionValues[MONTH_COLUMN]);
    sizes.set(month, (sizes.get(month) ?? 0) + size);
  }
  return sizes;
}

/** Of all stages together, as the month's document has them; undefined where it cannot be read. */
async function secondsOf(lake: Storage, month: Month): Promise<number | undefined> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(await lake.read(statisticsPath(month))));
  } catch (error) {
    if (error instanceof BarlineError || error instanceof SyntaxError) return undefined;
    throw error;
  }
  const stages = Reflect.get(Object(Reflect.get(Object(document), 'performance')), 'stage_seconds');
  const seconds = Object.values(Object(stages)).filter((value) => typeof value === 'number');
  return seconds.length === 0 ? undefined : seconds.reduce((sum, value) => sum + value, 0);
}

/** Of the nearest folder that is there. */
async function freeBytes(lake: Storage): Promise<number | null> {
  let folder = lake.localPath('');
  while (folder !== undefined) {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      const above = dirname(folder);
      if (above === folder) return null;
      folder = above;
    }
  }
  return null;
}
