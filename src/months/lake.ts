import { statSync } from 'node:fs';
import { usageError } from '../base/index.ts';
import {
  type AddFile,
  ConcurrentModificationError,
  DeltaTable,
  encodeColumns,
  type TableDefinition,
} from '../delta/index.ts';
import type { ColumnData, EncodedRowGroup } from '../parquet/index.ts';
import { isTemporaryPath, openStorage, type Storage } from '../storage/index.ts';
import { addMissingColumns, openGrownTable } from './grown-table.ts';
import type { Month } from './month.ts';
import type { MonthRecord } from './plan.ts';
import { putStatistics, restoreStatistics } from './statistics-file.ts';
import { MONTH_COLUMN, MONTH_TABLES, type MonthTable, shapeOf } from './tables.ts';

/** Tag of a statistics file's `add` action: the record of its month, so that planning opens no Parquet. */
const RECORD_TAG = 'barline.month';

/** The application id of a month's transactions, on each of its tables. */
export const appIdOf = (month: Month) => `barline-month-${month}`;

/** How often a month's replacement is tried again when others change the same rows meanwhile. */
const MAX_ATTEMPTS = 10;

/** Another run has taken the month over, so that nothing more of it is committed. */
export class MonthTakenError extends Error {
  constructor(month: Month) {
    super(`another run has taken ${month} over`);
    this.name = 'MonthTakenError';
  }
}

/** The four monthly tables of a lake, opened or created as they are needed. */
export class MonthlyLake {
  readonly storage: Storage;
  readonly #runId: string;
  readonly #definitions: Readonly<Record<MonthTable, TableDefinition>>;
  readonly #tables = new Map<MonthTable, Promise<DeltaTable>>();

  private constructor(
    uri: string,
    runId: string,
    definitions: Readonly<Record<MonthTable, TableDefinition>>,
  ) {
    this.storage = openStorage(uri, { writer: runId });
    this.#runId = runId;
    this.#definitions = definitions;
  }

  /** Opens the tables that are there. Throws `DELTA_SCHEMA_MISMATCH` when one of them has other columns. */
  static async open(
    uri: string,
    runId: string,
    definitions: Readonly<Record<MonthTable, TableDefinition>>,
  ): Promise<MonthlyLake> {
    const lake = new MonthlyLake(uri, runId, definitions);
    lake.#requireFolder();
    for (const name of MONTH_TABLES) {
      if (await lake.#exists(name)) await lake.#openOrCreate(name);
    }
    return lake;
  }

  /** A lake that is not there yet is fine. */
  #requireFolder(): void {
    const root = this.storage.localPath('');
    if (root === undefined || statSync(root, { throwIfNoEntry: false })?.isFile() !== true) return;
    throw usageError(
      `the lake ${this.storage.uri} is a file, not a folder`,
      'name another place with --lake',
    );
  }

