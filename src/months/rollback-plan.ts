/** What a rollback of months would do: which data files of each table come back, and which go. */
import { BarlineError } from '../base/index.ts';
import { type AddFile, DeltaTable, type Snapshot } from '../delta/index.ts';
import { openStorage, type Storage } from '../storage/index.ts';
import type { MonthReason } from './events.ts';
import { appIdOf, recordOfFile } from './lake.ts';
import type { Month } from './month.ts';
import { type MonthRecord, stalenessOf } from './plan.ts';
import { configHash, kernelVersionsText, type Processing } from './processing.ts';
import { MONTH_COLUMN, MONTH_TABLES, type MonthTable } from './tables.ts';

export interface RollbackRequest {
  readonly lakeUri: string;
  readonly months: readonly Month[];
  /** Version of `training_bars` to go back to; by default, for each month, the one before its last change. */
  readonly toVersion?: number;
}

/** What a rollback does to one month. */
export interface MonthRollback {
  readonly month: Month;
  /** Version of `training_bars` whose rows come back. */
  readonly toVersion: number;
  /** The record that comes back; it tells whether the month is stale. */
  readonly record: MonthRecord;
  /** When the data files that come back were written. */
  readonly madeAtMs: number;
  readonly rowsNow: number;
  readonly rowsThen: number;
  /** The month's files are those of that version already. */
  readonly isSame: boolean;
  readonly files: Readonly<Record<MonthTable, FileChange>>;
  /** The statistics' data file of then. It is named anew in any case, with the number of the new transaction. */
  readonly statisticsFile: AddFile;
}

/** Files of one month in one table that come back, and that go. */
export interface FileChange {
  readonly added: readonly AddFile[];
  readonly removed: readonly AddFile[];
}

export interface RollbackPlan {
  readonly months: readonly MonthRollback[];
  readonly tables: Readonly<Record<MonthTable, DeltaTable>>;
  readonly lake: Storage;
}

/**
 * Finds the files that the months had in all four tables. Writes nothing. `MONTH_NO_EARLIER` when a month was not
 * there; `ROLLBACK_FILES_MISSING` names files that were vacuumed away; `ROLLBACK_UNKNOWN` when the log no longer
 * tells which rows belonged together.
 */
export async function planRollback(request: RollbackRequest): Promise<RollbackPlan> {
  const tables = await openTables(request.lakeUri);
  const snapshots = new SnapshotsAt(tables);
  const before =
    request.toVersion === undefined ? await versionsBeforeChange(tables.training_bars, request.months) : null;
  const months: MonthRollback[] = [];
  for (const month of [...new Set(request.months)].sort()) {
    const toVersion = request.toVersion ?? before?.get(month);
    if (toVersion === undefined || toVersion < 0) throw noEarlier(request.lakeUri, month);
    months.push(await planMonth(request.lakeUri, month, toVersion, tables, snapshots));
  }
  await checkFiles(tables, months);
  return { months, tables, lake: openStorage(request.lakeUri) };
}

async function openTables(lakeUri: string): Promise<Record<MonthTable, DeltaTable>> {
  const open = (name: MonthTable) => DeltaTable.open(openStorage(`${lakeUri}/${name}`));
  const training = await open('training_bars').catch((error: unknown) => {
    throw error instanceof BarlineError && error.code === 'DELTA_NO_TABLE' ? noMonths(lakeUri) : error;
  });
  const [quarantine, rolls, statistics] = await Promise.all([
    open('quarantine'),
    open('rolls'),
    open('monthly_statistics'),
  ]);
  return { quarantine, rolls, monthly_statistics: statistics, training_bars: training };
}

/** Older versions of the tables, each read once. */
class SnapshotsAt {
  readonly #tables: Readonly<Record<MonthTable, DeltaTable>>;
  readonly #read = new Map<string, Promise<Snapshot>>();

  constructor(tables: Readonly<Record<MonthTable, DeltaTable>>) {
    this.#tables = tables;
  }

  of(name: MonthTable, version: number): Promise<Snapshot> {
    const key = `${name} ${version}`;
    const read = this.#read.get(key) ?? this.#tables[name].snapshot({ version });
    this.#read.set(key, read);
    return read;
  }
}

/** For each month the version before the last one that changed its rows. */
async function versionsBeforeChange(
  table: DeltaTable,
  months: readonly Month[],
): Promise<Map<Month, number>> {
  const sought = new Set(months);
  const found = new Map<Month, number>();
  for await (const { version, actions } of table.commitsBackwards()) {
    for (const action of actions) {
      const file = 'add' in action ? action.add : 'remove' in action ? action.remove : undefined;
      const month = file?.dataChange === true ? file.partitionValues?.[MONTH_COLUMN] : undefined;
      if (typeof month === 'string' && sought.delete(month)) found.set(month, version - 1);
    }
    if (sought.size === 0) break;
  }
  return found;
}

