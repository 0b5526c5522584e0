import { isStorageError, type Storage } from '../storage/index.ts';
import type { Month } from './month.ts';

/** Databento's own word on a day of a dataset: https://databento.com/docs/api-historical/metadata/metadata-get-dataset-condition */
const CONDITIONS = ['available', 'degraded', 'pending', 'missing'] as const;

export type DayCondition = (typeof CONDITIONS)[number];

/** By UTC date, in order. */
export type DatasetCondition = Readonly<Record<string, DayCondition>>;

/**
 * What the vendor says of each day of a month: the month's days in the `condition.json` that a batch download brings
 * and that lies beside the month's file, a list of `{date, condition}`. Null where there is no such file, where it
 * cannot be understood, and where it has no day of the month.
 */
export async function datasetCondition(
  source: Storage,
  path: string,
  month: Month,
): Promise<DatasetCondition | null> {
  const beside = `${path.slice(0, path.lastIndexOf('/') + 1)}condition.json`;
  const bytes = await source.read(beside).catch((error: unknown) => {
    if (isStorageError(error, 'STORAGE_NOT_FOUND')) return undefined;
    throw error;
  });
  return bytes === undefined ? null : conditionsIn(bytes, month);
}

function conditionsIn(bytes: Uint8Array, month: Month): DatasetCondition | null {
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (!Array.isArray(list)) return null;
  const days = list
    .flatMap((entry: unknown) => dayOf(entry))
    .filter(([date]) => date.startsWith(`${month}-`));
  return days.length === 0 ? null : Object.fromEntries(days.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function dayOf(entry: unknown): [string, DayCondition][] {
  if (typeof entry !== 'object' || entry === null || !('date' in entry) || !('condition' in entry)) return [];
  const condition = CONDITIONS.find((each) => each === entry.condition);
  return typeof entry.date === 'string' && condition !== undefined ? [[entry.date, condition]] : [];
}
