import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { BarlineError, systemCode, usageError } from '../base/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Discovery, RawMonth } from './discovery.ts';
import { kindOfError } from './error-class.ts';
import { type Month, shiftMonth } from './month.ts';
import {
  isTaken,
  type MonthRecord,
  type PlannedMonth,
  type PlanOptions,
  selectMonths,
  stalenessOf,
} from './plan.ts';
import { configHash, kernelVersionsText, type Processing } from './processing.ts';

/** Decides for every month asked for whether it is taken, and why. Throws a usage error when none is there. */
export async function planMonths(
  source: Storage,
  discovery: Discovery,
  records: ReadonlyMap<Month, MonthRecord>,
  processing: Processing,
  options: PlanOptions,
): Promise<PlannedMonth[]> {
  const chosen = selectMonths(discovery.months, options);
  checkFound(source, discovery, chosen, options);
  const byMonth = new Map(discovery.months.map((raw) => [raw.month, raw]));
  const hash = configHash(processing);
  const kernels = kernelVersionsText();
  const planned: PlannedMonth[] = [];
  for (const raw of chosen) {
    const record = records.get(raw.month);
    const before = byMonth.get(shiftMonth(raw.month, -1));
    const found =
      record === undefined
        ? 'missing'
        : stalenessOf(record, {
            configHash: hash,
            kernelVersions: kernels,
            // a file that cannot be read is taken, so that its month says why
            sourceSha256: (await checksumIfReadable(source, raw, record)) ?? 'unreadable',
            previousSha256: before ? await previousChecksum(source, before, record, records) : null,
          });
    const take = isTaken(found, options.take);
    planned.push({
      raw,
      take,
      reason: options.take === 'force' && found === 'up to date' ? 'forced' : found,
    });
  }
  return planned;
}

/** That of the file before; one that cannot be read now is no reason to make the month again. */
async function previousChecksum(
  source: Storage,
  before: RawMonth,
  record: MonthRecord,
  records: ReadonlyMap<Month, MonthRecord>,
): Promise<string | null> {
  return (await checksumIfReadable(source, before, records.get(before.month))) ?? record.previousSha256;
}

/** `checksum`; undefined also when the file may be readable later. */
async function checksumIfReadable(source: Storage, raw: RawMonth, record: MonthRecord | undefined) {
  return checksum(source, raw, record).catch((error: unknown) => {
    if (kindOfError(error) === 'transient') return undefined;
    throw error;
  });
}

/**
 * SHA-256 of a month's file; the one recorded when size and time say that nobody touched the file since. Undefined
 * when the file cannot be read.
 */
export async function checksum(
  source: Storage,
  raw: RawMonth,
  record: MonthRecord | undefined,
): Promise<string | undefined> {
  const untouched =
    record !== undefined &&
    record.sourcePath === raw.path &&
    record.sourceByteLength === raw.byteLength &&
    record.sourceModifiedMs === raw.modifiedMs;
  if (untouched) return record.sourceSha256;
  const hash = createHash('sha256');
  const local = source.localPath(raw.path);
  try {
    if (local === undefined) hash.update(await source.read(raw.path));
    else for await (const chunk of createReadStream(local, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  } catch (error) {
    if (kindOfError(error) === 'transient') throw error;
    if (error instanceof BarlineError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
  return hash.digest('hex');
}

function checkFound(
  source: Storage,
  { months, ignored }: Discovery,
  chosen: readonly RawMonth[],
  options: PlanOptions,
): void {
  const missing = (options.months ?? []).filter((month) => !months.some((raw) => raw.month === month));
  const range = months.length === 0 ? '' : `; it has ${months[0].month} to ${months.at(-1)?.month}`;
  if (missing.length > 0) {
    throw usageError(
      `no file for ${missing.join(', ')} in ${source.uri}${range}`,
      'run `barline months list` to see what is there',
    );
  }
  if (chosen.length > 0) return;
  const first = ignored[0];
  throw usageError(
    months.length === 0
      ? `no monthly file in ${source.uri}: expected names like glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst`
      : `no month in the range asked for in ${source.uri}${range}`,
    months.length > 0
      ? 'run `barline months list` to see what is there'
      : first === undefined
        ? 'name the folder with --source, or make sample months with `barline sample months`'
        : `${ignored.length} DBN files were left out, the first ${first.path}: ${first.reason}`,
  );
}
