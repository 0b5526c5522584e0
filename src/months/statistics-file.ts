/** The statistics document of a month as a file beside the tables, for those who read no Delta. */
import type { DeltaTable } from '../delta/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Month } from './month.ts';
import { MONTH_COLUMN } from './tables.ts';

/** Where the document of a month lies in the lake. */
export function statisticsPath(month: Month): string {
  const [year, number] = month.split('-');
  return `processed-data/monthly/${year}/${number}/monthly_${month}_statistics.json`;
}

/**
 * Replaces the file. It belongs between the commits of `monthly_statistics` and `training_bars`: whoever sees the rows
 * finds it there, and with a crash before them the month is taken again.
 */
export async function putStatistics(lake: Storage, month: Month, document: string): Promise<void> {
  await lake.put(statisticsPath(month), new TextEncoder().encode(`${document}\n`));
}

/** Puts the files of months back as the table `monthly_statistics` has them now. */
export async function restoreStatistics(
  lake: Storage,
  table: DeltaTable,
  months: readonly Month[],
): Promise<void> {
  await table.refresh();
  for (const month of months) {
    const scan = await table.scan({ columns: ['document'], where: { [MONTH_COLUMN]: month } });
    for await (const { document } of scan.rows()) {
      if (typeof document === 'string') await putStatistics(lake, month, document);
    }
  }
}
