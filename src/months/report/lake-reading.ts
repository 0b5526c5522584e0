/** What a lake has recorded of its months, read without a schema of ours: lakes of earlier versions have fewer columns. */
import { BarlineError } from '../../base/index.ts';
import { DeltaTable } from '../../delta/index.ts';
import { openStorage, type Storage } from '../../storage/index.ts';
import { listFailures, type MonthFailure } from '../failures.ts';
import { appIdOf, recordOfFile } from '../lake.ts';
import type { Month } from '../month.ts';
import { MONTH_COLUMN } from '../tables.ts';
import { parseStatistics, type RecordedStatistics } from './recorded-month.ts';

export interface RecordedMonth {
  readonly month: Month;
  readonly statistics: RecordedStatistics;
  /** A run died between the statistics and the rows: they do not belong together until the month is made again. */
  readonly isCutShort: boolean;
}

export interface RecordedLake {
  /** In time order. */
  readonly months: readonly RecordedMonth[];
  /** Months whose document is none that can be read. */
  readonly unreadable: readonly Month[];
  readonly failures: readonly MonthFailure[];
}

/** Reads two columns of `monthly_statistics`, of one month or of all, and the failed months. */
export async function readRecordedLake(lakeUri: string, month?: Month): Promise<RecordedLake> {
  const storage = openStorage(lakeUri);
  const failures = (await listFailures(storage)).filter(
    (each) => month === undefined || each.month === month,
  );
  const table = await openIfThere(storage, 'monthly_statistics');
  const documents = table === undefined ? [] : await readDocuments(table, month);
  const whole = table === undefined ? new Set() : await wholeMonths(storage, table);
  const months: RecordedMonth[] = [];
  const unreadable: Month[] = [];
  for (const [name, document] of documents) {
    const statistics = document === null ? null : parseStatistics(document);
    if (statistics === null) unreadable.push(name);
    else months.push({ month: name, statistics, isCutShort: !whole.has(name) });
  }
  return { months, unreadable, failures };
}

async function readDocuments(
  table: DeltaTable,
  month: Month | undefined,
): Promise<[month: Month, document: string | null][]> {
  const documents: [Month, string | null][] = [];
  const scan = await table.scan({
    columns: [MONTH_COLUMN, 'document'],
    ...(month !== undefined && { where: { [MONTH_COLUMN]: month } }),
  });
  for await (const { [MONTH_COLUMN]: name, document } of scan.rows()) {
    if (typeof name === 'string') documents.push([name, typeof document === 'string' ? document : null]);
  }
  return documents.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Months whose statistics are of the transaction that made their rows. */
async function wholeMonths(storage: Storage, statistics: DeltaTable): Promise<ReadonlySet<Month>> {
  const training = await (await openIfThere(storage, 'training_bars'))?.snapshot();
  const whole = new Set<Month>();
  for (const file of (await statistics.snapshot()).files()) {
    const record = recordOfFile(file);
    if (record === undefined) continue;
    const { month, txnVersion } = record;
    if (training?.transactions.get(appIdOf(month))?.version === txnVersion) whole.add(month);
  }
  return whole;
}

async function openIfThere(storage: Storage, name: string): Promise<DeltaTable | undefined> {
  try {
    return await DeltaTable.open(`${storage.uri}/${name}`);
  } catch (error) {
    if (error instanceof BarlineError && error.code === 'DELTA_NO_TABLE') return undefined;
    throw error;
  }
}