async function planMonth(
  lakeUri: string,
  month: Month,
  toVersion: number,
  tables: RollbackPlan['tables'],
  snapshots: SnapshotsAt,
): Promise<MonthRollback> {
  const training = await snapshots.of('training_bars', toVersion);
  const txnVersion = training.transactions.get(appIdOf(month))?.version;
  if (txnVersion === undefined) throw noEarlier(lakeUri, month, toVersion);
  const then: Record<MonthTable, Snapshot> = {
    quarantine: await sideAt(tables, snapshots, 'quarantine', month, txnVersion),
    rolls: await sideAt(tables, snapshots, 'rolls', month, txnVersion),
    monthly_statistics: await sideAt(tables, snapshots, 'monthly_statistics', month, txnVersion),
    training_bars: training,
  };
  const [statisticsFile] = filesOf(then.monthly_statistics, month);
  const record = statisticsFile && recordOfFile(statisticsFile);
  if (statisticsFile === undefined || record?.txnVersion !== txnVersion) throw unknownSides(training, month);
  const change = (name: MonthTable) => changeOf(tables[name].latest, then[name], month);
  const files = {
    quarantine: change('quarantine'),
    rolls: change('rolls'),
    monthly_statistics: change('monthly_statistics'),
    training_bars: change('training_bars'),
  };
  return {
    month,
    toVersion,
    record,
    madeAtMs: statisticsFile.modificationTime,
    rowsNow: rowCountOf(filesOf(tables.training_bars.latest, month)),
    rowsThen: rowCountOf(filesOf(training, month)),
    isSame: MONTH_TABLES.every((name) => files[name].added.length + files[name].removed.length === 0),
    files,
    statisticsFile,
  };
}

/**
 * A table beside `training_bars` as it was when the month's transaction was the one given: at its last version whose
 * number is not above it. Numbers rise, and a table that had nothing to change keeps the one before.
 */
async function sideAt(
  tables: RollbackPlan['tables'],
  snapshots: SnapshotsAt,
  name: MonthTable,
  month: Month,
  txnVersion: number,
): Promise<Snapshot> {
  const { latest } = tables[name];
  const appId = appIdOf(month);
  if ((latest.transactions.get(appId)?.version ?? 0) <= txnVersion) return latest;
  let newer = latest.version;
  for await (const { version, actions } of tables[name].commitsBackwards()) {
    const txn = actions.find((action) => 'txn' in action && action.txn.appId === appId);
    if (txn === undefined || !('txn' in txn)) continue;
    if (txn.txn.version <= txnVersion) break;
    newer = version;
  }
  // what was changed by hand after that transaction and before the next one belongs to it
  return snapshots.of(name, newer - 1);
}

function filesOf(snapshot: Snapshot, month: Month): AddFile[] {
  return [...snapshot.files()].filter((file) => file.partitionValues[MONTH_COLUMN] === month);
}

function changeOf(now: Snapshot, then: Snapshot, month: Month): FileChange {
  const key = (file: AddFile) => `${file.path}\n${JSON.stringify(file.deletionVector ?? null)}`;
  const [current, past] = [filesOf(now, month), filesOf(then, month)];
  const [currentKeys, pastKeys] = [new Set(current.map(key)), new Set(past.map(key))];
  return {
    added: past.filter((file) => !currentKeys.has(key(file))),
    removed: current.filter((file) => !pastKeys.has(key(file))),
  };
}

function rowCountOf(files: readonly AddFile[]): number {
  return files.reduce((rows, { stats, deletionVector }) => {
    const parsed: unknown = JSON.parse(stats ?? '{}');
    const known =
      typeof parsed === 'object' && parsed !== null && 'numRecords' in parsed ? parsed.numRecords : 0;
    return rows + (typeof known === 'number' ? known : 0) - (deletionVector?.cardinality ?? 0);
  }, 0);
}

async function checkFiles(tables: RollbackPlan['tables'], months: readonly MonthRollback[]): Promise<void> {
  const missing: string[] = [];
  for (const name of MONTH_TABLES) {
    const added = months.flatMap(({ files }) => files[name].added);
    missing.push(...(await tables[name].missingFiles(added)).map((path) => `${name}/${path}`));
  }
  if (missing.length === 0) return;
  throw new BarlineError({
    code: 'ROLLBACK_FILES_MISSING',
    message: `${missing.length} of the files that would come back are gone: ${missing.slice(0, 10).join(', ')}`,
    hint: 'they were vacuumed away; take a newer version with --to-version, restore the files from a backup, or make the months again with `barline months run --force`',
    facts: { missing: missing.slice(0, 1000) },
  });
}

/** Why a month with this record is stale whatever its source file is now; null when that alone decides. */
export function staleByMaking(record: MonthRecord, processing: Processing): MonthReason | null {
  const { sourceSha256, previousSha256 } = record;
  const made = { configHash: configHash(processing), kernelVersions: kernelVersionsText() };
  const reason = stalenessOf(record, { ...made, sourceSha256, previousSha256 });
  return reason === 'up to date' ? null : reason;
}

function noMonths(lake: string): BarlineError {
  return new BarlineError({
    code: 'MONTH_NOT_FOUND',
    message: `the lake ${lake} has no months`,
    hint: 'name another lake with --lake',
    facts: { lake },
  });
}

function noEarlier(lake: string, month: Month, version?: number): BarlineError {
  const found =
    version === undefined
      ? `has no earlier rows of ${month}`
      : `had no rows of ${month} at version ${version}`;
  return new BarlineError({
    code: 'MONTH_NO_EARLIER',
    message: `training_bars of ${lake} ${found}, so there is nothing to go back to`,
    hint: '`barline table history training_bars` shows what changed when; `barline table delete` removes a month',
    facts: { month, version: version ?? null },
  });
}

function unknownSides({ table, version }: Snapshot, month: Month): BarlineError {
  return new BarlineError({
    code: 'ROLLBACK_UNKNOWN',
    message: `${table}: the log no longer tells which statistics, rolls and quarantine belong to ${month} in version ${version}`,
    hint: 'take a newer version with --to-version, or make the month again with `barline months run --force`',
    facts: { table, month, version },
  });
}