  /** Whether there is a log; a file that a crashed writer left half-written in its folder is none. */
  async #exists(name: MonthTable): Promise<boolean> {
    for await (const file of this.storage.list(`${name}/_delta_log/`, { details: false })) {
      if (!isTemporaryPath(file.path)) return true;
    }
    return false;
  }

  #openOrCreate(name: MonthTable): Promise<DeltaTable> {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const storage = openStorage(`${this.storage.uri}/${name}`, { writer: this.#runId });
    const definition = this.#definitions[name];
    // columns of the statistics are this package's alone, those of the bars the configuration's too
    const open = name === 'monthly_statistics' ? openGrownTable : DeltaTable.openOrCreate;
    const table = open(storage, definition);
    this.#tables.set(name, table);
    // a disk that was full may have room for the next month
    table.catch(() => this.#tables.delete(name));
    return table;
  }

  /** Paths every version of a table names; none when there is no table. */
  async referencedPaths(name: string): Promise<ReadonlySet<string>> {
    const table = MONTH_TABLES.find((each) => each === name);
    if (table === undefined || !(await this.#exists(table))) return new Set();
    return (await this.#openOrCreate(table)).allReferencedPaths();
  }

  /** What the lake knows of a month by now, whoever made it. */
  async record(month: Month): Promise<MonthRecord | undefined> {
    return (await this.newestRecords()).get(month);
  }

  /** `records`, with what other writers have committed meanwhile. */
  async newestRecords(): Promise<Map<Month, MonthRecord>> {
    // bars last: they are committed last
    for (const name of ['monthly_statistics', 'training_bars'] as const) await this.#newest(name);
    return this.records();
  }

  /** The number of a month's last transaction as of now; 0 before the first. */
  async lastTransaction(month: Month): Promise<number> {
    const table = await this.#newest('training_bars');
    return table?.latest.transactions.get(appIdOf(month))?.version ?? 0;
  }

  async #newest(name: MonthTable): Promise<DeltaTable | undefined> {
    const known = await this.#tables.get(name);
    if (known === undefined) return (await this.#exists(name)) ? this.#openOrCreate(name) : undefined;
    await known.refresh();
    return known;
  }

  /** What the lake knows of each finished month: those whose statistics and rows belong together. */
  async records(): Promise<Map<Month, MonthRecord>> {
    const records = new Map<Month, MonthRecord>();
    const training = await (await this.#tables.get('training_bars'))?.snapshot();
    const statistics = await (await this.#tables.get('monthly_statistics'))?.snapshot();
    if (training === undefined || statistics === undefined) return records;
    const sides = [await this.#tables.get('quarantine'), await this.#tables.get('rolls')];
    for (const file of statistics.files()) {
      const record = recordOfFile(file);
      if (record === undefined) continue;
      const { month, txnVersion } = record;
      // a month whose replacement was cut short has newer statistics, or newer rows beside them, than its bars
      if (training.transactions.get(appIdOf(month))?.version !== txnVersion) continue;
      const txnOf = (table: DeltaTable | undefined) =>
        table?.latest.transactions.get(appIdOf(month))?.version;
      if (sides.some((side) => (txnOf(side) ?? 0) > txnVersion)) continue;
      records.set(month, record);
    }
    return records;
  }

  /** A number above those of all transactions of the month that this process has seen, and above `least`. */
  async nextTxnVersion(month: Month, least: number, nowMs: number): Promise<number> {
    const tables = await Promise.all(this.#tables.values());
    const seen = tables.map(({ latest }) => latest.transactions.get(appIdOf(month))?.version ?? 0);
    return Math.max(least + 1, nowMs, ...seen.map((version) => version + 1));
  }

  /** Writes a data file of a month, durably; no version names it yet. */
  async writeRowGroups(
    name: MonthTable,
    month: Month,
    rowGroups: readonly EncodedRowGroup[],
    tags?: Readonly<Record<string, string>>,
  ): Promise<AddFile> {
    const table = await this.#openOrCreate(name);
    return table.writeRowGroups(rowGroups, {
      partitionValues: { [MONTH_COLUMN]: month },
      nameToken: this.#runId,
      ...(tags && { tags }),
    });
  }

  /** The same from columns, for the small tables; no rows, no file. */
  async writeColumns(
    name: MonthTable,
    month: Month,
    columns: Readonly<Record<string, ColumnData>>,
    tags?: Readonly<Record<string, string>>,
  ): Promise<AddFile[]> {
    const table = await this.#openOrCreate(name);
    await addMissingColumns(table, this.#definitions[name]);
    // columns added later stand behind the others
    const shape = { ...shapeOf(this.#definitions[name]), schema: table.schema };
    const rowGroup = encodeColumns(shape, columns);
    return rowGroup.rowCount === 0 ? [] : [await this.writeRowGroups(name, month, [rowGroup], tags)];
  }

  static recordTags(record: MonthRecord): Readonly<Record<string, string>> {
    return { [RECORD_TAG]: JSON.stringify(record) };
  }

  /**
   * Replaces a month in all four tables, `training_bars` last, under one transaction number: a crash in between leaves
   * the old rows, and a table whose transaction is newer than theirs, so that the next run takes the month again.
   * Of two that replace the same month, at whatever moments, the one with the higher number stays in every table; the
   * other gets a `MonthTakenError`. With `isTakenOver` a table without rows gets its number too, so that the former
   * owner cannot write to it. The document goes to its file in between: whoever sees the rows finds it there, and with a
   * crash before them the month is taken again. Returns the version of `training_bars`.
   */
  async commitMonth(
    month: Month,
    files: Readonly<Record<MonthTable, readonly AddFile[]>>,
    document: string,
    { txnVersion, isTakenOver }: { readonly txnVersion: number; readonly isTakenOver: boolean },
  ): Promise<number> {
    let version = 0;
    for (const name of MONTH_TABLES) {
      if (name === 'training_bars') await putStatistics(this.storage, month, document);
      const table = await this.#openOrCreate(name);
      const scan = await table.scan({ where: { [MONTH_COLUMN]: month } });
      const isEmpty = files[name].length === 0 && scan.files.length === 0;
      if (isEmpty && !isTakenOver && name !== 'training_bars') continue;
      try {
        version = await replaceMonth(table, month, files[name], txnVersion);
      } catch (error) {
        // held up just before the rows, this run may have put its document over the winner's
        if (error instanceof MonthTakenError && name === 'training_bars') {
          await restoreStatistics(this.storage, await this.#openOrCreate('monthly_statistics'), [month]);
        }
        throw error;
      }
    }
    return version;
  }
}

async function replaceMonth(
  table: DeltaTable,
  month: Month,
  files: readonly AddFile[],
  txnVersion: number,
): Promise<number> {
  const txn = { appId: appIdOf(month), version: txnVersion };
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await table.replaceWhere({ [MONTH_COLUMN]: month }, files, { txn });
      if (result.alreadyCommitted) throw new MonthTakenError(month);
      return result.version;
    } catch (error) {
      // a former owner came in between: looked at again, the transaction numbers decide
      if (!(error instanceof ConcurrentModificationError) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** The record in a statistics file's tags. Undefined where none can be read: the month is then made again. */
export function recordOfFile(file: AddFile): MonthRecord | undefined {
  try {
    const value: unknown = JSON.parse(file.tags?.[RECORD_TAG] ?? 'null');
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is MonthRecord {
  return typeof value === 'object' && value !== null && 'month' in value && 'txnVersion' in value;
}
